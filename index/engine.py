"""Everything that readers and managers of articles can do, behind one door.

Opened once with a data folder; the command line and the bot both stand on it.  All calls
block, and may come from any thread.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from index.answer.answerer import Answerer, Query
from index.answer.reader import Reader
from index.answer.sentence_reader import SentenceReader
from index.collection_names import folder_name
from index.data_folder import INDEX, LIBRARY, close_to_others
from index.errors import ExtractionError, PassageError
from index.extract import Confined, Limits
from index.ingest import Added, Ingest, Step
from index.models.embedder import Embedder
from index.models.lazy import Lazy
from index.records import Answer, Article, Ranked
from index.search.collection import CollectionIndex
from index.search.embedding import ProgressCallback
from index.search.open_indexes import OpenIndexes
from index.store.entries import Entry
from index.store.library import Library


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

        ``stop`` cancels a loading that takes long.
        """
        close_to_others(data)
        self.library = Library(data / LIBRARY)
        self._data = data
        self._limits = limits or Limits()
        self._confined = Confined(self._limits)
        self._loading = threading.RLock()
        self._stop_loading = stop
        self._embedder = Lazy(load, self._loading)
        self._reader = Lazy(lambda: reader(self.embedder), self._loading)
        self._indexes = OpenIndexes(self._opened)
        self._answerer = Answerer(self.library, self._embedder, self._reader, self._up_to_date)

    def close(self) -> None:
        """Save what can be saved and close the library."""
        self.stop_reading()
        with self._loading:
            self.save()
            self.library.close()

    def stop_reading(self) -> None:
        """Cancel whatever is extracted, loaded or indexed; nothing further is started."""
        self._stop_loading()
        self._confined.close()
        self._indexes.stop()

    def save(self) -> None:
        """Write changed indexes to disk; where that fails they are simply rebuilt later."""
        self._indexes.save()

    def tidy(self, now: int) -> None:
        """Delete what has expired, and count votes; to be called every minute or so."""
        self._answerer.count_votes()
        embedder = self._embedder.loaded
        self.library.tidy(now, embedder.identity if embedder else None)

    @property
    def limits(self) -> Limits:
        """How large a source may be."""
        return self._limits

    @property
    def embedder(self) -> Embedder:
        """The model, loaded by the first who asks.  Raises ModelError."""
        return self._embedder.get()

    @property
    def reader(self) -> Reader:
        """What decides whether passages answer, loaded likewise.  Raises ModelError."""
        return self._reader.get()

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

    def ask_together(self, queries: Sequence[Query], k: int) -> list[Answer]:
        """Answer questions that arrived together, each from its own collections.

        What was asked before, of the same collections as they are now, is remembered.
        """
        return self._answerer.ask_together(queries, k)

    def search(
        self, query: str, collections: Sequence[str], k: int, article: str | None = None
    ) -> tuple[Ranked, ...]:
        """Return the passages nearest to a query, best first.

        With an ``article`` those are its own, in the first of the collections that has an
        article of this id: its best are found whatever else is nearer, and scored alike.
        """
        return self._answerer.search(query, collections, k, article)

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
        """Delete a collection with all that is stored for it, and its index."""
        self.library.erase_collection(collection)
        self.forget_index(collection)

    def forget_index(self, collection: str) -> None:
        """Delete an index, its files, and answers, which hold words of what was erased."""
        self._indexes.forget(collection)  # from here on nobody saves what was open
        self._answerer.forget()
        shutil.rmtree(self._data / INDEX / folder_name(collection), ignore_errors=True)

    def index(self, collection: str, progress: ProgressCallback | None = None) -> CollectionIndex:
        """Return the opened index of a collection, up to date with the library."""
        return self._up_to_date([collection], progress)[0]

    def behind(self, collections: Sequence[str]) -> tuple[str, ...]:
        """Return those collections whose index takes too long to update for others to wait.

        ``index`` brings each of them up to date, on a thread that nobody else needs.
        """
        _ = self.embedder  # as below
        names = dict.fromkeys(collections)
        return tuple(name for name in names if self._indexes.get(name).far_behind)

    def _up_to_date(
        self, collections: Sequence[str], progress: ProgressCallback | None = None
    ) -> list[CollectionIndex]:
        _ = self.embedder  # loaded before the lock of what is open is taken, never within it
        return self._indexes.up_to_date(collections, progress)

    def _opened(self, collection: str) -> CollectionIndex:
        folder = self._data / INDEX / folder_name(collection)
        return CollectionIndex(self.library, self.embedder, collection, folder)
