"""Articles and passages in SQLite: the truth that every index is derived from.

A change is one transaction, on the disk before the call returns.  Each raises its
collection's generation by one and says which passages came and went, so that an index
can follow without being built anew.  Passage ids are never used twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.digests import content_digest, text_digest
from index.errors import AmbiguousTitleError, UnknownArticleError
from index.language.characters import folded, without_surrogates
from index.passages.draft import PassageDraft
from index.records import Article, Passage
from index.store.entries import Changes, Entry, Title, Totals, article_id, candidates
from index.store.rows import article_of, passage_of, text_of
from index.store.sqlite.database import Database
from index.store.sqlite.integrity import problems
from index.store.statements import Row, Transaction

_Record = TypeVar("_Record")

DAY = 86_400
UNUSED_KEPT = DAY
"""Seconds that the vectors of an article wait for it, when adding it was broken off."""

MODEL_KEPT = 7 * DAY
"""Seconds that the vectors of a model are kept after its last use."""

_FOLLOWED = 10_000  # changes, and removed passages, of a collection that an index can follow
_FORGOTTEN_AT_ONCE = 1_000  # vectors deleted in one transaction

_TITLES = """
SELECT id, title FROM articles
WHERE collection = (SELECT key FROM collections WHERE name = ?1) ORDER BY key DESC LIMIT ?2
"""
_TITLES_HOLDING = """
SELECT id, title FROM articles JOIN (
    SELECT key AS found FROM articles
    WHERE collection = (SELECT key FROM collections WHERE name = ?1)
    AND CASE ?3 WHEN 1 THEN instr(folded, ?2) = 1 ELSE instr(folded, ?2) > 1 END
    ORDER BY key DESC LIMIT ?4
) ON key = found ORDER BY key DESC
"""
_ENTRIES = """
SELECT a.id, a.title, a.source, a.origin, a.author, a.url, a.published, a.added, a.updated,
    a.characters, (SELECT count(*) FROM passages p WHERE p.article = a.key) AS passages
