"""An opened index is up to date with its library, whatever its files say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.language.terms import analyse
from index.search import collection
from index.search.collection import CollectionIndex
from index.store import changes as changes_module
from index.store.library import Library
from tests.support.fakes import BagOfWords
from tests.support.indexes import assert_like_fresh, found, opened, store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture(autouse=True)
def articles(library: Library) -> None:
    store(library, "talks", "Ankara signed a treaty.", "The treaty is about gas.")
    store(library, "arms", "Turkey bought missiles.", "The gas pipeline is new.")


def test_search_returns_cosines_and_bm25_of_each_candidate(library: Library, folder: Path) -> None:
    hits = found(opened(library, folder), "ankara treaty")
    dense = {library.passages([hit.id])[hit.id].text: hit.dense for hit in hits.hits}
    assert dense["Ankara signed a treaty."] == pytest.approx(2 / np.sqrt(2 * 4))
    assert dense["The treaty is about gas."] == pytest.approx(1 / np.sqrt(2 * 5))
    assert dense["Turkey bought missiles."] == pytest.approx(0.0)
    assert hits.best_dense == pytest.approx(2 / np.sqrt(2 * 4))
    assert hits.best_strength == max(hit.match.strength for hit in hits.hits) > 0
    assert found(opened(library, folder), "ankara zeppelin").unknown == ("zeppelin",)


def test_an_index_follows_replacements_and_removals(library: Library, folder: Path) -> None:
    index = opened(library, folder)
    store(library, "arms", "Moscow sold missiles.")
    library.remove("shared", "talks")
    store(library, "more", "A treaty about zeppelin flights.", "Ankara again.")
    index.refresh()
    assert len(index) == 3
    assert_like_fresh(index, library, folder / "nowhere")


def test_nothing_is_embedded_twice_even_without_files(library: Library, folder: Path) -> None:
    first, second = BagOfWords(), BagOfWords()
    opened(library, folder, first)
    assert len(first.embedded) == 4
    assert_like_fresh(opened(library, folder, second), library, folder)
    assert second.embedded == []


def test_the_same_text_in_two_articles_is_embedded_once(library: Library, folder: Path) -> None:
    store(library, "copy", "Ankara signed a treaty.", "And more.")
    embedder = BagOfWords()
    index = opened(library, folder, embedder)
    assert sorted(embedder.embedded).count("Ankara signed a treaty.") == 1
    assert len(index) == 6


def test_progress_is_called_after_each_batch(library: Library, folder: Path) -> None:
    store(library, "long", *(f"Sentence number {n}." for n in range(150)))
    told: list[tuple[int, int]] = []
    index = CollectionIndex(library, BagOfWords(), "shared", folder)
    index.refresh(lambda done, total: told.append((done, total)))
    assert told == [(64, 154), (128, 154), (154, 154)]


def test_progress_counts_what_is_embedded_already_and_ends_with_all(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_BATCH", 60)
    opened(library, folder)
    store(library, "long", *(f"Sentence number {n}." for n in range(150)))
    told: list[tuple[int, int]] = []
    index = CollectionIndex(library, BagOfWords(), "shared", folder)
    index.refresh(lambda done, total: told.append((done, total)))
    assert told == [(60, 154), (120, 154), (154, 154)]


@pytest.mark.parametrize("way", ["many changes", "many passages", "an erasure"])
@pytest.mark.parametrize("saved", [True, False], ids=["on disk", "open"])
def test_an_index_that_can_follow_no_longer_begins_anew(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch, way: str, saved: bool
) -> None:
    monkeypatch.setattr(changes_module, "_FOLLOWED", 4)
    index = opened(library, folder)
    index.save()
    if way == "an erasure":
        library.erase_collection("shared")
        store(library, "talks", "A treaty about zeppelin flights.")
    elif way == "many passages":
        store(library, "arms", *(f"Missiles number {n}." for n in range(9)))
        store(library, "arms", "Ankara again.")
        store(library, "more", "A zeppelin.")
        library.remove("shared", "talks")
    else:
        for number in range(9):
            store(library, "arms", f"Missiles number {number}.")
    kept = library.database.read(
        "SELECT (SELECT count(*) FROM changes), (SELECT count(*) FROM removals)"
    )[0]
    assert kept[0] <= 6
    assert kept[1] <= 5
    assert not library.changes.since("shared", 2).whole
    if saved:
        index = opened(library, folder)
    index.refresh()
    assert_like_fresh(index, library, folder / "nowhere")
    index.save()
    generation = index.generation
    store(library, "late", "A late treaty.")
    assert library.changes.since("shared", generation).whole
    embedder = BagOfWords()
    assert_like_fresh(opened(library, folder, embedder), library, folder / "nowhere")
    assert embedder.embedded == ["A late treaty."]


def test_a_change_between_two_looks_at_the_library_leaves_nothing_out(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(library, "arms", "Turkey bought missiles, twice.")
    look = library.embedded_texts

    def changed_meanwhile(ids: list[int]) -> dict[int, str]:
        monkeypatch.setattr(library, "embedded_texts", look)
        store(library, "arms", "Turkey bought missiles, thrice.")
        return look(ids)

    monkeypatch.setattr(library, "embedded_texts", changed_meanwhile)
    index = opened(library, folder)
    held = [hit.id for hit in found(index, "missiles").hits if hit.match.bm25 > 0]
    assert [p.text for p in library.passages(held).values()] == ["Turkey bought missiles, thrice."]


def test_few_passages_are_added_by_a_search_unless_they_are_to_be_embedded(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_IN_PASSING", 3)
    model = BagOfWords()
    index = CollectionIndex(library, model, "shared", folder)
    assert index.far_behind
    index.refresh()
    assert not index.far_behind
    store(library, "few", "Ankara again.", "A zeppelin.")
    assert index.far_behind  # their vectors are not kept
    collection.embedded(library, model, ["Ankara again.", "A zeppelin."])
    assert not index.far_behind
    library.remove("shared", "talks")
    assert index.far_behind  # two come and two go
    index.refresh()
    assert not index.far_behind


def test_an_article_replaced_since_the_last_look_is_searched_as_it_is(
    library: Library, folder: Path
) -> None:
    index = opened(library, folder)
    store(library, "talks", "Ankara signed another treaty.")
    vector = BagOfWords().embed_queries(["treaty"])[0]
    hits = index.search(vector, analyse("treaty"), {}, 5, "talks").hits
    assert [hit.id for hit in hits] == library.passage_ids("shared", "talks")
    library.remove("shared", "talks")
    assert index.search(vector, analyse("treaty"), {}, 5, "talks").hits == ()
