"""The one SQLite file that all that is kept lives in: connections and transactions.

The library, the journal, the servers' settings and the queue of jobs share one connection
that writes, behind one lock, so that a change over several of them is one transaction.  Those
who read have connections of their own, and wait for no change.  A schema of an older Passage
is brought up to date when the file is opened, in one transaction too.
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

_MOMENT = 250  # milliseconds that emptying the log waits for those who read
_SPARE = 1_000  # free pages that stay in the file, for what comes next
_GIVEN_AT_ONCE = 500  # pages given back to the disk in one transaction
_PAUSE = 0.01  # seconds between two of many transactions, in which others get a turn


class Database:
    """One connection that writes, and as many that read as do so at once.

    May be used from any thread.  What is read within a transaction that writes is read from the
    connection that it is given.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file at ``path``; raises LibraryError where that fails."""
        self.path = path
        self._lock = threading.RLock()
        self._idle: list[sqlite3.Connection] | None = []  # None once it is closed
        self._idle_lock = threading.Lock()
        self._unscrubbed = False
        self._failures = Failures(path)
        try:
            with ExitStack() as held:
                if path != IN_MEMORY:
                    private_folder(path.parent)
                    held.enter_context(closing(SharedLock(path.parent)))
                    lost = loss(path)
                    if lost:
                        raise self.damaged(lost)
                    private_file(path)  # its log and its shared memory take after it
                self._open()
                self._held = held.pop_all()
        except BlockingIOError as error:
            raise LibraryError(
                f"The library {path} is being restored at this moment: try again in a minute."
            ) from error
        except (OSError, sqlite3.Error) as error:
            raise self._failures.of_opening(error) from error

    def close(self) -> None:
        """Close the file; a further call does nothing."""
        with self._lock:
            with self._idle_lock:
                idle, self._idle = self._idle or [], None
            for reader in idle:
                reader.close()
            self._db.close()
            self._held.close()

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
        """Give the room of what was deleted back to the disk, a little at a time.

        To be called now and then.  Raises UnwritableError where nothing can be written.
        """
        while self._gave_back():
            self._unscrubbed = True  # the file shrinks when its log is taken over
            time.sleep(_PAUSE)
        if self._unscrubbed:
            self.scrub()

    def in_turns(self, act: Callable[[sqlite3.Connection], int]) -> None:
        """Run an act in a transaction of its own, again and again until it finds nothing to do.

        Between two of them others get a turn to write.
        """
        while True:
            with self.writing() as db:
                if not act(db):
                    return
            time.sleep(_PAUSE)

    def _gave_back(self) -> bool:
        """Give some pages back; return whether any were."""
        free = self._free_pages()
        if free <= _SPARE:
            return False
        some = min(free - _SPARE, _GIVEN_AT_ONCE)
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
        """A connection that nobody else uses meanwhile; it is kept for the next."""
        if self.path == IN_MEMORY:  # no other connection sees it
            with self._lock:
                yield self._db
            return
        db = self._taken()
        try:
            yield db
        finally:
            with self._idle_lock:
                if self._idle is not None:
                    self._idle.append(db)
                else:
                    db.close()

    def _taken(self) -> sqlite3.Connection:
        with self._idle_lock:
            if self._idle is None:
                raise sqlite3.ProgrammingError("it is closed")
            if self._idle:
                return self._idle.pop()
        # Not one that is begun anew where the file is gone.
        db = connect(f"{self.path.absolute().as_uri()}?mode=rw", uri=True)
        db.execute("PRAGMA query_only = ON")
        return db

    def _open(self) -> None:
        self._db = connect(self.path)
        try:
            prepare(self._db, self.path)
            if make_shrinkable(self._db, self.path):
                self.scrub()
        except BaseException:
            self._db.close()
            raise
