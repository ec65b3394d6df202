"""Postings: which passages hold each term, and how often, in immutable arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MAX_COUNT = 2**16 - 1  # of a term in one passage; more are stored as this many

Occurrences = tuple[NDArray[np.int32], NDArray[np.uint16] | NDArray[np.float32]]
"""The slots of the passages that hold a term, ascending, and how often each holds it."""


@dataclass(frozen=True, slots=True)
class Postings:
    """The occurrences of all terms, concatenated; ``offsets`` says where each term's begin.

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
            np.minimum(counts, _MAX_COUNT).astype(np.uint16),
        )

    def __len__(self) -> int:
        return len(self.slots)

    def __getitem__(self, term: int) -> Occurrences:
        """Return the occurrences of a term; none of a term that was added later."""
        start, end = self.offsets[term : term + 2] if term + 1 < len(self.offsets) else (0, 0)
        return self.slots[start:end], self.counts[start:end]

    @property
    def frequencies(self) -> NDArray[np.int64]:
        """In how many passages each term is."""
        return np.diff(self.offsets)

    def only(self, alive: NDArray[np.bool_]) -> Postings:
        """Return the postings of the slots ``alive``, shape (slots,), renumbered without gaps."""
        if alive.all():
            return self
        live = alive[self.slots]
        moved = np.cumsum(alive, dtype=np.int32) - np.int32(1)
        removed = np.concatenate([np.zeros(1, np.int64), np.cumsum(~live)])
        return Postings(
            self.offsets - removed[self.offsets], moved[self.slots[live]], self.counts[live]
        )

    def followed_by(self, later: Postings) -> Postings:
        """Return these merged with those of later slots, which may have more terms."""
        ends = self.offsets[1:]
        ends = np.concatenate([ends, np.full(len(later.offsets) - len(self.offsets), len(self))])
        places = np.repeat(ends, later.frequencies)
        return Postings(
            np.concatenate([np.zeros(1, np.int64), ends]) + later.offsets,
            np.insert(self.slots, places, later.slots),
            np.insert(self.counts, places, later.counts),
        )

    def renumbered(self, used: NDArray[np.int64]) -> Postings:
        """Return the same with only the terms ``used``, renumbered; no other has any occurrence."""
        return Postings(np.append(self.offsets[used], len(self)), self.slots, self.counts)
