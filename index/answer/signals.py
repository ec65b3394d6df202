"""What a confidence and a rank are computed from, by name, and the weights of the same names.

A regression's weights have the fields of its signals, in the same order, with the constant
first: so a weight can't be applied to another signal, and ``make calibrate`` prints what
``index.answer.calibration`` holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class RetrievalSignals:
    """What the search alone knows of the best passage."""

    cosine: float
    """Of the passage to the question."""
    coverage: float
    """The share of the question's words that the passage holds."""
    cosine_by_coverage: float
    """Both multiplied."""
    phrase: float
    """The share of the question's pairs of neighbouring words that the passage holds."""
    missing_words: float
    """How many of the question's words the passage lacks, up to a limit."""


@dataclass(frozen=True, slots=True)
class SpanSignals(RetrievalSignals):
    """The same, with what a span model found in the passage."""

    evidence: float
    """The model's log odds, times what the cosine lacks of 1."""
    missing_names: float
    """How many of the question's names and numbers the answering sentence lacks, up to a limit."""


@dataclass(frozen=True, slots=True)
class SentenceSignals:
    """What is known of the best passage where no reader is configured."""

    cosine: float
    """Of the passage to the question."""
    sentence_cosine: float
    """Of the passage's nearest sentence to the question."""
    coverage: float
    """The share of the question's words that the passage holds."""
    cosine_by_coverage: float
    """The higher of the cosines times that share."""
    phrase: float
    """The share of the question's pairs of neighbouring words that the passage holds."""


Signals = SpanSignals | SentenceSignals
"""What a reader's confidence is computed from."""


@dataclass(frozen=True, slots=True)
class RankingGrounds:
    """What the score of a passage that was read is made of; none is negative."""

    retrieval: float
    """The score that the search gave."""
    cosine: float
    """Of the passage to the question."""
    context_cosine: float
    """Of its title and section to the question."""
    evidence: float
    """The model's log odds, counted from their least, times what the best cosine lacks of 1."""


@dataclass(frozen=True, slots=True)
class RetrievalWeights:
    """Those of ``RetrievalSignals``."""

    constant: float
    cosine: float
    coverage: float
    cosine_by_coverage: float
    phrase: float
    missing_words: float


@dataclass(frozen=True, slots=True)
class SpanWeights(RetrievalWeights):
    """Those of ``SpanSignals``."""

    evidence: float
    missing_names: float


@dataclass(frozen=True, slots=True)
class SentenceWeights:
    """Those of ``SentenceSignals``."""

    constant: float
    cosine: float
    sentence_cosine: float
    coverage: float
    cosine_by_coverage: float
    phrase: float


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """Those of ``RankingGrounds``; a conditional logit has no constant."""

    retrieval: float
    cosine: float
    context_cosine: float
    evidence: float


def logistic(
    weights: RetrievalWeights | SentenceWeights, signals: RetrievalSignals | SentenceSignals
) -> float:
    """Return the probability that a logistic regression gives, between 0 and 1.

    Of the signals those count that have a weight.
    """
    total = math.fsum(
        getattr(weights, field.name)
        * (1.0 if field.name == "constant" else getattr(signals, field.name))
        for field in fields(weights)
    )
    return 1 / (1 + math.exp(-total))


def ranking_score(weights: RankingWeights, grounds: RankingGrounds) -> float:
    """Return the score by which a passage that was read is ranked."""
    return math.fsum(
        getattr(weights, field.name) * getattr(grounds, field.name) for field in fields(weights)
    )
