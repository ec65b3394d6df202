"""Adding articles: extract -> chunk -> embed -> store; short ones are embedded together.

An article is in the library whole or not at all; one bad source never stops the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, TypeVar

from index.digests import content_digest
from index.errors import ExtractionError
from index.language.characters import without_surrogates
from index.models.embedder import Embedder
from index.passages.chunk import chunk
from index.passages.context import context
from index.passages.draft import PassageDraft
from index.passages.packing import Budget
from index.records import Article
from index.search.embedding import embedded
from index.store.entries import article_id
from index.store.library import Library

_T = TypeVar("_T")
Outcome = Literal["added", "replaced", "unchanged", "duplicate"]
Step = Callable[[str, int, int], None]
"""Called with the title that is being embedded, how many passages are done, and of how many."""

Extract = Callable[[str], Iterator[Article | ExtractionError]]
"""Extracts the articles of a file or a URL, with errors for what can't be read."""

_BATCH = 64  # passages that are embedded together
_SLOW = 0.1  # seconds of extraction after which what waits is added at once
_LONGEST_TITLE = 1_000  # characters, of an article or a section; it goes with every passage
_CONTEXT_TOKENS = 48  # of a passage's tokens, at most so many go to title and section


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one article."""

    outcome: Outcome
    id: str
    title: str
    passages: int = 0
    empty_pages: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    twin: str | None = None


@dataclass(slots=True)
class Report:
    """What became of everything that was to be added."""

    added: list[Added] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def passages(self) -> int:
        """How many passages are new."""
        return sum(item.passages for item in self.added)

    def count(self, outcome: Outcome) -> int:
        """Return how many articles ended so."""
        return sum(item.outcome == outcome for item in self.added)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An article that is to be added, and its passages."""

    article: Article
    drafts: tuple[PassageDraft, ...]


