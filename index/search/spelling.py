"""Spelling correction against the terms that a collection's passages hold."""

from __future__ import annotations

from collections.abc import Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

from index.search.term_index import TermIndex

_SHORTEST = 4  # letters; of shorter words too many are one edit from another
_LONG = 8  # letters from which a second edit is allowed
_CANDIDATES = 8  # nearest terms among which those that no passage holds any more are skipped


class Spelling:
    """Finds the nearest known term for a misspelt one.

    Results are cached until the index changes, as each takes a pass over the vocabulary.
    """

    def __init__(self, index: TermIndex) -> None:
        self._index = index
        self._version = index.version
        self._cache: dict[str, int | None] = {}

    def known(self, term: str) -> str | None:
        """Return a term as the passages spell it: itself, else the nearest, else None."""
        number = self._index.number_of(term)
        number = self.nearest(term) if number is None else number
        return None if number is None else self._index.words[number]

    def nearest(self, term: str, is_word: Mapping[str, bool] | None = None) -> int | None:
        """Return the number of the nearest term that some passage holds, else None.

        One edit away (Damerau-Levenshtein) in a short word, two in a long one.  Words with
        digits are never corrected, nor those that ``is_word`` says are words in their own right.
        """
        if len(term) < _SHORTEST or any(c.isdigit() for c in term):
            return None
        if is_word is not None and is_word.get(term, False):
            return None
        if self._version != self._index.version:
            self._cache.clear()
            self._version = self._index.version
        if term not in self._cache:
            self._cache[term] = self._search(term, 1 if len(term) < _LONG else 2)
        return self._cache[term]

    def _search(self, term: str, edits: int) -> int | None:
        near = process.extract(
            term, self._index.words, scorer=OSA.distance, score_cutoff=edits, limit=_CANDIDATES
        )
        used = [
            (distance, word[:1] != term[:1], -frequency, number)
            for word, distance, number in near
            if (frequency := self._index.frequency(number))
        ]
        return min(used)[-1] if used else None
