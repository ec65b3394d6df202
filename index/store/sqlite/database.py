"""The one SQLite file that everything is stored in: its connections and transactions.

The library, the answers, the servers' settings and the queue of jobs share one connection
that writes, behind one lock, so that a change over several of them is one transaction.  Readers
have connections of their own, and wait for no change.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from index.errors import LibraryError
from index.files import private_file, private_folder
from index.store.sqlite.connection import IN_MEMORY, WAIT, connect, transaction
from index.store.sqlite.failures import Failures
from index.store.sqlite.lock import SharedLock
from index.store.sqlite.opening import loss, make_shrinkable, prepare
from index.store.sqlite.readers import Readers

_MOMENT = 250  # milliseconds that emptying the log waits for those who read
_SPARE = 1_000  # free pages that stay in the file, for what comes next
_PAGES = 500  # free pages returned to the disk in one transaction
_PAUSE = 0.01  # seconds between two of many transactions, in which others can write


class Database:
    """One connection that writes, and as many that read as do so at once.

    May be used from any thread.  What is read within a transaction that writes is read from the
    connection that it is given.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file at ``path``; raises LibraryError where that fails."""
        self.path = path
        self._lock = threading.RLock()
        self._readers = Readers(path)
        self._unscrubbed = False
        self._failures = Failures(path)
        try:
            with ExitStack() as resources:
                if path != IN_MEMORY:
                    private_folder(path.parent)
                    resources.enter_context(closing(SharedLock(path.parent)))
                    lost = loss(path)
                    if lost:
                        raise self.damaged(lost)
                    private_file(path)  # its log and its shared memory take after it
                self._open()
                self._resources = resources.pop_all()
        except BlockingIOError as error:
            raise LibraryError(
                f"The library {path} is being restored at this moment: try again in a minute."
            ) from error
        except (OSError, sqlite3.Error) as error:
            raise self._failures.of_opening(error) from error

    def close(self) -> None:
        """Close the file; a further call does nothing."""
        with self._lock:
            self._readers.close()
            self._db.close()
            self._resources.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its start; on the disk when it ends.

        Raises UnwritableError where there is no room for it.
        """
        try:
            with self._lock, transaction(self._db, "IMMEDIATE"):
                before = self._db.total_changes
                yield self._db
                changed = self._db.total_changes > before
        except sqlite3.Error as error:
            raise self._failures.of_writing(error) from error
        if changed:
            self._failures.end_of_unwritable()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One transaction whose reads all see the same state."""
        try:
            with self._reader() as db, transaction(db, "DEFERRED"):
                yield db
        except sqlite3.Error as error:
            raise self._failures.of_reading(error) from error

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return the rows of one query."""
        try:
            with self._reader() as db:
                return db.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._failures.of_reading(error) from error

    def damaged(self, what: object) -> LibraryError:
        """Return the error that says that the file is damaged, and names the newest good backup."""
        return self._failures.damaged(what)

    def scrub(self) -> None:
        """Empty the write-ahead log, where what was just deleted could still be read.

        Waits a moment for those who are reading; where that is too short, ``tidy`` does it.
        """
        with self._lock, suppress(sqlite3.Error):  # the deletion itself is already durable
            self._unscrubbed = True
            self._db.execute(f"PRAGMA busy_timeout = {_MOMENT}")
            try:
                busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                self._unscrubbed = bool(busy)
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {WAIT * 1000}")

    def tidy(self) -> None:
        """Return the space of what was deleted to the disk, a little at a time.

        To be called from time to time.  Raises UnwritableError where nothing can be written.
        """
        while self._freed_pages():
            self._unscrubbed = True  # the file shrinks when its log is taken over
            time.sleep(_PAUSE)
        if self._unscrubbed:
            self.scrub()

    def in_batches(self, act: Callable[[sqlite3.Connection], int]) -> None:
        """Run an act repeatedly, each time in its own transaction, until it returns 0.

        Between two transactions others can write.
        """
        while True:
            with self.writing() as db:
                if not act(db):
                    return
            time.sleep(_PAUSE)

    def _freed_pages(self) -> bool:
        """Return some free pages to the disk; say whether any were."""
        free = self._free_pages()
        if free <= _SPARE:
            return False
        some = min(free - _SPARE, _PAGES)
        with self._lock:
            try:
                # By ``execute`` it would be one page, since that takes one step of a statement.
                self._db.executescript(f"PRAGMA incremental_vacuum({some})")
            except sqlite3.Error as error:
                raise self._failures.of_writing(error) from error
        return self._free_pages() < free

    def _free_pages(self) -> int:
        return int(self.read("PRAGMA freelist_count")[0][0])

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        if self.path == IN_MEMORY:  # no other connection sees it
            with self._lock:
                yield self._db
            return
        with self._readers.connection() as db:
            yield db

    def _open(self) -> None:
        self._db = connect(self.path)
        try:
            prepare(self._db, self.path)
            if make_shrinkable(self._db, self.path):
                self.scrub()
        except BaseException:
            self._db.close()
            raise
