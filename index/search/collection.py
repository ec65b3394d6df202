"""The opened index of one collection: its vectors and terms, kept up to date with the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.errors import PassageError
from index.language.terms import analyse
from index.models.embedder import Embedder
from index.search.bm25 import QueryTerms, TermMatch
from index.search.contents import IndexContents
from index.search.embedding import ProgressCallback, embedded
from index.search.relayout import Relayout
from index.search.saved_index import SavedIndex
from index.store.changes import Changes
from index.store.library import Library

_BATCH = 5_000  # passages added together
_IN_PASSING = 200  # passages that a search adds on its way: a tenth of a second
_TRIES = 3  # to see an article as it is while it is being replaced


class Hit(NamedTuple):
    """A passage near a query by meaning (``dense``, a cosine) or by words (``match``)."""

    id: int
    dense: float
    match: TermMatch


@dataclass(frozen=True, slots=True)
class Hits:
    """What one collection has near a query, and how near its nearest passages come.

    ``unknown`` are the query's terms that no passage of the collection holds.
    """

    hits: tuple[Hit, ...]
    best_dense: float
    best_strength: float
    unknown: tuple[str, ...]


class CollectionIndex:
    """Vectors and terms of one collection, in memory, behind one lock.

    Once it has outgrown its layout, it gets a new one in the background, and serves meanwhile.
    """

    def __init__(self, library: Library, embedder: Embedder, name: str, folder: Path) -> None:
        """Open the index saved in ``folder``; what is missing or stale there is built anew."""
        self.name = name
        self._library = library
        self._embedder = embedder
        self._contents = IndexContents(embedder.dimension)
        self._files = SavedIndex(library, embedder, name, folder)
        self._relayout = Relayout(self._contents, library, embedder, name)
        self._stopped = False
        self._changing = False
        saved = self._files.read()
        if saved is not None:
            self._contents.vectors = saved.vectors
            self._contents.use_terms(saved.terms)
            self._contents.generation = self._contents.saved_generation = saved.generation

    def __len__(self) -> int:
        return len(self._contents.vectors)

    def refresh(self, progress: ProgressCallback | None = None) -> None:
        """Follow the library to its present generation.

        Passages without stored vectors are embedded; ``progress`` is called after each batch.
        Raises PassageError once the index is stopped.
        """
        with self._contents.lock:
            # A change that comes while another is followed must not be left half seen.
            while self._library.changes.generation(self.name) != self._contents.generation:
                self._follow(progress)
            self._relayout.start_if_outgrown()

    def rebuild(self) -> None:
        """Build the index anew from the library, where it turned out not to fit."""
        with self._contents.lock:
            self._contents.clear()
            self._contents.generation, self._contents.saved_generation = 0, -1
            self.refresh()

    @property
    def generation(self) -> int:
        """The collection's generation in the library that the index is up to date with."""
        return self._contents.generation

    @property
    def changing(self) -> bool:
        """Whether it is following the library just now, which may take long."""
        return self._changing

    @property
    def far_behind(self) -> bool:
        """Whether a refresh would take longer than a search should have to wait.

        It doesn't wait for a refresh in progress.
        """
        if self._library.changes.generation(self.name) == self._contents.generation:
            return False
        changes = self._library.changes.since(self.name, self._contents.generation)
        if not changes.whole or len(changes.added) + len(changes.removed) > _IN_PASSING:
            return True
        stored = self._library.vectors.of_passages(self._embedder.identity, changes.added)
        return len(stored) < len(changes.added)  # the others are to be embedded

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
        with self._contents.lock:
            among = None if article is None else self._passages_of(article)
            query = self._contents.bm25.query(terms, is_word)
            found = self._nearest(vector, query, k)
            hits = found if among is None else self._nearest(vector, query, k, among)
        return Hits(
            hits,
            best_dense=max((hit.dense for hit in found), default=0.0),
            best_strength=max((hit.match.strength for hit in found), default=0.0),
            unknown=query.unknown,
        )

    def terms_of(self, passage_id: int) -> frozenset[str]:
        """Return the different terms of a passage.  Raises KeyError where it is not there."""
        with self._contents.lock:
            return self._contents.terms.terms_of(passage_id)

    def spelling(self, term: str) -> str | None:
        """Return a term as this collection spells it: itself, else the nearest, else None."""
        with self._contents.lock:
            return self._contents.spelling.known(term)

    def settle(self) -> None:
        """Wait for a new layout in progress, a minute at the most."""
        self._relayout.wait()

    def save(self) -> None:
        """Write the index to its folder, if it has changed since.  Raises OSError."""
        contents = self._contents
        with contents.lock:
            if contents.saved_generation == contents.generation:
                return
            if self._files.write(contents.vectors, contents.terms, contents.generation):
                contents.saved_generation = contents.generation

    def stop(self) -> None:
        """Make a refresh in progress, and any further one, end with a PassageError."""
        self._stopped = True

    def discard(self) -> None:
        """Never write the files again; a write in progress ends before this returns.

        It doesn't wait for whoever changes the index meanwhile, which may take long.
        """
        self._files.discard()

    def _nearest(
        self,
        vector: NDArray[np.float32],
        query: QueryTerms,
        k: int,
        among: Sequence[int] | None = None,
    ) -> tuple[Hit, ...]:
        bm25 = self._contents.bm25
        ids = [i for i, _ in self._contents.vectors.search(vector, k, among)]
        ids += sorted(set(bm25.best(query, k, among)) - set(ids))
        cosines = (self._exact_vectors(ids) @ vector).tolist()
        return tuple(map(Hit, ids, cosines, bm25.match(query, ids)))

    def _passages_of(self, article: str) -> list[int]:
        """Return an article's passages, all of one version of it where it is being replaced."""
        for _ in range(_TRIES):
            ids = self._library.passage_ids(self.name, article)
            there = [i for i in ids if i in self._contents.terms]
            if len(there) == len(ids):
                break
            self.refresh()
        return there

    def _exact_vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the vectors of passages as they were embedded, shape (ids, dimension).

        A large index holds them quantized, in 8 bits a dimension: enough to find the nearest,
        not to rank them.
        """
        vectors = self._contents.vectors.vectors(ids)
        if not self._contents.vectors.exact:
            stored = self._library.vectors.of_passages(self._embedder.identity, ids)
            for row, passage_id in enumerate(ids):
                if passage_id in stored:  # it may have been removed from the library since
                    vectors[row] = stored[passage_id]
        return vectors

    def _follow(self, progress: ProgressCallback | None) -> None:
        contents = self._contents
        self._changing = True
        try:
            changes = self._library.changes.since(self.name, contents.generation)
            if not changes.whole:
                contents.clear()
            contents.vectors.remove(changes.removed)
            contents.terms.remove(changes.removed)
            self._add(changes, progress)
            contents.generation = changes.generation
        finally:
            self._changing = False

    def _check_stopped(self) -> None:
        if self._stopped:
            raise PassageError("The index was not finished: I am being stopped. Ask again later.")

    def _add(self, changes: Changes, progress: ProgressCallback | None) -> None:
        contents = self._contents
        ids = [i for i in changes.added if i not in contents.terms]
        for start in range(0, len(ids), _BATCH):
            self._check_stopped()
            batch = ids[start : start + _BATCH]

            def report(done: int, missing: int, before: int = start + len(batch)) -> None:
                self._check_stopped()
                if progress is not None:
                    progress(before - missing + done, len(ids))

            texts = self._library.embedded_texts(batch)
            batch = [i for i in batch if i in texts]
            wanted = [texts[i] for i in batch]
            vectors = embedded(self._library, self._embedder, wanted, report, stored=True)
            if start and contents.terms.outgrown:  # and more is to come
                contents.terms.lay_out()
            contents.vectors.add(batch, vectors)
            contents.terms.add((i, analyse(texts[i])) for i in batch)
