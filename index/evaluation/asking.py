"""Labelled articles, added and asked as Passage itself would, in a library in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.answer.question import SearchQuery, prepare
from index.answer.reader import READ, Reader, Reading
from index.answer.retrieve import retrieve
from index.answer.signals import Signals
from index.errors import EvaluationError
from index.evaluation.articles import ArticleQuestion, LabelledArticle
from index.evaluation.evidence import holding, overlap, sentence_right
from index.ingest import Ingest
from index.models.embedder import Embedder
from index.records import Passage, State
from index.search.collection import CollectionIndex
from index.search.embedding import ProgressCallback
from index.store.library import Library
from index.store.sqlite.connection import IN_MEMORY

FIRST = 3
"""So many passages are what people look at."""

_BATCH = 64
_TOGETHER = "evaluation"


@dataclass(frozen=True, slots=True)
class ArticleResult:
    """What one question got, and which of it holds the answer.

    ``sentence_right`` and ``overlap`` are of the sentence shown, whatever the state.
    """

    question: ArticleQuestion
    state: State
    confidence: float
    first_right: bool
    among_first: bool
    sentence_right: bool
    overlap: float
    quote: str | None = None
    signals: Signals | None = None

    @property
    def answerable(self) -> bool:
        """Whether the question's article answers it."""
        return self.question.answerable

    @property
    def style(self) -> str:
        """How the question is put."""
        return self.question.style


def judged(question: ArticleQuestion, reading: Reading, own: Sequence[Passage]) -> ArticleResult:
    """Return what came of a question; ``own`` are the passages of its article."""
    held = holding(question, own)
    right = [ranked.passage.id in held for ranked in reading.ranked[:FIRST]]
    quote = reading.quote.text if reading.quote else None
    return ArticleResult(
        question=question,
        state=reading.state,
        confidence=reading.confidence,
        first_right=any(right[:1]),
        among_first=any(right),
        sentence_right=sentence_right(question, quote or ""),
        overlap=overlap(question, quote or ""),
        quote=quote,
        signals=reading.signals,
    )


class ArticleEvaluation:
    """Labelled articles in a library, all in one collection or each in its own.

    One library serves both ways, since a reader remembers passages by their ids.
    """

    def __init__(
        self,
        articles: Sequence[LabelledArticle],
        embedder: Embedder,
        reader: Reader,
        *,
        each: bool = False,
        progress: ProgressCallback | None = None,
    ) -> None:
        if not articles:
            raise EvaluationError("There are no articles to index.")
        self._embedder = embedder
        self._reader = reader
        self._library = Library(IN_MEMORY)
        self._homes: dict[str, tuple[str, str]] = {}
        for number, article in enumerate(articles, 1):
            self._add(article, f"{_TOGETHER}-{number}" if each else _TOGETHER)
            if progress is not None:
                progress(number, len(articles))

    def close(self) -> None:
        """Close the library in memory."""
        self._library.close()

    def run(
        self, questions: Sequence[ArticleQuestion], progress: ProgressCallback | None = None
    ) -> list[ArticleResult]:
        """Answer every question, and say how each went, in the order given."""
        numbers: dict[str, list[int]] = {}
        for number, question in enumerate(questions):
            collection, _ = self._homes[question.article]
            numbers.setdefault(collection, []).append(number)
        found: dict[int, ArticleResult] = {}
        for collection, own in numbers.items():
            with tempfile.TemporaryDirectory() as nowhere:
                index = CollectionIndex(self._library, self._embedder, collection, Path(nowhere))
                index.refresh()
                for start in range(0, len(own), _BATCH):
                    batch = own[start : start + _BATCH]
                    asked = self._asked([questions[number] for number in batch], index)
                    found.update(zip(batch, asked, strict=True))
                    if progress is not None:
                        progress(len(found), len(questions))
        return [found[number] for number in range(len(questions))]

    def _add(self, labelled: LabelledArticle, collection: str) -> None:
        """Add an article; of the same text under two ids the library keeps one."""
        added = Ingest(self._library, self._embedder, collection).add(labelled.as_file())
        self._homes[labelled.id] = collection, added.twin or added.id

    def _asked(
        self, questions: Sequence[ArticleQuestion], index: CollectionIndex
    ) -> list[ArticleResult]:
        prepared = prepare(
            [SearchQuery(q.text.strip(), [index]) for q in questions], self._embedder
        )
        retrievals = [retrieve(query, [index], self._library, READ) for query in prepared]
        readings = self._reader.read(prepared, retrievals)
        own = self._passages({question.article for question in questions})
        return [
            judged(question, reading, own[question.article])
            for question, reading in zip(questions, readings, strict=True)
        ]

    def _passages(self, articles: set[str]) -> Mapping[str, Sequence[Passage]]:
        return {name: self._library.passages_of(*self._homes[name]) for name in articles}
