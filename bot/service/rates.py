"""How many questions one person may ask in a minute."""

from __future__ import annotations

from collections import defaultdict, deque

_WINDOW = 60.0
_MANY = 1_000  # people after whom it is time to forget those who have stopped asking


class Rates:
    """Remembers who asked when, in memory: a restart forgives everybody."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], deque[float]] = defaultdict(deque)

    def __len__(self) -> int:
        return len(self._asked)

    def wait(self, collection: str, person: int, per_minute: int, now: float) -> int:
        """Count a question and return 0, or the seconds until the next one is allowed."""
        if len(self._asked) > _MANY:
            self.sweep(now)
        times = self._asked[collection, person]
        while times and times[0] <= now - _WINDOW:
            times.popleft()
        if len(times) >= per_minute:
            return max(1, -int(-(times[0] + _WINDOW - now) // 1))
        times.append(now)
        return 0

    def sweep(self, now: float) -> None:
        """Forget who has not asked for a minute."""
        idle = [k for k, times in self._asked.items() if not times or times[-1] <= now - _WINDOW]
        for key in idle:
            del self._asked[key]
