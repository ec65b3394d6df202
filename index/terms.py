"""BM25 over a collection's passages, and what else its terms can tell.

Kept by ourselves rather than by a library, because Passage needs what those hide: adding
and removing single passages, how strong a match is against the strongest that the
question could have had, and which of its words stand side by side.

Scores are those of Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and
Beyond" (2009), with the idf of Lucene: ``log(1 + (N - df + 0.5) / (df + 0.5))``.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

K1 = 0.9
B = 0.4
"""Saturation and length normalisation; these of Anserini, best of three pairs on our sets."""

_MISSPELT = 0.8  # how much a corrected word counts of what the right one would have
_MERGE_AT = 4_096  # passages added since the last merge


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


@dataclass(frozen=True, slots=True)
class TermMatch:
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

    Passages added since the last merge lie in small posting lists of their own; a removed
    one keeps its slot, marked dead, until the next merge.
    """

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = {}
        self._words: list[str] = []
        self._slot_of: dict[int, int] = {}
        self._ids: list[int] = []
        self._tokens: list[NDArray[np.int32]] = []
        self._lengths = np.zeros(0, np.float32)
        self._alive = np.zeros(0, np.bool_)
        self._merged = 0
        self._offsets = np.zeros(1, np.int64)
        self._slots = np.zeros(0, np.int32)
        self._counts = np.zeros(0, np.float32)
        self._recent: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, passage_id: int) -> bool:
        return passage_id in self._slot_of

    def add(self, passages: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Add passages by id and terms; an id that is there already is left as it is."""
        new = [(i, terms) for i, terms in passages if i not in self._slot_of]
        for passage_id, terms in new:
            slot = len(self._ids)
            numbers = np.fromiter((self._number(t) for t in terms), np.int32, len(terms))
            self._slot_of[passage_id] = slot
            self._ids.append(passage_id)
            self._tokens.append(numbers)
            for number, count in zip(*np.unique(numbers, return_counts=True), strict=True):
                self._recent[int(number)].append((slot, int(count)))
        grown = np.asarray([len(terms) for _, terms in new], np.float32)
        self._lengths = np.concatenate([self._lengths, grown])
        self._alive = np.concatenate([self._alive, np.ones(len(new), np.bool_)])
        if len(self._ids) - self._merged > _MERGE_AT:
            self._merge()

    def remove(self, ids: Iterable[int]) -> None:
        """Remove passages; ids that are not there are ignored."""
        for passage_id in ids:
            slot = self._slot_of.pop(passage_id, None)
            if slot is not None:
                self._alive[slot] = False

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

    def scores(self, query: QueryTerms) -> NDArray[np.float32]:
        """Return the BM25 score of every slot; pass it on to ``best`` and ``match``."""
        scores = np.zeros(len(self._ids), np.float32)
        norms = K1 * (1 - B + B * self._lengths / self._mean_length())
        for number, weight in query.weights.items():
            for slots, counts in self._postings(number):
                scores[slots] += weight * (K1 + 1) * counts / (counts + norms[slots])
        scores[~self._alive] = 0.0
        return scores

    def best(self, scores: NDArray[np.float32], k: int) -> list[int]:
        """Return the ids of the ``k`` passages with the highest positive scores."""
        k = min(k, len(scores))
        if k == 0:
            return []
        top = np.argpartition(-scores, k - 1)[:k]
        return [self._ids[slot] for slot in top if scores[slot] > 0]

    def match(
        self, query: QueryTerms, scores: NDArray[np.float32], ids: Sequence[int]
    ) -> list[TermMatch]:
        """Return how each of the passages ``ids`` matches."""
        return [self._match(query, scores, self._slot_of[i]) for i in ids]

    def terms_of(self, passage_id: int) -> frozenset[str]:
        """Return the different terms of a passage."""
        numbers = set(self._tokens[self._slot_of[passage_id]].tolist())
        return frozenset(self._words[number] for number in numbers)

    def to_bytes(self) -> bytes:
        """Return the index as an npz archive of plain arrays: nothing in it can run."""
        self._merge()
        tokens = np.concatenate([*self._tokens, np.zeros(0, np.int32)])
        words = np.frombuffer("\n".join(self._words).encode("utf-8", "surrogatepass"), np.uint8)
        buffer = io.BytesIO()
        np.savez(
            buffer,
            words=words,
            ids=np.asarray(self._ids, np.int64),
            lengths=np.asarray([len(t) for t in self._tokens], np.int64),
            tokens=tokens,
            offsets=self._offsets,
            slots=self._slots,
            counts=self._counts,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> TermIndex:
        """Read what ``to_bytes`` wrote; raises ValueError or KeyError where it is not that."""
        try:
            return cls._read(data)
        except (EOFError, OSError, TypeError, zipfile.BadZipFile) as error:
            raise ValueError(f"not an index of terms: {error}") from error

    @classmethod
    def _read(cls, data: bytes) -> TermIndex:
        index = cls()
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            text = archive["words"].tobytes().decode("utf-8", "surrogatepass")
            index._words = text.split("\n") if text else []
            index._ids = [int(i) for i in archive["ids"]]
            lengths, tokens = archive["lengths"], archive["tokens"]
            index._offsets = archive["offsets"]
            index._slots, index._counts = archive["slots"], archive["counts"]
        index._vocabulary = {word: number for number, word in enumerate(index._words)}
        index._slot_of = {passage_id: slot for slot, passage_id in enumerate(index._ids)}
        index._tokens = np.split(tokens, np.cumsum(lengths)[:-1]) if len(lengths) else []
        index._lengths = lengths.astype(np.float32)
        index._alive = np.ones(len(index._ids), np.bool_)
        index._merged = len(index._ids)
        return index

    def _number(self, term: str) -> int:
        number = self._vocabulary.setdefault(term, len(self._words))
        if number == len(self._words):
            self._words.append(term)
        return number

    def _used(self, term: str) -> int | None:
        number = self._vocabulary.get(term)
        return number if number is not None and self._frequency(number) else None

    def _idf(self, frequency: int) -> float:
        return math.log(1 + (len(self) - frequency + 0.5) / (frequency + 0.5))

    def _frequency(self, number: int) -> int:
        return sum(int(self._alive[slots].sum()) for slots, _ in self._postings(number))

    def _postings(self, number: int) -> Iterable[tuple[NDArray[np.int32], NDArray[np.float32]]]:
        if number + 1 < len(self._offsets):
            start, end = self._offsets[number], self._offsets[number + 1]
            yield self._slots[start:end], self._counts[start:end]
        if number in self._recent:
            slots, counts = zip(*self._recent[number], strict=True)
            yield np.asarray(slots, np.int32), np.asarray(counts, np.float32)

    def _mean_length(self) -> float:
        alive = self._lengths[self._alive]
        return max(1.0, float(alive.mean())) if len(alive) else 1.0

    def _nearest(self, term: str, is_word: Mapping[str, bool]) -> int | None:
        """Return the nearest term in use: one slip in a short word, two in a long one."""
        if len(term) < 4 or is_word.get(term, False) or any(c.isdigit() for c in term):
            return None
        slips = 1 if len(term) < 8 else 2
        near = process.extract(term, self._words, scorer=OSA.distance, score_cutoff=slips, limit=8)
        used = [
            (distance, word[:1] != term[:1], -self._frequency(number), number)
            for word, distance, number in near
            if self._frequency(number)
        ]
        return min(used)[-1] if used else None

    def _match(self, query: QueryTerms, scores: NDArray[np.float32], slot: int) -> TermMatch:
        tokens = self._tokens[slot].tolist()
        held = set(tokens)
        bm25 = float(scores[slot])
        coverage = math.fsum(w for n, w in query.weights.items() if n in held)
        wanted = math.fsum(query.pair_weight(pair) for pair in query.pairs)
        side_by_side = query.pairs & set(pairwise(tokens))
        phrase = math.fsum(query.pair_weight(pair) for pair in side_by_side)
        return TermMatch(
            bm25=bm25,
            strength=bm25 / query.reach if query.reach else 0.0,
            coverage=coverage / query.total if query.total else 0.0,
            phrase=phrase / wanted if wanted else 0.0,
        )

    def _merge(self) -> None:
        """Drop dead slots and lay all postings out anew, term by term."""
        alive = [slot for slot in range(len(self._ids)) if self._alive[slot]]
        self._ids = [self._ids[slot] for slot in alive]
        tokens = [self._tokens[slot] for slot in alive]
        used = np.unique(np.concatenate([*tokens, np.zeros(0, np.int32)]))
        renumbered = np.full(len(self._words), -1, np.int32)
        renumbered[used] = np.arange(len(used), dtype=np.int32)
        self._words = [self._words[number] for number in used]
        self._vocabulary = {word: number for number, word in enumerate(self._words)}
        self._tokens = [renumbered[numbers] for numbers in tokens]
        self._slot_of = {passage_id: slot for slot, passage_id in enumerate(self._ids)}
        self._lengths = np.asarray([len(t) for t in self._tokens], np.float32)
        self._alive = np.ones(len(self._ids), np.bool_)
        self._merged = len(self._ids)
        self._recent.clear()
        self._lay_out()

    def _lay_out(self) -> None:
        flat = np.concatenate([*self._tokens, np.zeros(0, np.int32)]).astype(np.int64)
        owner = np.repeat(np.arange(len(self._tokens)), [len(t) for t in self._tokens])
        width = max(1, len(self._tokens))
        keys, counts = np.unique(flat * width + owner, return_counts=True)
        self._slots = (keys % width).astype(np.int32)
        self._counts = counts.astype(np.float32)
        self._offsets = np.searchsorted(keys // width, np.arange(len(self._words) + 1))
