"""New layouts for an index that has outgrown its own, made in the background.

The old layout serves meanwhile.  What is added or removed while a new one is made is brought
into it before they are exchanged, under the lock of the index.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.errors import PassageError
from index.models.embedder import Embedder
from index.search.contents import IndexContents
from index.search.term_index import TermIndex
from index.search.vector_index import VectorIndex
from index.store.library import Library

log = logging.getLogger("passage")

_SAMPLE = 100_000  # vectors that a new layout is trained on, at the most
_BATCH = 5_000  # passages moved to a new layout together
_PATIENCE = 60.0  # seconds to wait for a new layout


class Relayout:
    """Makes new layouts of one index's vectors and terms, one at a time."""

    def __init__(
        self, contents: IndexContents, library: Library, embedder: Embedder, collection: str
    ) -> None:
        self._contents = contents
        self._library = library
        self._embedder = embedder
        self._collection = collection
        self._thread: threading.Thread | None = None
        self._tried_at = -1  # the generation at which a new layout was last begun

    def start_if_outgrown(self) -> None:
        """Begin a new layout where one is due and none is in progress.

        A layout that failed is not tried again until the next change.  The caller holds the
        lock of the contents.
        """
        outgrown = self._contents.vectors.outgrown or self._contents.terms.outgrown
        generation = self._contents.generation
        if outgrown and self._thread is None and self._tried_at != generation:
            self._tried_at = generation
            self._thread = threading.Thread(target=self._run, name="relayout", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait for a layout in progress, a minute at the most; without the contents' lock."""
        thread = self._thread
        if thread is not None:
            thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            if self._contents.terms.outgrown:
                self._renew_terms()
            if self._contents.vectors.outgrown:
                self._renew_vectors()
        except PassageError as error:  # the old one serves on, and the next change tries again
            log.warning("the index of %s can't be laid out anew: %s", self._collection, error)
        finally:
            self._thread = None

    def _renew_terms(self) -> None:
        contents = self._contents
        with contents.lock:
            layout = contents.terms.layout()
        fresh = TermIndex.from_arrays(layout.arrays())
        with contents.lock:
            if not contents.terms.outgrown:  # a large change has made a new layout on its way
                return
            fresh.remove(np.setdiff1d(fresh.ids, contents.terms.ids).tolist())
            late = np.setdiff1d(contents.terms.ids, fresh.ids).tolist()
            fresh.add((i, contents.terms.sequence_of(i)) for i in late)
            contents.use_terms(fresh)

    def _renew_vectors(self) -> None:
        contents = self._contents
        fresh = self._trained_vectors()
        with contents.lock:
            fresh.remove(np.setdiff1d(fresh.ids, contents.vectors.ids).tolist())
            late = np.setdiff1d(contents.vectors.ids, fresh.ids)
            fresh.add(late, contents.vectors.vectors(late))
            contents.vectors, contents.saved_generation = fresh, -1
            log.info("the index of %s is laid out for %d passages", self._collection, len(fresh))

    def _trained_vectors(self) -> VectorIndex:
        """Return the vectors that the library has now, in a layout trained on a sample of them."""
        ids = list(self._library.changes.since(self._collection, 0).added)
        drawn = np.random.default_rng(0).permutation(len(ids))[:_SAMPLE]
        sample = self._stored([ids[n] for n in drawn])[1]
        fresh = VectorIndex.trained(sample, len(ids))
        for start in range(0, len(ids), _BATCH):
            fresh.add(*self._stored(ids[start : start + _BATCH]))
        return fresh

    def _stored(self, ids: Sequence[int]) -> tuple[list[int], NDArray[np.float32]]:
        """Return those of the passages that the library still has, with their vectors."""
        stored = self._library.vectors.of_passages(self._embedder.identity, ids)
        rows = np.stack(list(stored.values())) if stored else self._contents.vectors.vectors([])
        return list(stored), rows
