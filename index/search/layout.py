"""A snapshot of a term index, and the arrays of a new layout made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.search.array_file import Arrays
from index.search.postings import Postings


@dataclass(frozen=True, slots=True)
class Layout:
    """A term index at one moment, passages by slot.

    ``tokens`` and ``postings`` are those of the last layout and cover the first slots;
    ``recent`` holds the tokens of each of the rest.  ``words`` are the terms by number.
    """

    words: Sequence[str]
    ids: NDArray[np.int64]
    lengths: NDArray[np.int32]
    alive: NDArray[np.bool_]
    tokens: NDArray[np.int32]
    postings: Postings
    recent: Sequence[NDArray[np.int32]]

    def arrays(self) -> Arrays:
        """Return the arrays of the passages that are alive, for ``TermIndex.from_arrays``.

        The arrays of the last layout are never written to, as they may be mapped.  Recent
        passages are appended to it, so that only they are sorted.  Terms that no passage holds
        any more are left out.
        """
        first = len(self.ids) - len(self.recent)
        old_alive, recent_alive = self.alive[:first], self.alive[first:]
        recent = [tokens for tokens, lives in zip(self.recent, recent_alive, strict=True) if lives]
        recent_tokens = np.concatenate([np.zeros(0, np.int32), *recent])
        lengths = self.lengths[self.alive].astype(np.int64)
        old_count = int(old_alive.sum())
        recent_postings = Postings.of(
            recent_tokens, lengths[old_count:], len(self.words), first=old_count
        )
        postings = self.postings.only(old_alive).followed_by(recent_postings)
        tokens = np.concatenate([self._tokens_of(old_alive), recent_tokens])
        words = list(self.words)
        used = np.flatnonzero(postings.frequencies)
        if len(used) < len(words):
            numbers = np.zeros(len(words), np.int32)
            numbers[used] = np.arange(len(used), dtype=np.int32)
            tokens, postings = numbers[tokens], postings.renumbered(used)
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

    def _tokens_of(self, old_alive: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the tokens of the last layout's passages that are still alive."""
        if old_alive.all():
            return self.tokens
        return self.tokens[np.repeat(old_alive, self.lengths[: len(old_alive)])]
