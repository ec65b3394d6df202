"""Stored vectors: one for each embedded text and model, however many passages have the text.

Vectors of which no passage has the text are listed as unused, and deleted after a time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from index.store.sqlite.database import Database
from index.store.statements import Transaction

DAY = 86_400
UNUSED_RETENTION = DAY
"""Seconds that the vectors of an article wait for it, when adding it was broken off."""

MODEL_RETENTION = 7 * DAY
"""Seconds that the vectors of a model are stored after its last use."""

_BATCH = 1_000  # vectors deleted in one transaction


class StoredVectors:
    """The vectors of all collections.  May be used from any thread."""

    def __init__(self, database: Database) -> None:
        """Read and store the vectors of a database."""
        self._database = database

    def of_texts(self, model: str, digests: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the stored vectors of embedded texts, by digest."""
        rows = self._database.read(
            "SELECT digest, vector FROM vectors"
            " WHERE model = ? AND digest IN (SELECT value FROM json_each(?))",
            (model, json.dumps(list(digests))),
        )
        return {row["digest"]: np.frombuffer(row["vector"], np.float32) for row in rows}

    def of_passages(self, model: str, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the stored vectors of passages, by id."""
        rows = self._database.read(
            "SELECT id, vector FROM passages JOIN vectors USING (digest)"
            " WHERE model = ? AND id IN (SELECT value FROM json_each(?))",
            (model, json.dumps(list(ids))),
        )
        return {row["id"]: np.frombuffer(row["vector"], np.float32) for row in rows}

    def store(
        self,
        model: str,
        vectors: Mapping[str, NDArray[np.float32]],
        collection: str | None = None,
        *,
        stored: bool = False,
    ) -> None:
        """Store the vectors of embedded texts, so that none is computed twice.

        Those of no passage wait for that of an article that is being added to ``collection``.
        Where the passages are ``stored`` already, only the vectors of those still there are: what
        was erased while it was being embedded leaves nothing behind.
        """
        rows = [(model, digest, vector.tobytes()) for digest, vector in vectors.items()]
        still = " WHERE EXISTS (SELECT 1 FROM passages WHERE digest = ?2)" if stored else ""
        with self._database.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO vectors (model, digest, vector) SELECT ?1, ?2, ?3" + still,
                rows,
            )
            now = int(time.time())
            if not stored:
                db.executemany(
                    "INSERT OR REPLACE INTO unused SELECT ?1, ?2, ?3"
                    " WHERE NOT EXISTS (SELECT 1 FROM passages WHERE digest = ?1)",
                    [(digest, collection, now) for digest in vectors],
                )
            db.execute("INSERT OR IGNORE INTO models VALUES (?, ?)", (model, now))

    def delete_unused(self, before: int = 0) -> None:
        """Delete the vectors that no passage has had since some time, or that were erased.

        In batches, between which others can write.  Where an article with one of them is being
        added after all, its passages are simply embedded again.
        """

        def delete_batch(db: Transaction) -> int:
            found = db.execute(
                "SELECT digest FROM unused WHERE since <= ? LIMIT ?", (before, _BATCH)
            ).fetchall()
            delete_vectors(db, [row["digest"] for row in found])
            db.executemany(
                "DELETE FROM unused WHERE digest = ?", [(row["digest"],) for row in found]
            )
            return len(found)

        if self._database.read("SELECT 1 FROM unused WHERE since <= ? LIMIT 1", (before,)):
            self._database.in_batches(delete_batch)

    def tidy(self, now: int, model: str | None = None) -> None:
        """Delete the vectors that have been unused for a day, or whose model has been for a week.

        ``model`` is the one in use, where that is known.
        """
        if model is not None:
            self._note_use(model, now)
        self.delete_unused(now - UNUSED_RETENTION)
        stale = "SELECT model FROM models WHERE used <= ?"
        for row in self._database.read(stale, (now - MODEL_RETENTION,)):
            self._delete_model(row["model"])

    def _note_use(self, model: str, now: int) -> None:
        """Note that a model is in use, once a day."""
        noted = "SELECT 1 FROM models WHERE model = ? AND used > ?"
        if not self._database.read(noted, (model, now - DAY)):
            with self._database.writing() as db:
                db.execute("INSERT OR REPLACE INTO models VALUES (?, ?)", (model, now))

    def _delete_model(self, model: str) -> None:
        """Delete the vectors of a model, a batch at a time."""
        last = ""

        def delete_batch(db: Transaction) -> int:
            nonlocal last
            found = db.execute(
                "SELECT digest FROM vectors WHERE model = ? AND digest > ? ORDER BY digest LIMIT ?",
                (model, last, _BATCH),
            ).fetchall()
            last = found[-1]["digest"] if found else last
            db.executemany(
                "DELETE FROM vectors WHERE digest = ? AND model = ?",
                [(row["digest"], model) for row in found],
            )
            if not found:
                db.execute("DELETE FROM models WHERE model = ?", (model,))
            return len(found)

        self._database.in_batches(delete_batch)


def delete_vectors(db: Transaction, digests: Sequence[str]) -> None:
    """Delete those of the vectors that no passage uses any more, within a transaction."""
    db.executemany(
        "DELETE FROM vectors WHERE digest = ?1"
        " AND NOT EXISTS (SELECT 1 FROM passages WHERE digest = ?1)",
        [(digest,) for digest in set(digests)],
    )
