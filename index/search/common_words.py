"""How common words are in English at large, for libraries too small to show it themselves.

Of seven passages on Turkey each may hold "turkey", and one "talk": counted by themselves they
say that "turkey" is a word of no weight and "talk" one that tells passages apart.  So a small
library is weighed as if it had ``ELSEWHERE`` more passages, on anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from index.search.term_index import TermIndex

FILE = Path(__file__).parent / "common_words.txt"
"""Made by ``python -m training.common_words``: a line a level of rarity, with its words."""

STEPS = 10
"""Levels of rarity to the factor e."""

ELSEWHERE = 100
"""Measured from 20 to 500: on single articles recall rises up to here, and not beyond."""

LARGE = 5_000
"""Passages from which a library shows by itself which words are common."""

_RARE = 5e-5  # share of passages elsewhere that hold a word which isn't a common one
_EVERYDAY = 5e-3  # share of passages from which a word is an everyday one
_ENGLISH = 0.35  # share of everyday words from which a library is in English; of French 0.2


class CommonWords:
    """The passages elsewhere that the words of one index are weighed with; of no other language."""

    def __init__(self, index: TermIndex, shares: Mapping[str, float] | None = None) -> None:
        self._index = index
        self._shares = english() if shares is None else shares
        self._told = (-1, 0)  # the version of the index, and how many passages it is weighed with

    def passages(self) -> int:
        """Return how many passages the index is weighed with."""
        if self._told[0] != self._index.version:
            fits = len(self._index) <= LARGE and self._everyday() >= _ENGLISH
            self._told = self._index.version, ELSEWHERE if fits else 0
        return self._told[1]

    def holding(self, term: str) -> float:
        """Return how many of these passages hold a term: a fraction of one, where it is rare."""
        return self.passages() * self._shares.get(term, _RARE)

    def _everyday(self) -> float:
        """Return how many of the index's words, counted once a passage, are everyday ones."""
        held = [self._index.frequency(number) for number in range(len(self._index.words))]
        everyday = (
            count
            for word, count in zip(self._index.words, held, strict=True)
            if self._shares.get(word, 0.0) >= _EVERYDAY
        )
        return sum(everyday) / max(1, sum(held))


@cache
def english() -> Mapping[str, float]:
    """Return of each common word of English, as its stem, the share of passages that hold it."""
    found: dict[str, float] = {}
    for line in FILE.read_text("utf-8").splitlines():
        level, *words = line.split()
        found.update(dict.fromkeys(words, math.exp(-int(level) / STEPS)))
    return found
