"""What a confidence and a rank are computed from, by name, and the weights of the same names.

A regression's weights have the fields of its signals, in the same order, with the constant
first: so a weight can't be applied to another signal, and ``make calibrate`` prints what
``index.answer.calibration`` holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class LibrarySignals:
    """What tells whether a library is about a question at all: the best of the passages found."""

    cosine: float
    """Of a passage to the question."""
    coverage: float
    """The share of the question's words that a passage holds."""
    cosine_by_coverage: float
    """Both multiplied, for one passage."""
    phrase: float
    """The share of the question's pairs of neighbouring words that a passage holds."""
    evidence: float
    """The reader's log odds that a passage answers, within limits."""
    size: float
    """The logarithm of the number of passages, up to a limit: in many something is always near."""


@dataclass(frozen=True, slots=True)
class EvidenceSignals:
    """What tells whether the sentence chosen answers, where the library is about the question."""

    evidence: float
    """The reader's log odds that words of the sentence answer, within limits."""
    passage_lead: float
    """How far the log odds of its passage are ahead of those of any other."""
    sentence_lead: float
    """How far those of the sentence are ahead of those of any other of its passage."""
    words: float
    """The share of the question's words that the sentence holds."""
    cosine_lead: float
    """How far the cosine of its passage is ahead of the mean of those that were found."""
    missing_names: float
    """How many of the question's names and numbers its passage lacks, up to a limit."""
    identifiers: float
    """1 where its passage holds every code, version or the like of the question, -1 where it
    lacks one, 0 where there is none."""
    same_question: float
    """The cosine of its title or heading to the question, where that is a question itself, else 0:
    under such a title an answer stands whatever its words."""


@dataclass(frozen=True, slots=True)
class SpanSignals:
    """Those of both stages, where a span model reads."""

    library: LibrarySignals
    answer: EvidenceSignals

    @property
    def held(self) -> bool:
        """Whether the passage holds all codes, versions and the like of a question that has some.

        Such a passage is about the question, whatever the first stage makes of it.
        """
        return self.answer.identifiers > 0


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
class LibraryWeights:
    """Those of ``LibrarySignals``."""

    constant: float
    cosine: float
    coverage: float
    cosine_by_coverage: float
    phrase: float
    evidence: float
    size: float


@dataclass(frozen=True, slots=True)
class EvidenceWeights:
    """Those of ``EvidenceSignals``."""

    constant: float
    evidence: float
    passage_lead: float
    sentence_lead: float
    words: float
    cosine_lead: float
    missing_names: float
    identifiers: float
    same_question: float


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
    weights: LibraryWeights | EvidenceWeights | SentenceWeights,
    signals: LibrarySignals | EvidenceSignals | SentenceSignals,
) -> float:
    """Return the probability that a logistic regression gives, between 0 and 1."""
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
