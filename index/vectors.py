"""FAISS over a collection's passages: exact inner product of unit vectors, so cosines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors


class VectorIndex:
    """Vectors under their passage ids, which FAISS keeps beside them and never renumbers."""

    def __init__(self, dimension: int, index: faiss.IndexIDMap2 | None = None) -> None:
        self._index = index or faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    @property
    def ids(self) -> set[int]:
        """The passages in the index."""
        return {int(i) for i in faiss.vector_to_array(self._index.id_map)}

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add vectors, shape (ids, dimension), under new ids."""
        if ids:
            self._index.add_with_ids(vectors, np.asarray(ids, np.int64))

    def remove(self, ids: Iterable[int]) -> None:
        """Remove vectors; ids that are not there are ignored."""
        gone = np.fromiter(ids, np.int64)
        if len(gone):
            self._index.remove_ids(faiss.IDSelectorBatch(gone))

    def search(self, query: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """Return the ``k`` nearest passages of one vector with their cosines, best first."""
        k = min(k, len(self))
        if k == 0:
            return []
        cosines, ids = self._index.search(query.reshape(1, -1), k)
        return [(int(i), float(c)) for i, c in zip(ids[0], cosines[0], strict=True) if i >= 0]

    def cosines(self, query: NDArray[np.float32], ids: Sequence[int]) -> list[float]:
        """Return the cosine of one vector to each of the passages ``ids``."""
        if not ids:
            return []
        stored = np.stack([self._index.reconstruct(int(i)) for i in ids])
        return [float(c) for c in stored @ query]

    def to_bytes(self) -> bytes:
        """Return the index as FAISS writes it to a file."""
        data: NDArray[np.uint8] = faiss.serialize_index(self._index)
        return data.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> VectorIndex:
        """Read what ``to_bytes`` wrote; raises ValueError where it is not that."""
        try:
            index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        if not isinstance(index, faiss.IndexIDMap2):
            raise ValueError(f"expected an IndexIDMap2, found {type(index).__name__}")
        return cls(int(index.d), index)
