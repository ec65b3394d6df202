"""Regressions that the constants of ``index.answer.calibration`` are fitted by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields

import numpy as np
from numpy.typing import NDArray

from index.answer.signals import RankingGrounds
from index.evaluate import QuestionResult

_RIDGE = 1e-6
_STEPS = 50
_DAMPED = 0.8

Rows = NDArray[np.float64]


def fit(groups: Iterable[tuple[Rows, NDArray[np.float64]]]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression, by iteratively reweighted least squares.

    A group is its rows of signals and, for each, whether it is so (1.0) or not (0.0).
    """
    filled = [(rows, so) for rows, so in groups if len(rows)]
    rows = np.concatenate([_with_constant(rows) for rows, _ in filled])
    so = np.concatenate([so for _, so in filled])
    share = np.concatenate([np.full(len(so), 1 / len(so)) for _, so in filled])
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        sure = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (so - sure)) - _RIDGE * weights
        curve = (rows * (share * sure * (1 - sure))[:, None]).T @ rows
        weights += np.linalg.solve(curve + _RIDGE * np.eye(len(weights)), slope)
    return weights


def fit_order(groups: Iterable[Sequence[QuestionResult]]) -> NDArray[np.float64]:
    """Return the weights of a conditional logit of which passage answers, the first being 1.

    McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior" (1974); where
    several answer, any of them may be chosen.  By Newton's method, damped.
    """
    choices = [
        (np.asarray([astuple(read.grounds) for read in o.grounds]), right, 1 / len(group))
        for group in groups
        for o in group
        if (right := np.asarray([float(read.relevant) for read in o.grounds])).any()
        and not right.all()
    ]
    weights = np.zeros(len(fields(RankingGrounds)))
    for _ in range(_STEPS):
        slope, curve = -_RIDGE * weights, _RIDGE * np.eye(len(weights))
        for rows, right, share in choices:
            chosen = np.exp(rows @ weights - (rows @ weights).max())
            chosen /= chosen.sum()
            answers = chosen * right / (chosen @ right)
            slope += share * (answers - chosen) @ rows
            mean = chosen @ rows
            curve += share * ((rows * chosen[:, None]).T @ rows - np.outer(mean, mean))
        weights += _DAMPED * np.linalg.solve(curve, slope)
    return weights / weights[0]


def probability(rows: Rows, weights: Rows) -> Rows:
    """Return what a logistic regression with these weights says of rows of signals."""
    sure: Rows = 1 / (1 + np.exp(-_with_constant(rows) @ weights))
    return sure


def _with_constant(rows: Rows) -> Rows:
    return np.column_stack([np.ones(len(rows)), rows])
