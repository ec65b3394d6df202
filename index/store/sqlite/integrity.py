"""Whether a library file is whole: its pages, its references, and every text in it.

SQLite has no checksums, so a bit that flips inside a text goes unnoticed by its own check; the
digests that are stored with articles and passages show it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice

from index.digests import content_digest
from index.store.rows import article_of, text_of

_MOST = 20  # problems that are named; one is enough to need a backup


def shows_damage(error: Exception) -> bool:
    """Say whether an error means that a file is no library any more, not that it can't be had."""
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "UTF-8" in str(error)


def problems(db: sqlite3.Connection) -> list[str]:
    """Return what is wrong with an open library; empty where nothing is."""
    try:
        return list(islice(_found(db), _MOST))
    except sqlite3.Error as error:
        return [str(error)]


def _found(db: sqlite3.Connection) -> Iterator[str]:
    pages = db.execute(f"PRAGMA integrity_check({_MOST})").fetchall()
    yield from (row[0] for row in pages if row[0] != "ok")
    for row in db.execute("PRAGMA foreign_key_check"):
        yield f"a row of {row[0]} belongs to nothing"
    for article in _rows(db, "SELECT * FROM articles"):
        yield from _damage(db, article)


def _damage(db: sqlite3.Connection, article: sqlite3.Row) -> Iterator[str]:
    """Yield what is wrong with an article and its passages."""
    try:
        whole = content_digest(article_of(article)) == article["digest"]
    except (ValueError, TypeError, KeyError):
        whole = False
    if not whole:
        yield f"article {article['key']} is not what was stored"
        return
    for passage in _rows(db, "SELECT * FROM passages WHERE article = ?", article["key"]):
        try:
            text_of(passage)
        except (ValueError, TypeError) as error:
            yield str(error)
            continue
        if article["text"][passage["start"] : passage["end"]] != passage["text"]:
            yield f"passage {passage['id']} is not where it was in its article"


def _rows(db: sqlite3.Connection, query: str, *parameters: int) -> Iterator[sqlite3.Row]:
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return iter(cursor.execute(query, parameters))
