"""Bringing a file of an older Passage to the schema of this one."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from index.errors import LibraryError
from index.language.characters import folded
from index.store.sqlite.connection import transaction
from index.store.sqlite.schema import MIGRATIONS, SCHEMA

log = logging.getLogger("passage")


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring a file up to date in one transaction; a new one gets all its tables.

    Raises LibraryError where the file is of a newer Passage.
    """
    with transaction(db, "IMMEDIATE"):
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA:
            raise LibraryError(
                f"The library {path} was written by a newer Passage (schema {version}, "
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
