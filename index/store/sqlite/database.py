"""The one SQLite file that all that is kept lives in: connections and transactions.

The library, the journal, the servers' settings and the queue of jobs share one connection
that writes, behind one lock, so that a change over several of them is one transaction.  Those
who read have connections of their own, and wait for no change.  A schema of an older Passage
is brought up to date when the file is opened, in one transaction too.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from index.data_folder import INDEX
from index.errors import LibraryError, UnwritableError
from index.files import private_file, private_folder
from index.language.characters import folded
from index.store.sqlite.backups import Backups, damaged
from index.store.sqlite.integrity import shows_damage
from index.store.sqlite.lock import SharedLock
from index.store.sqlite.schema import MIGRATIONS, SCHEMA

log = logging.getLogger("passage")

IN_MEMORY = Path(":memory:")
"""What SQLite calls a library that is kept nowhere."""

_RETRY = 0.01  # seconds between two tries where SQLite does not wait by itself
_WAIT = 30  # seconds that a change waits for another process to finish its own
_MOMENT = 250  # milliseconds that emptying the log waits for those who read
_SPARE = 1_000  # free pages that stay in the file, for what comes next
_GIVEN_AT_ONCE = 500  # pages given back to the disk in one transaction
_PAUSE = 0.01  # seconds between two of many transactions, in which others get a turn
_ANEW = 3  # times the size of a file that has to be free to lay it out anew
_INCREMENTAL = 2  # what SQLite calls a file that can give pages back
_UNWRITABLE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
)


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
        self._damage: LibraryError | None = None
        self._writable = True
        try:
            with ExitStack() as held:
                if path != IN_MEMORY:
                    private_folder(path.parent)
                    held.enter_context(closing(SharedLock(path.parent)))
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
            with self._lock, _transaction(self._db, "IMMEDIATE"):
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
            with self._reader() as db, _transaction(db, "DEFERRED"):
                yield db
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return the rows of one query."""
        try:
            with self._reader() as db:
                return db.execute(sql, parameters).fetchall()
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

        Waits a moment for those who are reading; where that is too short, ``tidy`` does it.
        """
        with self._lock, suppress(sqlite3.Error):  # the deletion itself is already durable
            self._unscrubbed = True
            self._db.execute(f"PRAGMA busy_timeout = {_MOMENT}")
            try:
                busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                self._unscrubbed = bool(busy)
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {_WAIT * 1000}")

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
                raise self._unchanged(error) from error
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
        db = self._connected(f"{self.path.absolute().as_uri()}?mode=rw", uri=True)
        db.execute("PRAGMA query_only = ON")
        return db

    def _connected(self, name: str | Path, *, uri: bool = False) -> sqlite3.Connection:
        db = sqlite3.connect(
            name, timeout=_WAIT, check_same_thread=False, isolation_level=None, uri=uri
        )
        db.row_factory = sqlite3.Row
        return db

    def _open(self) -> None:
        self._db = self._connected(self.path)
        try:
            self._prepare()
            self._make_shrinkable()
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
        self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file, before all else
        self._enter_wal()
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA secure_delete = ON")  # deleted text is overwritten with zeros
        with _transaction(self._db, "IMMEDIATE"):
            db = self._db
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version > SCHEMA:
                raise LibraryError(
                    f"The library {self.path} was written by a newer Passage (schema {version}, "
                    f"this one knows {SCHEMA}). Update Passage."
                )
            if 0 < version < SCHEMA:
                log.info("the library is brought from schema %d to %d", version, SCHEMA)
            db.create_function("folded", 1, folded, deterministic=True)
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

    def _make_shrinkable(self) -> None:
        """Lay out a file of an older Passage so that it can give pages back: once.

        Where there is no room for that now, it works on as it is, and the next start tries again.
        """
        if self.path == IN_MEMORY:
            return
        if self._db.execute("PRAGMA auto_vacuum").fetchone()[0] == _INCREMENTAL:
            return
        size = self.path.stat().st_size
        if shutil.disk_usage(self.path.parent).free < _ANEW * size:
            log.warning("there is too little room to lay the library out anew; it can't shrink")
            return
        try:
            self._db.execute("VACUUM")
        except sqlite3.Error as error:
            log.warning("the library could not be laid out anew, so it can't shrink: %s", error)
        else:
            self.scrub()

    def _unreadable(self, error: sqlite3.Error) -> LibraryError:
        return self._unusable(
            error, f"The library {self.path} can't be read: {error}. Run `passage doctor`."
        )

    def _unusable(self, error: Exception, otherwise: str) -> LibraryError:
        """Return the error of a damaged file, or one with another sentence."""
        return self.damaged(error) if shows_damage(error) else LibraryError(otherwise)


@contextmanager
def _transaction(db: sqlite3.Connection, kind: str) -> Iterator[None]:
    db.execute(f"BEGIN {kind}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # On a full disk or a failed write SQLite may have rolled back by itself.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
