"""What was used last, up to a limit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """A mapping that evicts what was used longest ago.  May be used from any thread.

    Only ``get`` and ``put`` count as a use: where nothing is read by ``get`` or put again, what
    was put first is evicted first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: object) -> bool:
        return key in self._held

    def get(self, key: K) -> V | None:
        """Return what is held under a key, which counts as a use; None where nothing is."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key]

    def values(self) -> list[V]:
        """Return all that is held now, that used longest ago first."""
        with self._lock:
            return list(self._held.values())

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._held.clear()

    def pop(self, key: K) -> V | None:
        """Forget what is held under a key, and return it; None where nothing is."""
        with self._lock:
            return self._held.pop(key, None)

    def put(self, key: K, value: V) -> None:
        """Hold a value; where there are too many, evict that used longest ago."""
        with self._lock:
            self._held[key] = value
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
