"""NumPy arrays with amortised appends."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

_MIN_CAPACITY = 64


class GrowingArray(Generic[Scalar]):
    """A one-dimensional array to append to; like a list, it reserves spare capacity."""

    def __init__(self, values: NDArray[Scalar]) -> None:
        self._buffer = values
        self._size = len(values)

    def __len__(self) -> int:
        return self._size

    @property
    def values(self) -> NDArray[Scalar]:
        """A view of its elements; writes go through to the array until it is next extended."""
        return self._buffer[: self._size]

    def extend(self, values: NDArray[Scalar]) -> None:
        """Append values."""
        size = self._size + len(values)
        if size > len(self._buffer):
            buffer = np.empty(max(_MIN_CAPACITY, size + size // 4), self._buffer.dtype)
            buffer[: self._size] = self.values
            self._buffer = buffer
        self._buffer[self._size : size] = values
        self._size = size
