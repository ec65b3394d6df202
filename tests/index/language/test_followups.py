"""Which questions lean on the one before, and the two as one."""

from __future__ import annotations

import pytest

from index.language.followups import leans, understood

BEFORE = "How much is the S-400 deal worth?"


@pytest.mark.parametrize(
    "question",
    [
        "and who said so?",
        "when?",
        "Why?",
        "and when was it signed?",
        "who was that?",
        "???",
        "how so",
    ],
)
def test_a_question_that_leans_is_understood_with_the_one_before(question: str) -> None:
    assert leans(question)
    assert understood(question, BEFORE) == f"{BEFORE} {question}"


@pytest.mark.parametrize(
    "question",
    [
        "Who is Putin meeting in Ankara?",
        "When did Russia and Turkey make peace again after the plane?",
        "What does a confidence of 0.8 mean?",
    ],
)
def test_a_question_that_stands_for_itself_is_left_alone(question: str) -> None:
    assert not leans(question)
    assert understood(question, BEFORE) == question


def test_the_first_question_has_nothing_to_lean_on() -> None:
    assert understood("when?", None) == "when?"
    assert understood("when?", "") == "when?"
