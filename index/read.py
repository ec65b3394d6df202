"""Question + ranked passages -> answer.

``Reader`` is the seam: whatever reads passages gives back a ``Reading``.  The one here
compares sentences with the question, by meaning and by words, and takes its evidence that
the library holds an answer from how near the best passage comes.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from index.analysis import analyse
from index.calibration import ANSWER, NONE, WEIGHTS
from index.embed import Embedder, Vectors
from index.library import embedded_text
from index.records import Passage, Quote, Ranked, State
from index.retrieve import Question, Retrieval

READ = 5
"""How many passages are read; more cost time and change nothing on our sets."""

SENTENCE = 0.7
"""What the cosine of a passage's nearest sentence counts in ranking it anew."""

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
    signals: tuple[float, ...] = ()
    """What the confidence was computed from."""


class Reader(Protocol):
    """Decides whether passages answer a question, and which words do."""

    def read(self, question: Question, retrieval: Retrieval) -> Reading:
        """Return the decision; called off the event loop, may take tens of milliseconds."""


class SentenceReader:
    """Answers with the sentence most like the question, and ranks passages anew by theirs."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        # A passage never changes under its id, and popular ones are asked for again and again.
        self._known: OrderedDict[int, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, question: Question, retrieval: Retrieval) -> Reading:
        """Return the decision, from similarity and shared words alone."""
        if not retrieval.ranked:
            return Reading("none", 0.0, "the library is empty", None, ())
        read = [self._look(question, ranked) for ranked in self._vectors(retrieval.ranked[:READ])]
        repeats = retrieval.repeats
        read.sort(key=lambda look: (look.ranked.passage.id in repeats, -look.ranked.score))
        best = read[0]
        signals = (best.ranked.dense, best.cosine, best.ranked.coverage, best.ranked.phrase)
        sure = confidence(*signals)
        state = state_of(sure)
        return Reading(
            state,
            sure,
            reason(state, question, best.ranked, retrieval),
            None if state == "none" else best.quote,
            (*(look.ranked for look in read), *retrieval.ranked[READ:]),
            signals,
        )

    def _look(self, question: Question, given: tuple[Ranked, Vectors]) -> _Look:
        ranked, vectors = given
        passage = ranked.passage
        texts = _sentences(passage)
        wanted = question.wanted
        shares = [len(wanted & set(analyse(text))) / max(1, len(wanted)) for text in texts]
        at = int((vectors @ question.focus + WORDS * np.asarray(shares, np.float32)).argmax())
        start, end = passage.sentences[at]
        nearest = max(0.0, float((vectors @ question.vector).max()))
        return _Look(
            replace(ranked, score=ranked.score + SENTENCE * nearest),
            nearest,
            Quote(texts[at], None, passage.article_id, start, end),
        )

    def _vectors(self, ranked: Sequence[Ranked]) -> list[tuple[Ranked, Vectors]]:
        """Return passages with the vectors of their sentences; new ones share one batch."""
        with self._lock:
            known = {r.passage.id: self._known.get(r.passage.id) for r in ranked}
        new = [r.passage for r in ranked if known[r.passage.id] is None]
        fresh = self._embed(new)
        with self._lock:
            self._known.update(fresh)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        vectors = {**{i: v for i, v in known.items() if v is not None}, **fresh}
        return [(r, vectors[r.passage.id]) for r in ranked]

    def _embed(self, passages: Sequence[Passage]) -> dict[int, Vectors]:
        if not passages:
            return {}
        texts = [embedded_text(p.context, text) for p in passages for text in _sentences(p)]
        edges = np.cumsum([len(p.sentences) for p in passages])[:-1]
        parts = np.split(self._embedder.embed_passages(texts), edges)
        return {p.id: vectors for p, vectors in zip(passages, parts, strict=True)}


@dataclass(frozen=True, slots=True)
class _Look:
    """One passage with its score anew, its best sentence and how near that comes."""

    ranked: Ranked
    cosine: float
    quote: Quote


def _sentences(passage: Passage) -> list[str]:
    return [passage.text[a - passage.start : b - passage.start] for a, b in passage.sentences]


def confidence(dense: float, sentence: float, coverage: float, phrase: float) -> float:
    """Return how probable it is that the best passage answers, between 0 and 1.

    A logistic regression on the cosines of the passage and of its nearest sentence, and the
    shares of the question's words and pairs of words that it holds; see
    ``index.calibration``.
    """
    signals = (1.0, dense, sentence, coverage, max(dense, sentence) * coverage, phrase)
    return 1 / (1 + math.exp(-math.fsum(w * s for w, s in zip(WEIGHTS, signals, strict=True))))


def state_of(sure: float) -> State:
    """Return the state that a confidence leads to."""
    if sure >= ANSWER:
        return "answer"
    return "closest" if sure >= NONE else "none"


def reason(state: State, question: Question, best: Ranked, retrieval: Retrieval) -> str:
    """Return why the state is what it is, in a phrase a person can check."""
    if state == "none":
        return _nothing_about([question.surfaces.get(term, term) for term in retrieval.unknown])
    held = retrieval.terms[best.passage.id]
    missing = [word for term, word in question.surfaces.items() if term not in held]
    likeness = f"similarity {best.dense:.2f}"
    if not missing:
        return f"{likeness}, and it holds every word of the question"
    return f"{likeness}, without {_listed(missing)}"


def _nothing_about(unknown: Sequence[str]) -> str:
    if not unknown:
        return "nothing in the library comes near the question"
    return f"nothing in the library comes near the question, or mentions {_listed(unknown)}"


def _listed(words: Sequence[str], most: int = 3) -> str:
    quoted = [f"“{word}”" for word in words[:most]]
    if len(words) > most:
        return f"{', '.join(quoted)} and {len(words) - most} more"
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)
