"""The indexes that are open: opened on first use, the least recently used evicted."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from weakref import WeakValueDictionary

from index.search.collection import CollectionIndex
from index.search.embedding import ProgressCallback

MOST_OPEN = 64
MOST_PASSAGES = 100_000
"""Limits on what is open, all together; one index stays open, however large it is."""


class OpenIndexes:
    """Open indexes by collection, most recently used last.  Thread-safe."""

    def __init__(self, opener: Callable[[str], CollectionIndex]) -> None:
        self._open = opener
        self._held: OrderedDict[str, CollectionIndex] = OrderedDict()
        # Those held, and those evicted that are still being searched or saved.
        self._alive: WeakValueDictionary[str, CollectionIndex] = WeakValueDictionary()
        self._opening: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()  # never held while an index is read, changed or saved

    def __len__(self) -> int:
        return len(self._held)

    def get(self, collection: str) -> CollectionIndex:
        """Return the index of a collection, opened if need be."""
        index = self._lookup(collection)
        if index is not None:
            return index
        with self._lock:
            opening = self._opening.setdefault(collection, threading.Lock())
        with opening:
            index = self._lookup(collection)
            if index is None:
                index = self._open(collection)
                with self._lock:
                    self._held[collection] = self._alive[collection] = index
                    self._opening.pop(collection, None)
            return index

    def up_to_date(
        self, collections: Sequence[str], progress: ProgressCallback | None = None
    ) -> list[CollectionIndex]:
        """Return the indexes of collections that are asked together, up to date."""
        indexes = [self.get(name) for name in collections]
        for index in indexes:
            index.refresh(progress)
        # If not all can stay open, that does which takes longest to open again.
        self.make_room(index.name for index in sorted(indexes, key=len))
        return indexes

    def make_room(self, in_use: Iterable[str] = ()) -> None:
        """Save and evict the least recently used, until what is open is within the limits.

        Those ``in_use`` are evicted last, the first of them first.
        """
        for index in self._evict_surplus(in_use):
            with suppress(OSError):  # it is simply rebuilt later
                index.save()

    def forget(self, collection: str) -> None:
        """Drop an index without saving it: once this returns, its files are never written."""
        with self._lock:
            self._held.pop(collection, None)
            index = self._alive.pop(collection, None)
        if index is not None:
            index.discard()

    def stop(self) -> None:
        """Make every refresh in progress, and any further one, end with a PassageError."""
        with self._lock:
            indexes = list(self._alive.values())
        for index in indexes:
            index.stop()

    def save(self) -> None:
        """Write changed indexes to disk; where that fails they are simply rebuilt later."""
        with self._lock:
            indexes = list(self._alive.values())
        for index in indexes:
            index.settle()
            with suppress(OSError):
                index.save()

    def _lookup(self, collection: str) -> CollectionIndex | None:
        """Return an index that is open, or was evicted but is still in use, as most recently used.

        A collection never has two indexes, as the older one could be saved last.
        """
        with self._lock:
            index = self._alive.get(collection)
            if index is not None:
                self._held[collection] = index
                self._held.move_to_end(collection)
            return index

    def _evict_surplus(self, in_use: Iterable[str]) -> list[CollectionIndex]:
        """Evict what is beyond the limits, and return it, for it is still to be saved."""
        evicted = []
        with self._lock:
            for name in in_use:
                if name in self._held:
                    self._held.move_to_end(name)
            passages = sum(map(len, self._held.values()))
            for name, index in list(self._held.items())[:-1]:
                if len(self._held) <= MOST_OPEN and passages <= MOST_PASSAGES:
                    break
                if not index.changing:  # else saving it would wait for the end of that
                    del self._held[name]
                    passages -= len(index)
                    evicted.append(index)
        return evicted
