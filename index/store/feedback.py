"""What people thought of answers, and what was asked in vain, for those who manage a library."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from index.errors import PassageError
from index.language.characters import without_surrogates
from index.records import State, Vote
from index.store.servers import settings_of
from index.store.sqlite.database import Database
from index.store.statements import Row, Transaction

Reason = Literal["wrong", "outdated", "not what I asked"]
"""Why an answer was of no help."""

MOST_COMMENT = 500
"""Characters that a comment on an answer may have."""

_LOOKED_AT = 5_000  # the newest answers that are looked at, a bound on time and memory


@dataclass(frozen=True, slots=True)
class Complaint:
    """What somebody said of an answer that did not help; without who it was."""

    reason: Reason | None
    comment: str = field(repr=False)
    given: int


@dataclass(frozen=True, slots=True)
class Missed:
    """A question asked in vain, as it was last asked, and how often it was."""

    question: str = field(repr=False)
    times: int
    last: int
    answer_id: str
    state: State
    complaints: tuple[Complaint, ...]


class Feedback:
    """Votes on the answers of all collections.  May be used from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def vote(
        self,
        answer_id: str,
        collection: str,
        person: int,
        *,
        helpful: bool,
        reason: Reason | None = None,
        comment: str = "",
        now: int,
    ) -> bool:
        """Store what a person thinks of an answer, in the place of what they thought before.

        Returns whether it is stored: not where the answer is deleted, is another collection's, or
        questions are not stored, since a vote would name who asked.
        Raises PassageError for a comment that is too long or a reason that is none.
        """
        if len(comment) > MOST_COMMENT:
            raise PassageError(
                f"The comment has {len(comment)} characters; it may have {MOST_COMMENT}."
            )
        if reason is not None and (helpful or reason not in get_args(Reason)):
            raise PassageError(f"{reason!r} is no reason for this vote.")
        with self._database.writing() as db:
            if settings_of(db, collection).keep_questions_days == 0:
                return False
            added = db.execute(
                "INSERT OR REPLACE INTO feedback (answer, person, helpful, reason, comment, given)"
                " SELECT key, ?3, ?4, ?5, ?6, ?7 FROM visible_answers"
                " WHERE id = ?1 AND collection = ?2 AND question IS NOT NULL",
                (answer_id, collection, person, helpful, reason, without_surrogates(comment), now),
            )
            return added.rowcount > 0

    def votes(self, collection: str) -> list[Vote]:
        """Return the votes on the newest answers of a collection that showed a passage.

        One that calls a passage outdated is left out: it was the right one.
        """
        rows = self._database.read(
            "SELECT a.confidence, f.helpful, f.person FROM feedback f JOIN ("
            " SELECT key, confidence FROM visible_answers"
            " WHERE collection = ? AND state <> 'none' ORDER BY asked DESC LIMIT ?"
            ") a ON f.answer = a.key WHERE f.reason IS NOT 'outdated'",
            (collection, _LOOKED_AT),
        )
        return [Vote(row["confidence"], bool(row["helpful"]), row["person"]) for row in rows]

    def in_vain(self, collection: str, *, since: int = 0, limit: int = 25) -> list[Missed]:
        """Return what was asked in vain since, most often first, then most recently.

        That is: nothing clearly answered, and nobody found it helpful all the same; or
        somebody found it of no help.  Questions that differ in case, spacing and
        punctuation alone count as one.  A private one shows only where a vote was given,
        which is a word to the managers; who asked never shows.
        """
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT a.key, a.id, a.question, a.asked, a.state,"
                " EXISTS (SELECT 1 FROM feedback WHERE answer = a.key AND helpful) AS helped,"
                " EXISTS (SELECT 1 FROM feedback WHERE answer = a.key AND NOT helpful) AS failed"
                " FROM visible_answers a"
                " WHERE a.collection = ? AND a.question IS NOT NULL AND a.asked >= ? AND"
                " (failed OR (a.state <> 'answer' AND NOT helped AND NOT a.private))"
                " ORDER BY a.asked DESC, a.key DESC LIMIT ?",
                (collection, since, _LOOKED_AT),
            ).fetchall()
            groups: dict[str, list[Row]] = {}
            for row in rows:
                groups.setdefault(_folded(row["question"]), []).append(row)
            # The rows come newest first and sorting is stable.
            most = sorted(groups.values(), key=lambda group: -len(group))[:limit]
            return [_missed(db, group) for group in most]


def _missed(db: Transaction, group: Sequence[Row]) -> Missed:
    last = group[0]
    complaints = db.execute(
        "SELECT reason, comment, given FROM feedback WHERE NOT helpful"
        " AND answer IN (SELECT value FROM json_each(?)) ORDER BY given DESC, answer DESC",
        (json.dumps([row["key"] for row in group]),),
    )
    return Missed(
        question=last["question"],
        times=len(group),
        last=last["asked"],
        answer_id=last["id"],
        state=last["state"],
        complaints=tuple(Complaint(**dict(row)) for row in complaints),
    )


def _folded(question: str) -> str:
    """Return what questions have in common that are the same but for how they are typed."""
    return " ".join(re.findall(r"\w+", question.casefold())) or question
