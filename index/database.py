"""The one SQLite file that all that is kept lives in: connection and transactions.

The library, the journal, the servers' settings and the queue of jobs share one connection
and one lock, so that a change over several of them is one transaction.  A schema of an
older Passage is brought up to date when the file is opened, in one transaction too.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from index.backups import Backups, damaged
from index.data import INDEX
from index.errors import LibraryError, UnwritableError
from index.files import private_file, private_folder
from index.integrity import shows_damage
from index.presence import Presence
from index.schema import MIGRATIONS, SCHEMA

log = logging.getLogger("passage")

IN_MEMORY = Path(":memory:")
"""What SQLite calls a library that is kept nowhere."""

_RETRY = 0.01  # seconds between two tries where SQLite does not wait by itself
_WAIT = 30  # seconds that a change waits for another process to finish its own
_UNWRITABLE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
)


class Database:
    """One connection behind one lock.  May be used from any thread."""

    def __init__(self, path: Path) -> None:
        """Open or create the file at ``path``; raises LibraryError where that fails."""
        self.path = path
        self._lock = threading.RLock()
        self._damage: LibraryError | None = None
        self._writable = True
        try:
            with ExitStack() as held:
                if path != IN_MEMORY:
                    private_folder(path.parent)
                    held.enter_context(closing(Presence(path.parent)))
                    self._refuse_lost()
                    private_file(path)  # its log and its shared memory take after it
                self._open()
                self._held = held.pop_all()
        except BlockingIOError as error:
            raise LibraryError(
                f"The library {path} is being restored at this moment: try again in a minute."
            ) from error
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(
                error,
                f"The library {path} can't be opened: {error}. "
                "Check the folder's permissions and free space, or choose another with --data.",
            ) from error

    def close(self) -> None:
        """Close the file; a further call does nothing."""
        with self._lock:
            self._db.close()
            self._held.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its start; on the disk when it ends.

        Raises UnwritableError where there is no room for it.
        """
        try:
            with self._lock, self._transaction("IMMEDIATE"):
                before = self._db.total_changes
                yield self._db
                changed = self._db.total_changes > before
        except sqlite3.Error as error:
            raise self._unchanged(error) from error
        if changed:
            self._note("")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One transaction whose reads all see the same state."""
        try:
            with self._lock, self._transaction("DEFERRED"):
                yield self._db
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return the rows of one query."""
        with self._lock:
            try:
                return self._db.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                raise self._unreadable(error) from error

    def damaged(self, what: object) -> LibraryError:
        """Return the error that says that the file is damaged, and names the newest good backup.

        Backups are looked through once; a file that is damaged stays so.
        """
        if self._damage is None:
            self._damage = damaged(self.path, what)
        return LibraryError(str(self._damage))

    def scrub(self) -> None:
        """Empty the write-ahead log, where what was just deleted could still be read.

        Not while another process is reading: then the next call does it.
        """
        with self._lock, suppress(sqlite3.Error):  # the deletion itself is already durable
            self._db.execute("PRAGMA busy_timeout = 0")
            try:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {_WAIT * 1000}")

    def _open(self) -> None:
        self._db = sqlite3.connect(
            self.path, timeout=_WAIT, check_same_thread=False, isolation_level=None
        )
        self._db.row_factory = sqlite3.Row
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _refuse_lost(self) -> None:
        """Raise LibraryError where the file is gone or empty, and something shows that it wasn't.

        SQLite would begin a new library, and throw away the log of the old one.
        """
        if self.path.exists() and self.path.stat().st_size:
            return
        log = self.path.with_name(f"{self.path.name}-wal")
        logged = log.exists() and log.stat().st_size
        indexed = any(self.path.parent.glob(f"{INDEX}/*/terms"))
        if logged or indexed or Backups(self.path).all():
            raise self.damaged("it is empty" if self.path.exists() else "it is gone")

    def _unchanged(self, error: sqlite3.Error) -> LibraryError:
        sentence = f"The library {self.path} could not be changed: {error}. Nothing was changed."
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _UNWRITABLE:
            return self._unusable(error, sentence)
        self._note(str(error))
        return UnwritableError(sentence)

    def _note(self, trouble: str) -> None:
        """Tell once that nothing can be written, and once that it can again."""
        if self._writable and trouble:
            log.error("the library %s can't be written to: %s", self.path, trouble)
        elif not self._writable and not trouble:
            log.warning("the library %s can be written to again", self.path)
        self._writable = not trouble

    def _prepare(self) -> None:
        self._enter_wal()
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA secure_delete = ON")  # deleted text is overwritten with zeros
        with self._transaction("IMMEDIATE"):
            db = self._db
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version > SCHEMA:
                raise LibraryError(
                    f"The library {self.path} was written by a newer Passage (schema {version}, "
                    f"this one knows {SCHEMA}). Update Passage."
                )
            if 0 < version < SCHEMA:
                log.info("the library is brought from schema %d to %d", version, SCHEMA)
            for migration in MIGRATIONS[version:]:
                for statement in migration.split(";"):
                    db.execute(statement)
            if version < SCHEMA:
                db.execute(f"PRAGMA user_version = {SCHEMA}")

    def _enter_wal(self) -> None:
        """Switch to the write-ahead log, waiting for others that open the file at this moment.

        For this one statement SQLite reports "locked" at once instead of waiting by itself.
        """
        deadline = time.monotonic() + _WAIT
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY)
            else:
                return

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        self._db.execute(f"BEGIN {kind}")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # On a full disk or a failed write SQLite may have rolled back by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _unreadable(self, error: sqlite3.Error) -> LibraryError:
        return self._unusable(
            error, f"The library {self.path} can't be read: {error}. Run `passage doctor`."
        )

    def _unusable(self, error: Exception, otherwise: str) -> LibraryError:
        """Return the error of a damaged file, or one with another sentence."""
        return self.damaged(error) if shows_damage(error) else LibraryError(otherwise)
