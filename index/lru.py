"""What was used last, up to a limit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """A mapping that forgets what was used longest ago.  May be used from any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        """Return what is held under a key, which counts as a use."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._held.clear()

    def drop(self, key: K) -> None:
        """Forget one."""
        with self._lock:
            self._held.pop(key, None)

    def put(self, key: K, value: V) -> None:
        """Hold a value, in the place of what has not been used for longest where it is full."""
        with self._lock:
            self._held[key] = value
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
