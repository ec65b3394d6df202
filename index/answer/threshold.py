"""Votes on a library's answers -> the confidence from which on its answers are called so.

Confidences are fitted to many kinds of libraries; one library's may all be somewhat too sure or
too timid.  That shift of their log odds is estimated from its votes, by maximum a posteriori
with a normal prior around no shift (a logistic regression of one intercept; Platt's scaling
with the slope left alone, Advances in Large Margin Classifiers, 1999), and the threshold
is put where a shifted confidence is as likely right as not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from index.answer.calibration import ANSWER
from index.records import Threshold, Vote

DEFAULT = Threshold(ANSWER)
"""What holds where too few have voted."""

ENOUGH_VOTES, ENOUGH_PEOPLE = 20, 3
"""Below either of them nothing is shifted: nobody moves a library's threshold alone."""

MOST_SHIFT = 0.1
"""So far votes move the threshold, whatever they say."""

_DEVIATION = 0.5  # of the prior, in log odds
_SURE = 0.99  # more is no more certain: one vote on it shall not outweigh all others
_STEPS = 30


def threshold(votes: Sequence[Vote]) -> Threshold:
    """Return the threshold that the votes on a library's answers lead to."""
    people = {vote.person for vote in votes}
    if len(votes) < ENOUGH_VOTES or len(people) < ENOUGH_PEOPLE:
        return DEFAULT
    usual = _log_odds(ANSWER)
    value = 1 / (1 + math.exp(_shift(votes) - usual))
    return Threshold(max(ANSWER - MOST_SHIFT, min(ANSWER + MOST_SHIFT, value)), len(votes))


def _shift(votes: Sequence[Vote]) -> float:
    """Return the log odds to add to confidences, by Newton's method."""
    odds = [_log_odds(max(1 - _SURE, min(_SURE, vote.confidence))) for vote in votes]
    shift = 0.0
    for _ in range(_STEPS):
        likely = [1 / (1 + math.exp(-(value + shift))) for value in odds]
        slope = sum(vote.helpful - p for vote, p in zip(votes, likely, strict=True))
        bend = sum(p * (1 - p) for p in likely)
        shift += (slope - shift / _DEVIATION**2) / (bend + 1 / _DEVIATION**2)
    return shift


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
