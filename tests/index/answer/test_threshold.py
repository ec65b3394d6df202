"""Votes move what a library calls an answer: with enough of them, and never far."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.answer.calibration import ANSWER
from index.answer.threshold import DEFAULT, ENOUGH_PEOPLE, ENOUGH_VOTES, MOST_SHIFT, threshold
from index.records import Vote

votes = st.lists(
    st.builds(Vote, st.floats(0, 1), st.booleans(), st.integers(1, 6)), min_size=0, max_size=60
)


def voted(confidence: float, helpful: int, others: int, people: int = 5) -> list[Vote]:
    return [
        Vote(confidence, helpful=n < helpful, person=n % people) for n in range(helpful + others)
    ]


def test_without_enough_votes_of_enough_people_nothing_moves() -> None:
    assert threshold([]) == DEFAULT
    assert threshold(voted(0.6, 0, ENOUGH_VOTES - 1)) == DEFAULT
    assert threshold(voted(0.6, 0, 500, people=ENOUGH_PEOPLE - 1)) == DEFAULT


def test_answers_that_helped_less_often_than_their_confidence_says_need_more() -> None:
    moved = threshold(voted(0.6, 10, 20))
    assert ANSWER + 0.03 < moved.value <= ANSWER + MOST_SHIFT
    assert moved.votes == 30


def test_answers_that_helped_more_often_need_less() -> None:
    assert ANSWER - MOST_SHIFT <= threshold(voted(0.4, 25, 5)).value < ANSWER - 0.03


def test_votes_that_agree_with_the_confidence_move_nothing() -> None:
    assert abs(threshold(voted(0.6, 18, 12)).value - ANSWER) < 1e-6


def test_few_votes_move_less_than_many() -> None:
    few, many = threshold(voted(0.6, 11, 11)).value, threshold(voted(0.6, 110, 110)).value
    assert ANSWER < few < many


@given(votes)
def test_the_threshold_stays_near_the_usual_one_whatever_is_voted(given_votes: list[Vote]) -> None:
    assert abs(threshold(given_votes).value - ANSWER) <= MOST_SHIFT + 1e-12


@given(votes, st.integers(0, 59))
def test_a_vote_that_an_answer_helped_never_makes_answers_rarer(
    given_votes: list[Vote], at: int
) -> None:
    if len(given_votes) < ENOUGH_VOTES:
        return
    at %= len(given_votes)
    better = list(given_votes)
    better[at] = Vote(better[at].confidence, helpful=True, person=better[at].person)
    assert threshold(better).value <= threshold(given_votes).value + 1e-9
