"""SQLite connections and transactions, as all of the store uses them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_MEMORY = Path(":memory:")
"""What SQLite calls a library that is in memory alone."""

WAIT = 30
"""Seconds that a change waits for another process to finish its own."""


def connect(name: str | Path, *, uri: bool = False) -> sqlite3.Connection:
    """Return a connection for any thread, whose transactions are begun and ended by statements."""
    db = sqlite3.connect(name, timeout=WAIT, check_same_thread=False, isolation_level=None, uri=uri)
    db.row_factory = sqlite3.Row
    return db


@contextmanager
def transaction(db: sqlite3.Connection, kind: str) -> Iterator[None]:
    """A transaction of a kind that SQLite knows, such as IMMEDIATE; rolled back on any error."""
    db.execute(f"BEGIN {kind}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # On a full disk or a failed write SQLite may have rolled back by itself.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
