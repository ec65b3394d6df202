"""Opening the library's file: what it must be before, and what is set up with each opening."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from pathlib import Path

from index.data_folder import INDEX
from index.store.sqlite.backups import Backups
from index.store.sqlite.connection import IN_MEMORY, WAIT
from index.store.sqlite.migrate import migrate

log = logging.getLogger("passage")

_RETRY = 0.01  # seconds between two tries where SQLite does not wait by itself
_ROOM = 3  # times the size of a file that has to be free to rewrite it
_INCREMENTAL = 2  # what SQLite calls a file that can give pages back


def loss(path: Path) -> str | None:
    """Return how a file was lost: it is missing or empty, and something shows that it wasn't.

    SQLite would begin a new library, and throw away the log of the old one.
    """
    if path.exists() and path.stat().st_size:
        return None
    wal = path.with_name(f"{path.name}-wal")
    logged = wal.exists() and wal.stat().st_size
    indexed = any(path.parent.glob(f"{INDEX}/*/terms"))
    if logged or indexed or Backups(path).all():
        return "it is empty" if path.exists() else "it is gone"
    return None


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Set up the connection that writes, and bring the file's schema up to date."""
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file, before all else
    _enter_wal(db)
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = ON")  # deleted text is overwritten with zeros
    migrate(db, path)


def make_shrinkable(db: sqlite3.Connection, path: Path) -> bool:
    """Rewrite a file of an older Passage, once, so that it can shrink; return whether it was.

    Where there is no room for that now, it works on as it is, and the next start tries again.
    """
    if path == IN_MEMORY:
        return False
    if db.execute("PRAGMA auto_vacuum").fetchone()[0] == _INCREMENTAL:
        return False
    size = path.stat().st_size
    if shutil.disk_usage(path.parent).free < _ROOM * size:
        log.warning("there is too little room to lay the library out anew; it can't shrink")
        return False
    try:
        db.execute("VACUUM")
    except sqlite3.Error as error:
        log.warning("the library could not be laid out anew, so it can't shrink: %s", error)
        return False
    return True


def _enter_wal(db: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, waiting for others that open the file at this moment.

    For this one statement SQLite reports "locked" at once instead of waiting by itself.
    """
    deadline = time.monotonic() + WAIT
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY)
        else:
            return
