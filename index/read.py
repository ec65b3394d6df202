"""Question + ranked passages -> answer.

``Reader`` is the seam: whatever reads passages gives back a ``Reading``.  The one here
compares sentences with the question, by meaning and by words, and takes its evidence that
the library holds an answer from how near the best passage comes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from index.analysis import analyse
from index.calibration import ANSWER, NONE, WEIGHTS
from index.embed import Embedder, Vectors
from index.records import Passage, Quote, Ranked, State
from index.retrieve import Question, Retrieval

WORDS = 0.5
"""What the share of the question's words counts beside the cosine in choosing a sentence."""

_REMEMBERED = 2_048  # passages whose sentences are kept with their vectors, about 8 kB each


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of the passages: its decision and the passages in its order."""

    state: State
    confidence: float
    reason: str
    quote: Quote | None
    ranked: tuple[Ranked, ...]


class Reader(Protocol):
    """Decides whether passages answer a question, and which words do."""

    def read(self, question: Question, retrieval: Retrieval) -> Reading:
        """Return the decision; called off the event loop, may take tens of milliseconds."""


class SentenceReader:
    """Answers with the sentence of the best passage that is most like the question."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        # A passage never changes under its id, and popular ones are asked for again and again.
        self._sentences = lru_cache(_REMEMBERED)(self._split)

    def read(self, question: Question, retrieval: Retrieval) -> Reading:
        """Return the decision, from similarity and shared words alone."""
        if not retrieval.ranked:
            return Reading("none", 0.0, "the library is empty", None, ())
        best = retrieval.ranked[0]
        sure = confidence(best)
        state = state_of(sure)
        quote = None if state == "none" else self._quote(question, best.passage)
        return Reading(state, sure, reason(state, question, retrieval), quote, retrieval.ranked)

    def _quote(self, question: Question, passage: Passage) -> Quote:
        texts, vectors = self._sentences(passage)
        wanted = set(question.terms)
        shares = [len(wanted & set(analyse(text))) / max(1, len(wanted)) for text in texts]
        scores = vectors @ question.vector + WORDS * np.asarray(shares, np.float32)
        best = int(scores.argmax())
        start, end = passage.sentences[best]
        return Quote(texts[best], None, passage.article_id, start, end)

    def _split(self, passage: Passage) -> tuple[list[str], Vectors]:
        start = passage.start
        texts = [passage.text[a - start : b - start] for a, b in passage.sentences]
        return texts, self._embedder.embed_passages(texts)


def confidence(best: Ranked) -> float:
    """Return how probable it is that the best passage answers, between 0 and 1.

    A logistic regression on the passage's cosine, the share of the question's words that
    it holds, and the product of both; see ``index.calibration`` for what it was fitted on.
    """
    constant, dense, coverage, product = WEIGHTS
    evidence = constant + dense * best.dense + coverage * best.coverage
    evidence += product * best.dense * best.coverage
    return 1 / (1 + math.exp(-evidence))


def state_of(sure: float) -> State:
    """Return the state that a confidence leads to."""
    if sure >= ANSWER:
        return "answer"
    return "closest" if sure >= NONE else "none"


def reason(state: State, question: Question, retrieval: Retrieval) -> str:
    """Return why the state is what it is, in a phrase a person can check."""
    if state == "none":
        return _nothing_about([question.surfaces.get(term, term) for term in retrieval.unknown])
    likeness = f"similarity {retrieval.ranked[0].dense:.2f}"
    if not retrieval.missing:
        return f"{likeness}, and it holds every word of the question"
    return f"{likeness}, without {_listed([question.surfaces[t] for t in retrieval.missing])}"


def _nothing_about(unknown: Sequence[str]) -> str:
    if not unknown:
        return "nothing in the library comes near the question"
    return f"nothing in the library comes near the question, or mentions {_listed(unknown)}"


def _listed(words: Sequence[str], most: int = 3) -> str:
    quoted = [f"“{word}”" for word in words[:most]]
    if len(words) > most:
        return f"{', '.join(quoted)} and {len(words) - most} more"
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)
