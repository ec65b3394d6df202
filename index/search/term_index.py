"""BM25 over a collection's passages, and what else its terms can tell.

Kept by ourselves rather than by a library, because Passage needs what those hide: adding
and removing single passages, how strong a match is against the strongest that the
question could have had, and which of its words stand side by side.

Scores are those of Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and
Beyond" (2009), with the idf of Lucene: ``log(1 + (N - df + 0.5) / (df + 0.5))``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from index.search.array_file import Arrays
from index.search.growing_array import GrowingArray
from index.search.layout import Layout
from index.search.postings import Occurrences, Postings

K1 = 0.9
B = 0.4
"""Saturation and length normalisation; these of Anserini, best of three pairs on our sets."""

_MISSPELT = 0.8  # how much a corrected word counts of what the right one would have
_LEAST, _MOST = 4_096, 32_768
"""Passages that come or go until it is laid out anew: a quarter of these, within bounds."""

_FEW = 20_000  # occurrences of a question's terms that are sooner added up than chosen among

_ROUNDING = 1e-4  # of a score: more than single precision loses in adding a question's terms up


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """A question's terms with their weights (idf), as one collection sees them.

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
        """Return the weight of two neighbouring terms: that of the commoner one."""
        return min(self.weights.get(pair[0], 0.0), self.weights.get(pair[1], 0.0))


class TermMatch(NamedTuple):
    """How one passage matches a question, each part between 0 and 1.

    ``strength``: BM25 against the highest score possible; ``coverage``: share of the
    question's terms by weight that the passage holds; ``phrase``: share of its pairs of
    neighbouring terms that stand side by side in the passage.
    """

    bm25: float
    strength: float
    coverage: float
    phrase: float


