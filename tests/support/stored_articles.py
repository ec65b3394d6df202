"""Articles made of a few passages, stored in a library."""

from __future__ import annotations

from index.store.library import Library
from tests.support.fakes import drafts, made


def store(library: Library, name: str, *texts: str, collection: str = "shared") -> list[int]:
    """Store an article made of ``texts``, a passage each, and return the passages' ids."""
    text, pieces = drafts(*texts)
    library.store(collection, made(name, text), pieces)
    return [passage.id for passage in library.passages_of(collection, name)]
