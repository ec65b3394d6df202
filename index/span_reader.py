"""A reader that reads: question and passage together, through an extractive model.

It ranks the first passages anew by the evidence in them,

    score = score of retrieval + COSINE · cosine + CONTEXT · cosine of title and section
            + EVIDENCE · (1 - best cosine) · log odds

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

from index.analysis import analyse
from index.calibration import BY_NEARNESS, BY_SPANS, NEAR
from index.embed import Embedder
from index.read import EMPTY, READ, Reading, logistic, reason, sentences_of, state_of
from index.recent import Recent
from index.records import Passage, Quote, Ranked
from index.retrieve import Question, Retrieval
from index.spans import Evidence, Excerpt, Span, SpanModel

COSINE, CONTEXT, EVIDENCE = 0.5, 0.3, 0.3
"""Chosen on squad2, stackfaq and the first article together: more evidence serves the first
and harms the second, to which the context is worth most.
"""

BEHIND = 0.3
"""How far behind the first by its score a passage may be and still be read; to read further
changed recall@1 on none of six sets, and this leaves 3.8 of 5 to be read on average."""

WORDS = 1.5
"""What the share of the question's words counts beside the log odds in choosing a sentence."""

RETRIEVAL = 4
"""How many of the signals come from retrieval; they stand first."""

_CONTEXTS = 4_000  # titles and sections whose vectors are remembered

_MOST = 5.0  # log odds beyond which a model is not surer, only louder


class SpanReader:
    """Answers with the words that a model finds, and ranks passages by its evidence."""

    def __init__(self, model: SpanModel, embedder: Embedder) -> None:
        self._model = model
        self._embedder = embedder
        self._contexts: Recent[str, NDArray[np.float32]] = Recent(_CONTEXTS)
        self.identity = model.identity

    def read(self, questions: Sequence[Question], retrievals: Sequence[Retrieval]) -> list[Reading]:
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
        question: Question,
        retrieval: Retrieval,
        read: Sequence[tuple[Ranked, Evidence]],
        contexts: Sequence[float],
    ) -> Reading:
        if not read:
            return EMPTY
        room = 1 - max(ranked.dense for ranked, _ in read)
        looks = [
            _Look.at(ranked, evidence, room, context)
            for (ranked, evidence), context in zip(read, contexts, strict=True)
        ]
        looks.sort(
            key=lambda look: (look.ranked.passage.id in retrieval.repeats, -look.ranked.score)
        )
        best = looks[0]
        opened = {look.ranked.passage.id for look in looks}
        others = [ranked for ranked in retrieval.ranked if ranked.passage.id not in opened]
        signals = _signals(best)
        sure = confidence(*signals)
        near = max(sure, nearness(*signals[:RETRIEVAL]))
        state = state_of(sure, near, NEAR)
        return Reading(
            state,
            sure,
            reason(state, question, best.ranked, retrieval, read=True),
            None if state == "none" else best.quote(question, marked=state == "answer"),
            (*(look.ranked for look in looks), *others),
            signals,
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """One passage with its score anew and what the model found in it."""

    ranked: Ranked
    odds: float
    spans: tuple[Span | None, ...]

    @classmethod
    def at(cls, ranked: Ranked, evidence: Evidence, room: float, context: float) -> _Look:
        odds = max(-_MOST, min(_MOST, evidence.odds))
        # Counted from the least, so that no passage ends up behind one that was not read.
        gain = COSINE * max(0.0, ranked.dense) + CONTEXT * max(0.0, context)
        gain += EVIDENCE * room * (odds + _MOST)
        sure = 1 / (1 + math.exp(-odds))
        return cls(replace(ranked, score=ranked.score + gain, evidence=sure), odds, evidence.spans)

    def quote(self, question: Question, *, marked: bool) -> Quote:
        """Return the sentence that answers, its likeliest words marked if they are to be."""
        passage = self.ranked.passage
        wanted = question.wanted
        texts = sentences_of(passage)

        def worth(at: int) -> float:
            span = self.spans[at]
            share = len(wanted & set(analyse(texts[at]))) / max(1, len(wanted))
            return (span.odds if span else -_MOST) + WORDS * share

        at = max(range(len(texts)), key=worth)
        span = self.spans[at]
        start, end = passage.sentences[at]
        if not marked or span is None:
            return Quote(texts[at], None, passage.article_id, start, end)
        words = passage.text[span.start : span.end]
        place = passage.start + span.start
        return Quote(texts[at], words, passage.article_id, start, end, place)


def _worth_reading(ranked: Sequence[Ranked]) -> list[Ranked]:
    least = max((item.score for item in ranked), default=0.0) - BEHIND
    return [item for item in ranked if item.score >= least]


def _cosine(one: NDArray[np.float32] | None, other: NDArray[np.float32]) -> float:
    return 0.0 if one is None else float(one @ other)


def _excerpt(question: Question, passage: Passage) -> Excerpt:
    sentences = tuple((a - passage.start, b - passage.start) for a, b in passage.sentences)
    return Excerpt(question.read, passage.context, passage.text, sentences)


def _signals(best: _Look) -> tuple[float, ...]:
    ranked = best.ranked
    dense, coverage = ranked.dense, ranked.coverage
    return dense, coverage, dense * coverage, ranked.phrase, best.odds * (1 - dense)


def confidence(*signals: float) -> float:
    """Return how probable it is that the best passage answers, between 0 and 1.

    A logistic regression on the cosine of the passage, the share of the question's words
    that it holds, the two multiplied, the share of the question's pairs of neighbouring
    words, and the model's log odds times what the cosine lacks of 1; see
    ``index.calibration``.
    """
    return logistic(BY_SPANS, signals)


def nearness(*signals: float) -> float:
    """Return how probable it is that the library is about what is asked, answered or not.

    A logistic regression on those of the signals that come from retrieval.
    """
    return logistic(BY_NEARNESS, signals)
