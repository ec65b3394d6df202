"""Figures of scores, against values worked out on paper and what must hold of any scores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.evaluation.measures import aurc, calibration_gap, mean, risk_coverage, state_shares

JUDGED = st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9, 1.0]), st.booleans()), min_size=1)


def unzipped(judged: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [sure for sure, _ in judged], [right for _, right in judged]


def test_the_curve_counts_the_surest_first() -> None:
    points = risk_coverage([0.2, 0.9, 0.6], [False, True, False])
    assert [point.confidence for point in points] == [0.9, 0.6, 0.2]
    assert [point.coverage for point in points] == pytest.approx([1 / 3, 2 / 3, 1])
    assert [point.risk for point in points] == pytest.approx([0, 1 / 2, 2 / 3])
    assert aurc([0.2, 0.9, 0.6], [False, True, False]) == round((0 + 1 / 2 + 2 / 3) / 3, 4)


def test_the_same_confidence_shares_what_is_wrong() -> None:
    points = risk_coverage([0.5, 0.5], [True, False])
    assert [point.risk for point in points] == [0.5, 0.5]


def test_nothing_has_no_curve() -> None:
    assert (risk_coverage([], []), aurc([], [])) == ([], None)


@given(JUDGED)
def test_the_order_of_asking_changes_nothing(judged: list[tuple[float, bool]]) -> None:
    assert aurc(*unzipped(judged)) == pytest.approx(aurc(*unzipped(judged[::-1])), abs=1e-4)


@given(JUDGED)
def test_a_curve_ends_at_the_share_of_what_is_wrong(judged: list[tuple[float, bool]]) -> None:
    sure, right = unzipped(judged)
    points = risk_coverage(sure, right)
    assert points[-1].coverage == 1
    assert points[-1].risk == pytest.approx(1 - sum(right) / len(right))
    assert all(-1e-9 <= point.risk <= 1 + 1e-9 for point in points)


@given(st.lists(st.floats(0, 1), min_size=1))
def test_where_all_is_right_nothing_is_risked(sure: list[float]) -> None:
    assert aurc(sure, [True] * len(sure)) == 0
    assert aurc(sure, [False] * len(sure)) == 1


@given(JUDGED)
def test_confidences_that_know_risk_no_more_than_those_that_are_wrong(
    judged: list[tuple[float, bool]],
) -> None:
    _, right = unzipped(judged)
    known = aurc([float(r) for r in right], right)
    fooled = aurc([1 - float(r) for r in right], right)
    assert known is not None
    assert fooled is not None
    assert known <= fooled


def test_calibration_is_the_gap_of_each_bin_by_its_size() -> None:
    assert calibration_gap([0.92, 0.94, 0.3], [True, False, False]) == pytest.approx(
        (0.86 + 0.3) / 3, abs=1e-4
    )
    assert calibration_gap([], []) == 0.0


def test_shares_and_means_of_nothing_are_nothing() -> None:
    assert mean([]) == 0.0
    assert state_shares(["answer", "none"]) == {"answer": 0.5, "closest": 0.0, "none": 0.5}
