"""What is kept about people: to be seen by them, deleted by them, and deleted in time.

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

UNKEPT = 900
"""Seconds for which an answer is kept, without text, where questions are not kept at all.

For as long a search is held in memory there.
"""

JOBS_KEPT = DAY
"""Seconds for which the report of a finished job stays, in case its asker was not told."""

_TIMES = ("asked", "given", "queued", "started", "finished")
_OWN_ARTICLES = "articles a JOIN collections c ON c.key = a.collection WHERE c.name = ?"
_NUMBERS = ("channel", "message", "reply_channel", "reply_message")


@dataclass(frozen=True, slots=True)
class Held:
    """How much is kept about a person."""

    questions: int
    searches: int
    feedback: int
    jobs: int
    articles: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much about a person was deleted."""

    questions: int
    feedback: int
    jobs: int
    articles: int
    searches: int


class Privacy:
    """Everything that names a person, over all collections.  May be used from any thread."""

    def __init__(self, database: Database, searches: Searches | None = None) -> None:
        """Stand before a database; ``searches`` are those that may hold some in memory."""
        self._database = database
        self._searches = searches or Searches(database)

    def export(self, person: int) -> dict[str, Any]:
        """Return all that is kept about a person, as JSON can hold it.

        Discord's ids are strings, as in Discord's own exports: they are too long for what
        most programs read a JSON number into.
        """
        with self._database.reading() as db:
            return {
                "person": str(person),
                "questions": _records(_questions(db, person)),
                "searches": [
                    *_records(_searches(db, person)),
                    *_records(map(_held, self._searches.held_of(person))),
                ],
                "feedback": _records(_votes(db, person)),
                "jobs": _records(_jobs(db, person)),
                "articles": _records(_articles(db, person)),
            }

    def count(self, person: int) -> Held:
        """Return how much ``export`` would return, without reading any text."""
        with self._database.reading() as db:
            return Held(
                questions=_count(db, "answers WHERE asker = ?", person),
                searches=_count(db, "searches WHERE asker = ?", person)
                + len(self._searches.held_of(person)),
                feedback=_count(db, "feedback WHERE person = ?", person),
                jobs=_count(db, "jobs WHERE asker = ?", person),
                articles=_count(db, _OWN_ARTICLES, user_collection(person)),
            )

    def forget(self, person: int) -> Forgotten:
        """Delete all that ``export`` returns, and return how much of each that was.

        Others' votes on the person's answers go too, and jobs not yet done are not done.
        What the person added to a server's library stays: it is the server's, and does not
        say who added it.
        """
        held = self._searches.let_go_of(person)
        with self._database.writing() as db:
            gone = Forgotten(
                searches=held + _delete(db, "DELETE FROM searches WHERE asker = ?", person),
                feedback=_delete(db, "DELETE FROM feedback WHERE person = ?", person),
                questions=_delete(db, "DELETE FROM answers WHERE asker = ?", person),
                jobs=_delete(db, "DELETE FROM jobs WHERE asker = ?", person),
                articles=erase(db, user_collection(person)),
            )
        StoredVectors(self._database).delete_unused()
        self._database.scrub()
        return gone

    def prune(self, now: int) -> int:
        """Delete what was kept for its time, and return how many answers, searches and jobs
        that were.

        To be called every minute or so: where questions are not kept at all, it is what ends
        an answer's 15 minutes, and what takes the text out once a server has chosen so.
        """
        held = self._searches.let_go_until(now - UNKEPT)  # whatever becomes of the rest
        with self._database.writing() as db:
            before = db.total_changes
            names = db.execute(
                "SELECT collection FROM answers UNION SELECT collection FROM searches"
            ).fetchall()
            gone = held + sum(_prune(db, row["collection"], now) for row in names)
            gone += _delete(db, "DELETE FROM jobs WHERE finished <= ?", now - JOBS_KEPT)
            changed = db.total_changes > before
        if changed:
            self._database.scrub()
        return gone


def _prune(db: Transaction, collection: str, now: int) -> int:
    days = settings_of(db, collection).keep_questions_days
    if days == 0:
        _take_text_out(db, collection)
    gone = db.execute(
        "DELETE FROM answers WHERE collection = ? AND asked <= ?",
        (collection, now - (days * DAY or UNKEPT)),
    ).rowcount
    gone += db.execute(
        "DELETE FROM searches WHERE collection = ? AND asked <= ?", (collection, now - days * DAY)
    ).rowcount
    # Those kept without text end after 15 minutes even if questions are kept by now.
    return (
        gone
        + db.execute(
            "DELETE FROM answers WHERE collection = ? AND question IS NULL AND asked <= ?",
            (collection, now - UNKEPT),
        ).rowcount
    )


def _take_text_out(db: Transaction, collection: str) -> None:
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


def _held(search: Search) -> dict[str, Any]:
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
    return [{name: _told(name, value) for name, value in dict(row).items()} for row in rows]


def _told(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _TIMES:
        return datetime.fromtimestamp(value, UTC).isoformat()
    if name in _NUMBERS:
        return str(value)
    if name in ("private", "helpful"):
        return bool(value)
    return json.loads(value) if name in ("quote", "passages") else value
