"""Which questions lean on the one before, and which answer that was."""

from __future__ import annotations

import pytest

from bot.service.conversation import Conversations
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


def test_an_answer_is_followed_by_the_same_person_in_the_same_channel() -> None:
    talk = Conversations()
    talk.said(1, 2, "a", 100.0, private=False)
    assert talk.before(1, 2, 160.0, private=False) == "a"
    assert talk.before(1, 2, 160.0, private=True) == "a"
    assert talk.before(1, 3, 160.0, private=False) is None
    assert talk.before(9, 2, 160.0, private=False) is None


def test_after_a_break_a_question_begins_anew() -> None:
    talk = Conversations()
    talk.said(1, 2, "a", 100.0, private=False)
    assert talk.before(1, 2, 700.0, private=False) == "a"
    assert talk.before(1, 2, 701.0, private=False) is None


def test_what_was_private_is_not_followed_in_public() -> None:
    talk = Conversations()
    talk.said(1, 2, "a", 100.0, private=True)
    assert talk.before(1, 2, 101.0, private=False) is None
    assert talk.before(1, 2, 101.0, private=True) == "a"


def test_the_oldest_are_forgotten() -> None:
    talk = Conversations()
    for person in range(2_001):
        talk.said(1, person, str(person), 100.0, private=False)
    assert talk.before(1, 0, 100.0, private=False) is None
    assert talk.before(1, 1, 100.0, private=False) == "1"
