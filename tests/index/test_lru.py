"""A cache holds what was used last, and no more than it may."""

from __future__ import annotations

from index.lru import LRUCache


def test_only_so_much_is_remembered() -> None:
    recent: LRUCache[int, str] = LRUCache(2)
    recent.put(1, "one")
    recent.put(2, "two")
    assert recent.get(1) == "one"
    recent.put(3, "three")
    assert (recent.get(1), recent.get(2), recent.get(3)) == ("one", None, "three")
    recent.clear()
    assert recent.get(1) is None
