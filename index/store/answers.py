"""Questions and the answers they got.

They are stored for three ends: buttons that work after a restart, managers who see what was
asked in vain, and no second answer to an event that Discord delivers twice.

Where a server stores questions 0 days, an answer is stored without its question, its asker
and its reason (which quotes the question), and deleted after 15 minutes; within these its
buttons work, and an edit, a deletion or a redelivery finds it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field

from index.language.characters import without_surrogates
from index.records import Answer, Passage, Quote, Ranked, State
from index.store.servers import settings_of
from index.store.sqlite.database import Database
from index.store.statements import Row

_ID_BYTES = 9  # 72 random bits, 12 characters in a button's custom_id


@dataclass(frozen=True, slots=True)
class Scores:
    """A passage of an answer with what it was ranked by; see ``Ranked``."""

    passage: int
    score: float
    dense: float
    bm25: float
    strength: float
    coverage: float
    phrase: float
    evidence: float | None = None

    @classmethod
    def of(cls, ranked: Ranked) -> Scores:
        """Return what is stored of a passage that was found."""
        r = ranked
        return cls(
            r.passage.id, r.score, r.dense, r.bm25, r.strength, r.coverage, r.phrase, r.evidence
        )

    def ranked(self, passage: Passage | None) -> Ranked | None:
        """Return the passage with its scores, None where it no longer exists."""
        if passage is None:
            return None
        return Ranked(
            passage=passage,
            score=self.score,
            dense=self.dense,
            bm25=self.bm25,
            strength=self.strength,
            coverage=self.coverage,
            phrase=self.phrase,
            evidence=self.evidence,
        )


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it is stored; ``question`` and ``asker`` are None where they are not.

    ``message`` is the question's message or interaction, in ``channel``; the reply is where
    the bot answered, once it has.
    """

    id: str
    collection: str
    asker: int | None
    question: str | None = field(repr=False)
    channel: int
    message: int
    reply_channel: int | None
    reply_message: int | None
    follows: str | None
    private: bool
    asked: int
    state: State
    confidence: float
    reason: str = field(repr=False)
    quote: Quote | None = field(repr=False)
    passages: tuple[Scores, ...]

    def ranked(self, still: Mapping[int, Passage]) -> tuple[Ranked | None, ...]:
        """Return the passages by rank, None for each that has been changed or removed since.

        ``still`` is what ``Library.passages`` returns for their ids.
        """
        return tuple(scores.ranked(still.get(scores.passage)) for scores in self.passages)


class Answers:
    """The questions and answers of all collections.  May be used from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        answer: Answer,
        *,
        reason: str,
        collection: str,
        asker: int,
        channel: int,
        message: int,
        follows: str | None = None,
        private: bool,
        now: int,
    ) -> str:
        """Store an answer and return its id, which can't be guessed.

        The id is that of the first time where this message has been answered before.
        ``reason`` is why the answer has its state, in words.  ``follows`` is the answer of the
        same collection that the question builds on.
        """
        with self._database.writing() as db:
            keep = settings_of(db, collection).keep_questions_days > 0
            db.execute(
                "INSERT INTO answers (id, collection, asker, question, channel, message, follows,"
                " private, asked, state, confidence, reason, quote, passages)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
                " (SELECT key FROM answers WHERE id = ?7 AND collection = ?2),"
                " ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (channel, message) DO NOTHING",
                (
                    new_id(),
                    collection,
                    asker if keep else None,
                    without_surrogates(answer.question) if keep else None,
                    channel,
                    message,
                    follows,
                    private,
                    now,
                    *_content(answer, reason, keep=keep),
                ),
            )
            row = db.execute(
                "SELECT id FROM answers WHERE channel = ? AND message = ?", (channel, message)
            ).fetchone()
        return str(row["id"])

    def update(self, answer_id: str, answer: Answer, reason: str) -> None:
        """Replace an answer by that to the edited question.

        ``reason`` is why the answer has its state, in words.  Feedback is deleted, since it was
        on the first one.  What was stored without its text stays so, since its asker is not
        known and could not have it deleted.
        """
        with self._database.writing() as db:
            row = db.execute("SELECT * FROM answers WHERE id = ?", (answer_id,)).fetchone()
            if row is None:
                return
            days = settings_of(db, row["collection"]).keep_questions_days
            keep = days > 0 and row["question"] is not None
            db.execute(
                "UPDATE answers SET question = ?, state = ?, confidence = ?, reason = ?,"
                " quote = ?, passages = ? WHERE key = ?",
                (
                    without_surrogates(answer.question) if keep else None,
                    *_content(answer, reason, keep=keep),
                    row["key"],
                ),
            )
            db.execute("DELETE FROM feedback WHERE answer = ?", (row["key"],))

    def answered_with(self, answer_id: str, channel: int, message: int) -> None:
        """Store which message of the bot's shows an answer."""
        with self._database.writing() as db:
            db.execute(
                "UPDATE answers SET reply_channel = ?, reply_message = ? WHERE id = ?",
                (channel, message, answer_id),
            )

    def remove(self, answer_id: str) -> None:
        """Delete an answer, as when its question is deleted."""
        with self._database.writing() as db:
            db.execute("DELETE FROM answers WHERE id = ?", (answer_id,))
        self._database.scrub()

    def find(self, answer_id: str, collection: str) -> StoredAnswer | None:
        """Return an answer of one collection, or None where it is not stored there (any more).

        ``collection`` is that of whoever pressed the button, so that an id that was seen
        elsewhere opens nothing.
        """
        return self._one(
            "SELECT * FROM visible_answers WHERE id = ? AND collection = ?",
            (answer_id, collection),
        )

    def of_question(self, channel: int, message: int) -> StoredAnswer | None:
        """Return the answer that a message or interaction got, if it got one."""
        return self._one(
            "SELECT * FROM visible_answers WHERE channel = ? AND message = ?",
            (channel, message),
        )

    def of_reply(self, channel: int, message: int) -> StoredAnswer | None:
        """Return the answer that a message of the bot's shows, if it shows one."""
        return self._one(
            "SELECT * FROM visible_answers WHERE reply_channel = ? AND reply_message = ?",
            (channel, message),
        )

    def _one(self, sql: str, parameters: tuple[str | int, ...]) -> StoredAnswer | None:
        rows = self._database.read(sql, parameters)
        return _answer(rows[0]) if rows else None


def new_id() -> str:
    """Return an id for an answer or a search, which can't be guessed."""
    return secrets.token_urlsafe(_ID_BYTES)


def _content(answer: Answer, reason: str, *, keep: bool) -> tuple[str | float | None, ...]:
    """Return state, confidence, reason, quote and passages as they are stored."""
    quote = None if answer.quote is None else json.dumps(asdict(answer.quote))
    passages = [astuple(Scores.of(ranked)) for ranked in answer.passages]
    words = without_surrogates(reason) if keep else ""
    return answer.state, answer.confidence, words, quote, json.dumps(passages)


def _answer(row: Row) -> StoredAnswer:
    quote = row["quote"]
    return StoredAnswer(
        id=row["id"],
        collection=row["collection"],
        asker=row["asker"],
        question=row["question"],
        channel=row["channel"],
        message=row["message"],
        reply_channel=row["reply_channel"],
        reply_message=row["reply_message"],
        follows=row["before"],
        private=bool(row["private"]),
        asked=row["asked"],
        state=row["state"],
        confidence=row["confidence"],
        reason=row["reason"],
        quote=None if quote is None else Quote(**json.loads(quote)),
        passages=tuple(Scores(*values) for values in json.loads(row["passages"])),
    )
