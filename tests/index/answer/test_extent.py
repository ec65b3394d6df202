"""How much is shown: one line, or the whole list with its lead-in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.answer.extent import extent, steps
from index.language.sentences import sentences

BREAD = """For the dough you need:

500 g of flour
12 g of salt
7 g of yeast

1. Mix everything with water. Knead it well.
2. Let it rest for an hour.
3. Bake it at 230 degrees.

The crust is done when it sounds hollow."""


def shown(question: str, text: str, holding: str) -> str:
    places = sentences(text, language="en")
    at = next(n for n, (a, b) in enumerate(places) if holding in text[a:b])
    first, last = extent(question, text, places, at)
    assert first <= at <= last
    return text[places[first].start : places[last].end]


STEPS = BREAD[BREAD.index("1.") : BREAD.index("\n\nThe crust")]
INGREDIENTS = BREAD[: BREAD.index("\n\n1.")]


@pytest.mark.parametrize(
    ("question", "holding", "expected"),
    [
        ("What are the ingredients?", "flour", INGREDIENTS),
        ("which ingredients do i need", "salt", INGREDIENTS),
        ("list everything for the dough", "yeast", INGREDIENTS),
        ("What happens without salt?", "salt", "12 g of salt"),
        ("which flour suits bread", "flour", "500 g of flour"),
        ("What does the yeast do?", "yeast", "7 g of yeast"),
        ("what kind of things do i need", "yeast", INGREDIENTS),
        ("How much salt?", "salt", "12 g of salt"),
        ("Is there yeast in it?", "yeast", "7 g of yeast"),
        ("what goes into the dough", "you need", INGREDIENTS),
        ("How do I make the bread?", "Mix", STEPS),
        ("bread step by step instructions", "rest", STEPS),
        ("What is the third step?", "Bake", "3. Bake it at 230 degrees."),
        ("What is the last step?", "Bake", "3. Bake it at 230 degrees."),
        ("How do I know that it is done?", "crust", BREAD[BREAD.index("The crust") :]),
    ],
)
def test_a_list_is_shown_whole_to_who_asks_for_all_of_it(
    question: str, holding: str, expected: str
) -> None:
    assert shown(question, BREAD, holding) == expected


def test_what_is_said_in_a_chat_is_no_list() -> None:
    chat = "[2025-05-04 18:02] ada\nwhich nozzle?\n[2025-05-04 18:10] bo\n0.6 mm or larger"
    assert shown("what are the nozzles for wood", chat, "0.6") == "0.6 mm or larger"


def test_a_list_of_more_than_can_be_read_is_not_shown_whole() -> None:
    text = "\n".join(f"Rule {number}: be kind to number {number}." for number in range(80))
    assert shown("what are the rules", text, "Rule 7:") == "Rule 7: be kind to number 7."


@given(
    st.text(alphabet="ab.:?\n -12", max_size=80),
    st.sampled_from(["how do I do it", "what are they", "when?", "list all"]),
    st.data(),
)
def test_what_is_shown_holds_the_sentence_and_stays_within_the_text(
    text: str, question: str, data: st.DataObject
) -> None:
    places = sentences(text, language="en")
    if places:
        at = data.draw(st.integers(0, len(places) - 1))
        first, last = extent(question, text, places, at)
        assert 0 <= first <= at <= last < len(places)


def test_two_steps_side_by_side_bring_the_others_and_other_lines_none() -> None:
    places = sentences(BREAD, language="en")
    at = {BREAD[a:b].split()[0]: n for n, (a, b) in enumerate(places)}
    found = steps(BREAD, places, at["2."], at["3."])
    assert found is not None
    assert BREAD[places[found[0]].start : places[found[1]].end] == STEPS
    assert steps(BREAD, places, at["500"], at["12"]) is None
    assert steps(BREAD, places, at["3."], at["The"]) is None
