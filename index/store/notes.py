"""Small facts that the library keeps about itself, by name."""

from __future__ import annotations

from index.store.sqlite.database import Database


class Notes:
    """The notes of a database.  May be used from any thread."""

    def __init__(self, database: Database) -> None:
        """Read and write the notes of a database."""
        self._database = database

    def get(self, name: str) -> str | None:
        """Return a note, or None where there is none of this name."""
        rows = self._database.read("SELECT value FROM notes WHERE name = ?", (name,))
        return str(rows[0]["value"]) if rows else None

    def set(self, name: str, value: str | None) -> None:
        """Store a note, or delete it where ``value`` is None."""
        with self._database.writing() as db:
            if value is None:
                db.execute("DELETE FROM notes WHERE name = ?", (name,))
            else:
                db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))
