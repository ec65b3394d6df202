"""What is stored about people: exported and deleted for them, and deleted when its time is over.

Passages and vectors name nobody.  What does is a person's questions, searches, votes and
jobs, and the articles of their own collection.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from index.collection_names import user_collection
from index.store.erasure import erase
from index.store.searches import Search, Searches
from index.store.servers import DAY, settings_of
from index.store.sqlite.database import Database
from index.store.statements import Result, Row, Transaction
from index.store.stored_vectors import StoredVectors

TEXTLESS_RETENTION = 900
"""Seconds that an answer is stored without text where questions are not stored at all.

A search stays in memory for as long there.
"""

JOB_RETENTION = DAY
"""Seconds that the report of a finished job is stored, in case its asker has not seen it."""

_TIMES = ("asked", "given", "queued", "started", "finished")
_OWN_ARTICLES = "articles a JOIN collections c ON c.key = a.collection WHERE c.name = ?"
_NUMBERS = ("channel", "message", "reply_channel", "reply_message")


@dataclass(frozen=True, slots=True)
class Stored:
    """How much is stored about a person."""

    questions: int
    searches: int
    feedback: int
    jobs: int
    articles: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much about a person was deleted."""

    questions: int
    feedback: int
    jobs: int
    articles: int
    searches: int


class Privacy:
    """Everything that names a person, over all collections.  May be used from any thread."""

    def __init__(self, database: Database, searches: Searches | None = None) -> None:
        """Read and delete in a database; ``searches`` are those that may have some in memory."""
        self._database = database
        self._searches = searches or Searches(database)

    def export(self, person: int) -> dict[str, Any]:
        """Return all that is stored about a person, as JSON values.

        Discord's ids are strings, as in Discord's own exports: they are too long for what
        most programs read a JSON number into.
        """
        with self._database.reading() as db:
            return {
                "person": str(person),
                "questions": _records(_questions(db, person)),
                "searches": [
                    *_records(_searches(db, person)),
                    *_records(map(_search_record, self._searches.in_memory_of(person))),
                ],
                "feedback": _records(_votes(db, person)),
                "jobs": _records(_jobs(db, person)),
                "articles": _records(_articles(db, person)),
            }

    def count(self, person: int) -> Stored:
        """Return how much ``export`` would return, without reading any text."""
        with self._database.reading() as db:
            return Stored(
                questions=_count(db, "answers WHERE asker = ?", person),
                searches=_count(db, "searches WHERE asker = ?", person)
                + len(self._searches.in_memory_of(person)),
                feedback=_count(db, "feedback WHERE person = ?", person),
                jobs=_count(db, "jobs WHERE asker = ?", person),
                articles=_count(db, _OWN_ARTICLES, user_collection(person)),
            )

    def forget(self, person: int) -> Deleted:
        """Delete all that ``export`` returns, and return how much of each that was.

        Others' votes on the person's answers go too, and jobs not yet done are not done.
        What the person added to a server's library stays: it is the server's, and does not
        say who added it.
        """
        in_memory = self._searches.delete_in_memory_of(person)
        with self._database.writing() as db:
            deleted = Deleted(
                searches=in_memory + _delete(db, "DELETE FROM searches WHERE asker = ?", person),
                feedback=_delete(db, "DELETE FROM feedback WHERE person = ?", person),
                questions=_delete(db, "DELETE FROM answers WHERE asker = ?", person),
                jobs=_delete(db, "DELETE FROM jobs WHERE asker = ?", person),
                articles=erase(db, user_collection(person)),
            )
        StoredVectors(self._database).delete_unused()
        self._database.scrub()
        return deleted

    def prune(self, now: int) -> int:
        """Delete what was stored for its time; return how many answers, searches and jobs it was.

        To be called every minute or so: where questions are not stored at all, it is what ends
        an answer's 15 minutes, and what deletes the text once a server has chosen so.
        """
        # First, so that it happens even where nothing can be written.
        in_memory = self._searches.delete_in_memory_until(now - TEXTLESS_RETENTION)
        with self._database.writing() as db:
            before = db.total_changes
            names = db.execute(
                "SELECT collection FROM answers UNION SELECT collection FROM searches"
            ).fetchall()
            deleted = in_memory + sum(_prune(db, row["collection"], now) for row in names)
            deleted += _delete(db, "DELETE FROM jobs WHERE finished <= ?", now - JOB_RETENTION)
            changed = db.total_changes > before
        if changed:
            self._database.scrub()
        return deleted


