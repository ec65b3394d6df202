"""Understanding "and who said so?" with the question that it follows."""

from __future__ import annotations

from index.lru import LRUCache

_BREAK = 600  # seconds after which a question begins anew
_REMEMBERED = 2_000  # people whose last question is remembered


class Conversations:
    """Remembers for some minutes which answer each person got last in each channel.

    After a restart only a reply tells what a question follows.
    """

    def __init__(self) -> None:
        self._last: LRUCache[tuple[int, int], tuple[str, float, bool]] = LRUCache(_REMEMBERED)

    def said(self, channel: int, person: int, answer_id: str, now: float, *, private: bool) -> None:
        """Remember an answer."""
        self._last.put((channel, person), (answer_id, now, private))

    def before(self, channel: int, person: int, now: float, *, private: bool) -> str | None:
        """Return the answer that a question of this person may follow, if it is not long ago.

        What was asked in private is not hinted at in public.
        """
        last = self._last.get((channel, person))
        if last is None:
            return None
        answer_id, when, was_private = last
        return None if now - when > _BREAK or (was_private and not private) else answer_id
