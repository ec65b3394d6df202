"""The arrays that an index of terms lies in, made of those of before and of what came since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.search.array_file import Arrays
from index.search.postings import Postings


@dataclass(frozen=True, slots=True)
class Layout:
    """An index of terms at some moment, passages by slot.

    ``tokens`` and ``postings`` are of the first slots, ``recent`` holds the tokens of each
    of the rest; ``words`` are the terms by number.
    """

    words: Sequence[str]
    ids: NDArray[np.int64]
    lengths: NDArray[np.int32]
    alive: NDArray[np.bool_]
    tokens: NDArray[np.int32]
    postings: Postings
    recent: Sequence[NDArray[np.int32]]

    def arrays(self) -> Arrays:
        """Return the arrays of what is alive, for ``TermIndex.from_arrays``.

        Those that there were are never written to, only replaced: they may be mapped.
        What came is laid out behind what was there, so that little is sorted.  Terms that no
        passage has any more get no number.
        """
        first = len(self.ids) - len(self.recent)
        old, late = self.alive[:first], self.alive[first:]
        came = [tokens for tokens, lives in zip(self.recent, late, strict=True) if lives]
        later_tokens = np.concatenate([np.zeros(0, np.int32), *came])
        lengths = self.lengths[self.alive].astype(np.int64)
        stayed = int(old.sum())
        later = Postings.of(later_tokens, lengths[stayed:], len(self.words), first=stayed)
        postings = self.postings.without(old).followed_by(later)
        tokens = np.concatenate([self._tokens_of(old), later_tokens])
        words = list(self.words)
        used = np.flatnonzero(postings.frequencies)
        if len(used) < len(words):
            numbers = np.zeros(len(words), np.int32)
            numbers[used] = np.arange(len(used), dtype=np.int32)
            tokens, postings = numbers[tokens], postings.of_terms(used)
            words = [words[number] for number in used]
        return {
            "words": np.frombuffer("\n".join(words).encode("utf-8", "surrogatepass"), np.uint8),
            "ids": self.ids[self.alive],
            "starts": np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
            "tokens": tokens,
            "offsets": postings.offsets,
            "slots": postings.slots,
            "counts": postings.counts,
        }

    def _tokens_of(self, old: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the tokens of those passages of before that are still there."""
        if old.all():
            return self.tokens
        return self.tokens[np.repeat(old, self.lengths[: len(old)])]
