"""Votes: one a person, changeable; and what was asked in vain, for keepers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.errors import PassageError
from index.records import Vote
from index.store.answers import Answers
from index.store.feedback import Complaint, Feedback, Missed
from index.store.library import Library
from index.store.servers import Servers
from tests.support.stored_answers import (
    ANN,
    BO,
    CAT,
    NOW,
    ONE,
    TWO,
    answered,
    record,
)


@pytest.fixture
def journal(library: Library) -> Answers:
    return Answers(library.database)


@pytest.fixture
def feedback(library: Library) -> Feedback:
    return Feedback(library.database)


def votes(library: Library) -> list[tuple[int, bool, str | None, str, int]]:
    rows = library.database.read("SELECT * FROM feedback ORDER BY person")
    return [(r["person"], bool(r["helpful"]), r["reason"], r["comment"], r["given"]) for r in rows]


def test_a_person_has_one_vote_on_an_answer_and_may_change_it(
    library: Library, journal: Answers, feedback: Feedback
) -> None:
    name = record(journal, 7)
    assert feedback.vote(name, ONE, ANN, helpful=True, now=NOW)
    assert feedback.vote(
        name, ONE, ANN, helpful=False, reason="outdated", comment="It is 1933.", now=NOW + 1
    )
    assert feedback.vote(name, ONE, BO, helpful=False, reason="wrong", now=NOW + 2)
    assert votes(library) == [
        (ANN, False, "outdated", "It is 1933.", NOW + 1),
        (BO, False, "wrong", "", NOW + 2),
    ]
    assert feedback.vote(name, ONE, ANN, helpful=True, now=NOW + 3)
    assert votes(library)[0] == (ANN, True, None, "", NOW + 3)


def test_no_vote_reaches_another_server_or_an_answer_that_is_gone(
    library: Library, journal: Answers, feedback: Feedback
) -> None:
    name = record(journal, 7)
    assert not feedback.vote(name, TWO, ANN, helpful=True, now=NOW)
    assert not feedback.vote("gone", ONE, ANN, helpful=True, now=NOW)
    Servers(library.database).mark_left(1, NOW)
    assert not feedback.vote(name, ONE, ANN, helpful=True, now=NOW)
    assert votes(library) == []


def test_where_questions_are_not_kept_votes_are_not_either(
    library: Library, journal: Answers, feedback: Feedback
) -> None:
    guilds = Servers(library.database)
    guilds.change(1, keep_questions_days=0)
    name = record(journal, 7)
    assert not feedback.vote(name, ONE, ANN, helpful=True, now=NOW)
    guilds.change(1, keep_questions_days=30)
    assert not feedback.vote(name, ONE, ANN, helpful=True, now=NOW)
    assert votes(library) == []


def test_a_comment_has_500_characters_and_a_reason_is_one_of_three(
    library: Library, journal: Answers, feedback: Feedback
) -> None:
    name = record(journal, 7)
    assert feedback.vote(name, ONE, ANN, helpful=False, comment="三" * 500, now=NOW)
    with pytest.raises(PassageError) as caught:
        feedback.vote(name, ONE, ANN, helpful=False, comment="三" * 501, now=NOW)
    assert str(caught.value) == "The comment has 501 characters; it may have 500."
    with pytest.raises(PassageError, match="'boring' is no reason for this vote"):
        feedback.vote(name, ONE, ANN, helpful=False, reason="boring", now=NOW)  # type: ignore[arg-type]
    with pytest.raises(PassageError, match="'wrong' is no reason for this vote"):
        feedback.vote(name, ONE, ANN, helpful=True, reason="wrong", now=NOW)
    assert [vote[3] for vote in votes(library)] == ["三" * 500]


def test_feedback_goes_with_the_answer_that_it_was_on(
    library: Library, journal: Answers, feedback: Feedback
) -> None:
    edited, removed = record(journal, 7), record(journal, 8)
    for name in (edited, removed):
        feedback.vote(name, ONE, ANN, helpful=False, now=NOW)
    journal.update(edited, answered("Who?"), "similarity 0.4")
    journal.remove(removed)
    assert votes(library) == []


def test_votes_come_with_the_confidence_that_they_judge(
    journal: Answers, feedback: Feedback
) -> None:
    first, second = record(journal, 1), record(journal, 2, replace(answered(), confidence=0.25))
    nothing = record(journal, 3, answered(state="none"))
    elsewhere = record(journal, 4, collection=TWO)
    for name in (first, second, nothing):
        feedback.vote(name, ONE, ANN, helpful=name == first, now=NOW)
    feedback.vote(elsewhere, TWO, ANN, helpful=True, now=NOW)
    feedback.vote(first, ONE, BO, helpful=False, reason="wrong", now=NOW)
    feedback.vote(first, ONE, CAT, helpful=False, reason="outdated", now=NOW)
    assert sorted(feedback.votes(ONE), key=lambda vote: (vote.confidence, vote.person)) == [
        Vote(0.25, helpful=False, person=ANN),
        Vote(0.875, helpful=True, person=ANN),
        Vote(0.875, helpful=False, person=BO),
    ]


def test_what_was_asked_in_vain_is_grouped_and_shown_without_names(
    journal: Answers, feedback: Feedback
) -> None:
    record(journal, 1, answered("When?"), now=NOW)
    wrong = record(journal, 2, answered("How long?", 4), asker=BO, now=NOW + 1)
    record(journal, 3, answered("what is the S-400?", state="none"), now=NOW + 2)
    latest = record(journal, 4, answered("What is  the S-400", 4, state="closest"), now=NOW + 3)
    record(journal, 5, answered("Who?", state="none"), now=NOW + 4)
    helped = record(journal, 6, answered("Where?", 4, state="closest"), now=NOW + 5)
    feedback.vote(helped, ONE, ANN, helpful=True, now=NOW + 6)
    feedback.vote(wrong, ONE, BO, helpful=False, reason="wrong", comment="Longer.", now=NOW + 7)
    feedback.vote(wrong, ONE, CAT, helpful=False, now=NOW + 8)
    missed = feedback.in_vain(ONE)
    assert missed[0] == Missed("What is  the S-400", 2, NOW + 3, latest, "closest", ())
    assert [(m.question, m.times, m.state) for m in missed[1:]] == [
        ("Who?", 1, "none"),
        ("How long?", 1, "answer"),
    ]
    assert missed[2].complaints == (
        Complaint(None, "", NOW + 8),
        Complaint("wrong", "Longer.", NOW + 7),
    )
    since = feedback.in_vain(ONE, since=NOW + 3)
    assert [(m.question, m.times) for m in since] == [("Who?", 1), ("What is  the S-400", 1)]
    assert [m.question for m in feedback.in_vain(ONE, limit=1)] == ["What is  the S-400"]


def test_a_private_question_shows_only_once_its_asker_gave_a_vote(
    journal: Answers, feedback: Feedback
) -> None:
    name = record(journal, 1, answered("Am I ill?", state="none"), private=True)
    assert feedback.in_vain(ONE) == []
    feedback.vote(name, ONE, ANN, helpful=False, now=NOW)
    assert [m.question for m in feedback.in_vain(ONE)] == ["Am I ill?"]


def test_managers_see_what_was_asked_on_their_server_alone(
    library: Library, journal: Answers, feedback: Feedback
) -> None:
    for number, collection in enumerate((ONE, TWO, "user:11", "shared")):
        answer = answered(f"canary of {collection}", state="none")
        name = record(journal, number, answer, collection=collection)
        feedback.vote(name, collection, ANN, helpful=False, comment=collection, now=NOW)
    for collection in (ONE, TWO, "user:11", "shared"):
        (missed,) = feedback.in_vain(collection)
        assert missed.question == f"canary of {collection}"
        assert [c.comment for c in missed.complaints] == [collection]
        assert "canary" not in repr(missed)
    Servers(library.database).mark_left(1, NOW)
    assert feedback.in_vain(ONE) == []


def test_questions_of_signs_alone_are_distinguished(journal: Answers, feedback: Feedback) -> None:
    for message, question in enumerate(("???", "!!", "???")):
        record(journal, message, answered(question, state="none"))
    assert [(m.question, m.times) for m in feedback.in_vain(ONE)] == [("???", 2), ("!!", 1)]
