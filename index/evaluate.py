"""Labelled questions -> figures, over the very path that answers people.

Passages are indexed as they are given, each an article of its own in a library in memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.answer.question import PreparedQuery, SearchQuery, prepare
from index.answer.reader import Reader, Reading
from index.answer.retrieve import retrieve
from index.answer.signals import RankingGrounds, Signals
from index.errors import EvaluationError
from index.evaluation.measures import auroc, calibration_gap, mean, state_shares
from index.evaluation.rows import rows
from index.models.embedder import Embedder
from index.passages.chunk import whole
from index.passages.draft import PassageDraft
from index.records import Article, State
from index.search.collection import CollectionIndex
from index.search.embedding import ProgressCallback
from index.store.library import Library
from index.store.sqlite.connection import IN_MEMORY

DEPTH = 10  # recall@k and MRR are taken over so many passages
_RECALLS = (1, 3, 5, 10)
_BATCH = 64
_COLLECTION = "evaluation"


@dataclass(frozen=True, slots=True)
class LabelledPassage:
    """A passage to index: ``doc`` groups those of one article."""

    id: str
    doc: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question and the passages that hold its answer; none where it is unanswerable."""

    id: str
    text: str
    relevant: frozenset[str]
    answers: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    about: str | None = None

    @property
    def answerable(self) -> bool:
        """Whether some passage is named that holds the answer."""
        return bool(self.relevant)


@dataclass(frozen=True, slots=True)
class RankedGrounds:
    """What the score of a passage that was read is made of, and whether it answers."""

    relevant: bool
    grounds: RankingGrounds


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What one question got.  Ranks count from 1; None means not among the first ten."""

    question: LabelledQuestion
    state: State
    confidence: float
    rank: int | None
    dense_rank: int | None
    bm25_rank: int | None
    best: str
    quote: str | None
    signals: Signals | None
    """What the confidence was computed from."""
    grounds: tuple[RankedGrounds, ...] = ()
    """Those of each passage that was read, by rank."""

    @property
    def right(self) -> bool:
        """Whether the passage put first holds the answer."""
        return self.rank == 1


def read_passages(path: Path) -> list[LabelledPassage]:
    """Read a JSONL file of passages, plain or .gz.  Raises EvaluationError."""
    return [
        LabelledPassage(
            id=row.text("id"),
            doc=row.text("doc", row.text("id")),
            title=row.text("title", ""),
            text=row.text("text"),
        )
        for row in rows(path)
    ]


def read_questions(path: Path) -> list[LabelledQuestion]:
    """Read a JSONL file of labelled questions, plain or .gz.  Raises EvaluationError."""
    return [
        LabelledQuestion(
            id=row.text("id"),
            text=row.text("text"),
            relevant=frozenset(row.texts("relevant")),
            answers=row.texts("answers"),
            evidence=row.texts("evidence"),
            about=row.text("about", "") or None,
        )
        for row in rows(path)
    ]


class Evaluation:
    """Labelled passages, indexed, ready for questions."""

    def __init__(
        self,
        passages: Sequence[LabelledPassage],
        embedder: Embedder,
        reader: Reader,
        progress: ProgressCallback | None = None,
    ) -> None:
        if not passages:
            raise EvaluationError("There are no passages to index.")
        self._embedder = embedder
        self._reader = reader
        self._library = Library(IN_MEMORY)
        for passage in passages:
            draft = PassageDraft(whole(passage.text), passage.title)
            article = Article(passage.id, passage.title, passage.text, id=passage.id)
            self._library.store(_COLLECTION, article, [draft])
        with tempfile.TemporaryDirectory() as nowhere:
            self._index = CollectionIndex(self._library, embedder, _COLLECTION, Path(nowhere))
        self._index.refresh(progress)

    def close(self) -> None:
        """Close the library in memory."""
        self._library.close()

    def run(
        self, questions: Sequence[LabelledQuestion], progress: ProgressCallback | None = None
    ) -> list[QuestionResult]:
        """Answer every question, in batches, and say how each went."""
        outcomes: list[QuestionResult] = []
        for start in range(0, len(questions), _BATCH):
            batch = questions[start : start + _BATCH]
            prepared = prepare([SearchQuery(q.text, [self._index]) for q in batch], self._embedder)
            retrievals = [retrieve(q, [self._index], self._library, DEPTH) for q in prepared]
            readings = self._reader.read(prepared, retrievals)
            outcomes.extend(map(self._outcome, batch, prepared, readings))
            if progress is not None:
                progress(len(outcomes), len(questions))
        return outcomes

    def _outcome(
        self, labelled: LabelledQuestion, question: PreparedQuery, reading: Reading
    ) -> QuestionResult:
        first = reading.ranked[0]
        dense, bm25 = self._halves(question)
        return QuestionResult(
            question=labelled,
            state=reading.state,
            confidence=reading.confidence,
            rank=_rank([r.passage.article_id for r in reading.ranked], labelled.relevant),
            dense_rank=_rank(dense, labelled.relevant),
            bm25_rank=_rank(bm25, labelled.relevant),
            best=first.passage.article_id,
            quote=reading.quote.text if reading.quote else None,
            signals=reading.signals,
            grounds=tuple(
                RankedGrounds(ranked.passage.article_id in labelled.relevant, grounds)
                for ranked, grounds in zip(reading.ranked, reading.grounds, strict=False)
            ),
        )

    def _halves(self, question: PreparedQuery) -> tuple[list[str], list[str]]:
        """Return the passages as the vectors alone and as BM25 alone would rank them."""
        hits = self._index.search(question.vector, question.terms, question.is_word, DEPTH).hits
        passages = self._library.passages([hit.id for hit in hits])
        dense = sorted(hits, key=lambda hit: -hit.dense)
        bm25 = sorted((h for h in hits if h.match.bm25 > 0), key=lambda hit: -hit.match.bm25)
        names = [[passages[hit.id].article_id for hit in half[:DEPTH]] for half in (dense, bm25)]
        return names[0], names[1]


def _rank(names: Sequence[str], relevant: frozenset[str]) -> int | None:
    return next((rank for rank, name in enumerate(names, 1) if name in relevant), None)


def figures(outcomes: Sequence[QuestionResult]) -> dict[str, Any]:
    """Return the figures of ``passage eval``, rounded to four places.

    Recall and MRR are over the answerable questions; auroc is that of the confidence,
    answerable against unanswerable, or None where one kind is missing.
    """
    answerable = [o for o in outcomes if o.question.answerable]
    unanswerable = [o for o in outcomes if not o.question.answerable]
    ranks = [o.rank for o in answerable]
    return {
        "n": len(outcomes),
        **{f"recall@{k}": recall(ranks, k) for k in _RECALLS},
        "mrr@10": mean([1 / rank if rank else 0.0 for rank in ranks]),
        "auroc": auroc([o.confidence for o in answerable], [o.confidence for o in unanswerable]),
        "states": {"answerable": states(answerable), "unanswerable": states(unanswerable)},
    }


def recall(ranks: Sequence[int | None], k: int) -> float:
    """Return the share of questions with a right passage among the first ``k``."""
    return mean([float(rank is not None and rank <= k) for rank in ranks])


def states(outcomes: Sequence[QuestionResult]) -> dict[State, float]:
    """Return the share of questions that got each state."""
    return state_shares([outcome.state for outcome in outcomes])


def calibration_error(outcomes: Sequence[QuestionResult], bins: int = 10) -> float:
    """Return how far confidence is from being right: the passage put first holds the answer."""
    return calibration_gap([o.confidence for o in outcomes], [o.right for o in outcomes], bins)
