"""Questions -> answers: retrieved, read, and remembered until the library changes.

What arrived together goes through the models together, which costs little more than one
question alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.answer.question import PreparedQuery, SearchQuery, prepare
from index.answer.reader import READ, Reader, Reading
from index.answer.retrieve import Within, retrieve
from index.answer.threshold import DEFAULT, threshold
from index.language.characters import without_surrogates
from index.lru import LRUCache
from index.models.embedder import Embedder
from index.models.lazy import Lazy
from index.records import Answer, AnswerReason, Ranked, Threshold, Timing
from index.search.collection import CollectionIndex
from index.store.feedback import Feedback
from index.store.library import Library

_REMEMBERED = 500  # answers
_THRESHOLDS = 10_000  # collections whose threshold is remembered


@dataclass(frozen=True, slots=True)
class Query:
    """A question, the collections that whoever asks may see, and the question that it follows.

    What counts as an answer is for the votes on the first of the collections to say.
    """

    text: str
    collections: tuple[str, ...]
    before: str = ""


_Key = tuple[Query, int, tuple[int, ...], Threshold]  # what an answer depends on

Opener = Callable[[Sequence[str]], list[CollectionIndex]]
"""Returns the indexes of collections that are asked together, up to date with the library."""


class Answerer:
    """Answers from the indexes of a library.  May be used from any thread."""

    def __init__(
        self, library: Library, embedder: Lazy[Embedder], reader: Lazy[Reader], opener: Opener
    ) -> None:
        self._library = library
        self._embedder = embedder
        self._reader = reader
        self._open = opener
        self._answers: LRUCache[_Key, Answer] = LRUCache(_REMEMBERED)
        self._feedback = Feedback(library.database)
        self._thresholds: LRUCache[str, Threshold] = LRUCache(_THRESHOLDS)

    def ask_together(self, queries: Sequence[Query], k: int) -> list[Answer]:
        """Answer questions that arrived together, each from its own collections.

        What was asked before, of the same collections as they are now, is remembered.
        """
        started = time.perf_counter()
        opened = [self._open(query.collections) for query in queries]
        needed = [self._threshold(query.collections) for query in queries]
        keys: list[_Key] = [
            (query, k, tuple(index.generation for index in indexes), least)
            for query, indexes, least in zip(queries, opened, needed, strict=True)
        ]
        answers = {key: answer for key in keys if (answer := self._answers.get(key)) is not None}
        took = Timing(0.0, 0.0, 0.0, (time.perf_counter() - started) * 1000 / max(1, len(queries)))
        answers = {key: replace(answer, timing=took) for key, answer in answers.items()}
        fresh = {key: n for n, key in enumerate(keys) if key not in answers}
        asked = [
            SearchQuery(
                without_surrogates(queries[n].text).strip(),
                opened[n],
                without_surrogates(queries[n].before).strip(),
                needed[n],
            )
            for n in fresh.values()
        ]
        made = self._answered(asked, k)
        for key, answer in zip(fresh, made, strict=True):
            self._answers.put(key, answer)
            if any(map(self._has_changed, opened[fresh[key]])):
                self._answers.pop(key)  # it may hold words of what was erased meanwhile
            answers[key] = answer
        return [answers[key] for key in keys]

    def search(
        self, query: str, collections: Sequence[str], k: int, article: str | None = None
    ) -> tuple[Ranked, ...]:
        """Return the passages nearest to a query, best first; see ``Engine.search``."""
        within = None if article is None else self._within(article, collections)
        if article is not None and within is None:
            return ()
        indexes = self._open(collections)
        asked = SearchQuery(without_surrogates(query).strip(), indexes)
        question = prepare([asked], self._embedder.get())[0]
        return retrieve(question, indexes, self._library, k, within).ranked

    def forget(self) -> None:
        """Drop all answers and thresholds that are remembered."""
        self._answers.clear()
        self._thresholds.clear()

    def count_votes(self) -> None:
        """Have votes count that were given since they last did."""
        self._thresholds.clear()

    def _answered(self, asked: Sequence[SearchQuery], k: int) -> list[Answer]:
        embedder, reader = self._embedder.get(), self._reader.get()
        started = time.perf_counter()
        questions = prepare(asked, embedder)
        embedded = time.perf_counter()
        retrievals = [
            retrieve(question, query.indexes, self._library, max(k, READ))
            for question, query in zip(questions, asked, strict=True)
        ]
        searched = time.perf_counter()
        readings = reader.read(questions, retrievals)
        timing = _shared_out(len(asked), started, embedded, searched, time.perf_counter())
        return [
            _answer(question, reading, k, timing)
            for question, reading in zip(questions, readings, strict=True)
        ]

    def _threshold(self, collections: Sequence[str]) -> Threshold:
        if not collections:
            return DEFAULT
        known = self._thresholds.get(collections[0])
        if known is None:
            known = threshold(self._feedback.votes(collections[0]))
            self._thresholds.put(collections[0], known)
        return known

    def _has_changed(self, index: CollectionIndex) -> bool:
        return self._library.changes.generation(index.name) != index.generation

    def _within(self, article: str, collections: Sequence[str]) -> Within | None:
        homes = (name for name in collections if self._library.digest_of(name, article))
        return next((Within(name, article) for name in homes), None)


def _answer(question: PreparedQuery, reading: Reading, k: int, timing: Timing) -> Answer:
    if not question.text:
        return Answer("", "none", 0.0, AnswerReason("empty question"), None, (), timing)
    return Answer(
        question=question.text,
        state=reading.state,
        confidence=reading.confidence,
        reason=reading.reason,
        quote=reading.quote,
        passages=reading.ranked[:k],
        timing=timing,
        threshold=question.threshold,
    )


def _shared_out(count: int, *moments: float) -> Timing:
    """Return how long each step took for each of the questions that took it together."""
    embed, search, read = ((b - a) * 1000 / max(1, count) for a, b in pairwise(moments))
    return Timing(embed, search, read, embed + search + read)
