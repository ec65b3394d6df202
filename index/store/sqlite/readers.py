"""The pool of connections that read: as many as read at once, reused by the next."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.store.sqlite.connection import connect


class Readers:
    """Read-only connections to one file.  May be used from any thread."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is opened with the first use."""
        self._path = path
        self._idle: list[sqlite3.Connection] | None = []  # None once it is closed
        self._lock = threading.Lock()

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that nobody else uses meanwhile; returned to the pool afterwards.

        Raises sqlite3.Error where the pool is closed or the file can't be opened.
        """
        db = self._acquired()
        try:
            yield db
        finally:
            with self._lock:
                if self._idle is not None:
                    self._idle.append(db)
                else:
                    db.close()

    def close(self) -> None:
        """Close the idle connections, and those in use as they are returned."""
        with self._lock:
            idle, self._idle = self._idle or [], None
        for reader in idle:
            reader.close()

    def _acquired(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle is None:
                raise sqlite3.ProgrammingError("it is closed")
            if self._idle:
                return self._idle.pop()
        # Never a new file where this one is missing.
        db = connect(f"{self._path.absolute().as_uri()}?mode=rw", uri=True)
        db.execute("PRAGMA query_only = ON")
        return db
