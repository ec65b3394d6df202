"""FAISS against cosines computed by hand."""

from __future__ import annotations

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from index.search.vector_index import VectorIndex

DIMENSION = 48
COUNT = 300


def unit_vectors(count: int, seed: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def brute_force(
    stored: dict[int, NDArray[np.float32]], query: NDArray[np.float32], k: int
) -> list[tuple[int, float]]:
    cosines = {i: float(np.dot(v.astype(float), query.astype(float))) for i, v in stored.items()}
    return sorted(cosines.items(), key=lambda item: -item[1])[:k]


@pytest.fixture
def stored() -> dict[int, NDArray[np.float32]]:
    """Vectors under ids that are neither in order nor without gaps."""
    ids = np.random.default_rng(1).permutation(np.arange(10, 10 * COUNT + 10, 10))
    return dict(zip(ids.tolist(), unit_vectors(COUNT, seed=2), strict=True))


def built(stored: dict[int, NDArray[np.float32]]) -> VectorIndex:
    index = VectorIndex(DIMENSION)
    index.add(list(stored), np.stack(list(stored.values())))
    return index


def assert_like_brute_force(index: VectorIndex, stored: dict[int, NDArray[np.float32]]) -> None:
    assert len(index) == len(stored)
    assert set(index.ids.tolist()) == set(stored)
    for query in unit_vectors(5, seed=3):
        found, expected = index.search(query, 20), brute_force(stored, query, 20)
        assert [i for i, _ in found] == [i for i, _ in expected]
        assert [c for _, c in found] == pytest.approx([c for _, c in expected], abs=1e-6)
        ids = list(stored)[::7]
        assert np.array_equal(index.vectors(ids), np.stack([stored[i] for i in ids]))


def test_scores_equal_brute_force_cosines(stored: dict[int, NDArray[np.float32]]) -> None:
    assert_like_brute_force(built(stored), stored)


def test_scores_and_ids_stay_right_after_removals_and_additions(
    stored: dict[int, NDArray[np.float32]],
) -> None:
    index = built(stored)
    gone = list(stored)[::3]
    index.remove(gone)
    rest = {i: vector for i, vector in stored.items() if i not in set(gone)}
    assert_like_brute_force(index, rest)
    more = dict(zip(range(90_000, 90_050), unit_vectors(50, seed=4), strict=True))
    index.add(list(more), np.stack(list(more.values())))
    assert_like_brute_force(index, rest | more)


def test_arrays_bring_back_the_same_index_which_can_be_changed_further(
    stored: dict[int, NDArray[np.float32]],
) -> None:
    index = VectorIndex.from_arrays(built(stored).arrays())
    assert index.dimension == DIMENSION
    assert_like_brute_force(index, stored)
    first, *rest = stored
    index.remove([first])
    assert_like_brute_force(index, {i: stored[i] for i in rest})


def test_an_id_that_is_not_there_is_not_removed(stored: dict[int, NDArray[np.float32]]) -> None:
    index = built(stored)
    index.remove([5, -1])
    index.remove([])
    assert_like_brute_force(index, stored)


def test_removing_all_leaves_nothing_to_find(stored: dict[int, NDArray[np.float32]]) -> None:
    index = built(stored)
    index.remove(stored)
    assert len(index) == 0
    assert index.search(unit_vectors(1, seed=5)[0], 5) == []


def test_an_empty_index_finds_nothing_and_survives_its_arrays() -> None:
    index = VectorIndex.from_arrays(VectorIndex(DIMENSION).arrays())
    index.add([], np.zeros((0, DIMENSION), np.float32))
    query = unit_vectors(1, seed=6)[0]
    assert (len(index), index.search(query, 5), index.vectors([]).tolist()) == (0, [], [])


def test_more_is_never_found_than_there_is(stored: dict[int, NDArray[np.float32]]) -> None:
    assert len(built(stored).search(unit_vectors(1, seed=7)[0], 10_000)) == COUNT


def test_cut_off_bytes_are_a_value_error(stored: dict[int, NDArray[np.float32]]) -> None:
    data = built(dict(list(stored.items())[:2])).arrays()["faiss"]
    for length in range(len(data)):
        with pytest.raises(ValueError, match=r"\S"):
            VectorIndex.from_arrays({"faiss": data[:length]})


def test_bytes_of_another_kind_of_index_are_a_value_error() -> None:
    other = faiss.serialize_index(faiss.IndexFlatIP(DIMENSION))
    with pytest.raises(ValueError, match="expected an IndexIDMap2, found IndexFlat"):
        VectorIndex.from_arrays({"faiss": other})


def test_a_layout_finds_nearly_all_that_an_exact_search_does() -> None:
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(50, 32))
    drawn = centres[chance.integers(50, size=4_000)] + 0.5 * chance.normal(size=(4_000, 32))
    unit = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    exact, grown = VectorIndex(32), VectorIndex.trained(unit, len(unit))
    for index in (exact, grown):
        index.add(range(len(unit)), unit)
    found = 0
    for query in unit[:100]:
        best = {i for i, _ in exact.search(query, 10)}
        found += len(best & {i for i, _ in grown.search(query, 10)})
    assert found >= 950
    grown.remove(range(0, 4_000, 2))
    assert len(grown) == 2_000
    assert all(i % 2 for i, _ in grown.search(unit[0], 50))


def test_arrays_bring_back_a_grown_index() -> None:
    unit = np.eye(32, dtype=np.float32)
    index = VectorIndex.trained(unit, 32)
    index.add(range(32), unit)
    again = VectorIndex.from_arrays(index.arrays())
    assert not again.exact
    again.remove([3])
    assert sorted(again.ids.tolist()) == [i for i in range(32) if i != 3]
    assert again.search(unit[7], 1)[0][0] == 7
