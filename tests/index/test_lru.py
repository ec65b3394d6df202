"""An LRU cache holds so much and no more, and evicts what was used longest ago."""

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


def test_to_ask_whether_something_is_held_is_no_use_of_it() -> None:
    recent: LRUCache[int, str] = LRUCache(2)
    recent.put(1, "one")
    recent.put(2, "two")
    assert 1 in recent
    recent.put(3, "three")
    assert 1 not in recent
    assert recent.values() == ["two", "three"]


def test_what_is_taken_out_is_returned_once() -> None:
    recent: LRUCache[int, str] = LRUCache(2)
    recent.put(1, "one")
    assert (recent.pop(1), recent.pop(1)) == ("one", None)
    assert len(recent) == 0
