"""What Discord delivers twice, as it may around a reconnect, is seen to once."""

from __future__ import annotations

from index.lru import LRUCache

_REMEMBERED = 2_000  # a second delivery follows within seconds, and hundreds of events at the most


class Deduplicator:
    """Remembers what has been seen to lately, by id."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._seen: LRUCache[int, None] = LRUCache(most)

    def __len__(self) -> int:
        return len(self._seen)

    def first(self, number: int) -> bool:
        """Say whether this comes for the first time, and remember that it came."""
        if number in self._seen:
            return False
        self._seen.put(number, None)
        return True
