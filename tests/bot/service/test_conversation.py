"""Which answer a question follows: the last one of the same person in the same channel."""

from __future__ import annotations

from bot.service.conversation import Conversations


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