FROM articles a WHERE a.collection = (SELECT key FROM collections WHERE name = ?1)
"""


class Library:
    """All collections in one database file.  May be used from any thread."""

    def __init__(self, path: Path) -> None:
        """Open or create the library at ``path``; raises LibraryError where that fails."""
        self.path = path
        self.database = Database(path)

    def close(self) -> None:
        """Close the database; a further call does nothing."""
        self.database.close()

    def store(self, collection: str, article: Article, drafts: Sequence[PassageDraft]) -> str:
        """Add an article, or put it in the place of the one with its id; return the id.

        Its old passages go and its new ones come in one transaction.
        """
        with self.database.writing() as db:
            key, generation = _next_generation(db, collection)
            name = article_id(article)
            row = db.execute(
                "SELECT key FROM articles WHERE collection = ? AND id = ?", (key, name)
            ).fetchone()
            gone = self._drop_passages(db, row["key"], key, generation) if row else []
            article_key = self._put_article(db, key, name, article)
            self._put_passages(db, key, generation, article_key, article, drafts)
            _forget_vectors(db, gone)
        return name

    def remove(self, collection: str, name: str) -> Entry:
        """Remove an article by id and return what it was; raises UnknownArticleError."""
        entry = self.entry(collection, name)
        with self.database.writing() as db:
            key, generation = _next_generation(db, collection)
            row = db.execute(
                "SELECT key FROM articles WHERE collection = ? AND id = ?", (key, name)
            ).fetchone()
            if row is None:
                raise _unknown(name, collection)
            gone = self._drop_passages(db, row["key"], key, generation)
            _forget_vectors(db, gone)
            db.execute("DELETE FROM articles WHERE key = ?", (row["key"],))
        return entry

    def erase_collection(self, collection: str) -> None:
        """Delete all that a collection holds and all that is kept for it; again does nothing."""
        with self.database.writing() as db:
            erase(db, collection)
        forget_unused(self.database)
        self.database.scrub()

    def tidy(self, now: int, model: str | None = None) -> None:
        """Delete vectors that nobody has a use for, and give back the room of what was deleted.

        To be called every minute or so; ``model`` is the one in use, where that is known.
        """
        if model is not None:
            self._note_use(model, now)
        forget_unused(self.database, now - UNUSED_KEPT)
        stale = "SELECT model FROM models WHERE used <= ?"
        for row in self.database.read(stale, (now - MODEL_KEPT,)):
            self._forget_model(row["model"])
        self.database.tidy()

    def entries(self, collection: str) -> list[Entry]:
        """Return the articles of a collection, newest first."""
        return self._entries(collection)

    def count(self, collection: str) -> int:
        """Return how many articles a collection holds."""
        rows = self.database.read(
            "SELECT count(*) FROM articles"
            " WHERE collection = (SELECT key FROM collections WHERE name = ?)",
            (collection,),
        )
        return int(rows[0][0])

    def titles(self, collection: str, typed: str = "", most: int = -1) -> list[Title]:
        """Return at the most so many titles that hold what was typed, newest first.

        Those that begin with it come before all others.  Case and the width of spaces don't count.
        """
        start = folded(typed)
        if not start:
            rows = self.database.read(_TITLES, (collection, most))
            return [Title(*row) for row in rows]
        rows = self.database.read(_TITLES_HOLDING, (collection, start, 1, most))
        if len(rows) != most:
            rest = most - len(rows) if most > 0 else most
            rows += self.database.read(_TITLES_HOLDING, (collection, start, 0, rest))
        return [Title(*row) for row in rows]

    def entry_of_id(self, collection: str, name: str) -> Entry | None:
        """Return one article by id, or None where there is no such article."""
        return next(iter(self._entries(collection, "a.id = ?2", without_surrogates(name))), None)

    def entries_titled(self, collection: str, title: str) -> list[Entry]:
        """Return the articles of a title, whatever its case, newest first."""
        return self._entries(collection, "a.folded = ?2", folded(title))

    def entry(self, collection: str, name: str) -> Entry:
        """Return one article by id, or by a title that only it has.

        Raises UnknownArticleError, or AmbiguousTitleError where several have the title.
        """
        name = without_surrogates(name)
        found = self._entries(collection, "a.id = ?2", name) or self._entries(
            collection, "a.title = ?2 COLLATE NOCASE", name
        )
        if len(found) > 1:
            raise AmbiguousTitleError(candidates(name, [(one.id, one) for one in found]))
        if not found:
            raise _unknown(name, collection)
        return found[0]

    def article(self, collection: str, name: str) -> Article:
        """Return one article whole, by id; raises UnknownArticleError."""
        rows = self.database.read(
            "SELECT a.* FROM articles a JOIN collections c ON c.key = a.collection"
            " WHERE c.name = ? AND a.id = ?",
            (collection, name),
        )
        if not rows:
            raise _unknown(name, collection)
        return self._whole(article_of, rows[0])

    def digest_of(self, collection: str, name: str) -> str | None:
        """Return the digest of an article's content, or None where there is no such article."""
        rows = self.database.read(
            "SELECT a.digest FROM articles a JOIN collections c ON c.key = a.collection"
            " WHERE c.name = ? AND a.id = ?",
            (collection, name),
        )
        return str(rows[0]["digest"]) if rows else None

    def twin_of(self, collection: str, article: Article) -> str | None:
        """Return the id of another article with the same text, if there is one.

        A digest begins with that of the text, in hexadecimal digits; "g" comes after all of them.
        """
        rows = self.database.read(
            "SELECT a.id FROM articles a JOIN collections c ON c.key = a.collection"
            " WHERE c.name = ?1 AND a.digest >= ?2 AND a.digest < ?2 || 'g' AND a.id <> ?3"
            " ORDER BY a.key LIMIT 1",
            (collection, text_digest(article.text), article_id(article)),
        )
        return str(rows[0]["id"]) if rows else None

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Return the passages that are still there, by id."""
        rows = self.database.read(
            "SELECT p.*, a.id AS article_id, a.title, a.url, a.published, a.author"
            " FROM passages p JOIN articles a ON a.key = p.article"
            " WHERE p.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row["id"]: self._whole(passage_of, row) for row in rows}

    def passages_of(self, collection: str, name: str) -> list[Passage]:
        """Return an article's passages in reading order."""
        rows = self.database.read(
            "SELECT p.*, a.id AS article_id, a.title, a.url, a.published, a.author"
            " FROM passages p JOIN articles a ON a.key = p.article"
            " JOIN collections c ON c.key = a.collection"
            " WHERE c.name = ? AND a.id = ? ORDER BY p.start",
            (collection, name),
        )
        return [self._whole(passage_of, row) for row in rows]

    def around(self, collection: str, passage: int, characters: int) -> tuple[str, str] | None:
        """Return so much of the text before and after a passage, None where it is not there."""
        rows = self.database.read(
            "SELECT a.text, p.start, p.end FROM passages p JOIN articles a ON a.key = p.article"
            " JOIN collections c ON c.key = p.collection WHERE p.id = ? AND c.name = ?",
            (passage, collection),
        )
        if not rows:
            return None
        # Not by substr(), which looks at each character before, and takes a NUL for the end.
        text, start, end = rows[0]
        return text[max(0, start - characters) : start], text[end : end + characters]

    def passage_ids(self, collection: str, name: str) -> list[int]:
        """Return the ids of an article's passages, none where there is no such article."""
        rows = self.database.read(
            "SELECT p.id FROM collections c JOIN articles a ON a.collection = c.key"
            " JOIN passages p ON p.article = a.key WHERE c.name = ? AND a.id = ? ORDER BY p.id",
            (collection, name),
        )
        return [int(row["id"]) for row in rows]

    def collections(self) -> list[str]:
        """Return the names of the collections that hold articles."""
        rows = self.database.read(
            "SELECT name FROM collections WHERE key IN (SELECT collection FROM articles)"
            " ORDER BY name"
        )
        return [str(row["name"]) for row in rows]

    def totals(self) -> Totals:
        """Return how much the library holds."""
        row = self.database.read(
            "SELECT (SELECT count(*) FROM collections) AS collections,"
            " (SELECT count(*) FROM articles) AS articles,"
            " (SELECT count(*) FROM passages) AS passages"
        )[0]
        return Totals(**dict(row))

    def generation(self, collection: str) -> int:
        """Return how many changes a collection has seen; 0 where it does not exist."""
        rows = self.database.read(
            "SELECT generation FROM collections WHERE name = ?", (collection,)
        )
        return int(rows[0]["generation"]) if rows else 0

    def mark(self, collection: str, generation: int) -> str | None:
        """Return what tells this change from one of the same number in a copy of the library."""
        rows = self.database.read(
            "SELECT mark FROM changes JOIN collections c ON c.key = collection"
            " WHERE c.name = ? AND changes.generation = ?",
            (collection, generation),
        )
        return str(rows[0]["mark"]) if rows else None

    def changes(self, collection: str, since: int) -> Changes:
        """Return the passages that came and went after generation ``since``.

        What was removed long ago is not known any more; an index of generation 0 is empty.
        """
        with self.database.reading() as db:
            row = db.execute(
                "SELECT key, generation, whole FROM collections WHERE name = ?", (collection,)
            ).fetchone()
            if row is None:
                return Changes(0, (), ())
            whole = since == 0 or since >= row["whole"]
            since = since if whole else 0
            added = db.execute(
                "SELECT id FROM passages WHERE collection = ? AND generation > ? ORDER BY id",
                (row["key"], since),
            ).fetchall()
            removed = db.execute(
                "SELECT passage FROM removals WHERE collection = ? AND generation > ?",
                (row["key"], since),
            ).fetchall()
        return Changes(
            row["generation"],
            tuple(r["id"] for r in added),
            tuple(r["passage"] for r in removed) if whole else (),
            whole,
        )

    def embedded_texts(self, ids: Sequence[int]) -> dict[int, str]:
        """Return what is embedded and indexed for each passage: its context and text."""
        rows = self.database.read(
            "SELECT id, context, text, digest FROM passages"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row["id"]: self._whole(text_of, row) for row in rows}

    def vectors(self, model: str, digests: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the stored vectors of embedded texts, by digest."""
        rows = self.database.read(
            "SELECT digest, vector FROM vectors"
            " WHERE model = ? AND digest IN (SELECT value FROM json_each(?))",
            (model, json.dumps(list(digests))),
        )
        return {row["digest"]: np.frombuffer(row["vector"], np.float32) for row in rows}

    def vectors_of(self, model: str, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the stored vectors of passages, by id."""
        rows = self.database.read(
            "SELECT id, vector FROM passages JOIN vectors USING (digest)"
            " WHERE model = ? AND id IN (SELECT value FROM json_each(?))",
            (model, json.dumps(list(ids))),
        )
        return {row["id"]: np.frombuffer(row["vector"], np.float32) for row in rows}

    def keep_vectors(
        self,
        model: str,
        vectors: Mapping[str, NDArray[np.float32]],
        collection: str | None = None,
        *,
        stored: bool = False,
    ) -> None:
        """Keep the vectors of embedded texts, so that none is computed twice.

        Those of no passage wait for that of an article that is being added to ``collection``.
        Of texts that were ``stored``, only those are kept whose passage is still there: what was
        erased while it was being embedded leaves nothing behind.
        """
        rows = [(model, digest, vector.tobytes()) for digest, vector in vectors.items()]
        still = " WHERE EXISTS (SELECT 1 FROM passages WHERE digest = ?2)" if stored else ""
        with self.database.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO vectors (model, digest, vector) SELECT ?1, ?2, ?3" + still,
                rows,
            )
            now = int(time.time())
            if not stored:
                db.executemany(
                    "INSERT OR REPLACE INTO unused SELECT ?1, ?2, ?3"
                    " WHERE NOT EXISTS (SELECT 1 FROM passages WHERE digest = ?1)",
                    [(digest, collection, now) for digest in vectors],
                )
            db.execute("INSERT OR IGNORE INTO models VALUES (?, ?)", (model, now))

    def _note_use(self, model: str, now: int) -> None:
        """Note that a model is in use, once a day."""
        noted = "SELECT 1 FROM models WHERE model = ? AND used > ?"
        if not self.database.read(noted, (model, now - DAY)):
            with self.database.writing() as db:
                db.execute("INSERT OR REPLACE INTO models VALUES (?, ?)", (model, now))

    def _forget_model(self, model: str) -> None:
        """Delete the vectors of a model, some at a time."""
        last = ""

        def forget_some(db: Transaction) -> int:
            nonlocal last
            found = db.execute(
                "SELECT digest FROM vectors WHERE model = ? AND digest > ? ORDER BY digest LIMIT ?",
                (model, last, _FORGOTTEN_AT_ONCE),
            ).fetchall()
            last = found[-1]["digest"] if found else last
            db.executemany(
                "DELETE FROM vectors WHERE digest = ? AND model = ?",
                [(row["digest"], model) for row in found],
            )
            if not found:
                db.execute("DELETE FROM models WHERE model = ?", (model,))
            return len(found)

        self.database.in_turns(forget_some)

    def identity(self) -> str:
        """Return what tells this library from any other, so that no index of another is used."""
        return str(self.note("library"))

    def note(self, name: str) -> str | None:
        """Return a small fact that the library keeps about itself."""
        rows = self.database.read("SELECT value FROM notes WHERE name = ?", (name,))
        return str(rows[0]["value"]) if rows else None

    def set_note(self, name: str, value: str | None) -> None:
        """Keep a small fact, or drop it where ``value`` is None."""
        with self.database.writing() as db:
            if value is None:
                db.execute("DELETE FROM notes WHERE name = ?", (name,))
            else:
                db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def check(self) -> list[str]:
        """Return what is wrong with the file and what it holds; empty where nothing is."""
        with self.database.reading() as db:
            return problems(db)

    def _whole(self, record: Callable[[Row], _Record], row: Row) -> _Record:
        """Return a row as a record.  Raises LibraryError where it isn't what was stored."""
        try:
            return record(row)
        except (ValueError, TypeError, KeyError) as error:
            raise self.database.damaged(error) from error

    def _put_article(self, db: Transaction, collection: int, name: str, article: Article) -> int:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        row = db.execute(
            "INSERT INTO articles (collection, id, source, origin, digest, title, author, url,"
            " published, text, sections, pages, added, updated, characters, folded)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (collection, id) DO UPDATE SET source = excluded.source,"
            " origin = excluded.origin,"
            " digest = excluded.digest, title = excluded.title, author = excluded.author,"
            " url = excluded.url, published = excluded.published, text = excluded.text,"
            " sections = excluded.sections, pages = excluded.pages, updated = excluded.updated,"
            " characters = excluded.characters, folded = excluded.folded"
            " RETURNING key",
            (
                collection,
                name,
                article.source,
                article.origin,
                content_digest(article),
                article.title,
                article.author,
                article.url,
                article.published,
                article.text,
                json.dumps([asdict(section) for section in article.sections]),
                json.dumps([asdict(page) for page in article.pages]),
                now,
                now,
                len(article.text),
                folded(article.title),
            ),
        ).fetchone()
        return int(row["key"])

    def _put_passages(
        self,
        db: Transaction,
        collection: int,
        generation: int,
        article_key: int,
        article: Article,
        drafts: Sequence[PassageDraft],
    ) -> None:
        digests = [text_digest(draft.embedded(article)) for draft in drafts]
        db.executemany("DELETE FROM unused WHERE digest = ?", [(digest,) for digest in digests])
        db.executemany(
            "INSERT INTO passages (article, collection, generation, start, end, section, page,"
            " sentences, context, text, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    article_key,
                    collection,
                    generation,
                    draft.chunk.start,
                    draft.chunk.end,
                    draft.chunk.section,
                    draft.chunk.page,
                    json.dumps(draft.chunk.sentences),
                    draft.context,
                    article.text[draft.chunk.start : draft.chunk.end],
                    digest,
                )
                for draft, digest in zip(drafts, digests, strict=True)
            ),
        )

    def _drop_passages(
        self, db: Transaction, article: int, collection: int, generation: int
    ) -> list[str]:
        """Drop an article's passages and return the digests of what was embedded for them."""
        db.execute(
            "INSERT INTO removals SELECT ?, ?, id FROM passages WHERE article = ?",
            (collection, generation, article),
        )
        gone = db.execute(
            "DELETE FROM passages WHERE article = ? RETURNING digest", (article,)
        ).fetchall()
        return [row["digest"] for row in gone]

    def _entries(self, collection: str, which: str = "TRUE", *values: str) -> list[Entry]:
        rows = self.database.read(
            f"{_ENTRIES} AND {which} ORDER BY a.key DESC", (collection, *values)
        )
        return [Entry(**dict(row)) for row in rows]


