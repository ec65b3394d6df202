"""Understanding "and who said so?" with the question that it follows."""

from __future__ import annotations

from collections import OrderedDict

_BREAK = 600  # seconds after which a question begins anew
_REMEMBERED = 2_000  # people whose last question is remembered


class Conversations:
    """Remembers for some minutes which answer each person got last in each channel.

    After a restart only a reply tells what a question follows.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[int, int], tuple[str, float, bool]] = OrderedDict()

    def said(self, channel: int, person: int, answer_id: str, now: float, *, private: bool) -> None:
        """Remember an answer."""
        self._last[channel, person] = (answer_id, now, private)
        self._last.move_to_end((channel, person))
        while len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    def before(self, channel: int, person: int, now: float, *, private: bool) -> str | None:
        """Return the answer that a question of this person may follow, if it is not long ago.

        What was asked in private is not hinted at in public.
        """
        answer_id, when, was_private = self._last.get((channel, person), (None, 0.0, False))
        if answer_id is None or now - when > _BREAK or (was_private and not private):
            return None
        return answer_id
