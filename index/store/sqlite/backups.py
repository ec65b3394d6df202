"""Copies of the library: made while it is in use, checked before they count, put back whole.

A copy holds the whole library, vectors too, so that one that is put back need not be embedded.
The folder ``backups`` beside the library has the daily ones, those made by hand, and what was in
place before one was put back.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from index.data_folder import BACKUPS
from index.errors import LibraryError
from index.files import private_folder, sync_file, sync_folder
from index.store.sqlite.integrity import problems, shows_damage
from index.store.sqlite.lock import SharedLock
from index.store.sqlite.schema import SCHEMA

_DAILY, _BY_HAND, _BEFORE = "daily-", "library-", "before-restore-"
_STALE = 3600  # seconds after which an unfinished copy was left by a process that ended
_BESIDE = ("-wal", "-shm")


class Backups:
    """The copies of one library."""

    def __init__(self, library: Path) -> None:
        """Name the library; neither it nor a copy of it has to be there."""
        self._library = library
        self._folder = library.parent / BACKUPS

    def all(self) -> list[Path]:
        """Return the copies that can be put back, newest first."""
        found = [*self._folder.glob(f"{_DAILY}*.db"), *self._folder.glob(f"{_BY_HAND}*.db")]
        aged = [(_made(path), path.name, path) for path in found]
        return [path for _, _, path in sorted(aged, reverse=True)]

    def newest_good(self) -> Path | None:
        """Return the newest copy that is whole, if there is one."""
        return next((path for path in self.all() if not examined(path)), None)

    def make(self, target: Path | None = None) -> Path:
        """Copy the library, to the folder unless another target is given.

        Raises LibraryError where the library is damaged or the copy can't be written.
        """
        target = target or self._folder / f"{_BY_HAND}{_stamp()}.db"
        if not self._library.exists():
            raise LibraryError(f"There is no library {self._library} to back up yet.")
        if target.exists():
            raise LibraryError(f"{target} is there already: name another file for the backup.")
        with self._explained(target):
            self._copy(target)
        return target

    def daily(self, keep: int) -> Path | None:
        """Make today's copy unless it is there, and leave the newest ``keep`` of the daily ones.

        Days are those of UTC.  Raises LibraryError as above; old copies then all stay.
        """
        target = self._folder / f"{_DAILY}{datetime.now(UTC):%Y-%m-%d}.db"
        if not keep or target.exists():
            return None
        made = self.make(target)
        for old in sorted(self._folder.glob(f"{_DAILY}*.db"))[:-keep]:
            old.unlink(missing_ok=True)
        return made

    def restore(self, backup: Path) -> Path | None:
        """Put a copy in the library's place; return the path of what was there before.

        Raises LibraryError where the copy isn't whole or the library is in use; nothing is
        changed then.
        """
        wrong = examined(backup)
        if wrong:
            raise LibraryError(f"The backup {backup} is no good ({wrong[0]}): choose another.")
        with self._explained(self._library), self._alone():
            before = self._set_aside()
            fresh = self._library.with_name(f".{self._library.name}.restored")
            _duplicate(backup, fresh)
            # Without its log first: a log must never meet another file than its own.
            for ending in _BESIDE:
                _beside(self._library, ending).unlink(missing_ok=True)
            fresh.replace(self._library)
            sync_folder(self._library.parent)
        return before

    @contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        """Turn what can go wrong with files into a sentence."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            if shows_damage(error):
                raise damaged(self._library, error) from error
            raise LibraryError(
                f"{path} could not be written ({error}): check the folder's permissions and free "
                "space. Nothing was changed."
            ) from error

    def _copy(self, target: Path) -> None:
        private_folder(target.parent)
        self._sweep(target.parent)
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            os.close(os.open(partial, os.O_CREAT | os.O_WRONLY, 0o600))
            with closing(_opened(self._library)) as source, closing(sqlite3.connect(partial)) as to:
                source.backup(to)
                to.execute("PRAGMA journal_mode = DELETE")  # one file, with no log beside it
                wrong = problems(to)
            if wrong:
                raise damaged(self._library, wrong[0])
            sync_file(partial)
            partial.replace(target)
            sync_folder(target.parent)
        finally:
            partial.unlink(missing_ok=True)

    def _sweep(self, folder: Path) -> None:
        """Remove what processes left behind that ended while they copied."""
        for left in folder.glob(".*.partial"):
            if time.time() - _made(left) > _STALE:
                left.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        private_folder(self._library.parent)
        try:
            presence = SharedLock(self._library.parent, alone=True)
        except BlockingIOError as error:
            raise LibraryError(
                f"The library {self._library} is in use: stop the bot, and every other "
                "passage command, and try again."
            ) from error
        with closing(presence):
            yield

    def _set_aside(self) -> Path | None:
        """Copy what is in place; what is damaged byte for byte, together with its log."""
        if not self._library.exists():
            return None
        aside = self._folder / f"{_BEFORE}{_stamp()}.db"
        try:
            self._copy(aside)
        except (LibraryError, sqlite3.Error):
            for ending in ("", "-wal"):
                path = _beside(self._library, ending)
                if path.exists():
                    _duplicate(path, _beside(aside, ending))
            sync_folder(self._folder)
        return aside


def examined(path: Path) -> list[str]:
    """Return what is wrong with a copy; empty where nothing is.  It is not changed."""
    if not path.is_file():
        return ["there is no such file"]
    try:
        with closing(_opened(path, "ro&immutable=1")) as copy:
            return problems(copy) or _not_a_library(copy) or _too_new(copy)
    except sqlite3.Error as error:
        return [str(error)]


def advice(library: Path) -> str:
    """Return the sentence that says what to do about a library that is damaged or missing."""
    good = Backups(library).newest_good()
    if good is None:
        return (
            "There is no good backup of it; put it back if you have a copy, or move the folder "
            "away and add the articles again."
        )
    return f"Stop Passage and run `passage restore`; the newest good backup is {good.name}."


def damaged(library: Path, what: object) -> LibraryError:
    """Return the error that says that a library is damaged, and what to do."""
    return LibraryError(f"The library {library} is damaged ({what}). {advice(library)}")


def _not_a_library(db: sqlite3.Connection) -> list[str]:
    found = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'articles'").fetchone()
    return [] if found[0] else ["it is no library"]


def _too_new(db: sqlite3.Connection) -> list[str]:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    return ["it was written by a newer Passage"] if version > SCHEMA else []


def _made(path: Path) -> float:
    """Return when a file was written, 0 for one that somebody has removed meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _opened(path: Path, mode: str = "rw") -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _duplicate(source: Path, target: Path) -> None:
    """Copy a file for its owner alone, and return once it is on the disk."""
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    shutil.copyfile(source, target)
    sync_file(target)


def _stamp() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H%M%S-%f}"
