"""The opened index of one collection: its vectors and terms, always level with the library.

One that has outgrown its layout is laid out anew in the background, and serves meanwhile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.errors import PassageError
from index.language.terms import analyse
from index.models.embedder import Embedder
from index.search.array_file import read_derived, write_derived
from index.search.bm25 import BM25, QueryTerms, TermMatch
from index.search.embedding import ProgressCallback, embedded
from index.search.spelling import Spelling
from index.search.term_index import TermIndex
from index.search.vector_index import VectorIndex
from index.store.entries import Changes
from index.store.library import Library

log = logging.getLogger("passage")


FORMAT = 3
_SAMPLE = 100_000  # vectors that a new layout is learnt from, at the most
_AT_ONCE = 5_000  # passages taken in, or moved to a new layout, together
_IN_PASSING = 200  # passages that a question takes in on its way: a tenth of a second
_PATIENCE = 60.0  # seconds to wait for a new layout
_TRIES = 3  # to see an article as it is while it is being replaced


class Hit(NamedTuple):
    """A passage near a question, by meaning or by words."""

    id: int
    dense: float
    match: TermMatch


@dataclass(frozen=True, slots=True)
class Hits:
    """What one collection has near a question, and how near its nearest come."""

    hits: tuple[Hit, ...]
    best_dense: float
    best_strength: float
    unknown: tuple[str, ...]


class CollectionIndex:
    """Vectors and terms of one collection, in memory, behind one lock."""

    def __init__(self, library: Library, embedder: Embedder, name: str, folder: Path) -> None:
        """Open the index kept in ``folder``; what is missing or stale there is made anew."""
        self.name = name
        self._library = library
        self._embedder = embedder
        self._folder = folder
        self._lock = threading.RLock()
        self._vectors = VectorIndex(embedder.dimension)
        self._use_terms(TermIndex())
        self._generation = 0
        self._saved = -1
        self._disk = threading.Lock()  # taken last, and held while the files are written
        self._discarded = False
        self._stopped = False
        self._changing = False
        self._growing: threading.Thread | None = None
        self._grown_at = -1  # the generation at which it was last laid out anew, or tried
        self._read_files()

    def __len__(self) -> int:
        return len(self._vectors)

    def refresh(self, progress: ProgressCallback | None = None) -> None:
        """Follow the library to its present generation.

        Passages whose vectors are not kept are embedded, ``progress`` told of each batch.
        """
        with self._lock:
            # A change that comes while another is taken in must not be left half seen.
            while self._library.generation(self.name) != self._generation:
                self._follow(progress)
            outgrown = self._vectors.outgrown or self._terms.outgrown
            if outgrown and self._growing is None and self._grown_at != self._generation:
                self._grown_at = self._generation
                self._growing = threading.Thread(target=self._grow, name="growing", daemon=True)
                self._growing.start()

    def rebuild(self) -> None:
        """Build the index anew from the library, where it turned out not to fit."""
        with self._lock:
            self._vectors = VectorIndex(self._embedder.dimension)
            self._use_terms(TermIndex())
            self._generation, self._saved = 0, -1
            self.refresh()

    @property
    def generation(self) -> int:
        """How many changes of the collection it has taken in."""
        return self._generation

    @property
    def changing(self) -> bool:
        """Whether it is following the library just now, which may take long."""
        return self._changing

    @property
    def far_behind(self) -> bool:
        """Whether a refresh would take longer than who asks others should wait for.

        It doesn't wait for a refresh that is under way.
        """
        if self._library.generation(self.name) == self._generation:
            return False
        changes = self._library.changes(self.name, self._generation)
        if not changes.whole or len(changes.added) + len(changes.removed) > _IN_PASSING:
            return True
        kept = self._library.vectors_of(self._embedder.identity, changes.added)
        return len(kept) < len(changes.added)  # the others are to be embedded

    def search(
        self,
        vector: NDArray[np.float32],
        terms: Sequence[str],
        is_word: Mapping[str, bool],
        k: int,
        article: str | None = None,
    ) -> Hits:
        """Return the ``k`` passages nearest by meaning and the ``k`` nearest by words.

        With an ``article`` only its passages are returned; how near the nearest come is still
        that of the whole collection, so that a passage's score is the same either way.
        """
        with self._lock:
            among = None if article is None else self._passages_of(article)
            query = self._bm25.query(terms, is_word)
            found = self._nearest(vector, query, k)
            hits = found if among is None else self._nearest(vector, query, k, among)
        return Hits(
            hits,
            best_dense=max((hit.dense for hit in found), default=0.0),
            best_strength=max((hit.match.strength for hit in found), default=0.0),
            unknown=query.unknown,
        )

    def terms_of(self, passage_id: int) -> frozenset[str]:
        """Return the different terms of a passage.  Raises KeyError where it is gone."""
        with self._lock:
            return self._terms.terms_of(passage_id)

    def spelling(self, term: str) -> str | None:
        """Return a term as this collection spells it: itself, else the nearest, else None."""
        with self._lock:
            return self._spelling.known(term)

    def settle(self) -> None:
        """Wait for a new layout that is being made, a minute at the most."""
        growing = self._growing
        if growing is not None:
            growing.join(_PATIENCE)

    def save(self) -> None:
        """Write the index to its folder, if it has changed since.  Raises OSError."""
        with self._lock:
            if self._saved == self._generation:
                return
            origin = self._origin(self._generation, len(self._vectors))
            with self._disk:
                if self._discarded:
                    return
                write_derived(self._folder / "vectors", origin, self._vectors.arrays())
                write_derived(self._folder / "terms", origin, self._terms.arrays())
            self._saved = self._generation

    def stop(self) -> None:
        """Break off a refresh that is under way, and any further one, with a PassageError."""
        self._stopped = True

    def discard(self) -> None:
        """Never write the files again; what is being written is, before this returns.

        It waits for nobody who changes the index meanwhile, which may take long.
        """
        with self._disk:
            self._discarded = True

    def _origin(self, generation: int, passages: int) -> dict[str, str | int]:
        """Return what an index of that generation and size is built from."""
        return {
            "format": FORMAT,
            "library": self._library.identity(),
            "collection": self.name,
            "model": self._embedder.identity,
            "dimension": self._embedder.dimension,
            "generation": generation,
            "change": self._library.mark(self.name, generation) or "",
            "passages": passages,
        }

    def _read_files(self) -> None:
        """Take over what the folder holds, where both files are whole and of one origin."""
        files = [read_derived(self._folder / name) for name in ("vectors", "terms")]
        if files[0] is None or files[1] is None or files[0][0] != files[1][0]:
            return
        origin = files[0][0]
        try:
            vectors = VectorIndex.from_arrays(files[0][1])
            terms = TermIndex.from_arrays(files[1][1])
        except (ValueError, KeyError):
            return
        generation = origin.get("generation")
        if not isinstance(generation, int):
            return
        if not np.array_equal(np.sort(vectors.ids), terms.ids):
            return
        if origin != self._origin(generation, len(vectors)):
            return
        if vectors.dimension != self._embedder.dimension:
            return
        if generation > self._library.generation(self.name):
            return
        self._vectors = vectors
        self._use_terms(terms)
        self._generation = self._saved = generation

    def _use_terms(self, terms: TermIndex) -> None:
        self._terms = terms
        self._spelling = Spelling(terms)
        self._bm25 = BM25(terms, self._spelling)

    def _nearest(
        self,
        vector: NDArray[np.float32],
        query: QueryTerms,
        k: int,
        among: Sequence[int] | None = None,
    ) -> tuple[Hit, ...]:
        ids = [i for i, _ in self._vectors.search(vector, k, among)]
        ids += sorted(set(self._bm25.best(query, k, among)) - set(ids))
        cosines = (self._exactly(ids) @ vector).tolist()
        return tuple(map(Hit, ids, cosines, self._bm25.match(query, ids)))

    def _passages_of(self, article: str) -> list[int]:
        """Return an article's passages, all of one version of it where it is being replaced."""
        for _ in range(_TRIES):
            ids = self._library.passage_ids(self.name, article)
            there = [i for i in ids if i in self._terms]
            if len(there) == len(ids):
                break
            self.refresh()
        return there

    def _exactly(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the vectors of passages as they were embedded, shape (ids, dimension).

        A grown index keeps them roughly, in 8 bits a dimension: enough to find what is near,
        not to put it in order.
        """
        vectors = self._vectors.vectors(ids)
        if not self._vectors.exact:
            kept = self._library.vectors_of(self._embedder.identity, ids)
            for row, passage_id in enumerate(ids):
                if passage_id in kept:  # it may be on its way out
                    vectors[row] = kept[passage_id]
        return vectors

    def _grow(self) -> None:
        """Lay out anew what has outgrown its layout, beside what serves."""
        try:
            if self._terms.outgrown:
                self._renew_terms()
            if self._vectors.outgrown:
                self._renew_vectors()
        except PassageError as error:  # the old one serves on, and the next change tries again
            log.warning("the index of %s can't be laid out anew: %s", self.name, error)
        finally:
            self._growing = None

    def _renew_terms(self) -> None:
        with self._lock:
            layout = self._terms.layout()
        fresh = TermIndex.from_arrays(layout.arrays())
        with self._lock:
            if not self._terms.outgrown:  # so much came at once that it was done on the way
                return
            fresh.remove(np.setdiff1d(fresh.ids, self._terms.ids).tolist())
            late = np.setdiff1d(self._terms.ids, fresh.ids).tolist()
            fresh.add((i, self._terms.sequence_of(i)) for i in late)
            self._use_terms(fresh)

    def _renew_vectors(self) -> None:
        fresh = self._laid_out_anew()
        with self._lock:
            fresh.remove(np.setdiff1d(fresh.ids, self._vectors.ids).tolist())
            late = np.setdiff1d(self._vectors.ids, fresh.ids)
            fresh.add(late, self._vectors.vectors(late))
            self._vectors, self._saved = fresh, -1
            log.info("the index of %s is laid out for %d passages", self.name, len(fresh))

    def _laid_out_anew(self) -> VectorIndex:
        ids = list(self._library.changes(self.name, 0).added)
        drawn = np.random.default_rng(0).permutation(len(ids))[:_SAMPLE]
        sample = self._stored([ids[n] for n in drawn])[1]
        fresh = VectorIndex.trained(sample, len(ids))
        for start in range(0, len(ids), _AT_ONCE):
            fresh.add(*self._stored(ids[start : start + _AT_ONCE]))
        return fresh

    def _stored(self, ids: Sequence[int]) -> tuple[list[int], NDArray[np.float32]]:
        """Return those of the passages that are still there, with their vectors."""
        kept = self._library.vectors_of(self._embedder.identity, ids)
        rows = np.stack(list(kept.values())) if kept else self._vectors.vectors([])
        return list(kept), rows

    def _follow(self, progress: ProgressCallback | None) -> None:
        self._changing = True
        try:
            changes = self._library.changes(self.name, self._generation)
            if not changes.whole:
                self._vectors = VectorIndex(self._embedder.dimension)
                self._use_terms(TermIndex())
            self._vectors.remove(changes.removed)
            self._terms.remove(changes.removed)
            self._take_in(changes, progress)
            self._generation = changes.generation
        finally:
            self._changing = False

    def _go_on(self) -> None:
        if self._stopped:
            raise PassageError("The index was not finished: I am being stopped. Ask again later.")

    def _take_in(self, changes: Changes, progress: ProgressCallback | None) -> None:
        ids = [i for i in changes.added if i not in self._terms]
        for start in range(0, len(ids), _AT_ONCE):
            self._go_on()
            some = ids[start : start + _AT_ONCE]

            def told(done: int, missing: int, before: int = start + len(some)) -> None:
                self._go_on()
                if progress is not None:
                    progress(before - missing + done, len(ids))

            texts = self._library.embedded_texts(some)
            some = [i for i in some if i in texts]
            wanted = [texts[i] for i in some]
            vectors = embedded(self._library, self._embedder, wanted, told, stored=True)
            if start and self._terms.outgrown:  # and more is to come
                self._terms.lay_out()
            self._vectors.add(some, vectors)
            self._terms.add((i, analyse(texts[i])) for i in some)
