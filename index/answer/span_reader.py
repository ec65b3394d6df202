"""A reader that reads: question and passage together, through an extractive model.

It reranks the first passages by the evidence in them, weighed by ``RANKING``,

    score = score of retrieval + a · cosine + b · cosine of title and section
            + c · (1 - best cosine) · log odds

so that it counts most where vectors are at a loss.  Where one comes very near, as with a
FAQ, whose titles are questions, they are ahead of any reader.  It marks the words that
answer, and is as sure as the evidence, together with what retrieval knows, has proved to be
worth.  Passages far behind the first are not read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.answer.calibration import (
    BY_NEARNESS,
    BY_SPANS,
    NEAR,
    RANKING,
)
from index.answer.question import PreparedQuery
from index.answer.reader import (
    EMPTY,
    READ,
    Reading,
    sentences_of,
    state_of,
)
from index.answer.reason import reason
from index.answer.retrieve import Retrieval
from index.answer.signals import (
    RankingGrounds,
    RetrievalSignals,
    SpanSignals,
    logistic,
    ranking_score,
)
from index.language.terms import analyse, names
from index.lru import LRUCache
from index.models.embedder import Embedder
from index.models.spans import (
    AnswerSpan,
    Evidence,
    Excerpt,
    SpanModel,
)
from index.records import Passage, Quote, Ranked

BEHIND = 0.3
"""How far behind the first by its score a passage may be and still be read; to read further
changed recall@1 on none of six sets, and this leaves 3.8 of 5 to be read on average."""

WORDS = 1.5
"""What the share of the question's words counts beside the log odds in choosing a sentence."""

_CONTEXTS = 4_000  # titles and sections whose vectors are remembered

_MOST_WORDS, _MOST_NAMES = 3, 2  # missing, beyond which more say no more

_MOST_ODDS = 5.0  # log odds beyond which a model is not surer, only louder


