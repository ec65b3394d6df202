"""What comes twice is seen to once, and not remembered for ever."""

from __future__ import annotations

from bot.wire.deduplicate import Deduplicator


def test_only_the_first_time_is_the_first() -> None:
    once = Deduplicator()
    assert [once.first(number) for number in (1, 2, 1, 1, 2)] == [True, True, False, False, False]


def test_what_came_longest_ago_is_forgotten() -> None:
    once = Deduplicator(3)
    assert all(once.first(number) for number in range(100))
    assert len(once) == 3
    assert not once.first(97)
    assert once.first(96)
