"""The articles of a collection as a list shows them: by title or id, without a text being read.

The queries are answered from indexes that hold what is listed (see ``sqlite.schema``).
"""

from __future__ import annotations

from index.errors import AmbiguousTitleError
from index.language.characters import folded, without_surrogates
from index.store.entries import Entry, Title, candidates, unknown_article
from index.store.sqlite.database import Database

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


class Listing:
    """The lists of articles of all collections.  May be used from any thread."""

    def __init__(self, database: Database) -> None:
        """List the articles of a database."""
        self._database = database

    def entries(self, collection: str) -> list[Entry]:
        """Return the articles of a collection, newest first."""
        return self._entries(collection)

    def count(self, collection: str) -> int:
        """Return how many articles a collection holds."""
        rows = self._database.read(
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
            rows = self._database.read(_TITLES, (collection, most))
            return [Title(*row) for row in rows]
        rows = self._database.read(_TITLES_HOLDING, (collection, start, 1, most))
        if len(rows) != most:
            rest = most - len(rows) if most > 0 else most
            rows += self._database.read(_TITLES_HOLDING, (collection, start, 0, rest))
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
        entry = self.entry_of_id(collection, name)
        if entry is not None:
            return entry
        found = self.entries_titled(collection, name)
        if len(found) > 1:
            raise AmbiguousTitleError(candidates(name, [(one.id, one) for one in found]))
        if not found:
            raise unknown_article(name, collection)
        return found[0]

    def _entries(self, collection: str, which: str = "TRUE", *values: str) -> list[Entry]:
        rows = self._database.read(
            f"{_ENTRIES} AND {which} ORDER BY a.key DESC", (collection, *values)
        )
        return [Entry(**dict(row)) for row in rows]
