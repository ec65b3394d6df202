"""A misspelt word is taken for the nearest one that passages hold."""

from __future__ import annotations

import pytest

from index.search.spelling import Spelling
from tests.support.term_texts import MEETING, best, built, scorer


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("misile", "missile"),
        ("mssile", "missile"),
        ("anakra", "ankara"),
        ("presidnet", "president"),
    ],
)
def test_a_misspelt_word_is_taken_for_the_nearest_one(asked: str, meant: str) -> None:
    index = built({1: ["missile", "ankara", "president"], 2: ["other", "words"]})
    query = scorer(index).query([asked])
    assert query.corrected == {asked: meant}
    assert query.unknown == ()
    assert best(index, [asked]) == {1}


def test_a_word_in_its_own_right_is_not_taken_for_another() -> None:
    index = built({1: ["iraq", "war"]})
    assert scorer(index).query(["iran"], {"iran": True}).unknown == ("iran",)
    assert scorer(index).query(["iran"], {"iran": False}).corrected == {"iran": "iraq"}


@pytest.mark.parametrize("asked", ["s401", "2017", "wat", "ankaraville"])
def test_numbers_short_words_and_distant_words_are_not_corrected(asked: str) -> None:
    index = built({1: ["s400", "2016", "war", "ankara"]})
    assert scorer(index).query([asked]).unknown == (asked,)


def test_a_word_only_in_removed_passages_is_unknown() -> None:
    index = built(MEETING)
    index.remove([12])
    assert scorer(index).query(["billion", "bilion"]).unknown == ("billion", "bilion")


def test_a_word_that_comes_or_goes_later_counts() -> None:
    index = built(MEETING)
    spelling = Spelling(index)
    assert spelling.known("zepelin") is None
    index.add([(13, ["zeppelin"])])
    assert spelling.known("zepelin") == "zeppelin"
    assert spelling.known("zeppelin") == "zeppelin"
    index.remove([13])
    assert spelling.known("zepelin") is None
    index.lay_out()
    assert spelling.known("presidd") == "presid"
