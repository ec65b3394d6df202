"""BM25 scores of passages, and how well each covers a query.

Implemented here rather than by a library, because Passage needs what those hide: how strong
a match is against the highest score that the query could have had, and which of its terms are
adjacent in the passage.

Scores are those of Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and
Beyond" (2009), with the idf of Lucene: ``log(1 + (N - df + 0.5) / (df + 0.5))``, where N and
df of a small library count some passages elsewhere too (``common_words``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.search.common_words import CommonWords
from index.search.spelling import Spelling
from index.search.term_index import TermIndex

K1 = 0.9
B = 0.4
"""Saturation and length normalisation; these of Anserini, best of three pairs on our sets."""

_MISSPELT = 0.8  # how much a corrected term counts of what the right one would have
_FEW = 20_000  # occurrences of a query's terms that are sooner all scored than chosen among
_ROUNDING = 1e-4  # of a score: more than single precision loses in summing a query's terms


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """A query's terms, by number, with their weights (idf) in one collection.

    ``reach`` is the highest BM25 score that any passage could have for it; ``corrected``
    gives the term that a misspelt one was taken for, ``unknown`` those that no passage has.
    """

    weights: Mapping[int, float]
    pairs: frozenset[tuple[int, int]]
    total: float
    reach: float
    corrected: Mapping[str, str]
    unknown: tuple[str, ...]

    def pair_weight(self, pair: tuple[int, int]) -> float:
        """Return the weight of two adjacent terms: that of the commoner one."""
        return min(self.weights.get(pair[0], 0.0), self.weights.get(pair[1], 0.0))


class TermMatch(NamedTuple):
    """How one passage matches a query; all but ``bm25`` between 0 and 1.

    ``strength``: BM25 against the highest score possible; ``coverage``: share of the
    query's terms by weight that the passage holds; ``phrase``: share of its pairs of
    adjacent terms that are adjacent in the passage too.
    """

    bm25: float
    strength: float
    coverage: float
    phrase: float


class BM25:
    """Scores the passages of a term index against queries."""

    def __init__(
        self, index: TermIndex, spelling: Spelling, common: CommonWords | None = None
    ) -> None:
        self._index = index
        self._spelling = spelling
        self._common = common

    def query(self, terms: Sequence[str], is_word: Mapping[str, bool] | None = None) -> QueryTerms:
        """Weigh a query's terms.

        A term that no passage holds is taken for a misspelling of the nearest that some
        passage holds, unless ``is_word`` says that it is a word in its own right:
        "Iran" is not a misspelt "Iraq".
        """
        weights: dict[int, float] = {}
        corrected: dict[str, str] = {}
        numbers: dict[str, int | None] = {}
        total = 0.0
        for term in dict.fromkeys(terms):
            number, factor = self._index.number_of(term), 1.0
            if number is None:
                number, factor = self._spelling.nearest(term, is_word), _MISSPELT
                if number is not None:
                    corrected[term] = self._index.words[number]
            numbers[term] = number
            weight = self._idf(term, number)
            total += weight
            if number is not None:
                weights.setdefault(number, factor * weight)
        sequence = [number for term in terms if (number := numbers[term]) is not None]
        pairs = frozenset(pairwise(sequence))
        unknown = tuple(term for term, number in numbers.items() if number is None)
        return QueryTerms(weights, pairs, total, total * (K1 + 1), corrected, unknown)

    def best(self, query: QueryTerms, k: int, among: Sequence[int] | None = None) -> list[int]:
        """Return the ids of the ``k`` passages with the highest scores above zero, best first.

        ``among``, if given, limits the candidates.  Raises KeyError where the index lacks one.
        """
        if among is not None:
            return self._best_among(query, k, among)
        few = sum(map(self._index.frequency, query.weights)) <= _FEW
        slots, scores = self._score_all(query) if few else self._score_by_maxscore(query, k)
        if len(slots) > k:
            slots = slots[np.argpartition(scores[slots], -k)[-k:]]
        slots = slots[np.lexsort((slots, -scores[slots]))]
        return [int(i) for i in self._index.ids_at(slots)]

    def match(self, query: QueryTerms, ids: Sequence[int]) -> list[TermMatch]:
        """Return how each of the passages ``ids`` matches.

        Raises KeyError where the index lacks one.
        """
        if not ids:
            return []
        slots = self._index.slots_of(ids)
        tokens, owners = self._index.tokens_of(slots)
        order = {number: place for place, number in enumerate(query.weights, start=1)}
        places = np.zeros(len(self._index.words), np.int32)  # of terms in the query, 0 elsewhere
        places[list(order)] = list(order.values())
        found = places[tokens]
        at = np.flatnonzero(found)
        found, owners = found[at].astype(np.int64), owners[at]

        width = len(order) + 1
        counts = np.bincount(owners * width + found, minlength=len(ids) * width)
        counts = counts.reshape(len(ids), width)[:, 1:]
        weights = np.fromiter(query.weights.values(), np.float64, len(order))
        bm25 = (self._saturated(counts, slots[:, None]) * weights).sum(axis=1)
        held = ((counts > 0) * weights).sum(axis=1)

        adjacent = (np.diff(at) == 1) & (owners[:-1] == owners[1:])
        together = np.zeros(len(ids))
        for left, right in query.pairs:
            there = adjacent & (found[:-1] == order[left]) & (found[1:] == order[right])
            together[owners[:-1][there]] += query.pair_weight((left, right))  # once for each owner
        wanted = math.fsum(query.pair_weight(pair) for pair in query.pairs)
        parts = (
            bm25,
            bm25 / (query.reach or 1.0),
            held / (query.total or 1.0),
            together / (wanted or 1.0),
        )
        return [TermMatch(*found) for found in np.column_stack(parts).tolist()]

    def _best_among(self, query: QueryTerms, k: int, among: Sequence[int]) -> list[int]:
        scored = zip(self.match(query, among), among, strict=True)
        held = sorted((-match.bm25, passage) for match, passage in scored if match.bm25 > 0)
        return [passage for _, passage in held[:k]]

    def _score_all(self, query: QueryTerms) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the slots of all passages with a term, and the scores by slot."""
        parts = [
            (slots, counts, weight)
            for number, weight in query.weights.items()
            for slots, counts in self._index.occurrences(number)
        ]
        if not parts:
            return np.zeros(0, np.int64), np.zeros(0)
        slots = np.concatenate([slots for slots, _, _ in parts])
        counts = np.concatenate([counts for _, counts, _ in parts])
        weights = np.repeat([weight for *_, weight in parts], [len(held) for held, *_ in parts])
        scores: NDArray[np.float64] = np.bincount(
            slots, weights * self._saturated(counts, slots), self._index.slot_count
        ).astype(np.float64, copy=False)
        scores[self._index.removed] = 0.0
        return np.flatnonzero(scores), scores

    def _score_by_maxscore(
        self, query: QueryTerms, k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the slots of passages with a term, the best ``k`` among them, and scores.

        The terms of highest weight come first.  Once those left could not bring a new passage
        among the best, they are only looked up for the candidates that could still be
        ("MaxScore": Turtle & Flood, "Query Evaluation: Strategies and Optimizations", 1995).
        """
        terms = sorted(query.weights.items(), key=lambda term: -term[1])
        left = math.fsum(query.weights.values()) * (K1 + 1) + _ROUNDING
        scores, least = np.zeros(self._index.slot_count, np.float32), 0.0
        while terms and not least:
            number, weight = terms.pop(0)
            for slots, counts in self._index.occurrences(number):
                scores[slots] += weight * self._saturated(counts, slots)
            left -= weight * (K1 + 1)
            scores[self._index.removed] = 0.0
            high = scores[scores > left]
            least = float(np.partition(high, -k)[-k]) if len(high) >= k else 0.0
        candidates = np.flatnonzero(scores > 0)
        for number, weight in terms:
            candidates = candidates[scores[candidates] + left >= least]
            for slots, counts in self._index.occurrences(number):
                at = np.minimum(np.searchsorted(slots, candidates), max(0, len(slots) - 1))
                held = (
                    slots[at] == candidates if len(slots) else np.zeros(len(candidates), np.bool_)
                )
                found = candidates[held]
                scores[found] += weight * self._saturated(counts[at[held]], found)
            left -= weight * (K1 + 1)
        return candidates, scores

    def _idf(self, term: str, number: int | None) -> float:
        """Return the weight of a term, or of the one by this number that it was taken for."""
        passages: float = len(self._index)
        held: float = 0 if number is None else self._index.frequency(number)
        if self._common is not None:
            passages += self._common.passages()
            held += self._common.holding(term if number is None else self._index.words[number])
        return math.log(1 + (passages - held + 0.5) / (held + 0.5))

    def _saturated(self, counts: NDArray[Any], slots: NDArray[Any]) -> NDArray[np.float32]:
        """Return what so many occurrences in these passages contribute: from 0 up to K1 + 1."""
        lengths = self._index.lengths[slots].astype(np.float32)
        norms = np.float32(K1 * B / self._index.mean_length) * lengths + np.float32(K1 * (1 - B))
        held = counts.astype(np.float32)
        contributed: NDArray[np.float32] = np.float32(K1 + 1) * held / (held + norms)
        return contributed