def erase(db: Transaction, collection: str) -> int:
    """Delete a collection's articles and all kept for it; return how many articles those were.

    Of their vectors, which would take longest, ``forget_unused`` is to delete those that nobody
    else uses.

    Its name and generation stay, so that an index of it that is open or on disk somewhere
    notices, and can never be taken for that of a later collection of this name.
    """
    articles = _erase_articles(db, collection)
    db.execute("UPDATE unused SET since = 0 WHERE collection = ?", (collection,))
    db.execute("DELETE FROM answers WHERE collection = ?", (collection,))  # with their feedback
    db.execute("DELETE FROM searches WHERE collection = ?", (collection,))
    db.execute("DELETE FROM jobs WHERE collection = ?", (collection,))
    db.execute("DELETE FROM settings WHERE collection = ?", (collection,))
    db.execute("DELETE FROM departures WHERE collection = ?", (collection,))
    return articles


def _erase_articles(db: Transaction, collection: str) -> int:
    held = db.execute(
        "SELECT 1 FROM articles a JOIN collections c ON c.key = a.collection WHERE c.name = ?",
        (collection,),
    ).fetchone()
    if held is None:
        return 0
    key, generation = _next_generation(db, collection)
    _forget_changes(db, key, generation)  # what is empty is followed by beginning anew
    db.execute(
        "INSERT OR REPLACE INTO unused SELECT DISTINCT digest, ?2, 0 FROM passages"
        " WHERE collection = ?1",
        (key, collection),
    )
    db.execute("DELETE FROM passages WHERE collection = ?", (key,))
    return db.execute("DELETE FROM articles WHERE collection = ?", (key,)).rowcount


