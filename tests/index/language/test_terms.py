"""Which words find which: the terms of passages and questions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.language.terms import (
    FUNCTION_WORDS,
    analyse,
    identifiers,
    names,
    stem,
    surfaces,
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("S-400", ["s400", "400"]),
        ("S400", ["s400", "400"]),
        ("s 400", ["400"]),
        ("S‑400 and S–400", ["s400", "400", "s400", "400"]),
        ("2020-21", ["202021", "2020", "21"]),
        ("2.5", ["25", "2", "5"]),
        ("C++", ["c++", "c"]),
        ("C#", ["c#", "c"]),
        ("C", ["c"]),
        ("state-of-the-art", ["stateoftheart", "state", "art"]),
        ("snake_case", ["snakecas", "snake", "case"]),
        ("RELAY_MAX_BATCH", ["relaymaxbatch", "relay", "max", "batch"]),
        ("maxBatch", ["maxbatch", "max", "batch"]),
        ("ConnectionTimeoutError", ["connectiontimeouterror", "connect", "timeout", "error"]),
        ("iPhone", ["iphon"]),
        ("JavaScript", ["javascript"]),
        ("--no-verify-ssl", ["noverifyssl", "no", "verifi", "ssl"]),
        ("3.2.0-rc.1", ["320rc1", "3", "2", "0", "rc", "1"]),
        ("ERR_CONN_4021", ["errconn4021", "err", "conn", "4021"]),
        ("19th", ["19th"]),
        ("0x80070005", ["0x80070005"]),
        ("O'Brien", ["obrien", "o", "brien"]),
        ("rock'n'roll", ["rocknrol", "rock", "n", "roll"]),
    ],
)
def test_an_identifier_yields_itself_run_together_and_its_parts(
    text: str, terms: list[str]
) -> None:
    assert analyse(text) == terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GH1187", "GH-1187"),
        ("E17", "e-17"),
        ("utf8", "UTF-8"),
        ("v2.14.3", "2.14.3"),
        ("maxBatch", "max_batch"),
        ("e-mails", "e-mail"),
    ],
)
def test_ways_of_writing_one_identifier_yield_the_same(one: str, other: str) -> None:
    assert analyse(one) == analyse(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GH 1187", "GH1187"),
        ("100 MB", "100MB"),
        ("max batch", "RELAY_MAX_BATCH"),
        ("batch size", "batchSize"),
        ("emails", "e-mail"),
        ("batchsize", "batchSize"),
    ],
)
def test_an_identifier_is_found_by_its_parts_and_by_itself(one: str, other: str) -> None:
    assert set(analyse(one)) <= set(analyse(other))


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("Syria's plan", "Syria plan"),
        ("Syria’s plan", "Syria plan"),
        ("the users' data", "the users data"),
        ("what's Relay", "what is Relay"),
        ("WHAT'S RELAY", "what is Relay"),
        ("how's it built, and it's who's?", "how is it built, and it is whose?"),
        ("I'm lost, we've tried, they'd help", "I am lost, we have tried, they would help"),
        ("you're right, I'll ask", "you are right, I will ask"),
        ("it isn't, don't", "it is not, do not"),
        ("I can't log in", "I can not log in"),
        ("I cannot log in", "I can not log in"),
        ("it won’t start", "it will not start"),
        ("it doesnt start", "it does not start"),
        ("you mustn't", "you must not"),
    ],
)
def test_what_is_contracted_is_read_as_its_words(short: str, full: str) -> None:
    assert analyse(short) == analyse(full)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What does ERR_CONN_4021 mean?", {"errconn4021"}),
        ("is GH1187 fixed in v2.14.3", {"gh1187", "2143"}),
        ("gh-1187", {"gh1187"}),
        ("set timeout_seconds or maxBatch", {"timeoutsecond", "maxbatch"}),
        ("order 5821 of 2020, invoice 120045", {"5821", "120045"}),
        ("upgrade to 3.2.0-rc.1", {"320rc1"}),
        ("COVID-19 and H2O", {"covid19", "h2o"}),
        ("my 18-year-old, mid-2020, the 19th, in the 1990s, at 10:30, 24/7", set()),
        ("a limit of 100MB at 5pm, 2020-21", set()),
        ("state-of-the-art e-mail", set()),
        ("東京2020", set()),
        ("", set()),
    ],
)
def test_identifiers_are_codes_versions_names_in_programs_and_long_numbers(
    text: str, found: set[str]
) -> None:
    assert identifiers(text) == found


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


_WORDLIKE = st.text("aBs15_-.'’v+ ")


@given(st.one_of(st.text(), _WORDLIKE))
def test_every_identifier_is_a_term_that_is_searched_for(text: str) -> None:
    assert identifiers(text) <= set(analyse(text))


@given(st.from_regex(r"[A-Z]{2,6}", fullmatch=True), st.integers(0, 99_999))
def test_a_code_is_the_same_with_a_hyphen_and_without(letters: str, number: int) -> None:
    assert analyse(f"{letters}{number}") == analyse(f"{letters}-{number}")
    assert identifiers(f"{letters}{number}") == identifiers(f"{letters}_{number}")


@given(st.from_regex(r"[A-Za-z]{1,8}", fullmatch=True), st.sampled_from(["'s", "’s", "'"]))
def test_a_possessive_is_its_noun(noun: str, ending: str) -> None:
    assert analyse(f"the {noun}{ending} plan") == analyse(f"the {noun} plan")


@pytest.mark.parametrize("end", ["", "1", "_", "'"])
@pytest.mark.parametrize("piece", ["A", "aB", "Ab", "a1", "1a", "1", "a'", "n't", "v1."])
def test_however_long_a_word_is_it_takes_no_longer_than_its_length(piece: str, end: str) -> None:
    text = "aa" + 20_000 * piece + end
    began = time.process_time()
    analyse(text)
    assert time.process_time() - began < 2.0
