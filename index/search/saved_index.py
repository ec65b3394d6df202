"""The files of one collection's index, which are only used while they fit the library."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np

from index.models.embedder import Embedder
from index.search.array_file import read_derived, write_derived
from index.search.term_index import TermIndex
from index.search.vector_index import VectorIndex
from index.store.library import Library

FORMAT = 4
"""Raised whenever files mean something else, also where a word yields other terms than before."""


class ReadIndex(NamedTuple):
    """What the files hold, and the generation of the collection that it belongs to."""

    vectors: VectorIndex
    terms: TermIndex
    generation: int


class SavedIndex:
    """The two files of an index, ``vectors`` and ``terms``, in a folder of their own.

    Both say what they were built from: the library, the collection's generation and the last
    change that led to it, the model, and the format.
    """

    def __init__(self, library: Library, embedder: Embedder, collection: str, folder: Path) -> None:
        self._library = library
        self._embedder = embedder
        self._collection = collection
        self._folder = folder
        self._disk = threading.Lock()  # taken last, and held while the files are written
        self._discarded = False

    def read(self) -> ReadIndex | None:
        """Return what the files hold, or None where they can't be used.

        Both must be whole, and built from the same past or present generation of this library.
        """
        files = [read_derived(self._folder / name) for name in ("vectors", "terms")]
        if files[0] is None or files[1] is None or files[0][0] != files[1][0]:
            return None
        origin = files[0][0]
        try:
            vectors = VectorIndex.from_arrays(files[0][1])
            terms = TermIndex.from_arrays(files[1][1])
        except (ValueError, KeyError):
            return None
        generation = origin.get("generation")
        if not isinstance(generation, int):
            return None
        if not np.array_equal(np.sort(vectors.ids), terms.ids):
            return None
        if origin != self._origin(generation, len(vectors)):
            return None
        if vectors.dimension != self._embedder.dimension:
            return None
        if generation > self._library.changes.generation(self._collection):
            return None
        return ReadIndex(vectors, terms, generation)

    def write(self, vectors: VectorIndex, terms: TermIndex, generation: int) -> bool:
        """Write both files, and return whether they were: never once discarded.

        Neither index may change meanwhile, so the caller holds the lock that guards them.
        Raises OSError.
        """
        origin = self._origin(generation, len(vectors))
        with self._disk:
            if self._discarded:
                return False
            write_derived(self._folder / "vectors", origin, vectors.arrays())
            write_derived(self._folder / "terms", origin, terms.arrays())
        return True

    def discard(self) -> None:
        """Never write the files again; a write in progress ends before this returns.

        It takes no other lock than that of the files, and so doesn't wait for whoever changes
        the index meanwhile, which may take long.
        """
        with self._disk:
            self._discarded = True

    def _origin(self, generation: int, passages: int) -> dict[str, str | int]:
        """Return what an index of that generation and size is built from."""
        return {
            "format": FORMAT,
            "library": self._library.identity(),
            "collection": self._collection,
            "model": self._embedder.identity,
            "dimension": self._embedder.dimension,
            "generation": generation,
            "change": self._library.changes.mark(self._collection, generation) or "",
            "passages": passages,
        }
