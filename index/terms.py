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

from index.growing import Growing

K1 = 0.9
B = 0.4
"""Saturation and length normalisation; these of Anserini, best of three pairs on our sets."""

_MISSPELT = 0.8  # how much a corrected word counts of what the right one would have
_MERGE_AT, _MERGE_BY = 4_096, 32_768
"""Passages added since the last merge that bring on the next: a quarter of all, within these."""

_MOST = 2**16 - 1  # occurrences of a term in a passage that are told apart

_Postings = tuple[NDArray[np.int32], NDArray[np.float32]]  # slots, and counts there


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

    Each passage has a slot.  The postings of most lie in arrays, term by term; those of the
    passages added since the last merge in small lists of their own.  A removed passage
    keeps its slot, marked dead, until the next merge.
    """

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = {}
        self._words: list[str] = []
        self._frequencies = Growing(np.zeros(0, np.int64))  # by term
        self._ids = Growing(np.zeros(0, np.int64))  # by slot, ascending up to the last merge
        self._starts = Growing(np.zeros(1, np.int64))  # by slot, where its tokens begin, and an end
        self._tokens = Growing(np.zeros(0, np.int32))
        self._alive = Growing(np.zeros(0, np.bool_))  # by slot
        self._dead: list[int] = []
        self._length = 0  # of all living passages together
        self._norms: NDArray[np.float32] | None = None  # by slot, until something changes
        self._neighbours: dict[str, int | None] = {}  # of terms asked for, until something changes
        self._merged = 0  # slots that the arrays below cover
        self._offsets = np.zeros(1, np.int64)
        self._slots = np.zeros(0, np.int32)
        self._counts = np.zeros(0, np.uint16)
        self._recent: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._recent_arrays: dict[int, _Postings] = {}  # of those asked for since they changed
        self._recent_slots: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._ids) - len(self._dead)

    def __contains__(self, passage_id: int) -> bool:
        return self._slot(passage_id) is not None

    def add(self, passages: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Add passages by id and terms; an id that is there already is left as it is."""
        for passage_id, terms in passages:
            if passage_id in self:
                continue
            slot = len(self._ids)
            numbers = np.fromiter((self._number(t) for t in terms), np.int32, len(terms))
            self._recent_slots[passage_id] = slot
            self._ids.extend(np.asarray([passage_id]))
            self._tokens.extend(numbers)
            self._starts.extend(np.asarray([len(self._tokens)]))
            self._alive.extend(np.ones(1, np.bool_))
            different, counts = np.unique(numbers, return_counts=True)
            self._count(different, len(numbers), 1)
            for number, count in zip(different.tolist(), counts.tolist(), strict=True):
                self._recent[number].append((slot, min(count, _MOST)))
                self._recent_arrays.pop(number, None)
        if len(self._ids) - self._merged > min(max(_MERGE_AT, self._merged // 4), _MERGE_BY):
            self._merge()

    def remove(self, ids: Iterable[int]) -> None:
        """Remove passages; ids that are not there are ignored."""
        for passage_id in ids:
            slot = self._slot(passage_id)
            if slot is not None:
                self._recent_slots.pop(passage_id, None)
                self._alive.values[slot] = False
                self._dead.append(slot)
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

    def scores(self, query: QueryTerms) -> NDArray[np.float32]:
        """Return the BM25 score of every slot; pass it on to ``best`` and ``match``."""
        scores = np.zeros(len(self._ids), np.float32)
        norms = self._length_norms()
        for number, weight in query.weights.items():
            for slots, counts in self._postings(number):
                scores[slots] += weight * (K1 + 1) * counts / (counts + norms[slots])
        scores[self._dead] = 0.0
        return scores

    def best(self, scores: NDArray[np.float32], k: int) -> list[int]:
        """Return the ids of the ``k`` passages with the highest positive scores."""
        # Without the many zeros, in which numpy's partition loses its way.
        slots = np.flatnonzero(scores > 0)
        if len(slots) > k:
            slots = slots[np.argpartition(scores[slots], len(slots) - k)[len(slots) - k :]]
        return [int(i) for i in self._ids.values[slots]]

    def match(
        self, query: QueryTerms, scores: NDArray[np.float32], ids: Sequence[int]
    ) -> list[TermMatch]:
        """Return how each of the passages ``ids`` matches."""
        if not ids:
            return []
        slots = np.asarray([self._present(i) for i in ids])
        pieces = [self._tokens_at(slot) for slot in slots.tolist()]
        tokens = np.concatenate(pieces)
        owners = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
        held = np.zeros(len(ids))
        for number, weight in query.weights.items():
            held[np.unique(owners[tokens == number])] += weight
        together = np.zeros(len(ids))
        within = owners[:-1] == owners[1:]
        for left, right in query.pairs:
            beside = within & (tokens[:-1] == left) & (tokens[1:] == right)
            together[np.unique(owners[:-1][beside])] += query.pair_weight((left, right))
        wanted = math.fsum(query.pair_weight(pair) for pair in query.pairs)
        bm25 = scores[slots].astype(np.float64)
        parts = (
            bm25,
            bm25 / (query.reach or 1.0),
            held / (query.total or 1.0),
            together / (wanted or 1.0),
        )
        return [TermMatch(*found) for found in np.column_stack(parts).tolist()]

    def terms_of(self, passage_id: int) -> frozenset[str]:
        """Return the different terms of a passage."""
        numbers = set(self._tokens_at(self._present(passage_id)).tolist())
        return frozenset(self._words[number] for number in numbers)

    def to_bytes(self) -> bytes:
        """Return the index as an npz archive of plain arrays: nothing in it can run."""
        self._merge()
        words = np.frombuffer("\n".join(self._words).encode("utf-8", "surrogatepass"), np.uint8)
        buffer = io.BytesIO()
        np.savez(
            buffer,
            words=words,
            ids=self._ids.values,
            starts=self._starts.values,
            tokens=self._tokens.values,
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
            index._ids, index._starts = Growing(archive["ids"]), Growing(archive["starts"])
            index._tokens = Growing(archive["tokens"])
            index._offsets = archive["offsets"]
            index._slots, index._counts = archive["slots"], archive["counts"]
        index._settle()
        return index

    def _settle(self) -> None:
        """Derive what follows from the arrays of a merged index."""
        size = len(self._ids)
        self._vocabulary = {word: number for number, word in enumerate(self._words)}
        self._frequencies = Growing(np.diff(self._offsets))
        self._alive = Growing(np.ones(size, np.bool_))
        self._dead = []
        self._length = len(self._tokens)
        self._norms = None
        self._neighbours.clear()
        self._merged = size
        self._recent.clear()
        self._recent_arrays.clear()
        self._recent_slots.clear()

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
        self._norms = None
        self._neighbours.clear()

    def _slot(self, passage_id: int) -> int | None:
        slot = self._recent_slots.get(passage_id)
        if slot is None:
            merged = self._ids.values[: self._merged]
            at = int(np.searchsorted(merged, passage_id))
            slot = at if at < len(merged) and merged[at] == passage_id else None
        return slot if slot is not None and self._alive.values[slot] else None

    def _present(self, passage_id: int) -> int:
        slot = self._slot(passage_id)
        if slot is None:
            raise KeyError(passage_id)
        return slot

    def _tokens_at(self, slot: int) -> NDArray[np.int32]:
        start, end = self._starts.values[slot : slot + 2]
        return self._tokens.values[start:end]

    def _postings(self, number: int) -> Iterable[_Postings]:
        if number + 1 < len(self._offsets):
            start, end = self._offsets[number], self._offsets[number + 1]
            yield self._slots[start:end], self._counts[start:end].astype(np.float32)
        if number in self._recent:
            if number not in self._recent_arrays:
                slots, counts = zip(*self._recent[number], strict=True)
                arrays = np.asarray(slots, np.int32), np.asarray(counts, np.float32)
                self._recent_arrays[number] = arrays
            yield self._recent_arrays[number]

    def _length_norms(self) -> NDArray[np.float32]:
        """Return what lengths add to the counts in the formula's denominator."""
        if self._norms is None:
            mean = max(1.0, self._length / max(1, len(self)))
            lengths = np.diff(self._starts.values).astype(np.float32)
            self._norms = (K1 * (1 - B + B * lengths / mean)).astype(np.float32)
        return self._norms

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

    def _merge(self) -> None:
        """Drop dead slots, order the others by id, and lay all postings out anew."""
        if self._merged == len(self._ids) and not self._dead:
            return
        alive = np.flatnonzero(self._alive.values)
        alive = alive[np.argsort(self._ids.values[alive], kind="stable")]
        lengths = np.diff(self._starts.values)[alive]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        # Where each token comes from: its place in its passage, and where that stood before.
        places = np.arange(starts[-1]) + np.repeat(
            self._starts.values[alive] - starts[:-1], lengths
        )
        tokens = self._tokens.values[places]
        used = np.flatnonzero(self._frequencies.values)
        renumbered = np.zeros(len(self._words), np.int32)
        renumbered[used] = np.arange(len(used), dtype=np.int32)
        self._words = [self._words[number] for number in used]
        self._ids, self._starts = Growing(self._ids.values[alive]), Growing(starts)
        self._tokens = Growing(renumbered[tokens])
        self._lay_out(lengths)
        self._settle()

    def _lay_out(self, lengths: NDArray[np.int64]) -> None:
        width = max(1, len(lengths))
        owners = np.repeat(np.arange(len(lengths)), lengths)
        keys, counts = np.unique(self._tokens.values * np.int64(width) + owners, return_counts=True)
        self._slots = (keys % width).astype(np.int32)
        self._counts = np.minimum(counts, _MOST).astype(np.uint16)
        self._offsets = np.searchsorted(keys, np.arange(len(self._words) + 1) * width)