def _next_generation(db: Transaction, collection: str) -> tuple[int, int]:
    db.execute("INSERT OR IGNORE INTO collections (name) VALUES (?)", (collection,))
    row = db.execute(
        "UPDATE collections SET generation = generation + 1 WHERE name = ?"
        " RETURNING key, generation",
        (collection,),
    ).fetchone()
    # No other library, nor this one put back from a copy, comes to the same mark.
    db.execute(
        "INSERT INTO changes VALUES (?, ?, lower(hex(randomblob(8))))",
        (row["key"], row["generation"]),
    )
    key, generation = int(row["key"]), int(row["generation"])
    many = db.execute(
        "SELECT generation FROM removals WHERE collection = ?"
        " ORDER BY generation DESC LIMIT 1 OFFSET ?",
        (key, _FOLLOWED),
    ).fetchone()
    _forget_changes(db, key, max(generation - _FOLLOWED, many["generation"] if many else 0))
    return key, generation


def _forget_changes(db: Transaction, collection: int, until: int) -> None:
    """Forget what came and went up to a generation; an index of an earlier one begins anew.

    Its mark stays, so that an index of just that one is known, and of no earlier one.
    """
    if until > 0:
        db.execute(
            "UPDATE collections SET whole = max(whole, ?) WHERE key = ?", (until, collection)
        )
        for sql in (
            "DELETE FROM removals WHERE collection = ? AND generation <= ?",
            "DELETE FROM changes WHERE collection = ? AND generation < ?",
        ):
            db.execute(sql, (collection, until))


