"""Everything an article's reader or keeper can do, behind one door.

Opened once with a data folder; the command line and the bot both stand on it.  All calls
block, and may come from any thread.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from index.answer.question import SearchQuery, prepare
from index.answer.reader import READ, Reader, Reading
from index.answer.retrieve import Within, retrieve
from index.answer.sentence_reader import SentenceReader
from index.collection_names import folder_name
from index.data_folder import INDEX, LIBRARY, close_to_others
from index.errors import ExtractionError, PassageError
from index.extract import Confined, Limits
from index.ingest import Added, Ingest, Step
from index.language.characters import without_surrogates
from index.lru import LRUCache
from index.models.embedder import Embedder
from index.records import Answer, AnswerReason, Article, Ranked, Timing
from index.search.collection import CollectionIndex
from index.search.embedding import ProgressCallback
from index.search.open_indexes import OpenIndexes
from index.store.entries import Entry
from index.store.library import Library

_REMEMBERED = 500  # answers


@dataclass(frozen=True, slots=True)
class Query:
    """A question, the collections that whoever asks may see, and the question it leans on."""

    text: str
    collections: tuple[str, ...]
    before: str = ""


_Key = tuple[Query, int, tuple[int, ...]]  # what an answer depends on


class Engine:
    """A library with its indexes, a model and a reader."""

    def __init__(
        self,
        data: Path,
        load: Callable[[], Embedder],
        *,
        reader: Callable[[Embedder], Reader] = SentenceReader,
        limits: Limits | None = None,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Open the library in ``data``; the model is loaded when first needed.

        ``stop`` breaks off a loading that takes long.
        """
        close_to_others(data)
        self.library = Library(data / LIBRARY)
        self._data = data
        self._load = load
        self._make_reader = reader
        self._limits = limits or Limits()
        self._stop_loading = stop
        self._confined = Confined(self._limits)
        self._lock = threading.RLock()
        self._embedder: Embedder | None = None
        self._reader: Reader | None = None
        self._indexes = OpenIndexes(self._opened)
        self._answers: LRUCache[_Key, Answer] = LRUCache(_REMEMBERED)

    def close(self) -> None:
        """Save what can be saved and close the library."""
        self.stop_reading()
        with self._lock:
            self.save()
            self.library.close()

    def stop_reading(self) -> None:
        """Break off whatever is read, changed or made for the library; nothing further is."""
        self._stop_loading()
        self._confined.close()
        self._indexes.stop()

    def save(self) -> None:
        """Write changed indexes to disk; where that fails they are simply built anew later."""
        self._indexes.save()

    def tidy(self, now: int) -> None:
        """Delete what nobody has a use for any more; to be called every minute or so."""
        embedder = self._embedder  # no reason to load it
        self.library.tidy(now, embedder.identity if embedder else None)

    @property
    def limits(self) -> Limits:
        """What one source may weigh."""
        return self._limits

    @property
    def embedder(self) -> Embedder:
        """The model, loaded by the first who asks.  Raises ModelError."""
        with self._lock:
            if self._embedder is None:
                self._embedder = self._load()
            return self._embedder

    def ask(self, question: str, collections: Sequence[str], k: int = 5) -> Answer:
        """Answer one question from some collections together.

        Raises PassageError where the question is empty.
        """
        if not question.strip():
            raise PassageError("The question is empty; ask something.")
        return self.ask_all([question], collections, k)[0]

    def ask_all(self, questions: Sequence[str], collections: Sequence[str], k: int) -> list[Answer]:
        """Answer questions to the same collections; they go through the model together."""
        return self.ask_together([Query(text, tuple(collections)) for text in questions], k)

    def ask_together(self, asked: Sequence[Query], k: int) -> list[Answer]:
        """Answer questions that arrived together, each from its own collections.

        What was asked before, of the same collections as they are now, is remembered.
        """
        started = time.perf_counter()
        opened = [self._level(one.collections) for one in asked]
        keys: list[_Key] = [
            (one, k, tuple(index.generation for index in indexes))
            for one, indexes in zip(asked, opened, strict=True)
        ]
        answers = {key: answer for key in keys if (answer := self._answers.get(key)) is not None}
        took = Timing(0.0, 0.0, 0.0, (time.perf_counter() - started) * 1000 / max(1, len(asked)))
        answers = {key: replace(answer, timing=took) for key, answer in answers.items()}
        fresh = {key: n for n, key in enumerate(keys) if key not in answers}
        made = self._answered(
            [asked[n] for n in fresh.values()], [opened[n] for n in fresh.values()], k
        )
        for key, answer in zip(fresh, made, strict=True):
            self._answers.put(key, answer)
            if any(map(self._has_changed, opened[fresh[key]])):
                self._answers.drop(key)  # it may hold words of what was erased meanwhile
            answers[key] = answer
        return [answers[key] for key in keys]

    def _has_changed(self, index: CollectionIndex) -> bool:
        return self.library.changes.generation(index.name) != index.generation

    def _answered(
        self, asked: Sequence[Query], opened: Sequence[Sequence[CollectionIndex]], k: int
    ) -> list[Answer]:
        embedder, reader = self.embedder, self.reader
        started = time.perf_counter()
        clean = without_surrogates
        asking = [
            SearchQuery(clean(one.text).strip(), indexes, clean(one.before).strip())
            for one, indexes in zip(asked, opened, strict=True)
        ]
        questions = prepare(asking, embedder)
        embedded = time.perf_counter()
        retrievals = [
            retrieve(question, indexes, self.library, max(k, READ))
            for question, indexes in zip(questions, opened, strict=True)
        ]
        searched = time.perf_counter()
        readings = reader.read(questions, retrievals)
        timing = _shared_out(len(asked), started, embedded, searched, time.perf_counter())
        return [
            _answer(question.text, reading, k, timing)
            for question, reading in zip(questions, readings, strict=True)
        ]

    def search(
        self, query: str, collections: Sequence[str], k: int, article: str | None = None
    ) -> tuple[Ranked, ...]:
        """Return the passages nearest to a query, best first.

        With an ``article`` those are its own, in the first of the collections that has an
        article of this id: its best are found whatever else is nearer, and scored alike.
        """
        within = None if article is None else self._within(article, collections)
        if article is not None and within is None:
            return ()
        indexes = self._level(collections)
        question = prepare(
            [SearchQuery(without_surrogates(query).strip(), indexes)], self.embedder
        )[0]
        return retrieve(question, indexes, self.library, k, within).ranked

    def add(
        self, sources: Iterable[str], collection: str, step: Step | None = None
    ) -> Iterator[Added | ExtractionError]:
        """Add files and URLs to a collection, article by article."""
        ingest = Ingest(self.library, self.embedder, collection)
        yield from ingest.add_sources(sources, self._confined.extract, step)

    def add_file(
        self, data: bytes, name: str, collection: str, step: Step | None = None
    ) -> Iterator[Added | ExtractionError]:
        """Add what a file called ``name`` holds, article by article."""
        return self.add_articles(self._confined.extract_bytes(data, name=name), collection, step)

    def add_articles(
        self,
        articles: Iterable[Article | ExtractionError],
        collection: str,
        step: Step | None = None,
    ) -> Iterator[Added | ExtractionError]:
        """Add articles that are already extracted, one after the other, passing on errors."""
        return Ingest(self.library, self.embedder, collection).add_all(articles, step)

    def add_article(self, article: Article, collection: str, step: Step | None = None) -> Added:
        """Add one article that is already extracted."""
        return Ingest(self.library, self.embedder, collection).add(article, step)

    def remove(self, name: str, collection: str) -> Entry:
        """Remove an article by id or title.  Raises UnknownArticleError."""
        return self.library.remove(collection, self.library.listing.entry(collection, name).id)

    def erase(self, collection: str) -> None:
        """Delete a collection with all that is kept for it, and its index."""
        self.library.erase_collection(collection)
        self.forget_index(collection)

    def forget_index(self, collection: str) -> None:
        """Delete an index, its files, and answers, which hold words of what was erased."""
        self._indexes.forget(collection)  # from here on nobody saves what was open
        self._answers.clear()
        shutil.rmtree(self._data / INDEX / folder_name(collection), ignore_errors=True)

    def index(self, collection: str, progress: ProgressCallback | None = None) -> CollectionIndex:
        """Return the opened index of a collection, level with the library."""
        return self._level([collection], progress)[0]

    def behind(self, collections: Sequence[str]) -> tuple[str, ...]:
        """Return those collections whose index comes level too slowly for others to wait for it.

        ``index`` brings each of them level, on a thread that nobody else needs.
        """
        _ = self.embedder  # as below
        names = dict.fromkeys(collections)
        return tuple(name for name in names if self._indexes.get(name).far_behind)

    def _level(
        self, collections: Sequence[str], progress: ProgressCallback | None = None
    ) -> list[CollectionIndex]:
        """Return the indexes of collections that are asked together, level with the library."""
        _ = self.embedder  # loaded before the lock of what is open is taken, never within it
        indexes = [self._indexes.get(name) for name in collections]
        for index in indexes:
            index.refresh(progress)
        # If not all can stay open, that does which takes longest to open again.
        self._indexes.make_room(index.name for index in sorted(indexes, key=len))
        return indexes

    def _within(self, article: str, collections: Sequence[str]) -> Within | None:
        homes = (name for name in collections if self.library.digest_of(name, article))
        return next((Within(name, article) for name in homes), None)

    def _opened(self, collection: str) -> CollectionIndex:
        folder = self._data / INDEX / folder_name(collection)
        return CollectionIndex(self.library, self.embedder, collection, folder)

    @property
    def reader(self) -> Reader:
        """What decides whether passages answer."""
        with self._lock:
            if self._reader is None:
                self._reader = self._make_reader(self.embedder)
            return self._reader


def _answer(question: str, reading: Reading, k: int, timing: Timing) -> Answer:
    if not question:
        return Answer("", "none", 0.0, AnswerReason("empty question"), None, (), timing)
    return Answer(
        question=question,
        state=reading.state,
        confidence=reading.confidence,
        reason=reading.reason,
        quote=reading.quote,
        passages=reading.ranked[:k],
        timing=timing,
    )


def _shared_out(count: int, *moments: float) -> Timing:
    """Return how long each step took for each of the questions that took it together."""
    embed, search, read = ((b - a) * 1000 / max(1, count) for a, b in pairwise(moments))
    return Timing(embed, search, read, embed + search + read)
