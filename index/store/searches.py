"""Searches and what they found, so that their pages turn.

They are kept as long as questions are, after a restart too.  Where a server keeps questions
0 days, or nothing can be written, a search is held in memory alone, for as long as an
answer is kept without text: its pages turn, and no word of it ever lies on the disk.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from index.errors import UnwritableError
from index.language.characters import without_surrogates
from index.records import Passage, Ranked
from index.store.answers import Scores
from index.store.servers import settings_of
from index.store.sqlite.database import Database
from index.store.statements import Row

_MOST = 2_000  # searches held in memory, each of a few kilobytes


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
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Search] = OrderedDict()  # oldest first

    def keep(self, search: Search) -> None:
        """Keep a search on the disk, or hold it where it is not to be there or can't be."""
        try:
            written = self._written(search)
        except UnwritableError:
            written = False
        if not written:
            with self._lock:
                self._held[search.id] = search
                while len(self._held) > _MOST:
                    self._held.popitem(last=False)

    def find(self, search_id: str, collection: str) -> Search | None:
        """Return a search of one collection, or None where it is not kept there (any more)."""
        with self._lock:
            held = self._held.get(search_id)
        if held is not None:
            return held if held.collection == collection else None
        rows = self._database.read(
            "SELECT * FROM searches WHERE id = ? AND collection = ?"
            " AND collection NOT IN (SELECT collection FROM departures)",
            (search_id, collection),
        )
        return _search(rows[0]) if rows else None

    def held_of(self, person: int) -> list[Search]:
        """Return a person's searches that are held in memory alone."""
        with self._lock:
            return [search for search in self._held.values() if search.asker == person]

    def let_go_of(self, person: int) -> int:
        """Forget a person's searches that are held in memory, and return how many those were."""
        return self._let_go(self.held_of(person))

    def let_go_until(self, asked: int) -> int:
        """Forget what has been held since that time or longer, and return how many those were."""
        with self._lock:
            old = [search for search in self._held.values() if search.asked <= asked]
        return self._let_go(old)

    def _let_go(self, searches: list[Search]) -> int:
        with self._lock:
            return sum(self._held.pop(search.id, None) is not None for search in searches)

    def _written(self, search: Search) -> bool:
        """Keep a search on the disk where its server keeps questions; say whether that is so."""
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
