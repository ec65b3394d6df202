"""What the form of a question demands: negations, places in a list, and what never answers."""

from __future__ import annotations

import pytest

from index.answer.form import CONTRARY, PLACED, asks, can_answer, place_asked, suits


@pytest.mark.parametrize(
    "line",
    [
        "which nozzle do I need for wood filament?",
        'He asked: "Why?"',
        "[2025-05-04 18:02] marek",
        "[03/05/2025, 09:12] Anna Berg:",
        "2025-05-04 18:02 marek",
        "Anna — Today at 18:02",
        "helper_joe (04/05/2025 9:15 PM)",
        "==========",
        "* * *",
    ],
)
def test_a_question_a_rule_or_the_head_of_a_message_answers_nothing(line: str) -> None:
    assert not can_answer(line)


@pytest.mark.parametrize(
    "line",
    [
        "[10:00] Doors open",
        "Open from 2025-05-04, 10 to 17.",
        "The match is on 2025-05-04 at 18:02 in the hall of the old town.",
        "0.6 mm or larger, a 0.4 clogs after an hour",
        "Yes.",
        "attempts: 7",
    ],
)
def test_what_says_something_can_answer(line: str) -> None:
    assert can_answer(line)


@pytest.mark.parametrize(
    ("question", "sentence", "gained"),
    [
        ("Which animals are not carried?", "Dogs are carried.", -CONTRARY),
        ("Which animals are not carried?", "Horses are never carried.", 0.0),
        ("what can't be washed", "Wool isn't to be washed.", 0.0),
        ("what can't be washed", "Cotton can be washed.", -CONTRARY),
        ("Is smoking not allowed?", "Smoking is allowed.", 0.0),  # yes and no both answer
        ("Which animals are carried?", "Dogs are carried.", 0.0),
        ("what is the 3rd step", "3. Bake it.", PLACED),
        ("what is the 3rd step", "2. Knead it.", 0.0),
        ("what does rule 12 say", "12) No shouting.", PLACED),
        ("tell me step 2", "Step 2: knead it.", PLACED),
        ("who came third", "3. Bake it.", 0.0),
    ],
)
def test_a_sentence_gains_and_loses_by_the_form_of_the_question(
    question: str, sentence: str, gained: float
) -> None:
    assert suits(question, sentence) == gained


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("the ninth point of the list", 9),
        ("what's in section 4", 4),
        ("What is RULE #7?", 7),
        ("in the second half of the game", None),
        ("how many steps are there", None),
    ],
)
def test_the_place_that_is_asked_for_is_told_from_other_numbers(
    question: str, place: int | None
) -> None:
    assert place_asked(question) == place


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("Can I use another model?", True),
        ("How to add a page", True),
        ("2. What is kept", True),
        ("Mein Bot schweigt, warum？", True),
        ("Adding pages", False),
        ("Whatsapp bridge", False),
        ("", False),
    ],
)
def test_a_heading_that_asks_is_told_from_one_that_names(title: str, question: bool) -> None:
    assert asks(title) is question
