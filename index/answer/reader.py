"""Ranked passages -> a decision: which words answer, how surely, and why.

``Reader`` is the seam.  ``SpanReader`` reads question and passage together and marks the
words; ``SentenceReader`` compares sentences with the question, and serves where no reader
is configured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from index.answer.calibration import ANSWER
from index.answer.question import PreparedQuery
from index.answer.retrieve import Retrieval
from index.answer.signals import RankingGrounds, Signals
from index.records import AnswerReason, Passage, Quote, Ranked, State

READ = 5
"""How many passages are read; more cost time and change nothing on our sets."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of the passages: its decision and the passages in its order."""

    state: State
    confidence: float
    reason: AnswerReason
    quote: Quote | None
    ranked: tuple[Ranked, ...]
    signals: Signals | None = None
    """What the confidence was computed from; None where there was nothing to read."""
    grounds: tuple[RankingGrounds, ...] = ()
    """What the score of each passage that was read was made of, in the passages' order."""


EMPTY = Reading("none", 0.0, AnswerReason("empty library"), None, ())
"""What is read where there is nothing to read."""


class Reader(Protocol):
    """Decides whether passages answer a question, and which words do."""

    @property
    def identity(self) -> str:
        """Name and revision."""

    def read(
        self, questions: Sequence[PreparedQuery], retrievals: Sequence[Retrieval]
    ) -> list[Reading]:
        """Return a decision for each question; those given together are read together.

        Called off the event loop, may take tens of milliseconds for each.
        """


def state_of(sure: float, near: float, nothing: float, answer: float = ANSWER) -> State:
    """Return the state that a confidence leads to.

    ``near`` says how sure it is that the library is about this at all; below ``nothing``
    it is not.  From ``answer`` on a confidence is enough for an answer.
    """
    if sure >= answer:
        return "answer"
    return "closest" if near >= nothing else "none"


def sentences_of(passage: Passage) -> list[str]:
    """Return the sentences of a passage."""
    return [passage.text[a - passage.start : b - passage.start] for a, b in passage.sentences]
