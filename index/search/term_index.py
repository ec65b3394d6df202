"""The terms of a collection's passages: an inverted index that changes passage by passage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from index.search.array_file import Arrays
from index.search.growing_array import GrowingArray
from index.search.layout import Layout
from index.search.postings import Occurrences, Postings

_MIN_CHANGES, _MAX_CHANGES = 4_096, 32_768
"""Passages added or removed until it needs a new layout: a quarter of these, within bounds."""


class TermIndex:
    """Terms, tokens and postings of a collection's passages.

    Terms are numbered in the order in which they first came.  Each passage has a slot, in
    ascending order of ids.  The tokens and postings of most lie in arrays that may be mapped
    from a file; those of passages added since the last layout lie beside them.  A removed
    passage keeps its slot until the next layout.
    """

    def __init__(self) -> None:
        empty = np.zeros(0, np.int32)
        self._vocabulary: dict[str, int] = {}
        self._words: list[str] = []
        self._frequencies = GrowingArray(np.zeros(0, np.int64))  # by term
        self._ids = GrowingArray(np.zeros(0, np.int64))  # by slot, ascending
        self._lengths = GrowingArray(np.zeros(0, np.int32))  # by slot
        self._alive = GrowingArray(np.zeros(0, np.bool_))  # by slot
        self._removed = GrowingArray(np.zeros(0, np.int64))  # the slots that are not alive
        self._length = 0  # of all passages that are alive together
        self._version = 0
        self._laid_out = 0  # slots that the arrays below cover
        self._starts = np.zeros(1, np.int64)  # by slot, where its tokens begin, and an end
        self._tokens = empty
        self._postings = Postings.of(empty, np.zeros(0, np.int64), 0)
        self._recent: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._recent_arrays: dict[int, Occurrences] = {}  # cache of ``_recent`` as arrays, by term
        self._recent_tokens: list[NDArray[np.int32]] = []  # by slot from ``_laid_out`` on

    def __len__(self) -> int:
        return len(self._ids) - len(self._removed)

    def __contains__(self, passage_id: int) -> bool:
        return self._slot(passage_id) is not None

    @property
    def outgrown(self) -> bool:
        """Whether so much was added or removed since the last layout that it needs another."""
        changed = len(self._recent_tokens) + len(self._removed)
        return changed > min(max(_MIN_CHANGES, self._laid_out // 4), _MAX_CHANGES)

    @property
    def version(self) -> int:
        """Differs after every change, so that what is derived from the index can be cached."""
        return self._version

    @property
    def ids(self) -> NDArray[np.int64]:
        """The passages in the index, ascending."""
        return self._ids.values[self._alive.values]

    @property
    def words(self) -> Sequence[str]:
        """The terms by number, with those that no passage holds any more."""
        return self._words

    @property
    def slot_count(self) -> int:
        """How many slots there are, those of removed passages included."""
        return len(self._ids)

    @property
    def removed(self) -> NDArray[np.int64]:
        """The slots of removed passages, which postings still name."""
        return self._removed.values

    @property
    def lengths(self) -> NDArray[np.int32]:
        """The number of tokens of each passage, by slot."""
        return self._lengths.values

    @property
    def mean_length(self) -> float:
        """The mean number of tokens of the passages in the index, at least 1."""
        return max(1.0, self._length / max(1, len(self)))

    def add(self, passages: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Add passages by id and terms, in ascending order of ids.

        A passage that is there already is left as it is.  Raises ValueError where an id is not
        above all that have been here since the last layout.
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
                self._removed.extend(np.asarray([slot]))
                tokens = self._tokens_at(slot)
                self._count(np.unique(tokens), -len(tokens), -1)

    def number_of(self, term: str) -> int | None:
        """Return the number of a term that some passage holds, else None."""
        number = self._vocabulary.get(term)
        return number if number is not None and self.frequency(number) else None

    def frequency(self, number: int) -> int:
        """Return how many passages hold a term (its document frequency)."""
        return int(self._frequencies.values[number])

    def occurrences(self, number: int) -> Iterator[Occurrences]:
        """Yield the postings of a term, in one part or two; ``removed`` slots are among them."""
        yield self._postings[number]
        if number in self._recent:
            if number not in self._recent_arrays:
                slots, counts = zip(*self._recent[number], strict=True)
                arrays = np.asarray(slots, np.int32), np.asarray(counts, np.float32)
                self._recent_arrays[number] = arrays
            yield self._recent_arrays[number]

    def ids_at(self, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the passages in these slots."""
        return self._ids.values[slots]

    def slots_of(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return the slots of passages.  Raises KeyError where one is not there."""
        held = self._ids.values
        slots = np.searchsorted(held, ids)
        there = slots < len(held)
        there[there] = (held[slots[there]] == np.asarray(ids)[there]) & (
            self._alive.values[slots[there]]
        )
        if not there.all():
            raise KeyError(ids[int(np.argmin(there))])
        return slots

    def tokens_of(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the tokens of some passages, concatenated, and of which each is.

        Shapes: (tokens,) each; the second holds places in ``slots``, which must not be empty.
        """
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

    def terms_of(self, passage_id: int) -> frozenset[str]:
        """Return the different terms of a passage.  Raises KeyError where it is not there."""
        numbers = set(self._tokens_at(int(self.slots_of([passage_id])[0])).tolist())
        return frozenset(self._words[number] for number in numbers)

    def sequence_of(self, passage_id: int) -> list[str]:
        """Return the terms of a passage in order.  Raises KeyError where it is not there."""
        tokens = self._tokens_at(int(self.slots_of([passage_id])[0]))
        return [self._words[number] for number in tokens.tolist()]

    def layout(self) -> Layout:
        """Return a snapshot to make a new layout of, which later changes don't affect."""
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
        """Make a new layout: drop removed passages, and append those added since the last."""
        if self._recent_tokens or len(self._removed):
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
        self._removed = GrowingArray(np.zeros(0, np.int64))
        self._length = len(self._tokens)
        self._version += 1  # for terms may be numbered differently
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

    def _count(self, terms: NDArray[np.int32], length: int, passages: int) -> None:
        """Update the counts for a passage that was added (+1) or removed (-1)."""
        self._frequencies.values[terms] += passages
        self._length += length
        self._version += 1

    def _slot(self, passage_id: int) -> int | None:
        ids = self._ids.values
        slot = int(np.searchsorted(ids, passage_id))
        there = slot < len(ids) and ids[slot] == passage_id and self._alive.values[slot]
        return slot if there else None

    def _tokens_at(self, slot: int) -> NDArray[np.int32]:
        if slot >= self._laid_out:
            return self._recent_tokens[slot - self._laid_out]
        start, end = self._starts[slot : slot + 2]
        return self._tokens[start:end]
