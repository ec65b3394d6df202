"""BM25 and what else terms tell, against the formula written out here a second time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search import term_index as terms_module
from index.search.term_index import (
    K1,
    B,
    TermIndex,
    TermMatch,
)

Texts = Mapping[int, Sequence[str]]


def built(texts: Texts) -> TermIndex:
    index = TermIndex()
    index.add(texts.items())
    return index


def idf(texts: Texts, term: str) -> float:
    held_by = sum(term in words for words in texts.values())
    return math.log(1 + (len(texts) - held_by + 0.5) / (held_by + 0.5))


def bm25(texts: Texts, question: Sequence[str], i: int) -> float:
    mean = max(1.0, sum(map(len, texts.values())) / len(texts))
    score = 0.0
    for term in set(question):
        count = list(texts[i]).count(term)
        norm = K1 * (1 - B + B * len(texts[i]) / mean)
        score += idf(texts, term) * (K1 + 1) * count / (count + norm)
    return score


def matches(index: TermIndex, question: Sequence[str], ids: Sequence[int]) -> list[TermMatch]:
    return index.match(index.query(question), ids)


def best(index: TermIndex, question: Sequence[str], k: int = 10) -> set[int]:
    return set(index.best(index.query(question), k))


MEETING = {
    7: ["presid", "met", "ankara", "talk", "presid"],
    9: ["ankara", "capit", "turkey"],
    12: ["missil", "deal", "worth", "billion", "deal", "deal"],
}


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
    assert index.query([]).unknown == ()


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
    query = index.query([asked])
    assert query.corrected == {asked: meant}
    assert query.unknown == ()
    assert best(index, [asked]) == {1}


def test_a_misspelt_word_counts_less_than_the_right_one() -> None:
    index = built(MEETING)
    (right,), (wrong,) = matches(index, ["billion"], [12]), matches(index, ["bilion"], [12])
    assert wrong.bm25 == pytest.approx(0.8 * right.bm25, rel=1e-5)
    assert wrong.coverage == pytest.approx(0.8)


def test_a_word_in_its_own_right_is_not_taken_for_another() -> None:
    index = built({1: ["iraq", "war"]})
    assert index.query(["iran"], {"iran": True}).unknown == ("iran",)
    assert index.query(["iran"], {"iran": False}).corrected == {"iran": "iraq"}


@pytest.mark.parametrize("asked", ["s401", "2017", "wat", "ankaraville"])
def test_numbers_short_words_and_distant_words_are_not_corrected(asked: str) -> None:
    index = built({1: ["s400", "2016", "war", "ankara"]})
    assert index.query([asked]).unknown == (asked,)


def test_a_word_only_in_removed_passages_is_unknown() -> None:
    index = built(MEETING)
    index.remove([12])
    assert index.query(["billion", "bilion"]).unknown == ("billion", "bilion")


def test_a_passage_has_its_different_terms() -> None:
    assert built(MEETING).terms_of(7) == {"presid", "met", "ankara", "talk"}


def test_adding_an_id_again_and_removing_an_absent_one_changes_nothing() -> None:
    index = built(MEETING)
    index.add([(7, ["other"])])
    index.remove([99])
    assert len(index) == 3
    assert 7 in index
    assert 99 not in index
    assert matches(index, ["other", "presid"], [7]) == matches(
        built(MEETING), ["other", "presid"], [7]
    )


words = st.sampled_from(["ankara", "deal", "missile", "moscow", "treaty", "gas", "2017"])
passage = st.lists(words, max_size=8)
step = st.one_of(
    st.tuples(st.just("add"), st.lists(passage, min_size=1, max_size=4)),
    st.tuples(st.just("remove"), st.lists(st.integers(1, 12), max_size=4)),
    st.tuples(st.sampled_from(["reread", "lay out", "lay out elsewhere"]), st.just([])),
)


@given(st.lists(step, max_size=8), st.lists(words, max_size=4))
def test_an_index_that_was_changed_equals_one_built_afresh(
    steps: list[tuple[str, list]], question: list[str]
) -> None:
    index, texts, following = TermIndex(), {}, 1
    for what, values in steps:
        if what == "add":
            new = dict(enumerate(values, following))
            following += len(new)
            texts.update(new)
            index.add(new.items())
        elif what == "remove":
            texts = {i: t for i, t in texts.items() if i not in values}
            index.remove(values)
        elif what == "lay out":
            index.lay_out()
        elif what == "lay out elsewhere":
            layout = index.layout()
            index.remove(texts)  # which is no business of the layout's
            index.add([(following, ["gas", "treaty"])])
            index = TermIndex.from_arrays(layout.arrays())
        else:
            index = TermIndex.from_arrays(index.arrays())
    ids, fresh = list(texts), built(texts)
    assert len(index) == len(fresh)
    assert index.ids.tolist() == ids
    assert index.query(question).unknown == fresh.query(question).unknown
    assert best(index, question, 50) == best(fresh, question, 50)
    for match, other in zip(
        matches(index, question, ids), matches(fresh, question, ids), strict=True
    ):
        assert match.bm25 == pytest.approx(other.bm25, abs=1e-5)
        assert match.coverage == pytest.approx(other.coverage)
        assert match.phrase == pytest.approx(other.phrase)
    assert [index.sequence_of(i) for i in ids] == list(texts.values())
    assert [index.terms_of(i) for i in ids] == [frozenset(words) for words in texts.values()]


def test_arrays_bring_back_the_same_index_even_an_empty_one() -> None:
    index = TermIndex.from_arrays(built(MEETING).arrays())
    assert matches(index, ["deal"], [12])[0].bm25 == pytest.approx(bm25(MEETING, ["deal"], 12))
    assert len(TermIndex.from_arrays(TermIndex().arrays())) == 0


def test_arrays_that_only_can_be_read_are_never_written_to() -> None:
    arrays = built(MEETING).arrays()
    for array in arrays.values():
        array.flags.writeable = False
    index = TermIndex.from_arrays(arrays)
    index.remove([9])
    index.add([(13, ["deal", "gas"])])
    changed = {i: words for i, words in MEETING.items() if i != 9} | {13: ["deal", "gas"]}
    for again in (index, TermIndex.from_arrays(index.arrays())):
        found = matches(again, ["deal", "gas"], list(changed))
        expected = [bm25(changed, ["deal", "gas"], i) for i in changed]
        assert [match.bm25 for match in found] == pytest.approx(expected, rel=1e-5)


def test_a_missing_array_is_a_key_error() -> None:
    for name in built(MEETING).arrays():
        arrays = built(MEETING).arrays()
        del arrays[name]
        with pytest.raises(KeyError):
            TermIndex.from_arrays(arrays)


def test_ids_ascend() -> None:
    index = built(MEETING)
    with pytest.raises(ValueError, match="passage 8 comes after 12"):
        index.add([(8, ["late"])])


@given(
    st.lists(st.lists(st.integers(0, 30), max_size=30), min_size=1, max_size=60),
    st.lists(st.integers(0, 30), min_size=1, max_size=6),
    st.integers(1, 8),
    st.sets(st.integers(0, 59)),
    st.sampled_from([0, terms_module._FEW]),
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
        patch.setattr(terms_module, "_FEW", few)
        found = index.best(index.query(asked), k)
    expected = sorted((score for score in scores.values() if score > 0), reverse=True)[:k]
    assert len(set(found)) == len(found)
    assert [scores[i] for i in found] == pytest.approx(expected, rel=1e-4)
