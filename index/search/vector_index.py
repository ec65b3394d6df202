"""FAISS over a collection's passages: inner products of unit vectors, so cosines.

Exact up to ``GROWN`` passages.  From there on vectors are quantized to 8 bits a dimension, in
inverted lists around centroids trained on the collection, of which the nearest are searched
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
"""Passages up to which search is exhaustive; that takes three milliseconds on one core."""

_OUTGROWN = 4  # times as many passages as it was trained for, and its lists are too long
_LISTS_PER_ROOT = 4  # lists by the square root of the number of passages, as FAISS advises
_PROBES = 128  # lists searched for a query
_POINTS_PER_CENTROID = 64  # vectors of the sample that train one
_ITERATIONS = 10  # of k-means
_MARGIN = 0.1  # of the range of a dimension, for vectors that are added later


class VectorIndex:
    """Vectors by passage id, which FAISS stores beside them and never renumbers."""

    def __init__(self, dimension: int, index: Any | None = None) -> None:
        self._index: Any = index or faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        if isinstance(self._index, faiss.IndexIVF):
            self._index.nprobe = _PROBES

    @classmethod
    def trained(cls, sample: Vectors, passages: int) -> VectorIndex:
        """Return an empty index, trained on a sample of the vectors of so many passages.

        Uses one core, which may take long: the others are for searches.
        """
        faiss.omp_set_num_threads(1)  # of this thread
        dimension = sample.shape[1]
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimension),
            dimension,
            list_count(passages),
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )
        # Not residuals: those of subjects that are added later would fall out of the trained range.
        index.by_residual = False
        index.sq.rangestat_arg = _MARGIN
        index.cp.niter = _ITERATIONS
        index.cp.max_points_per_centroid = _POINTS_PER_CENTROID
        index.cp.min_points_per_centroid = 1  # no warning where the sample is small
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
        """Whether search is exhaustive, and vectors are stored unquantized."""
        return not isinstance(self._index, faiss.IndexIVF)

    @property
    def outgrown(self) -> bool:
        """Whether an index ``trained`` for as many passages as it holds should replace it."""
        if self.exact:
            return len(self) > GROWN
        return list_count(len(self) // _OUTGROWN) > int(self._index.nlist)

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
        removed = np.fromiter(ids, np.int64)
        if not len(removed):
            return
        if self.exact:
            self._index.remove_ids(faiss.IDSelectorBatch(removed))
        else:
            removed = removed[np.isin(removed, self.ids)]
            self._index.remove_ids(faiss.IDSelectorArray(removed))

    def search(
        self, query: NDArray[np.float32], k: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return the ``k`` nearest passages of one vector with their cosines, best first.

        ``among``, if given, are the only candidates, all in the index; search is exhaustive then.
        """
        if among is not None:
            return self._nearest_among(query, k, among)
        k = min(k, len(self))
        if k == 0:
            return []
        faiss.omp_set_num_threads(1)  # in this thread: waiting for other threads takes longer
        cosines, ids = self._index.search(query.reshape(1, -1), k)
        return [(int(i), float(c)) for i, c in zip(ids[0], cosines[0], strict=True) if i >= 0]

    def _nearest_among(
        self, query: NDArray[np.float32], k: int, among: Sequence[int]
    ) -> list[tuple[int, float]]:
        cosines = self.vectors(among) @ query
        best = np.argsort(-cosines, kind="stable")[:k]
        return [(int(among[at]), float(cosines[at])) for at in best]

    def vectors(self, ids: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """Return the vectors of passages in the index, shape (ids, dimension)."""
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


def list_count(passages: int) -> int:
    """Return how many inverted lists an index of so many passages has."""
    return max(1, int(_LISTS_PER_ROOT * passages**0.5))
