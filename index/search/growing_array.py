"""Arrays that grow at their end without being copied each time."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

_LEAST = 64  # elements that there is room for at the least


class GrowingArray(Generic[Scalar]):
    """A one-dimensional array to append to; as a list does, it keeps room for more."""

    def __init__(self, values: NDArray[Scalar]) -> None:
        self._room = values
        self._size = len(values)

    def __len__(self) -> int:
        return self._size

    @property
    def values(self) -> NDArray[Scalar]:
        """What it holds; writing to it writes through, until it grows."""
        return self._room[: self._size]

    def extend(self, values: NDArray[Scalar]) -> None:
        """Append some values."""
        size = self._size + len(values)
        if size > len(self._room):
            room = np.empty(max(_LEAST, size + size // 4), self._room.dtype)
            room[: self._size] = self.values
            self._room = room
        self._room[self._size : size] = values
        self._size = size
