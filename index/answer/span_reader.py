"""A reader that reads: question and passage together, through an extractive model.

It reranks the first passages by the evidence in them, weighed by ``RANKING``,

    score = score of retrieval + a · cosine + b · cosine of title and section
            + c · (1 - best cosine) · log odds

so that it counts most where vectors are at a loss.  Where one comes very near, as with a
FAQ, whose titles are questions, they are ahead of any reader.  Passages far behind the first
are not read.

It decides in two stages: is the library about this, by the best of all that was found; and does
the sentence chosen answer, by the reader.  Both have to be so for an answer; nothing is shown only
where the first fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from index.answer.calibration import BY_EVIDENCE, BY_LIBRARY, NEAR
from index.answer.form import asks
from index.answer.question import PreparedQuery
from index.answer.read_passage import MOST_ODDS, ReadPassage, within
from index.answer.reader import EMPTY, READ, Reading, state_of
from index.answer.reason import reason
from index.answer.retrieve import Retrieval
from index.answer.signals import EvidenceSignals, LibrarySignals, SpanSignals, logistic
from index.language.terms import identifiers, names
from index.lru import LRUCache
from index.models.embedder import Embedder
from index.models.spans import Evidence, Excerpt, SpanModel
from index.records import Passage, Ranked

BEHIND = 0.16
"""How far behind the first by its score a passage may be and still be read; reading further
changes which passage is first for 2 questions in 1,000, and this leaves 3.2 of 5 to be read."""

_CONTEXTS = 4_000  # titles and sections whose vectors are remembered

_MOST_NAMES = 2.0  # missing, beyond which more say no more

_MOST_PASSAGES = 200  # of a library, beyond which more say no more


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
            ReadPassage.of(question, ranked, evidence, room, context)
            for (ranked, evidence), context in zip(read, contexts, strict=True)
        ]
        passages.sort(
            key=lambda item: (item.ranked.passage.id in retrieval.repeats, -item.ranked.score)
        )
        best = passages[0]
        opened = {item.ranked.passage.id for item in passages}
        others = [ranked for ranked in retrieval.ranked if ranked.passage.id not in opened]
        signals = _signals(question, passages, retrieval)
        sure = confidence(signals)
        near = 1.0 if signals.held else nearness(signals)
        state = state_of(sure, max(sure, near), NEAR, question.threshold.value)
        return Reading(
            state,
            sure,
            reason(state, question, best.ranked, retrieval, read=True),
            None if state == "none" else best.quote(marked=state == "answer"),
            (*(item.ranked for item in passages), *others),
            signals,
            tuple(item.grounds for item in passages),
        )


def _worth_reading(ranked: Sequence[Ranked]) -> list[Ranked]:
    least = max((item.score for item in ranked), default=0.0) - BEHIND
    return [item for item in ranked if item.score >= least]


def _cosine(left: NDArray[np.float32] | None, right: NDArray[np.float32]) -> float:
    return 0.0 if left is None else float(left @ right)


def _excerpt(question: PreparedQuery, passage: Passage) -> Excerpt:
    sentences = tuple((a - passage.start, b - passage.start) for a, b in passage.sentences)
    return Excerpt(question.read, passage.context, passage.text, sentences)


def _identifiers(question: PreparedQuery, held: frozenset[str]) -> float:
    """Return 1 where a passage holds every code, version or the like of a question, -1 where it
    lacks one, 0 where there is none.
    """
    asked = identifiers(question.text)
    return 0.0 if not asked else 1.0 if asked <= held else -1.0


def _same_question(best: ReadPassage) -> float:
    headings = best.ranked.passage.context.splitlines()
    return best.grounds.context_cosine if headings and asks(headings[-1]) else 0.0


def _signals(
    question: PreparedQuery, passages: Sequence[ReadPassage], retrieval: Retrieval
) -> SpanSignals:
    """Return the signals of both stages; the passages are those read, the best first.

    Of those found as many count as may be read, so that a confidence doesn't depend on how many
    passages are asked for.
    """
    found, best = retrieval.ranked[:READ], passages[0]
    held = retrieval.terms[best.ranked.passage.id]
    beside = max((item.odds for item in passages[1:]), default=-MOST_ODDS)
    return SpanSignals(
        LibrarySignals(
            cosine=max(item.dense for item in found),
            coverage=max(item.coverage for item in found),
            cosine_by_coverage=max(item.dense * item.coverage for item in found),
            phrase=max(item.phrase for item in found),
            evidence=max(item.odds for item in passages),
            size=math.log1p(min(retrieval.size, _MOST_PASSAGES)),
        ),
        EvidenceSignals(
            evidence=best.best_odds,
            passage_lead=within(best.odds - beside, MOST_ODDS),
            sentence_lead=within(best.sentence_lead, MOST_ODDS),
            words=best.shares[best.best],
            cosine_lead=best.ranked.dense - sum(item.dense for item in found) / len(found),
            missing_names=min(_MOST_NAMES, len(names(question.text) - held)),
            identifiers=_identifiers(question, held),
            same_question=_same_question(best),
        ),
    )


def confidence(signals: SpanSignals) -> float:
    """Return how probable it is that what is shown answers, between 0 and 1."""
    return nearness(signals) * logistic(BY_EVIDENCE, signals.answer)


def nearness(signals: SpanSignals) -> float:
    """Return how probable it is that the library is about what is asked, answered or not."""
    return logistic(BY_LIBRARY, signals.library)
