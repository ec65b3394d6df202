"""How long the event loop is held up: a blocked one misses heartbeats and answers."""

from __future__ import annotations

import asyncio
import time

_EVERY = 0.02  # seconds


class LoopLag:
    """Measures how late the loop comes back to a task that only sleeps, in milliseconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.loading = 0.0

    def __str__(self) -> str:
        return (
            f"the event loop was held up for {self.longest:.0f} ms at the most"
            f" (while the model was loading: {self.loading:.0f} ms)"
        )

    def settle(self) -> None:
        """Begin anew: until now the model was loading, which nobody could answer during."""
        self.loading, self.longest = self.longest, 0.0

    async def beat(self) -> None:
        """Measure until cancelled."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_EVERY)
            late = (time.perf_counter() - before - _EVERY) * 1000
            self.longest = max(self.longest, late)
