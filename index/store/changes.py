"""What changed in a collection: a generation for each change, and the passages that came and went.

An index follows a collection by these, without being rebuilt.  Each change also has a random mark,
which differs in a copy of the library that went its own way.
"""

from __future__ import annotations

from dataclasses import dataclass

from index.store.sqlite.database import Database
from index.store.statements import Transaction

_FOLLOWED = 10_000  # changes, and removed passages, of a collection that an index can follow


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to a collection between two generations."""

    generation: int
    added: tuple[int, ...]
    removed: tuple[int, ...]
    whole: bool = True
    """Whether it is known what was removed; else ``added`` is all, to rebuild an index from."""


class ChangeLog:
    """The changes of all collections.  May be used from any thread."""

    def __init__(self, database: Database) -> None:
        """Read the changes of a database."""
        self._database = database

    def generation(self, collection: str) -> int:
        """Return how many changes a collection has seen; 0 where it does not exist."""
        rows = self._database.read(
            "SELECT generation FROM collections WHERE name = ?", (collection,)
        )
        return int(rows[0]["generation"]) if rows else 0

    def mark(self, collection: str, generation: int) -> str | None:
        """Return what tells this change from one of the same number in a copy of the library."""
        rows = self._database.read(
            "SELECT mark FROM changes JOIN collections c ON c.key = collection"
            " WHERE c.name = ? AND changes.generation = ?",
            (collection, generation),
        )
        return str(rows[0]["mark"]) if rows else None

    def since(self, collection: str, generation: int) -> Changes:
        """Return the passages that came and went after a generation.

        What was removed long ago is not known any more; an index of generation 0 is empty.
        """
        with self._database.reading() as db:
            row = db.execute(
                "SELECT key, generation, whole FROM collections WHERE name = ?", (collection,)
            ).fetchone()
            if row is None:
                return Changes(0, (), ())
            whole = generation == 0 or generation >= row["whole"]
            since = generation if whole else 0
            added = db.execute(
                "SELECT id FROM passages WHERE collection = ? AND generation > ? ORDER BY id",
                (row["key"], since),
            ).fetchall()
            removed = db.execute(
                "SELECT passage FROM removals WHERE collection = ? AND generation > ?",
                (row["key"], since),
            ).fetchall()
        return Changes(
            row["generation"],
            tuple(r["id"] for r in added),
            tuple(r["passage"] for r in removed) if whole else (),
            whole,
        )


def next_generation(db: Transaction, collection: str) -> tuple[int, int]:
    """Begin a change of a collection within a transaction; return its key and new generation.

    Changes that are too old or too many to follow are deleted.
    """
    db.execute("INSERT OR IGNORE INTO collections (name) VALUES (?)", (collection,))
    row = db.execute(
        "UPDATE collections SET generation = generation + 1 WHERE name = ?"
        " RETURNING key, generation",
        (collection,),
    ).fetchone()
    # No other library, nor this one put back from a copy, comes to the same mark.
    db.execute(
        "INSERT INTO changes VALUES (?, ?, lower(hex(randomblob(8))))",
        (row["key"], row["generation"]),
    )
    key, generation = int(row["key"]), int(row["generation"])
    many = db.execute(
        "SELECT generation FROM removals WHERE collection = ?"
        " ORDER BY generation DESC LIMIT 1 OFFSET ?",
        (key, _FOLLOWED),
    ).fetchone()
    delete_changes(db, key, max(generation - _FOLLOWED, many["generation"] if many else 0))
    return key, generation


def delete_changes(db: Transaction, collection: int, until: int) -> None:
    """Delete what came and went up to a generation; an index of an earlier one is rebuilt.

    Its own mark stays, so that an index of just that generation is known, and of no earlier one.
    """
    if until > 0:
        db.execute(
            "UPDATE collections SET whole = max(whole, ?) WHERE key = ?", (until, collection)
        )
        for sql in (
            "DELETE FROM removals WHERE collection = ? AND generation <= ?",
            "DELETE FROM changes WHERE collection = ? AND generation < ?",
        ):
            db.execute(sql, (collection, until))
