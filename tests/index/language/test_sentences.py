"""Where sentences begin and end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.language.sentences import (
    TextSpan,
    language_of,
    paragraphs,
    sentences,
    trimmed,
)

WRAPPED = """\
The two presidents met in the capital on Thursday for
talks that were expected to end with the signing of a
treaty."""

CHARACTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \n.!?。A")


def split(text: str, language: str = "en") -> list[str]:
    return [text[span.start : span.end] for span in sentences(text, language=language)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Mr. Smith and Mrs. Jones met Dr. Brown.",
        "He moved to the U.S. in 1990.",
        "It cost $2.5 billion, or 2.1 billion euros.",
        "See e.g. the report by J. R. Smith.",
        "It opens at 9 a.m. on Monday.",
    ],
)
def test_an_abbreviation_or_a_number_does_not_end_a_sentence(sentence: str) -> None:
    assert split(f"{sentence} Then they left.") == [sentence, "Then they left."]


@pytest.mark.parametrize("piece", ["The lamp was lit. ", "“", "lamp ", "x"])
def test_a_line_that_is_longer_than_prose_is_divided_all_the_same(piece: str) -> None:
    line = piece * (30_000 // len(piece))
    spans = sentences(line, language="en")
    assert (spans[0].start, spans[-1].end) == (0, len(line.rstrip()))
    assert all(line[a.end : b.start].strip() == "" for a, b in pairwise(spans))
    if piece.startswith("The"):
        assert {line[span.start : span.end] for span in spans} == {"The lamp was lit."}


def test_other_languages_have_their_own_full_stops_and_abbreviations() -> None:
    assert split("これは文です。次の文です。", "ja") == ["これは文です。", "次の文です。"]
    assert split("Das kostet ca. 5 Euro. Das ist z. B. viel.", "de") == [
        "Das kostet ca. 5 Euro.",
        "Das ist z. B. viel.",
    ]


def test_items_and_rows_are_sentences_of_their_own() -> None:
    assert split("Signed:\n- gas\n- arms\n\nYear | Sum\n2016 | 4") == [
        "Signed:",
        "- gas",
        "- arms",
        "Year | Sum",
        "2016 | 4",
    ]


def test_a_line_wrapped_by_a_machine_does_not_end_a_sentence() -> None:
    assert split(f"{WRAPPED} It was their third.") == [WRAPPED, "It was their third."]


def test_a_blank_line_always_ends_a_sentence() -> None:
    assert split("This goes on\n \t\nwith a new thought") == ["This goes on", "with a new thought"]


def test_paragraphs_lie_between_blank_lines_without_outer_white_space() -> None:
    text = "\n one\ntwo \n \n\n three\n"
    assert [text[a:b] for a, b in paragraphs(text)] == ["one\ntwo", "three"]
    assert paragraphs(text, 2, 4) == [TextSpan(2, 4)]
    assert paragraphs(" \n\n ") == []


def test_a_stretch_of_white_space_is_trimmed_to_nothing() -> None:
    assert trimmed("a  b", 1, 3) == TextSpan(3, 3)
    assert trimmed(" ab ", 0, 4) == TextSpan(1, 3)


def test_sentences_of_a_stretch_have_offsets_in_the_whole_text() -> None:
    text = "Left out. First one. Second one. Left out."
    assert [text[a:b] for a, b in sentences(text, 10, 32, language="en")] == [
        "First one.",
        "Second one.",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The two presidents met in Ankara.", "en"),
        ("Президенты двух стран встретились в Анкаре.", "ru"),
        ("Die beiden Präsidenten trafen sich gestern in Ankara.", "de"),
        ("1234 5678 --", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_told_from_the_text(text: str, code: str) -> None:
    assert language_of(text) == code


@given(st.text(CHARACTERS), st.sampled_from(["en", "ru", "ja"]))
def test_sentences_hold_every_character_but_white_space_in_order(text: str, language: str) -> None:
    spans = sentences(text, language=language)
    position = 0
    for span in spans:
        assert position <= span.start < span.end
        assert not text[position : span.start].strip()
        sentence = text[span.start : span.end]
        assert sentence == sentence.strip()
        position = span.end
    assert not text[position:].strip()


@pytest.mark.parametrize("mark", ["1.", "12)", "a.", "iv.", "B)", "2.)"])
def test_what_numbers_an_item_goes_with_the_item(mark: str) -> None:
    text = f"{mark} Open the login page. Then wait.\n{mark} Type your address."
    found = [text[a:b] for a, b in sentences(text, language="en")]
    assert found == [f"{mark} Open the login page.", "Then wait.", f"{mark} Type your address."]


def test_a_number_at_the_end_of_a_sentence_numbers_nothing() -> None:
    text = "He lives at no. 5. She left. 1."
    found = [text[a:b] for a, b in sentences(text, language="en")]
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    assert found[0].endswith("5.")
