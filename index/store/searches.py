"""Searches and what they found, so that their pages turn.

They are stored as long as questions are, after a restart too.  Where a server stores questions
0 days, or nothing can be written, a search is in memory alone, for as long as an
answer is stored without text: its pages turn, and no word of it is ever on the disk.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from index.errors import UnwritableError
from index.language.characters import without_surrogates
from index.lru import LRUCache
from index.records import Passage, Ranked
from index.store.answers import Scores
from index.store.servers import settings_of
from index.store.sqlite.database import Database
from index.store.statements import Row

_MOST = 2_000  # searches in memory, each of a few kilobytes


@dataclass(frozen=True, slots=True)
class Search:
    """A search with what it found, best first; ``article`` is the title of the one looked in."""

    id: str
    collection: str
    asker: int
    query: str = field(repr=False)
    article: str | None = field(repr=False)
    private: bool
    asked: int
    passages: tuple[Scores, ...]

    def ranked(self, still: Mapping[int, Passage]) -> tuple[Ranked, ...]:
        """Return those of the passages that are still there, as ``Library.passages`` has them."""
        found = (scores.ranked(still.get(scores.passage)) for scores in self.passages)
        return tuple(one for one in found if one is not None)

    def row(self) -> dict[str, Any]:
        """Return it as it is stored, by column."""
        return {
            "id": self.id,
            "collection": self.collection,
            "asker": self.asker,
            "query": without_surrogates(self.query),
            "article": None if self.article is None else without_surrogates(self.article),
            "private": self.private,
            "asked": self.asked,
            "passages": json.dumps([astuple(scores) for scores in self.passages]),
        }


class Searches:
    """The searches of all collections.  May be used from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_memory: LRUCache[str, Search] = LRUCache(_MOST)

    def record(self, search: Search) -> None:
        """Store a search on the disk, or in memory where it must not or can't be on the disk."""
        try:
            written = self._written(search)
        except UnwritableError:
            written = False
        if not written:
            self._in_memory.put(search.id, search)

    def find(self, search_id: str, collection: str) -> Search | None:
        """Return a search of one collection, or None where it is not stored there (any more)."""
        found = self._in_memory.get(search_id)
        if found is not None:
            return found if found.collection == collection else None
        rows = self._database.read(
            "SELECT * FROM searches WHERE id = ? AND collection = ?"
            " AND collection NOT IN (SELECT collection FROM departures)",
            (search_id, collection),
        )
        return _search(rows[0]) if rows else None

    def in_memory_of(self, person: int) -> list[Search]:
        """Return a person's searches that are in memory alone."""
        return [search for search in self._in_memory.values() if search.asker == person]

    def delete_in_memory_of(self, person: int) -> int:
        """Delete a person's searches that are in memory, and return how many those were."""
        return self._delete_in_memory(self.in_memory_of(person))

    def delete_in_memory_until(self, asked: int) -> int:
        """Delete what has been in memory since that time or longer; return how many those were."""
        old = [search for search in self._in_memory.values() if search.asked <= asked]
        return self._delete_in_memory(old)

    def _delete_in_memory(self, searches: list[Search]) -> int:
        return sum(self._in_memory.pop(search.id) is not None for search in searches)

    def _written(self, search: Search) -> bool:
        """Store a search on the disk where its server stores questions; return whether it does."""
        with self._database.writing() as db:
            keep = settings_of(db, search.collection).keep_questions_days > 0
            if keep:
                db.execute(
                    "INSERT INTO searches"
                    " (id, collection, asker, query, article, private, asked, passages) VALUES"
                    " (:id, :collection, :asker, :query, :article, :private, :asked, :passages)",
                    search.row(),
                )
            return keep


def _search(row: Row) -> Search:
    return Search(
        id=row["id"],
        collection=row["collection"],
        asker=row["asker"],
        query=row["query"],
        article=row["article"],
        private=bool(row["private"]),
        asked=row["asked"],
        passages=tuple(Scores(*values) for values in json.loads(row["passages"])),
    )
