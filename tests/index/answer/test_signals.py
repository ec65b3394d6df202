"""Signals and their weights: that they match by name, and what is computed from them."""

from __future__ import annotations

import math
from dataclasses import astuple, fields

import pytest

from index.answer.calibration import BY_EVIDENCE, BY_LIBRARY, BY_SENTENCES, RANKING
from index.answer.signals import (
    EvidenceSignals,
    EvidenceWeights,
    LibrarySignals,
    LibraryWeights,
    RankingGrounds,
    RankingWeights,
    SentenceSignals,
    SentenceWeights,
    logistic,
    ranking_score,
)

LIBRARY = LibrarySignals(0.7, 0.6, 0.42, 0.3, 1.0, 2.1)
EVIDENCE = EvidenceSignals(2.1, 1.5, 0.7, 0.5, 0.2, 1.0, 0.0, 0.4)
SENTENCE = SentenceSignals(0.7, 0.8, 0.6, 0.48, 0.3)
GROUNDS = RankingGrounds(1.3, 0.7, 0.4, 2.6)


@pytest.mark.parametrize(
    ("signals", "weights", "constant"),
    [
        (LibrarySignals, LibraryWeights, ["constant"]),
        (EvidenceSignals, EvidenceWeights, ["constant"]),
        (SentenceSignals, SentenceWeights, ["constant"]),
        (RankingGrounds, RankingWeights, []),
    ],
)
def test_weights_have_the_fields_of_their_signals_in_the_same_order(
    signals: type, weights: type, constant: list[str]
) -> None:
    names = [field.name for field in fields(signals)]
    assert [field.name for field in fields(weights)] == constant + names


@pytest.mark.parametrize(
    ("weights", "signals"),
    [
        (BY_LIBRARY, LIBRARY),
        (BY_EVIDENCE, EVIDENCE),
        (BY_SENTENCES, SENTENCE),
    ],
)
def test_a_probability_is_the_logistic_of_the_weighted_signals_to_the_last_digit(
    weights: LibraryWeights | EvidenceWeights | SentenceWeights,
    signals: LibrarySignals | EvidenceSignals | SentenceSignals,
) -> None:
    values = (1.0, *astuple(signals))
    total = math.fsum(w * s for w, s in zip(astuple(weights), values, strict=True))
    assert logistic(weights, signals) == 1 / (1 + math.exp(-total))


def test_a_score_is_the_weighted_sum_of_its_grounds_to_the_last_digit() -> None:
    total = math.fsum(w * g for w, g in zip(astuple(RANKING), astuple(GROUNDS), strict=True))
    assert ranking_score(RANKING, GROUNDS) == total
