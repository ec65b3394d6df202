"""A reader that needs no model of its own: it compares sentences with the question.

Similarity can't tell a near miss from an answer, so it serves only where no reader is
configured (``reader = "none"``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from index.answer.calibration import BY_SENTENCES, NONE
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
from index.answer.signals import SentenceSignals, logistic
from index.digests import embedded_text
from index.language.terms import analyse
from index.lru import LRUCache
from index.models.embedder import Embedder, Vectors
from index.records import Passage, Quote, Ranked

SENTENCE = 0.7
"""What the cosine of a passage's nearest sentence counts in reranking it."""

WORDS = 0.5
"""What the share of the question's words counts beside the cosine in choosing a sentence."""

_REMEMBERED = 2_048  # passages whose sentences are remembered with their vectors, about 8 kB each


class SentenceReader:
    """Answers with the sentence most like the question, and reranks passages by theirs."""

    identity = "by sentences alone"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        # A passage never changes under its id, and popular ones are asked for again and again.
        self._known: LRUCache[int, Vectors] = LRUCache(_REMEMBERED)

    def read(
        self, questions: Sequence[PreparedQuery], retrievals: Sequence[Retrieval]
    ) -> list[Reading]:
        """Return the decisions, from similarity and shared words alone."""
        return [
            self._read(question, retrieval)
            for question, retrieval in zip(questions, retrievals, strict=True)
        ]

    def _read(self, question: PreparedQuery, retrieval: Retrieval) -> Reading:
        if not retrieval.ranked:
            return EMPTY
        read = [
            self._read_passage(question, ranked)
            for ranked in self._vectors(retrieval.ranked[:READ])
        ]
        repeats = retrieval.repeats
        read.sort(key=lambda item: (item.ranked.passage.id in repeats, -item.ranked.score))
        best = read[0]
        signals = _signals(best)
        sure = confidence(signals)
        state = state_of(sure, sure, NONE, question.threshold.value)
        return Reading(
            state,
            sure,
            reason(state, question, best.ranked, retrieval),
            None if state == "none" else best.quote,
            (*(item.ranked for item in read), *retrieval.ranked[READ:]),
            signals,
        )

    def _read_passage(self, question: PreparedQuery, given: tuple[Ranked, Vectors]) -> _ReadPassage:
        ranked, vectors = given
        passage = ranked.passage
        texts = sentences_of(passage)
        wanted = question.wanted
        shares = [len(wanted & set(analyse(text))) / max(1, len(wanted)) for text in texts]
        at = int((vectors @ question.focus + WORDS * np.asarray(shares, np.float32)).argmax())
        start, end = passage.sentences[at]
        nearest = max(0.0, float((vectors @ question.vector).max()))
        return _ReadPassage(
            replace(ranked, score=ranked.score + SENTENCE * nearest),
            nearest,
            Quote(texts[at], None, passage.article_id, start, end),
        )

    def _vectors(self, ranked: Sequence[Ranked]) -> list[tuple[Ranked, Vectors]]:
        """Return passages with the vectors of their sentences; new sentences share one batch."""
        vectors = {r.passage.id: self._known.get(r.passage.id) for r in ranked}
        fresh = self._embed([r.passage for r in ranked if vectors[r.passage.id] is None])
        for passage_id, made in fresh.items():
            self._known.put(passage_id, made)
        known = {i: v for i, v in vectors.items() if v is not None} | fresh
        return [(r, known[r.passage.id]) for r in ranked]

    def _embed(self, passages: Sequence[Passage]) -> dict[int, Vectors]:
        if not passages:
            return {}
        texts = [embedded_text(p.context, text) for p in passages for text in sentences_of(p)]
        edges = np.cumsum([len(p.sentences) for p in passages])[:-1]
        parts = np.split(self._embedder.embed_passages(texts), edges)
        return {p.id: vectors for p, vectors in zip(passages, parts, strict=True)}


@dataclass(frozen=True, slots=True)
class _ReadPassage:
    """A passage with its new score, its best sentence and the cosine of its nearest."""

    ranked: Ranked
    cosine: float
    quote: Quote


def _signals(best: _ReadPassage) -> SentenceSignals:
    ranked = best.ranked
    return SentenceSignals(
        cosine=ranked.dense,
        sentence_cosine=best.cosine,
        coverage=ranked.coverage,
        cosine_by_coverage=max(ranked.dense, best.cosine) * ranked.coverage,
        phrase=ranked.phrase,
    )


def confidence(signals: SentenceSignals) -> float:
    """Return how probable it is that the best passage answers, between 0 and 1."""
    return logistic(BY_SENTENCES, signals)
