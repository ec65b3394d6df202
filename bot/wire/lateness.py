"""How much of its time an interaction has left when it is seen to.

Discord waits three seconds for an acknowledgement, from when it made the interaction.  On a
machine that is busy much of that is gone before anything here has run, so it counts from then,
which the interaction's id tells.  That compares Discord's clock with this machine's, which may
be wrong: what is believed of it is in ``time_left``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from datetime import datetime

import discord

_LATELY = 200  # interactions whose ages tell whether the clock is right


class Lateness:
    """Tells until when to acknowledge, from the ages of the interactions so far."""

    def __init__(self) -> None:
        self._ages: deque[float] = deque(maxlen=_LATELY)

    def deadline(self, created: datetime, window: float) -> float:
        """Return when an interaction's first ``window`` seconds are over, by the loop's clock."""
        age = (discord.utils.utcnow() - created).total_seconds()
        self._ages.append(age)
        return asyncio.get_running_loop().time() + time_left(window, age, self._ages)


def time_left(window: float, age: float, lately: Collection[float]) -> float:
    """Return how many of an interaction's first ``window`` seconds are left, 0 where it is late.

    ``lately`` are the ages of the latest ones, with this one's.  One below 0 shows that this
    machine's clock is behind, by that much at least; and if of ``_LATELY`` not one was in time,
    the clock is ahead.  Until that is known, what looks late is late: to promise an answer
    that comes at once does no harm, and one that is not promised in time never arrives.
    """
    least = min(lately)
    is_ahead = len(lately) >= _LATELY and least > window
    error = least if least < 0 or is_ahead else 0.0
    return max(0.0, window - max(0.0, age - error))
