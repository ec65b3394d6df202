"""BM25 scores, against the formula written out a second time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search import bm25 as bm25_module
from index.search.bm25 import TermMatch
from index.search.term_index import TermIndex
from tests.support.term_texts import MEETING, best, bm25, built, idf, matches, scorer


@pytest.mark.parametrize("question", [["ankara"], ["deal", "ankara"], ["presid", "deal", "met"]])
def test_scores_are_those_of_the_formula(question: list[str]) -> None:
    found = matches(built(MEETING), question, list(MEETING))
    expected = [bm25(MEETING, question, i) for i in MEETING]
    assert [match.bm25 for match in found] == pytest.approx(expected, rel=1e-5)


def test_a_term_asked_for_twice_counts_once() -> None:
    (twice,), (once,) = (matches(built(MEETING), ["deal"] * n, [12]) for n in (2, 1))
    assert (twice.bm25, twice.coverage) == (once.bm25, once.coverage)


def test_best_are_the_highest_and_only_those_that_match() -> None:
    index = built(MEETING)
    assert best(index, ["ankara"]) == {7, 9}
    assert best(index, ["ankara"], k=1) == {9}
    assert best(index, ["paris"]) == set()
    assert best(TermIndex(), ["ankara"]) == set()


def test_coverage_is_the_share_of_the_questions_weight_that_a_passage_holds() -> None:
    question = ["presid", "ankara", "zeppelin"]
    total = idf(MEETING, "presid") + idf(MEETING, "ankara") + idf(MEETING, "zeppelin")
    found = matches(built(MEETING), question, [7, 9, 12])
    assert [match.coverage for match in found] == pytest.approx(
        [
            (idf(MEETING, "presid") + idf(MEETING, "ankara")) / total,
            idf(MEETING, "ankara") / total,
            0.0,
        ]
    )


def test_strength_is_the_score_against_the_highest_that_any_passage_could_have() -> None:
    index = built({1: ["ankara"] * 1000, 2: ["deal"] * 1000})
    (match,) = matches(index, ["ankara"], [1])
    assert match.strength == pytest.approx(1.0, abs=1e-3)
    (half,) = matches(index, ["ankara", "zeppelin"], [1])
    weights = idf({1: ["ankara"], 2: ["deal"]}, "ankara"), idf({1: [], 2: []}, "zeppelin")
    assert half.strength == pytest.approx(weights[0] / sum(weights), abs=1e-3)


def test_phrase_is_the_share_of_neighbouring_pairs_that_stand_side_by_side() -> None:
    texts = {1: ["new", "york", "citi"], 2: ["york", "citi", "new"], 3: ["new", "york"], 4: ["new"]}
    new, york, citi = (idf(texts, term) for term in ("new", "york", "citi"))
    first, second = min(new, york), min(york, citi)
    assert (first, second) == (new, york)
    found = [m.phrase for m in matches(built(texts), ["new", "york", "citi"], [1, 2, 3, 4])]
    assert found == pytest.approx([1.0, york / (new + york), new / (new + york), 0.0])


def test_a_question_without_terms_matches_nothing() -> None:
    index = built(MEETING)
    assert matches(index, [], [7]) == [TermMatch(0.0, 0.0, 0.0, 0.0)]
    assert scorer(index).query([]).unknown == ()


def test_a_misspelt_word_counts_less_than_the_right_one() -> None:
    index = built(MEETING)
    (right,), (wrong,) = matches(index, ["billion"], [12]), matches(index, ["bilion"], [12])
    assert wrong.bm25 == pytest.approx(0.8 * right.bm25, rel=1e-5)
    assert wrong.coverage == pytest.approx(0.8)


@given(
    st.lists(st.lists(st.integers(0, 30), max_size=30), min_size=1, max_size=60),
    st.lists(st.integers(0, 30), min_size=1, max_size=6),
    st.integers(1, 8),
    st.sets(st.integers(0, 59)),
    st.sampled_from([0, bm25_module._FEW]),
)
def test_the_best_are_found_without_scoring_all_and_by_scoring_all(
    numbers: list[list[int]], question: list[int], k: int, removed: set[int], few: int
) -> None:
    """Terms are drawn so that the low numbers are common, as in a language."""
    texts = {i: [f"t{n * n // 30}" for n in row] for i, row in enumerate(numbers)}
    index = built(texts)
    index.remove(removed)
    texts = {i: words for i, words in texts.items() if i not in removed}
    asked = [f"t{n * n // 30}" for n in question]
    scores = {i: bm25(texts, asked, i) for i in texts}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bm25_module, "_FEW", few)
        found = scorer(index).best(scorer(index).query(asked), k)
    expected = sorted((score for score in scores.values() if score > 0), reverse=True)[:k]
    assert len(set(found)) == len(found)
    assert [scores[i] for i in found] == pytest.approx(expected, rel=1e-4)
