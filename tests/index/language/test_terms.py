"""Which words find which: the terms of passages and questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.language.terms import (
    FUNCTION_WORDS,
    analyse,
    names,
    stem,
    surfaces,
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("S-400", ["s400", "400"]),
        ("S400", ["s400"]),
        ("s 400", ["400"]),
        ("S‑400 and S–400", ["s400", "400", "s400", "400"]),
        ("2020-21", ["202021", "2020", "21"]),
        ("2.5", ["25", "2", "5"]),
        ("C++", ["c++", "c"]),
        ("C#", ["c#", "c"]),
        ("C", ["c"]),
        ("state-of-the-art", ["stateoftheart", "state", "art"]),
        ("snake_case", ["snakecase", "snake", "case"]),
    ],
)
def test_an_identifier_yields_itself_run_together_and_its_parts(
    text: str, terms: list[str]
) -> None:
    assert analyse(text) == terms


@pytest.mark.parametrize("asked", ["S-400", "S400", "s 400", "s-400", "the S400?"])
def test_every_way_of_writing_s400_finds_the_missile(asked: str) -> None:
    assert set(analyse(asked)) & set(analyse("Ankara bought S-400 missiles"))


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Who sold Ankara the S-400 in 2017?", {"ankara", "s400", "400", "2017"}),
        ("Who Sold The Missiles To Ankara In 2017?", {"2017"}),
        ("WHO SOLD THE MISSILES?", set()),
        ("who sold ankara the missiles", set()),
        ("Who is Vladimir Putin?", {"vladimir", "putin"}),
        ("Putin met whom", set()),
        ("", set()),
    ],
)
def test_names_and_numbers_are_told_by_capitals_and_digits(question: str, found: set[str]) -> None:
    assert names(question) == found


def test_cpp_is_not_taken_for_csharp() -> None:
    assert set(analyse("C++")) - set(analyse("C#")) == {"c++"}


def test_case_accents_and_width_make_no_difference() -> None:
    assert analyse("Erdoğan") == analyse("ERDOGAN") == ["erdogan"]
    assert analyse("ＡＢＣ１２３") == analyse("abc123")
    assert analyse("Straße") == analyse("STRASSE")
    assert analyse("Cafe\u0301s") == analyse("Cafés") == analyse("cafe")


def test_words_are_reduced_to_their_stem_by_script() -> None:
    assert analyse("agreements agreed agreeing") == ["agreement", "agre", "agre"]
    assert analyse("переговоры переговоров") == ["переговор", "переговор"]
    assert analyse("турецкий турецкая") == ["турецк", "турецк"]


@pytest.mark.parametrize(("he", "she"), [("торговой", "торговая"), ("большой", "большая")])
def test_a_short_i_does_not_keep_russian_forms_apart(he: str, she: str) -> None:
    assert analyse(he) == analyse(she)


@pytest.mark.parametrize("word", ["किताब", "हिन्दी", "தமிழ்"])
def test_vowel_signs_do_not_break_a_word(word: str) -> None:
    assert len(analyse(word)) == 1


@pytest.mark.parametrize(
    ("marked", "bare"), [("مُحَمَّد", "محمد"), ("שָׁלוֹם", "שלום"), ("ẹ́kọ́", "eko"), ("Ра́дуга", "радуга")]
)
def test_marks_that_are_not_letters_make_no_difference(marked: str, bare: str) -> None:
    assert analyse(marked) == analyse(bare)
    assert len(analyse(bare)) == 1


def test_scripts_without_spaces_yield_pairs_of_characters() -> None:
    assert analyse("日本語") == ["日本", "本語"]
    assert analyse("東") == ["東"]
    assert analyse("iPhone東京2020") == ["iphon", "東京", "2020"]
    assert analyse("한국어") == ["한국", "국어"]
    assert analyse("กิน") == ["กิ", "ิน"]


def test_function_words_are_dropped_and_the_rest_keeps_its_order_and_repetitions() -> None:
    assert analyse("Who was the king, and who is the queen of kings?") == ["king", "queen", "king"]
    assert analyse("What is it?") == []
    assert {"who", "the", "of", "whose"} <= FUNCTION_WORDS


def test_numbers_are_not_stemmed() -> None:
    assert stem("1990") == "1990"
    assert analyse("1,000") == ["1", "000"]


def test_lines_of_underscores_hold_no_term() -> None:
    assert analyse("Name: ____ Date: __") == ["name", "date"]


def test_surfaces_give_back_the_word_that_was_asked() -> None:
    assert surfaces("Which missiles did Erdoğan buy?") == {
        "missil": "missiles",
        "erdogan": "erdogan",
        "buy": "buy",
    }


@given(st.text())
def test_no_term_is_empty_or_holds_white_space(text: str) -> None:
    for term in analyse(text):
        assert term
        assert not any(character.isspace() for character in term)


@given(st.text(), st.text())
def test_terms_of_lines_are_those_of_each_line(above: str, below: str) -> None:
    assert analyse(f"{above}\n{below}") == analyse(above) + analyse(below)


@given(st.text())
def test_every_surface_is_of_a_term_that_is_searched_for(text: str) -> None:
    assert set(surfaces(text)) <= set(analyse(text))
