"""FAISS over a collection's passages: inner products of unit vectors, so cosines.

Exact up to ``GROWN`` passages.  From there on vectors are kept in 8 bits a dimension, in
lists around centroids of the collection's own, of which the nearest few are looked through
(Jégou et al., "Product Quantization for Nearest Neighbor Search", 2011, section IV).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.models.embedder import Vectors

GROWN = 50_000
"""Passages up to which every vector is compared; that takes three milliseconds on one core."""

_AGAIN = 4  # times as many passages as it was trained for, and its lists are too long
_LISTS = 4  # times the square root of the number of passages, as FAISS advises
_PROBED = 128  # lists looked through for a question
_SAMPLE = 64  # vectors a centroid is learnt from
_ROUNDS = 10
_MARGIN = 0.1  # of the range of a dimension, for vectors that come later


class VectorIndex:
    """Vectors under their passage ids, which FAISS keeps beside them and never renumbers."""

    def __init__(self, dimension: int, index: Any | None = None) -> None:
        self._index: Any = index or faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        if isinstance(self._index, faiss.IndexIVF):
            self._index.nprobe = _PROBED

    @classmethod
    def trained(cls, sample: Vectors, passages: int) -> VectorIndex:
        """Return an empty index laid out for so many passages like those of the sample.

        Keeps to one core, for a while: the others are for those who ask.
        """
        faiss.omp_set_num_threads(1)  # of this thread
        dimension = sample.shape[1]
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimension),
            dimension,
            lists_for(passages),
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )
        # Not what is left beside a centroid: subjects that come later would fall out of its range.
        index.by_residual = False
        index.sq.rangestat_arg = _MARGIN
        index.cp.niter = _ROUNDS
        index.cp.max_points_per_centroid = _SAMPLE
        index.cp.min_points_per_centroid = 1  # says nothing where the sample is small
        index.train(sample)
        layout: Any = faiss.DirectMap  # type: ignore[attr-defined]
        index.set_direct_map_type(layout.Hashtable)
        return cls(dimension, index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    @property
    def exact(self) -> bool:
        """Whether every vector is compared."""
        return not isinstance(self._index, faiss.IndexIVF)

    @property
    def outgrown(self) -> bool:
        """Whether it should give way to one that is ``trained`` for as many as it holds."""
        if self.exact:
            return len(self) > GROWN
        return lists_for(len(self) // _AGAIN) > int(self._index.nlist)

    @property
    def ids(self) -> NDArray[np.int64]:
        """The passages in the index, in any order."""
        if self.exact:
            found: NDArray[np.int64] = faiss.vector_to_array(self._index.id_map)
            return found
        lists = self._index.invlists
        held = [
            faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
            for number in range(self._index.nlist)
            if (size := lists.list_size(number))
        ]
        return np.concatenate([*held, np.zeros(0, np.int64)])

    def add(self, ids: Sequence[int] | NDArray[np.int64], vectors: Vectors) -> None:
        """Add vectors, shape (ids, dimension), under new ids."""
        if len(ids):
            self._index.add_with_ids(vectors, np.asarray(ids, np.int64))

    def remove(self, ids: Iterable[int]) -> None:
        """Remove vectors; ids that are not there are ignored."""
        gone = np.fromiter(ids, np.int64)
        if not len(gone):
            return
        if self.exact:
            self._index.remove_ids(faiss.IDSelectorBatch(gone))
        else:
            gone = gone[np.isin(gone, self.ids)]
            self._index.remove_ids(faiss.IDSelectorArray(gone))

    def search(
        self, query: NDArray[np.float32], k: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return the ``k`` nearest passages of one vector with their cosines, best first.

        ``among`` are ids that are there, and the only ones to be considered; each is compared.
        """
        if among is not None:
            return self._nearest_among(query, k, among)
        k = min(k, len(self))
        if k == 0:
            return []
        faiss.omp_set_num_threads(1)  # of this thread: waiting for others takes longer
        cosines, ids = self._index.search(query.reshape(1, -1), k)
        return [(int(i), float(c)) for i, c in zip(ids[0], cosines[0], strict=True) if i >= 0]

    def _nearest_among(
        self, query: NDArray[np.float32], k: int, among: Sequence[int]
    ) -> list[tuple[int, float]]:
        cosines = self.vectors(among) @ query
        best = np.argsort(-cosines, kind="stable")[:k]
        return [(int(among[at]), float(cosines[at])) for at in best]

    def vectors(self, ids: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """Return the vectors of passages that are there."""
        if not len(ids):
            return np.zeros((0, self.dimension), np.float32)
        found: Vectors = self._index.reconstruct_batch(np.asarray(ids, np.int64))
        return found

    def arrays(self) -> dict[str, NDArray[np.uint8]]:
        """Return what ``from_arrays`` makes the same index of: FAISS's own bytes."""
        return {"faiss": faiss.serialize_index(self._index)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> VectorIndex:
        """Return the index that ``arrays`` were of; raises ValueError or KeyError otherwise."""
        try:
            index = faiss.deserialize_index(arrays["faiss"])
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        if not isinstance(index, faiss.IndexIDMap2 | faiss.IndexIVFScalarQuantizer):
            raise ValueError(f"expected an IndexIDMap2, found {type(index).__name__}")
        return cls(int(index.d), index)


def lists_for(passages: int) -> int:
    """Return how many lists an index of so many passages is divided into."""
    return max(1, int(_LISTS * passages**0.5))