def _forget_vectors(db: Transaction, digests: Sequence[str]) -> None:
    """Delete the vectors that no passage has a use for any more."""
    db.executemany(
        "DELETE FROM vectors WHERE digest = ?1"
        " AND NOT EXISTS (SELECT 1 FROM passages WHERE digest = ?1)",
        [(digest,) for digest in set(digests)],
    )


def forget_unused(database: Database, before: int = 0) -> None:
    """Delete the vectors that no passage has had since some time, or that were erased.

    In turns with others that write.  Where an article with one of them is being added after all,
    its passages are simply embedded again.
    """

    def forget_some(db: Transaction) -> int:
        found = db.execute(
            "SELECT digest FROM unused WHERE since <= ? LIMIT ?", (before, _FORGOTTEN_AT_ONCE)
        ).fetchall()
        _forget_vectors(db, [row["digest"] for row in found])
        db.executemany("DELETE FROM unused WHERE digest = ?", [(row["digest"],) for row in found])
        return len(found)

    if database.read("SELECT 1 FROM unused WHERE since <= ? LIMIT 1", (before,)):
        database.in_turns(forget_some)


def _unknown(name: str, collection: str) -> UnknownArticleError:
    return UnknownArticleError(
        f"No article {name!r} in the collection {collection!r}; `passage list` shows all."
    )
