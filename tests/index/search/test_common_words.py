"""How a library of few passages weighs common words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.language.terms import analyse
from index.search import common_words
from index.search.bm25 import BM25
from index.search.common_words import ELSEWHERE, FILE, CommonWords, english
from index.search.spelling import Spelling
from index.search.term_index import TermIndex
from tests.support.term_texts import built

SHARES = {"talk": 0.05, "meet": 0.05, "time": 0.2}
RUSSIAN = "Переговоры прошли в Анкаре. Президент Турции встретил президента России."


FRENCH = (
    "Le gouvernement a annoncé mercredi que les subventions pour les panneaux solaires seront"
    " prolongées. Le ministre a dit à Paris que le programme continuera jusqu'à la fin de l'année."
)
GERMAN = (
    "Die Bundesregierung hat am Mittwoch beschlossen, die Förderung für Solaranlagen zu verlängern."
    " Der Minister sagte in Berlin, das Programm werde bis Ende des Jahres laufen."
)
ENGLISH = "The minister said in Paris that the programme would go on until the end of next year."


def weighed(index: TermIndex, *terms: str) -> list[float]:
    """Return the weights of terms, in a library of English."""
    bm25 = BM25(index, Spelling(index), CommonWords(index, SHARES))
    return [bm25.query([term]).total for term in terms]


def test_in_a_small_library_what_all_of_it_is_about_still_weighs_and_small_talk_little() -> None:
    texts = {n: ["turkey", "time", "meet"] for n in range(7)} | {7: ["turkey", "time", "talk"]}
    turkey, talk, time = weighed(built(texts), "turkey", "talk", "time")
    assert turkey > 2.0 > time
    bare = BM25(built(texts), Spelling(built(texts)))
    assert bare.query(["talk"]).total / bare.query(["turkey"]).total > 10
    assert talk / turkey < 1.5


def test_a_rare_word_outweighs_a_common_one_that_as_few_passages_hold() -> None:
    rare, common = weighed(built({1: ["talk", "time"], 2: ["missil", "time"]}), "missil", "talk")
    assert rare > 1.5 * common


def test_what_a_word_was_taken_for_is_weighed_not_the_misspelling() -> None:
    index = built({1: ["meeting", "time"], 2: ["time"]})
    bm25 = BM25(index, Spelling(index), CommonWords(index, {"meeting": 0.1, "time": 0.2}))
    assert bm25.query(["meetin"]).total == bm25.query(["meeting"]).total


@pytest.mark.parametrize("text", [RUSSIAN, FRENCH, GERMAN, "日本語の文章です"])
def test_another_language_is_weighed_by_its_own_passages_alone(text: str) -> None:
    common = CommonWords(built({1: analyse(text)}))
    assert common.passages() == 0
    assert common.holding("talk") == 0


def test_english_is_told_by_its_everyday_words() -> None:
    assert CommonWords(built({1: analyse(ENGLISH)})).passages() == ELSEWHERE


def test_it_follows_the_index() -> None:
    index = built({1: ["talk", "time"]})
    common = CommonWords(index, SHARES)
    assert common.passages() == ELSEWHERE
    index.add([(2, ["договор", "визит", "посол", "мир", "флот", "язык", "сила"])])
    assert common.passages() == 0
    index.remove([2])
    assert common.passages() == ELSEWHERE


def test_a_large_library_and_an_empty_one_are_weighed_by_themselves() -> None:
    assert CommonWords(TermIndex(), SHARES).passages() == 0
    index = built({n: ["talk"] for n in range(common_words.LARGE + 1)})
    assert CommonWords(index, SHARES).passages() == 0


def test_the_file_holds_stems_and_tells_common_words_from_rare_ones() -> None:
    assert FILE.stat().st_size < 300_000
    assert english()["use"] > english()["meet"] > english()["missil"] > english().get("ankara", 0)
    assert all(word.isascii() and word.isalpha() for word in english())
    assert all(0 < share < 1 for share in english().values())


@given(st.dictionaries(st.integers(0, 30), st.lists(st.sampled_from(["talk", "time", "syria"]))))
def test_every_weight_is_above_zero_and_the_rarer_of_two_unknown_words_weighs_more(
    texts: dict[int, list[str]],
) -> None:
    index = built(
        dict(sorted(texts.items())) | {31: ["time", "ankara", "missil"], 32: ["time", "ankara"]}
    )
    ankara, missile, *rest = weighed(index, "ankara", "missil", "talk", "time", "syria", "none")
    assert missile > ankara > 0
    assert min(rest) > 0
