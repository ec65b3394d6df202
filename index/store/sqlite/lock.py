"""Who has a library open: any number of processes at once, but nobody while it is replaced."""

from __future__ import annotations

import os
from pathlib import Path

from index.data_folder import IN_USE

try:
    import fcntl
except ImportError:  # Windows, which doesn't let a file be replaced that is open anyway
    fcntl = None  # type: ignore[assignment]


class SharedLock:
    """A lock on a data folder, shared or exclusive; the end of the process gives it back too."""

    def __init__(self, folder: Path, *, alone: bool = False) -> None:
        """Take the lock.  Raises BlockingIOError where others hold it, OSError elsewhere."""
        self._file = os.open(folder / IN_USE, os.O_RDONLY | os.O_CREAT, 0o600)
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Give the lock back; a further call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