def _prune(db: Transaction, collection: str, now: int) -> int:
    days = settings_of(db, collection).keep_questions_days
    if days == 0:
        _delete_text(db, collection)
    deleted = db.execute(
        "DELETE FROM answers WHERE collection = ? AND asked <= ?",
        (collection, now - (days * DAY or TEXTLESS_RETENTION)),
    ).rowcount
    deleted += db.execute(
        "DELETE FROM searches WHERE collection = ? AND asked <= ?", (collection, now - days * DAY)
    ).rowcount
    # Those stored without text end after 15 minutes even if questions are stored by now.
    return (
        deleted
        + db.execute(
            "DELETE FROM answers WHERE collection = ? AND question IS NULL AND asked <= ?",
            (collection, now - TEXTLESS_RETENTION),
        ).rowcount
    )


def _delete_text(db: Transaction, collection: str) -> None:
    db.execute(
        "DELETE FROM feedback WHERE answer IN (SELECT key FROM answers WHERE collection = ?)",
        (collection,),
    )
    db.execute(
        "UPDATE answers SET question = NULL, asker = NULL, reason = ''"
        " WHERE collection = ? AND question IS NOT NULL",
        (collection,),
    )


def _count(db: Transaction, of: str, value: int | str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {of}", (value,)).fetchone()[0])  # noqa: S608


def _delete(db: Transaction, sql: str, value: int) -> int:
    return db.execute(sql, (value,)).rowcount


def _questions(db: Transaction, person: int) -> Result:
    return db.execute(
        "SELECT a.id, a.collection, a.question, a.asked, a.channel, a.message, a.reply_channel,"
        " a.reply_message, a.private, f.id AS follows, a.state, a.confidence, a.reason, a.quote,"
        " a.passages FROM answers a LEFT JOIN answers f ON f.key = a.follows"
        " WHERE a.asker = ? ORDER BY a.key",
        (person,),
    )


def _searches(db: Transaction, person: int) -> Result:
    return db.execute(
        "SELECT id, collection, query, article, asked, private, passages FROM searches"
        " WHERE asker = ? ORDER BY asked, rowid",
        (person,),
    )


def _search_record(search: Search) -> dict[str, Any]:
    return {name: value for name, value in search.row().items() if name != "asker"}


def _votes(db: Transaction, person: int) -> Result:
    return db.execute(
        "SELECT a.id AS answer, a.collection, f.helpful, f.reason, f.comment, f.given"
        " FROM feedback f JOIN answers a ON a.key = f.answer WHERE f.person = ? ORDER BY a.key",
        (person,),
    )


def _jobs(db: Transaction, person: int) -> Result:
    return db.execute(
        "SELECT j.id, j.collection, j.kind, j.name, j.channel, j.message, j.queued, j.started,"
        " j.finished, j.attempts, j.report,"
        " CASE typeof(p.payload) WHEN 'text' THEN p.payload END AS url,"
        " CASE typeof(p.payload) WHEN 'blob' THEN length(p.payload) END AS bytes"
        " FROM jobs j LEFT JOIN payloads p ON p.job = j.id WHERE j.asker = ? ORDER BY j.id",
        (person,),
    )


def _articles(db: Transaction, person: int) -> Result:
    return db.execute(
        "SELECT a.id, a.title, a.source, a.author, a.url, a.published, a.added, a.updated, a.text"
        " FROM articles a JOIN collections c ON c.key = a.collection"
        " WHERE c.name = ? ORDER BY a.key",
        (user_collection(person),),
    )


def _records(rows: Iterable[Row | dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: _as_json(name, value) for name, value in dict(row).items()} for row in rows]


def _as_json(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _TIMES:
        return datetime.fromtimestamp(value, UTC).isoformat()
    if name in _NUMBERS:
        return str(value)
    if name in ("private", "helpful"):
        return bool(value)
    return json.loads(value) if name in ("quote", "passages") else value