class TermIndex:
    """The terms of a collection's passages, changed passage by passage.

    Each passage has a slot, in the order of ids, which ascend.  The tokens and postings of most
    lie in arrays that may be mapped from a file; those of the passages that came since these were
    laid out lie beside them.  A removed passage keeps its slot, marked dead, as long.
    """

    def __init__(self) -> None:
        empty = np.zeros(0, np.int32)
        self._vocabulary: dict[str, int] = {}
        self._words: list[str] = []
        self._frequencies = GrowingArray(np.zeros(0, np.int64))  # by term
        self._ids = GrowingArray(np.zeros(0, np.int64))  # by slot, ascending
        self._lengths = GrowingArray(np.zeros(0, np.int32))  # by slot
        self._alive = GrowingArray(np.zeros(0, np.bool_))  # by slot
        self._dead = GrowingArray(np.zeros(0, np.int64))  # the slots that are not alive
        self._length = 0  # of all living passages together
        self._neighbours: dict[str, int | None] = {}  # of terms asked for, until something changes
        self._laid_out = 0  # slots that the arrays below cover
        self._starts = np.zeros(1, np.int64)  # by slot, where its tokens begin, and an end
        self._tokens = empty
        self._postings = Postings.of(empty, np.zeros(0, np.int64), 0)
        self._recent: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._recent_arrays: dict[int, Occurrences] = {}  # of those asked for since they changed
        self._recent_tokens: list[NDArray[np.int32]] = []  # by slot from ``_laid_out`` on

    def __len__(self) -> int:
        return len(self._ids) - len(self._dead)

    def __contains__(self, passage_id: int) -> bool:
        return self._slot(passage_id) is not None

    @property
    def outgrown(self) -> bool:
        """Whether so much came or went since it was laid out that it should be again."""
        changed = len(self._recent_tokens) + len(self._dead)
        return changed > min(max(_LEAST, self._laid_out // 4), _MOST)

    @property
    def ids(self) -> NDArray[np.int64]:
        """The passages in the index, ascending."""
        return self._ids.values[self._alive.values]

    def add(self, passages: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Add passages by id and terms, in the order of their ids.

        An id that is there already is left as it is.  Raises ValueError where an id is not
        above all that have been here since the index was laid out.
        """
        for passage_id, terms in passages:
            if passage_id in self:
                continue
            slot = len(self._ids)
            if slot and passage_id <= self._ids.values[-1]:
                raise ValueError(f"passage {passage_id} comes after {self._ids.values[-1]}")
            numbers = np.fromiter((self._number(t) for t in terms), np.int32, len(terms))
            self._ids.extend(np.asarray([passage_id]))
            self._lengths.extend(np.asarray([len(numbers)], np.int32))
            self._alive.extend(np.ones(1, np.bool_))
            self._recent_tokens.append(numbers)
            different, counts = np.unique(numbers, return_counts=True)
            self._count(different, len(numbers), 1)
            for number, count in zip(different.tolist(), counts.tolist(), strict=True):
                self._recent[number].append((slot, count))
                self._recent_arrays.pop(number, None)

    def remove(self, ids: Iterable[int]) -> None:
        """Remove passages; ids that are not there are ignored."""
        for passage_id in ids:
            slot = self._slot(passage_id)
            if slot is not None:
                self._alive.values[slot] = False
                self._dead.extend(np.asarray([slot]))
                tokens = self._tokens_at(slot)
                self._count(np.unique(tokens), -len(tokens), -1)

    def query(self, terms: Sequence[str], is_word: Mapping[str, bool] | None = None) -> QueryTerms:
        """Weigh a question's terms.

        A term that no passage holds is taken for a misspelling of the nearest one that
        some passage holds, unless ``is_word`` says that it is a word in its own right:
        "Iran" is not a misspelt "Iraq".
        """
        weights: dict[int, float] = {}
        corrected: dict[str, str] = {}
        numbers: dict[str, int | None] = {}
        total = 0.0
        for term in dict.fromkeys(terms):
            number, factor = self._used(term), 1.0
            if number is None:
                number, factor = self._nearest(term, is_word or {}), _MISSPELT
                if number is not None:
                    corrected[term] = self._words[number]
            numbers[term] = number
            weight = self._idf(self._frequency(number)) if number is not None else self._idf(0)
            total += weight
            if number is not None:
                weights.setdefault(number, factor * weight)
        sequence = [number for term in terms if (number := numbers[term]) is not None]
        pairs = frozenset(pairwise(sequence))
        unknown = tuple(term for term, number in numbers.items() if number is None)
        return QueryTerms(weights, pairs, total, total * (K1 + 1), corrected, unknown)

    def spelling(self, term: str) -> str | None:
        """Return a term as the passages spell it: itself, else the nearest, else None."""
        number = self._used(term)
        number = self._nearest(term, {}) if number is None else number
        return None if number is None else self._words[number]

    def best(self, query: QueryTerms, k: int, among: Sequence[int] | None = None) -> list[int]:
        """Return the ids of the ``k`` passages with the highest scores above zero, best first.

        ``among`` are the only ones to be considered.  Raises KeyError where one of them is gone.
        """
        if among is not None:
            return self._best_among(query, k, among)
        few = sum(map(self._frequency, query.weights)) <= _FEW
        met, scores = (
            self._scored_exhaustively(query) if few else self._scored_by_maxscore(query, k)
        )
        if len(met) > k:
            met = met[np.argpartition(scores[met], -k)[-k:]]
        met = met[np.lexsort((met, -scores[met]))]
        return [int(i) for i in self._ids.values[met]]

    def _best_among(self, query: QueryTerms, k: int, among: Sequence[int]) -> list[int]:
        scored = zip(self.match(query, among), among, strict=True)
        held = sorted((-match.bm25, passage) for match, passage in scored if match.bm25 > 0)
        return [passage for _, passage in held[:k]]

    def _scored_exhaustively(
        self, query: QueryTerms
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the slots of all passages with a term, and the scores by slot."""
        parts = [
            (slots, counts, weight)
            for number, weight in query.weights.items()
            for slots, counts in self._occurrences(number)
        ]
        if not parts:
            return np.zeros(0, np.int64), np.zeros(0)
        slots = np.concatenate([slots for slots, _, _ in parts])
        counts = np.concatenate([counts for _, counts, _ in parts])
        weights = np.repeat([weight for *_, weight in parts], [len(held) for held, *_ in parts])
        scores: NDArray[np.float64] = np.bincount(
            slots, weights * self._saturated(counts, slots), len(self._ids)
        ).astype(np.float64, copy=False)
        scores[self._dead.values] = 0.0
        return np.flatnonzero(scores), scores

    def _scored_by_maxscore(
        self, query: QueryTerms, k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the slots of passages with a term, the best ``k`` among them, and scores.

        The weightiest terms are gone through first.  Once those left could not bring a new
        passage among the best, they are only looked up for the passages met so far that could
        still be ("MaxScore": Turtle & Flood, "Query Evaluation: Strategies and Optimizations",
        1995).
        """
        terms = sorted(query.weights.items(), key=lambda term: -term[1])
        left = math.fsum(query.weights.values()) * (K1 + 1) + _ROUNDING
        scores, least = np.zeros(len(self._ids), np.float32), 0.0
        while terms and not least:
            number, weight = terms.pop(0)
            for slots, counts in self._occurrences(number):
                scores[slots] += weight * self._saturated(counts, slots)
            left -= weight * (K1 + 1)
            scores[self._dead.values] = 0.0
            high = scores[scores > left]
            least = float(np.partition(high, -k)[-k]) if len(high) >= k else 0.0
        met = np.flatnonzero(scores > 0)
        for number, weight in terms:
            met = met[scores[met] + left >= least]
            for slots, counts in self._occurrences(number):
                at = np.minimum(np.searchsorted(slots, met), max(0, len(slots) - 1))
                held = slots[at] == met if len(slots) else np.zeros(len(met), np.bool_)
                scores[met[held]] += weight * self._saturated(counts[at[held]], met[held])
            left -= weight * (K1 + 1)
        return met, scores

    def match(self, query: QueryTerms, ids: Sequence[int]) -> list[TermMatch]:
        """Return how each of the passages ``ids`` matches.  Raises KeyError where one is gone."""
        if not ids:
            return []
        slots = self._present(ids)
        tokens, owners = self._tokens_of(slots)
        order = {number: place for place, number in enumerate(query.weights, start=1)}
        places = np.zeros(len(self._words), np.int32)  # of terms in the question, 0 elsewhere
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

        beside = (np.diff(at) == 1) & (owners[:-1] == owners[1:])
        together = np.zeros(len(ids))
        for left, right in query.pairs:
            there = beside & (found[:-1] == order[left]) & (found[1:] == order[right])
            together[owners[:-1][there]] += query.pair_weight((left, right))  # once for each owner
        wanted = math.fsum(query.pair_weight(pair) for pair in query.pairs)
        parts = (
            bm25,
            bm25 / (query.reach or 1.0),
            held / (query.total or 1.0),
            together / (wanted or 1.0),
        )
        return [TermMatch(*found) for found in np.column_stack(parts).tolist()]

    def terms_of(self, passage_id: int) -> frozenset[str]:
        """Return the different terms of a passage.  Raises KeyError where it is gone."""
        numbers = set(self._tokens_at(int(self._present([passage_id])[0])).tolist())
        return frozenset(self._words[number] for number in numbers)

    def sequence_of(self, passage_id: int) -> list[str]:
        """Return the terms of a passage, one after the other.  Raises KeyError where it is gone."""
        tokens = self._tokens_at(int(self._present([passage_id])[0]))
        return [self._words[number] for number in tokens.tolist()]

    def layout(self) -> Layout:
        """Return what there is now, to be laid out elsewhere whatever becomes of this index."""
        return Layout(
            self._words.copy(),
            self._ids.values.copy(),
            self._lengths.values.copy(),
            self._alive.values.copy(),
            self._tokens,
            self._postings,
            self._recent_tokens.copy(),
        )

    def lay_out(self) -> None:
        """Drop what is dead, and lay out what came since the last time behind what was there."""
        if self._recent_tokens or len(self._dead):
            self._take(self.layout().arrays())

    def arrays(self) -> Arrays:
        """Return what ``from_arrays`` makes the same index of."""
        return self.layout().arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> TermIndex:
        """Return the index that ``arrays`` were of; raises KeyError where one is missing."""
        index = cls()
        index._take(arrays)
        return index

    def _take(self, arrays: Arrays) -> None:
        text = arrays["words"].tobytes().decode("utf-8", "surrogatepass")
        self._words = text.split("\n") if text else []
        self._vocabulary = {word: number for number, word in enumerate(self._words)}
        self._ids, self._starts = GrowingArray(arrays["ids"]), arrays["starts"]
        self._tokens = arrays["tokens"]
        self._postings = Postings(arrays["offsets"], arrays["slots"], arrays["counts"])
        self._frequencies = GrowingArray(self._postings.frequencies)
        self._lengths = GrowingArray(np.diff(self._starts).astype(np.int32))
        self._alive = GrowingArray(np.ones(len(self._ids), np.bool_))
        self._dead = GrowingArray(np.zeros(0, np.int64))
        self._length = len(self._tokens)
        self._neighbours.clear()
        self._laid_out = len(self._ids)
        self._recent.clear()
        self._recent_arrays.clear()
        self._recent_tokens = []

    def _number(self, term: str) -> int:
        number = self._vocabulary.setdefault(term, len(self._words))
        if number == len(self._words):
            self._words.append(term)
            self._frequencies.extend(np.zeros(1, np.int64))
        return number

    def _used(self, term: str) -> int | None:
        number = self._vocabulary.get(term)
        return number if number is not None and self._frequency(number) else None

    def _idf(self, frequency: int) -> float:
        return math.log(1 + (len(self) - frequency + 0.5) / (frequency + 0.5))

    def _frequency(self, number: int) -> int:
        return int(self._frequencies.values[number])

    def _count(self, terms: NDArray[np.int32], length: int, passages: int) -> None:
        """Take note of a passage that came or went."""
        self._frequencies.values[terms] += passages
        self._length += length
        self._neighbours.clear()

    def _slot(self, passage_id: int) -> int | None:
        ids = self._ids.values
        slot = int(np.searchsorted(ids, passage_id))
        there = slot < len(ids) and ids[slot] == passage_id and self._alive.values[slot]
        return slot if there else None

    def _present(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return the slots of passages.  Raises KeyError where one is gone."""
        held = self._ids.values
        slots = np.searchsorted(held, ids)
        there = slots < len(held)
        there[there] = (held[slots[there]] == np.asarray(ids)[there]) & (
            self._alive.values[slots[there]]
        )
        if not there.all():
            raise KeyError(ids[int(np.argmin(there))])
        return slots

    def _tokens_at(self, slot: int) -> NDArray[np.int32]:
        if slot >= self._laid_out:
            return self._recent_tokens[slot - self._laid_out]
        start, end = self._starts[slot : slot + 2]
        return self._tokens[start:end]

    def _tokens_of(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the tokens of passages one after the other, and whose each is, by place."""
        if slots.max() < self._laid_out:
            begins = self._starts[slots]
            lengths = self._starts[slots + 1] - begins
            ends = np.cumsum(lengths)
            moved = np.repeat(begins - ends + lengths, lengths)
            tokens = self._tokens[moved + np.arange(len(moved))]
        else:
            pieces = [self._tokens_at(slot) for slot in slots.tolist()]
            lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
            tokens = np.concatenate(pieces)
        return tokens, np.repeat(np.arange(len(slots)), lengths)

    def _occurrences(self, number: int) -> Iterator[Occurrences]:
        yield self._postings[number]
        if number in self._recent:
            if number not in self._recent_arrays:
                slots, counts = zip(*self._recent[number], strict=True)
                arrays = np.asarray(slots, np.int32), np.asarray(counts, np.float32)
                self._recent_arrays[number] = arrays
            yield self._recent_arrays[number]

    def _saturated(self, counts: NDArray[Any], slots: NDArray[Any]) -> NDArray[np.float32]:
        """Return what so many occurrences in these passages count: from 0 up to K1 + 1."""
        mean = max(1.0, self._length / max(1, len(self)))
        lengths = self._lengths.values[slots].astype(np.float32)
        norms = np.float32(K1 * B / mean) * lengths + np.float32(K1 * (1 - B))
        held = counts.astype(np.float32)
        counted: NDArray[np.float32] = np.float32(K1 + 1) * held / (held + norms)
        return counted

    def _nearest(self, term: str, is_word: Mapping[str, bool]) -> int | None:
        """Return the nearest term in use: one slip in a short word, two in a long one."""
        if len(term) < 4 or is_word.get(term, False) or any(c.isdigit() for c in term):
            return None
        if term not in self._neighbours:
            self._neighbours[term] = self._found_near(term, 1 if len(term) < 8 else 2)
        return self._neighbours[term]

    def _found_near(self, term: str, slips: int) -> int | None:
        near = process.extract(term, self._words, scorer=OSA.distance, score_cutoff=slips, limit=8)
        used = [
            (distance, word[:1] != term[:1], -self._frequency(number), number)
            for word, distance, number in near
            if self._frequency(number)
        ]
        return min(used)[-1] if used else None
