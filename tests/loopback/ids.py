"""Snowflakes and timestamps."""

from __future__ import annotations

import time
from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """Hands out ids that grow with time, as Discord's do."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """Return a new id, larger than every earlier one."""
        now = (int(time.time() * 1000) - DISCORD_EPOCH_MS) << 22
        self._last = max(now, self._last + 1)
        return self._last

    def ago(self, seconds: float) -> int:
        """Return a new id that seems to be of an earlier time, and none of those of then."""
        return (self.next() - (int(seconds * 1000) << 22)) | (1 << 21)


def iso(seconds: float) -> str:
    """Write a Unix time the way Discord does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
