"""What is deleted with a collection, from every table that has rows of it."""

from __future__ import annotations

from index.store.changes import delete_changes, next_generation
from index.store.statements import Transaction


def erase(db: Transaction, collection: str) -> int:
    """Delete all that is stored for a collection; return how many articles that was.

    Their vectors that nothing else uses are left to ``StoredVectors.delete_unused``: deleting them
    takes longest.

    Its name and generation stay, so that an index of it that is open or on disk somewhere
    notices, and can never be taken for that of a later collection of this name.
    """
    articles = _erase_articles(db, collection)
    db.execute("UPDATE unused SET since = 0 WHERE collection = ?", (collection,))
    db.execute("DELETE FROM answers WHERE collection = ?", (collection,))  # with their feedback
    db.execute("DELETE FROM searches WHERE collection = ?", (collection,))
    db.execute("DELETE FROM jobs WHERE collection = ?", (collection,))
    db.execute("DELETE FROM settings WHERE collection = ?", (collection,))
    db.execute("DELETE FROM departures WHERE collection = ?", (collection,))
    return articles


def _erase_articles(db: Transaction, collection: str) -> int:
    found = db.execute(
        "SELECT 1 FROM articles a JOIN collections c ON c.key = a.collection WHERE c.name = ?",
        (collection,),
    ).fetchone()
    if found is None:
        return 0
    key, generation = next_generation(db, collection)
    delete_changes(db, key, generation)  # an index of what is empty is rebuilt
    db.execute(
        "INSERT OR REPLACE INTO unused SELECT DISTINCT digest, ?2, 0 FROM passages"
        " WHERE collection = ?1",
        (key, collection),
    )
    db.execute("DELETE FROM passages WHERE collection = ?", (key,))
    return db.execute("DELETE FROM articles WHERE collection = ?", (key,)).rowcount
