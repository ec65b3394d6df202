"""What SQLite's errors mean for the library, as errors whose sentences say what to do."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from index.errors import LibraryError, UnwritableError
from index.store.sqlite.backups import damaged
from index.store.sqlite.integrity import shows_damage

log = logging.getLogger("passage")

_UNWRITABLE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
)


class Failures:
    """The failures of one file.  May be used from any thread."""

    def __init__(self, path: Path) -> None:
        """Name the file, which need not exist."""
        self._path = path
        self._damage: LibraryError | None = None
        self._writable = True

    def damaged(self, what: object) -> LibraryError:
        """Return the error that says that the file is damaged, and names the newest good backup.

        Backups are looked through once; a file that is damaged stays so.
        """
        if self._damage is None:
            self._damage = damaged(self._path, what)
        return LibraryError(str(self._damage))

    def of_opening(self, error: Exception) -> LibraryError:
        """Return the error for a file that can't be opened."""
        return self._unusable(
            error,
            f"The library {self._path} can't be opened: {error}. "
            "Check the folder's permissions and free space, or choose another with --data.",
        )

    def of_reading(self, error: sqlite3.Error) -> LibraryError:
        """Return the error for a query that failed."""
        return self._unusable(
            error, f"The library {self._path} can't be read: {error}. Run `passage doctor`."
        )

    def of_writing(self, error: sqlite3.Error) -> LibraryError:
        """Return the error for a change that failed: UnwritableError where there is no room."""
        sentence = f"The library {self._path} could not be changed: {error}. Nothing was changed."
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _UNWRITABLE:
            return self._unusable(error, sentence)
        if self._writable:
            log.error("the library %s can't be written to: %s", self._path, error)
        self._writable = False
        return UnwritableError(sentence)

    def end_of_unwritable(self) -> None:
        """Note that a change succeeded; log so where the last one could not be written."""
        if not self._writable:
            log.warning("the library %s can be written to again", self._path)
        self._writable = True

    def _unusable(self, error: Exception, otherwise: str) -> LibraryError:
        """Return the error of a damaged file, or one with another sentence."""
        return self.damaged(error) if shows_damage(error) else LibraryError(otherwise)
