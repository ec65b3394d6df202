"""Which passages hold each term, and how often, in arrays that are laid out once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST = 2**16 - 1  # occurrences of a term in a passage that are told apart

Occurrences = tuple[NDArray[np.int32], NDArray[np.uint16] | NDArray[np.float32]]
"""The slots of the passages that hold a term, ascending, and how often each holds it."""


@dataclass(frozen=True, slots=True)
class Postings:
    """The occurrences of all terms one after the other; ``offsets`` says where each begins.

    Shapes: ``offsets`` (terms + 1,), ``slots`` and ``counts`` (occurrences,).
    """

    offsets: NDArray[np.int64]
    slots: NDArray[np.int32]
    counts: NDArray[np.uint16]

    @classmethod
    def of(
        cls, tokens: NDArray[np.int32], lengths: NDArray[np.int64], terms: int, first: int = 0
    ) -> Postings:
        """Return the postings of passages given by their tokens, in slots from ``first`` on."""
        width = max(1, len(lengths))
        owners = np.repeat(np.arange(len(lengths)), lengths)
        keys, counts = np.unique(tokens * np.int64(width) + owners, return_counts=True)
        return cls(
            np.searchsorted(keys, np.arange(terms + 1) * width),
            (keys % width + first).astype(np.int32),
            np.minimum(counts, _MOST).astype(np.uint16),
        )

    def __len__(self) -> int:
        return len(self.slots)

    def __getitem__(self, term: int) -> Occurrences:
        """Return the occurrences of a term; none of one that came later."""
        start, end = self.offsets[term : term + 2] if term + 1 < len(self.offsets) else (0, 0)
        return self.slots[start:end], self.counts[start:end]

    @property
    def frequencies(self) -> NDArray[np.int64]:
        """In how many passages each term is."""
        return np.diff(self.offsets)

    def without(self, alive: NDArray[np.bool_]) -> Postings:
        """Return the postings of the passages ``alive``, by slot, in slots without gaps."""
        if alive.all():
            return self
        kept = alive[self.slots]
        moved = np.cumsum(alive, dtype=np.int32) - np.int32(1)
        gone = np.concatenate([np.zeros(1, np.int64), np.cumsum(~kept)])
        return Postings(
            self.offsets - gone[self.offsets], moved[self.slots[kept]], self.counts[kept]
        )

    def followed_by(self, later: Postings) -> Postings:
        """Return these together with those of later slots, and perhaps of more terms."""
        ends = self.offsets[1:]
        ends = np.concatenate([ends, np.full(len(later.offsets) - len(self.offsets), len(self))])
        places = np.repeat(ends, later.frequencies)
        return Postings(
            np.concatenate([np.zeros(1, np.int64), ends]) + later.offsets,
            np.insert(self.slots, places, later.slots),
            np.insert(self.counts, places, later.counts),
        )

    def of_terms(self, used: NDArray[np.int64]) -> Postings:
        """Return the same numbered anew, where all but the terms ``used`` are in no passage."""
        return Postings(np.append(self.offsets[used], len(self)), self.slots, self.counts)
