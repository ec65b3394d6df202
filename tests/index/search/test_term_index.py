"""A term index holds the same after any changes, and comes back from its arrays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.term_index import TermIndex
from tests.support.term_texts import MEETING, best, bm25, built, matches, scorer


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
    assert scorer(index).query(question).unknown == scorer(fresh).query(question).unknown
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
