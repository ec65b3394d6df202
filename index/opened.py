"""The indexes that are open: opened when first asked for, closed when others need the room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress

from index.collection import CollectionIndex

MOST_OPEN = 64
MOST_PASSAGES = 100_000
"""What is kept open, all together; one index is, however large it is."""


class OpenIndexes:
    """Open indexes by collection, those in use last.  May be used from any thread."""

    def __init__(self, opener: Callable[[str], CollectionIndex]) -> None:
        self._open = opener
        self._held: OrderedDict[str, CollectionIndex] = OrderedDict()
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, collection: str) -> CollectionIndex:
        """Return the index of a collection, opened if need be."""
        with self._lock:
            index = self._held.get(collection)
            if index is None:
                index = self._held[collection] = self._open(collection)
            self._held.move_to_end(collection)
            return index

    def make_room(self, in_use: Iterable[str] = ()) -> None:
        """Save and close those that were asked for longest ago, until what is open fits.

        Those ``in_use`` go last, the first of them first.
        """
        for index in self._surplus(in_use):
            with suppress(OSError):  # it is simply built anew later
                index.save()

    def forget(self, collection: str) -> None:
        """Drop an index without saving it."""
        with self._lock:
            self._held.pop(collection, None)

    def save(self) -> None:
        """Write changed indexes to disk; where that fails they are simply built anew later."""
        for index in list(self._held.values()):
            index.settle()
            with suppress(OSError):
                index.save()

    def _surplus(self, in_use: Iterable[str]) -> list[CollectionIndex]:
        closed = []
        with self._lock:
            for name in in_use:
                if name in self._held:
                    self._held.move_to_end(name)
            passages = sum(map(len, self._held.values()))
            while len(self._held) > 1 and (len(self._held) > MOST_OPEN or passages > MOST_PASSAGES):
                _, index = self._held.popitem(last=False)
                passages -= len(index)
                closed.append(index)
        return closed
