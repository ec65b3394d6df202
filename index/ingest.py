"""Adding articles: extract -> chunk -> embed -> store, one article after the other.

An article is in the library whole or not at all; one bad source never stops the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from index.characters import without_surrogates
from index.chunk import Budget, chunk, context
from index.collection import embedded
from index.embed import Embedder
from index.errors import ExtractionError
from index.extract import Limits, extract
from index.library import Draft, Library, article_id, content_digest
from index.records import Article

Outcome = Literal["added", "replaced", "unchanged", "duplicate"]
Step = Callable[[str, int, int], None]
"""Told which title is being embedded, and how many of how many passages are done."""

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


class Ingest:
    """Adds articles to one collection."""

    def __init__(self, library: Library, embedder: Embedder, collection: str) -> None:
        self._library = library
        self._embedder = embedder
        self._collection = collection

    def add_sources(
        self, sources: Iterable[str], limits: Limits, step: Step | None = None
    ) -> Iterator[Added | ExtractionError]:
        """Add files and URLs, yielding what became of each article as soon as it is known."""
        for source in sources:
            for item in extract(source, limits=limits):
                if isinstance(item, ExtractionError):
                    yield item
                else:
                    yield self.add(replace(item, origin=source), step)

    def add(self, article: Article, step: Step | None = None) -> Added:
        """Add one article, or replace the one with its id.

        The same article again changes nothing; the same text under another id is skipped.
        """
        article = _storable(article)
        name = article_id(article)
        before = self._library.digest_of(self._collection, name)
        if before == content_digest(article):
            return Added("unchanged", name, article.title)
        twin = self._library.twin_of(self._collection, article)
        if before is None and twin is not None:
            return Added("duplicate", name, article.title, twin=twin)
        drafts = self._drafts(article)
        self._embed(article, drafts, step)
        self._library.store(self._collection, article, drafts)
        return Added(
            "added" if before is None else "replaced",
            name,
            article.title,
            len(drafts),
            article.empty_pages,
            article.warnings,
        )

    def _drafts(self, article: Article) -> list[Draft]:
        room = self._embedder.passage_tokens - _CONTEXT_TOKENS
        chunks = chunk(article, self._embedder.count_tokens, Budget().within(room))
        return [
            Draft(piece, self._fitting(context(article, piece, opening=number == 0)))
            for number, piece in enumerate(chunks)
        ]

    def _fitting(self, text: str) -> str:
        """Cut a context to its share of the tokens, word by word from the end."""
        words = text.split(" ")
        while words and self._embedder.count_tokens([" ".join(words)])[0] > _CONTEXT_TOKENS:
            words = words[: len(words) * 3 // 4]
        return " ".join(words)

    def _embed(self, article: Article, drafts: list[Draft], step: Step | None) -> None:
        """Compute the vectors before the change, so that the change itself takes an instant."""

        def progress(done: int, total: int) -> None:
            if step is not None:
                step(article.title, done, total)

        texts = [draft.embedded(article) for draft in drafts]
        embedded(self._library, self._embedder, texts, progress)


def _storable(article: Article) -> Article:
    """Return an article whose every text has a UTF-8."""
    clean = without_surrogates
    return replace(
        article,
        source=clean(article.source),
        origin=article.origin and clean(article.origin),
        title=clean(article.title),
        text=clean(article.text),
        id=clean(article.id),
        author=article.author and clean(article.author),
        url=article.url and clean(article.url),
        sections=tuple(replace(s, title=clean(s.title)) for s in article.sections),
    )
