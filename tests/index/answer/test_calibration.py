"""Whether fitting finds the constants that made what it is given."""

from __future__ import annotations

import numpy as np
import pytest

from index.answer.signals import RankingGrounds
from index.evaluate import LabelledQuestion, QuestionResult, RankedGrounds
from tests.measure.regression import fit, fit_order


def test_a_regression_finds_the_weights_that_made_its_data() -> None:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(20_000, 2))
    sure = 1 / (1 + np.exp(-(0.5 + rows @ np.asarray([2.0, -1.0]))))
    so = (chance.random(len(rows)) < sure).astype(float)
    assert fit([(rows, so)]) == pytest.approx([0.5, 2.0, -1.0], abs=0.1)


def test_the_order_is_that_by_which_passages_were_chosen() -> None:
    assert fit_order([_chosen(4_000)]) == pytest.approx([1.0, 0.5, -0.25, 0.25], abs=0.05)


def test_questions_that_tell_nothing_of_the_order_change_nothing() -> None:
    told = _chosen(200)
    untold = [_outcome(np.eye(3, 4), {0, 1, 2}), _outcome(np.eye(3, 4), set())]
    assert fit_order([[*told, *untold]]) == pytest.approx(fit_order([told]), rel=1e-3)


def _chosen(count: int) -> list[QuestionResult]:
    chance = np.random.default_rng(0)
    outcomes = []
    for _ in range(count):
        rows = chance.normal(size=(5, 4))
        chosen = int((rows @ [2.0, 1.0, -0.5, 0.5] + chance.gumbel(size=5)).argmax())
        outcomes.append(_outcome(rows, {chosen}))
    return outcomes


def _outcome(rows: np.ndarray, answering: set[int]) -> QuestionResult:
    grounds = tuple(
        RankedGrounds(n in answering, RankingGrounds(*map(float, row)))
        for n, row in enumerate(rows)
    )
    question = LabelledQuestion("q", "Who?", frozenset("p"))
    return QuestionResult(question, "closest", 0.4, 1, 1, 1, "p", None, None, grounds)