class Ingest:
    """Adds articles to one collection."""

    def __init__(self, library: Library, embedder: Embedder, collection: str) -> None:
        self._library = library
        self._embedder = embedder
        self._collection = collection

    def add_sources(
        self, sources: Iterable[str], extract: Extract, step: Step | None = None
    ) -> Iterator[Added | ExtractionError]:
        """Add files and URLs, yielding what became of each article as soon as it is known."""
        return self.add_all(_extracted(sources, extract), step)

    def add_all(
        self, items: Iterable[Article | ExtractionError | None], step: Step | None = None
    ) -> Iterator[Added | ExtractionError]:
        """Add articles, passing on errors; None says that what is waiting is to be added now.

        Short ones are embedded together, which is faster by far.
        """
        waiting: list[_Prepared | ExtractionError] = []
        texts: set[str] = set()  # of what waits: the same text again is to find it stored
        for item in items:
            if item is None or (isinstance(item, Article) and item.text in texts):
                yield from self._flushed(waiting, texts, step)
            if isinstance(item, ExtractionError):
                waiting.append(item)
            elif item is not None:
                waiting.append(_within_memory(item, partial(self._prepared, item)))
                texts.add(item.text)
            passages = sum(len(w.drafts) for w in waiting if isinstance(w, _Prepared))
            if passages >= _BATCH or len(waiting) >= _BATCH:
                yield from self._flushed(waiting, texts, step)
        yield from self._flushed(waiting, texts, step)

    def add(self, article: Article, step: Step | None = None) -> Added:
        """Add one article, or replace the one with its id.

        The same article again changes nothing; the same text under another id is skipped.
        Raises ExtractionError where there is too little memory for it.
        """
        added = _within_memory(article, lambda: self._finished(self._prepared(article), step))
        if isinstance(added, ExtractionError):
            raise added
        return added

    def _flushed(
        self, waiting: list[_Prepared | ExtractionError], texts: set[str], step: Step | None
    ) -> Iterator[Added | ExtractionError]:
        """Add what waits, and leave nothing waiting."""
        items = list(waiting)
        waiting.clear()
        texts.clear()
        finish = self._stored
        try:
            self._embed([item for item in items if isinstance(item, _Prepared)], step)
        except MemoryError:  # each is tried by itself
            finish = partial(self._finished, step=step)
        for item in items:
            if isinstance(item, ExtractionError):
                yield item
            else:
                yield _within_memory(item.article, partial(finish, item))

    def _finished(self, prepared: _Prepared, step: Step | None) -> Added:
        """Embed one article by itself, and store it."""
        self._embed([prepared], step)
        return self._stored(prepared)

    def _prepared(self, article: Article) -> _Prepared:
        """Divide an article into passages, unless there is nothing to add."""
        article = _storable(article)
        known = self._known(article) is not None
        return _Prepared(article, () if known else tuple(self._drafts(article)))

    def _known(self, article: Article) -> Added | None:
        """Return what becomes of an article that needs no adding; None of any other."""
        name = article_id(article)
        before = self._library.digest_of(self._collection, name)
        if before == content_digest(article):
            return Added("unchanged", name, article.title)
        twin = self._library.twin_of(self._collection, article) if before is None else None
        return Added("duplicate", name, article.title, twin=twin) if twin else None

    def _stored(self, prepared: _Prepared) -> Added:
        article = prepared.article
        name = article_id(article)
        known = self._known(article)  # again, since others may have changed the library
        if known is not None:
            return known
        before = self._library.digest_of(self._collection, name)
        drafts = prepared.drafts or self._drafts(article)
        self._library.store(self._collection, article, drafts)
        return Added(
            "added" if before is None else "replaced",
            name,
            article.title,
            len(drafts),
            article.empty_pages,
            article.warnings,
        )

    def _drafts(self, article: Article) -> list[PassageDraft]:
        room = self._embedder.passage_tokens - _CONTEXT_TOKENS
        chunks = chunk(article, self._embedder.count_tokens, Budget().within(room))
        return [
            PassageDraft(piece, self._fitting(context(article, piece, opening=number == 0)))
            for number, piece in enumerate(chunks)
        ]

    def _fitting(self, text: str) -> str:
        """Cut a context to its share of the tokens, word by word from the end."""
        words = text.split(" ")
        while words and self._embedder.count_tokens([" ".join(words)])[0] > _CONTEXT_TOKENS:
            words = words[: len(words) * 3 // 4]
        return " ".join(words)

    def _embed(self, prepared: Sequence[_Prepared], step: Step | None) -> None:
        """Compute the vectors before the change, so that the change itself takes an instant."""
        if not prepared:
            return
        title, others = prepared[0].article.title, len(prepared) - 1

        def progress(done: int, total: int) -> None:
            if step is not None:
                step(f"{title} and {others} more" if others else title, done, total)

        texts = [d.embedded(item.article) for item in prepared for d in item.drafts]
        embedded(self._library, self._embedder, texts, progress, self._collection)


def _extracted(
    sources: Iterable[str], extract: Extract
) -> Iterator[Article | ExtractionError | None]:
    """Extract one source after the other, with None after a slow one: see ``add_all``."""
    for source in sources:
        started = time.monotonic()
        yield from extract(source)
        if time.monotonic() - started > _SLOW:
            yield None


def _within_memory(article: Article, act: Callable[[], _T]) -> _T | ExtractionError:
    """Do something with an article, or return that it is too large for this machine."""
    try:
        return act()
    except MemoryError:
        return ExtractionError(
            f"{article.title} takes more memory than this machine has: split it into smaller "
            "articles."
        )


def _storable(article: Article) -> Article:
    """Return an article whose every text has a UTF-8, and whose titles are no texts themselves."""
    clean = without_surrogates
    return replace(
        article,
        source=clean(article.source),
        origin=article.origin and clean(article.origin),
        title=clean(article.title[:_LONGEST_TITLE]),
        text=clean(article.text),
        id=clean(article.id),
        author=article.author and clean(article.author),
        url=article.url and clean(article.url),
        sections=tuple(replace(s, title=clean(s.title[:_LONGEST_TITLE])) for s in article.sections),
    )
