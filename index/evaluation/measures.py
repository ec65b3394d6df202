"""Figures of scores and of being right, whatever was asked: shares, AUROC, calibration, risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.records import State

STATES: tuple[State, ...] = ("answer", "closest", "none")


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What answering only above a confidence costs.

    ``coverage`` is the share of questions that are then answered, ``risk`` the share of
    these that are answered wrongly.
    """

    coverage: float
    risk: float
    confidence: float


def mean(values: Sequence[float]) -> float:
    """Return the mean, rounded to four places; 0 of nothing."""
    return round(sum(values) / len(values), 4) if values else 0.0


def state_shares(states: Sequence[State]) -> dict[State, float]:
    """Return the share of questions that got each state."""
    return {name: mean([float(state == name) for state in states]) for name in STATES}


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """Return the probability that a positive's score is above a negative's, ties counting half.

    The Mann-Whitney U statistic over the number of pairs.
    """
    if not positive or not negative:
        return None
    ordered = np.sort(np.asarray(negative))
    below = np.searchsorted(ordered, positive, side="left")
    up_to = np.searchsorted(ordered, positive, side="right")
    return round(float((below + up_to).sum() / 2 / len(positive) / len(negative)), 4)


def calibration_gap(sure: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Return the expected calibration error: how far confidence is from being right.

    Guo et al., "On Calibration of Modern Neural Networks" (2017), equation 3, with equal bins.
    """
    confidences, hits = np.asarray(sure), np.asarray(right, float)
    place = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = [abs((confidences[place == b] - hits[place == b]).sum()) for b in range(bins)]
    return round(float(sum(gaps) / max(1, len(confidences))), 4)


def risk_coverage(sure: Sequence[float], right: Sequence[bool]) -> list[RiskPoint]:
    """Return the risk of answering the surest question, the two surest, and so on.

    Questions of the same confidence have no order: each counts as wrong as they are on
    average, so the curve doesn't depend on the order in which they were asked.
    """
    if not sure:
        return []
    levels, level, counts = np.unique(-np.asarray(sure), return_inverse=True, return_counts=True)
    wrong = np.bincount(level, weights=1.0 - np.asarray(right, float)) / counts
    risks = np.cumsum(np.repeat(wrong, counts)) / np.arange(1, len(sure) + 1)
    confidences = np.repeat(-levels, counts)
    return [
        RiskPoint(number / len(sure), float(risk), float(confidence))
        for number, (risk, confidence) in enumerate(zip(risks, confidences, strict=True), 1)
    ]


def aurc(sure: Sequence[float], right: Sequence[bool]) -> float | None:
    """Return the area under the risk-coverage curve: the lower, the better; None of nothing.

    Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks" (2017): the
    risk, averaged over every coverage.
    """
    points = risk_coverage(sure, right)
    return round(sum(point.risk for point in points) / len(points), 4) if points else None
