"""Articles and passages in SQLite: the truth that every index is derived from.

A change is one transaction, on the disk before the call returns.  Each raises its
collection's generation by one and says which passages came and went, so that an index
can follow without being rebuilt.  Passage ids are never used twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from index.digests import text_digest
from index.passages.draft import PassageDraft
from index.records import Article, Passage
from index.store.article_writes import delete_passages, put_article, put_passages
from index.store.changes import ChangeLog, next_generation
from index.store.entries import Entry, Totals, article_id, unknown_article
from index.store.erasure import erase
from index.store.listing import Listing
from index.store.notes import Notes
from index.store.rows import article_of, passage_of, text_of
from index.store.sqlite.database import Database
from index.store.sqlite.integrity import problems
from index.store.statements import Row
from index.store.stored_vectors import StoredVectors, delete_vectors

_Record = TypeVar("_Record")


class Library:
    """All collections in one database file.  May be used from any thread."""

    def __init__(self, path: Path) -> None:
        """Open or create the library at ``path``; raises LibraryError where that fails."""
        self.path = path
        self.database = Database(path)
        self.listing = Listing(self.database)
        self.changes = ChangeLog(self.database)
        self.vectors = StoredVectors(self.database)
        self.notes = Notes(self.database)

    def close(self) -> None:
        """Close the database; a further call does nothing."""
        self.database.close()

    def store(self, collection: str, article: Article, drafts: Sequence[PassageDraft]) -> str:
        """Add an article, or replace the one with its id; return the id.

        Its old passages are replaced by the new ones in one transaction.
        """
        with self.database.writing() as db:
            key, generation = next_generation(db, collection)
            name = article_id(article)
            row = db.execute(
                "SELECT key FROM articles WHERE collection = ? AND id = ?", (key, name)
            ).fetchone()
            digests = delete_passages(db, row["key"], key, generation) if row else []
            article_key = put_article(db, key, name, article)
            put_passages(db, key, generation, article_key, article, drafts)
            delete_vectors(db, digests)
        return name

    def remove(self, collection: str, name: str) -> Entry:
        """Remove an article by id and return what it was; raises UnknownArticleError."""
        entry = self.listing.entry(collection, name)
        with self.database.writing() as db:
            key, generation = next_generation(db, collection)
            row = db.execute(
                "SELECT key FROM articles WHERE collection = ? AND id = ?", (key, name)
            ).fetchone()
            if row is None:
                raise unknown_article(name, collection)
            digests = delete_passages(db, row["key"], key, generation)
            delete_vectors(db, digests)
            db.execute("DELETE FROM articles WHERE key = ?", (row["key"],))
        return entry

    def erase_collection(self, collection: str) -> None:
        """Delete all that is stored for a collection; again does nothing."""
        with self.database.writing() as db:
            erase(db, collection)
        self.vectors.delete_unused()
        self.database.scrub()

    def tidy(self, now: int, model: str | None = None) -> None:
        """Delete unused vectors, and return the space of what was deleted to the disk.

        To be called every minute or so; ``model`` is the one in use, where that is known.
        """
        self.vectors.tidy(now, model)
        self.database.tidy()

    def article(self, collection: str, name: str) -> Article:
        """Return one article whole, by id; raises UnknownArticleError."""
        rows = self.database.read(
            "SELECT a.* FROM articles a JOIN collections c ON c.key = a.collection"
            " WHERE c.name = ? AND a.id = ?",
            (collection, name),
        )
        if not rows:
            raise unknown_article(name, collection)
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
        """Return those of the passages that are still stored, by id."""
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

    def embedded_texts(self, ids: Sequence[int]) -> dict[int, str]:
        """Return what is embedded and indexed for each passage: its context and text."""
        rows = self.database.read(
            "SELECT id, context, text, digest FROM passages"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row["id"]: self._whole(text_of, row) for row in rows}

    def identity(self) -> str:
        """Return what tells this library from any other, so that no index of another is used."""
        return str(self.notes.get("library"))

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
