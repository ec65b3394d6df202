"""The indexes that are open: opened when first asked for, closed when others need the room."""

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
"""What is kept open, all together; one index is, however large it is."""


class OpenIndexes:
    """Open indexes by collection, those in use last.  May be used from any thread."""

    def __init__(self, opener: Callable[[str], CollectionIndex]) -> None:
        self._open = opener
        self._held: OrderedDict[str, CollectionIndex] = OrderedDict()
        # Those held, and those closed that somebody still asks or saves.
        self._alive: WeakValueDictionary[str, CollectionIndex] = WeakValueDictionary()
        self._opening: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()  # never held while an index is read, changed or saved

    def __len__(self) -> int:
        return len(self._held)

    def get(self, collection: str) -> CollectionIndex:
        """Return the index of a collection, opened if need be."""
        index = self._found(collection)
        if index is not None:
            return index
        with self._lock:
            opening = self._opening.setdefault(collection, threading.Lock())
        with opening:
            index = self._found(collection)
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
        """Save and close those that were asked for longest ago, until what is open fits.

        Those ``in_use`` go last, the first of them first.
        """
        for index in self._surplus(in_use):
            with suppress(OSError):  # it is simply built anew later
                index.save()

    def forget(self, collection: str) -> None:
        """Drop an index without saving it: once this returns, nobody writes its files."""
        with self._lock:
            self._held.pop(collection, None)
            index = self._alive.pop(collection, None)
        if index is not None:
            index.discard()

    def stop(self) -> None:
        """Break off whatever index is being brought level with the library."""
        with self._lock:
            indexes = list(self._alive.values())
        for index in indexes:
            index.stop()

    def save(self) -> None:
        """Write changed indexes to disk; where that fails they are simply built anew later."""
        with self._lock:
            indexes = list(self._alive.values())
        for index in indexes:
            index.settle()
            with suppress(OSError):
                index.save()

    def _found(self, collection: str) -> CollectionIndex | None:
        """Return an index that is open, or taken back where it was closed but is still in use.

        Of one collection there are never two, of which the older could be saved last.
        """
        with self._lock:
            index = self._alive.get(collection)
            if index is not None:
                self._held[collection] = index
                self._held.move_to_end(collection)
            return index

    def _surplus(self, in_use: Iterable[str]) -> list[CollectionIndex]:
        closed = []
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
                    closed.append(index)
        return closed