class SpanReader:
    """Answers with the words that a model finds, and ranks passages by its evidence."""

    def __init__(self, model: SpanModel, embedder: Embedder) -> None:
        self._model = model
        self._embedder = embedder
        self._contexts: LRUCache[str, NDArray[np.float32]] = LRUCache(_CONTEXTS)
        self.identity = model.identity

    def read(
        self, questions: Sequence[PreparedQuery], retrievals: Sequence[Retrieval]
    ) -> list[Reading]:
        """Return the decisions; all passages of all questions go through the model together."""
        first = [_worth_reading(retrieval.ranked[:READ]) for retrieval in retrievals]
        excerpts = [
            _excerpt(question, ranked.passage)
            for question, part in zip(questions, first, strict=True)
            for ranked in part
        ]
        evidence = iter(self._model.read(excerpts))
        contexts = self._context_vectors({e.context for e in excerpts if e.context})
        decisions = []
        for question, retrieval, part in zip(questions, retrievals, first, strict=True):
            read = [(ranked, next(evidence)) for ranked in part]
            near = [_cosine(contexts.get(r.passage.context), question.vector) for r in part]
            decisions.append(self._decide(question, retrieval, read, near))
        return decisions

    def _context_vectors(self, texts: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        known = {text: vector for text in texts if (vector := self._contexts.get(text)) is not None}
        new = sorted(set(texts) - set(known))
        for text, vector in zip(new, self._embedder.embed_passages(new), strict=True):
            self._contexts.put(text, vector)
            known[text] = vector
        return known

    def _decide(
        self,
        question: PreparedQuery,
        retrieval: Retrieval,
        read: Sequence[tuple[Ranked, Evidence]],
        contexts: Sequence[float],
    ) -> Reading:
        if not read:
            return EMPTY
        room = 1 - max(ranked.dense for ranked, _ in read)
        passages = [
            _ReadPassage.of(ranked, evidence, room, context)
            for (ranked, evidence), context in zip(read, contexts, strict=True)
        ]
        passages.sort(
            key=lambda item: (item.ranked.passage.id in retrieval.repeats, -item.ranked.score)
        )
        best = passages[0]
        opened = {item.ranked.passage.id for item in passages}
        others = [ranked for ranked in retrieval.ranked if ranked.passage.id not in opened]
        terms = [frozenset(analyse(text)) for text in sentences_of(best.ranked.passage)]
        at = best.sentence(question.wanted, terms)
        missing = question.wanted - retrieval.terms[best.ranked.passage.id]
        signals = _signals(best, len(missing), len(names(question.text) - terms[at]))
        sure = confidence(signals)
        near = max(sure, nearness(signals))
        state = state_of(sure, near, NEAR)
        return Reading(
            state,
            sure,
            reason(state, question, best.ranked, retrieval, read=True),
            None if state == "none" else best.quote(at, marked=state == "answer"),
            (*(item.ranked for item in passages), *others),
            signals,
            tuple(item.grounds for item in passages),
        )


@dataclass(frozen=True, slots=True)
class _ReadPassage:
    """A passage with its new score, what that was made of, and what the model found in it."""

    ranked: Ranked
    grounds: RankingGrounds
    odds: float
    spans: tuple[AnswerSpan | None, ...]

    @classmethod
    def of(cls, ranked: Ranked, evidence: Evidence, room: float, context: float) -> _ReadPassage:
        odds = max(-_MOST_ODDS, min(_MOST_ODDS, evidence.odds))
        grounds = RankingGrounds(
            retrieval=ranked.score,
            cosine=max(0.0, ranked.dense),
            context_cosine=max(0.0, context),
            # Counted from the least, so that no passage ends up behind one that was not read.
            evidence=room * (odds + _MOST_ODDS),
        )
        score = ranking_score(RANKING, grounds)
        sure = 1 / (1 + math.exp(-odds))
        return cls(replace(ranked, score=score, evidence=sure), grounds, odds, evidence.spans)

    def sentence(self, wanted: frozenset[str], terms: Sequence[frozenset[str]]) -> int:
        """Return which sentence answers, of those with the terms given."""

        def worth(at: int) -> float:
            span = self.spans[at]
            share = len(wanted & terms[at]) / max(1, len(wanted))
            return (span.odds if span else -_MOST_ODDS) + WORDS * share

        return max(range(len(terms)), key=worth)

    def quote(self, at: int, *, marked: bool) -> Quote:
        """Return a sentence, its likeliest words marked if they are to be."""
        passage, span = self.ranked.passage, self.spans[at]
        start, end = passage.sentences[at]
        text = sentences_of(passage)[at]
        if not marked or span is None:
            return Quote(text, None, passage.article_id, start, end)
        words = passage.text[span.start : span.end]
        place = passage.start + span.start
        return Quote(text, words, passage.article_id, start, end, place)


def _worth_reading(ranked: Sequence[Ranked]) -> list[Ranked]:
    least = max((item.score for item in ranked), default=0.0) - BEHIND
    return [item for item in ranked if item.score >= least]


def _cosine(left: NDArray[np.float32] | None, right: NDArray[np.float32]) -> float:
    return 0.0 if left is None else float(left @ right)


def _excerpt(question: PreparedQuery, passage: Passage) -> Excerpt:
    sentences = tuple((a - passage.start, b - passage.start) for a, b in passage.sentences)
    return Excerpt(question.read, passage.context, passage.text, sentences)


def _signals(best: _ReadPassage, missing_words: int, missing_names: int) -> SpanSignals:
    ranked = best.ranked
    return SpanSignals(
        cosine=ranked.dense,
        coverage=ranked.coverage,
        cosine_by_coverage=ranked.dense * ranked.coverage,
        phrase=ranked.phrase,
        missing_words=float(min(missing_words, _MOST_WORDS)),
        evidence=best.odds * (1 - ranked.dense),
        missing_names=float(min(missing_names, _MOST_NAMES)),
    )


def confidence(signals: SpanSignals) -> float:
    """Return how probable it is that the best passage answers, between 0 and 1."""
    return logistic(BY_SPANS, signals)


def nearness(signals: RetrievalSignals) -> float:
    """Return how probable it is that the library is about what is asked, answered or not."""
    return logistic(BY_NEARNESS, signals)
