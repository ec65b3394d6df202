"""An index that has outgrown its layout gets a new one, and finds the same meanwhile and after."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from index.errors import LibraryError
from index.language.terms import analyse
from index.search import collection, relayout, term_index, vector_index
from index.search.collection import CollectionIndex
from index.search.layout import Layout
from index.search.vector_index import VectorIndex
from index.store.library import Library
from tests.support.fakes import BagOfWords
from tests.support.indexes import opened, sentence, store

GROWN = 40  # passages, so that growth happens in the midst of small tests


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_index, "GROWN", GROWN)
    monkeypatch.setattr(term_index, "_MIN_CHANGES", GROWN // 2)


def fill(library: Library, count: int, start: int = 0) -> None:
    for number in range(start, start + count, 10):
        store(library, f"article {number}", *(sentence(n) for n in range(number, number + 10)))


def assert_finds_all(index: CollectionIndex, library: Library) -> None:
    ids = list(library.changes.since("shared", 0).added)
    assert sorted(index._contents.vectors.ids.tolist()) == ids
    assert index._contents.terms.ids.tolist() == ids
    for passage, text in library.embedded_texts(ids).items():
        vector = BagOfWords().embed_queries([text])[0]
        hits = index.search(vector, analyse(text), {}, 5)
        assert hits.best_dense == pytest.approx(1.0, abs=1e-6)
        assert passage in {hit.id for hit in hits.hits if hit.dense > 0.999}


def held_up(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str
) -> tuple[threading.Event, threading.Event]:
    """Let a method wait in the background; return what says that it does, and what ends it."""
    begun, go_on = threading.Event(), threading.Event()
    real = getattr(owner, method)

    def slow(self: object, *given: Any) -> Any:
        made = real(self, *given)
        if threading.current_thread().name == "relayout":
            begun.set()
            go_on.wait(30)
        return made

    monkeypatch.setattr(owner, method, slow)
    return begun, go_on


def test_a_grown_index_gets_a_new_layout_and_finds_the_same(
    library: Library, tmp_path: Path
) -> None:
    fill(library, 200)
    index = opened(library, tmp_path / "index")
    index.settle()
    assert not index._contents.vectors.exact
    assert_finds_all(index, library)
    index.save()
    again = CollectionIndex(library, BagOfWords(), "shared", tmp_path / "index")
    assert not again._contents.vectors.exact
    assert_finds_all(again, library)


def test_a_small_index_stays_exact(library: Library, tmp_path: Path) -> None:
    fill(library, GROWN)
    index = opened(library, tmp_path / "index")
    index.settle()
    assert index._contents.vectors.exact


def test_what_changes_while_a_layout_is_made_is_in_it(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = held_up(monkeypatch, VectorIndex, "add")
    fill(library, 60)
    index = opened(library, tmp_path / "index")
    assert begun.wait(30)
    library.remove("shared", "article 20")
    fill(library, 20, start=300)
    index.refresh()
    assert index._contents.vectors.exact
    assert_finds_all(index, library)  # nothing is missing meanwhile
    go_on.set()
    index.settle()
    assert not index._contents.vectors.exact
    assert_finds_all(index, library)
    library.remove("shared", "article 300")
    index.refresh()
    assert_finds_all(index, library)


def test_terms_that_change_while_a_layout_is_made_are_in_it(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_index, "GROWN", 1_000)
    begun, go_on = held_up(monkeypatch, Layout, "arrays")
    fill(library, 60)
    index = opened(library, tmp_path / "index")
    assert begun.wait(30)
    library.remove("shared", "article 20")
    fill(library, 10, start=300)
    index.refresh()
    assert_finds_all(index, library)  # nothing waits for it
    assert index._contents.terms.outgrown
    go_on.set()
    index.settle()
    assert not index._contents.terms.outgrown
    assert_finds_all(index, library)


def test_many_passages_are_added_in_batches(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_BATCH", 30)
    monkeypatch.setattr(relayout, "_BATCH", 30)
    fill(library, 200)
    index = opened(library, tmp_path / "index")
    index.settle()
    assert_finds_all(index, library)


def test_a_layout_that_fails_is_tried_again_after_the_next_change_only(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def failing(_: object, passages: int) -> VectorIndex:
        tried.append(passages)
        raise LibraryError("the disk is gone")

    real = VectorIndex.trained
    monkeypatch.setattr(VectorIndex, "trained", failing)
    fill(library, 60)
    index = opened(library, tmp_path / "index")
    for _ in range(3):
        index.settle()
        index.refresh()
    assert tried == [60]
    assert_finds_all(index, library)
    monkeypatch.setattr(VectorIndex, "trained", real)
    fill(library, 10, start=500)
    index.refresh()
    index.settle()
    assert not index._contents.vectors.exact
    assert_finds_all(index, library)


def test_an_index_grown_far_beyond_its_layout_gets_another(
    library: Library, tmp_path: Path
) -> None:
    fill(library, 60)
    index = opened(library, tmp_path / "index")
    index.settle()
    before = index._contents.vectors._index.nlist
    fill(library, 300, start=1_000)
    index.refresh()
    index.settle()
    assert index._contents.vectors._index.nlist > before
    assert_finds_all(index, library)


def test_removals_lead_to_a_new_layout_too(library: Library, tmp_path: Path) -> None:
    fill(library, 200)
    index = opened(library, tmp_path / "index")
    index.settle()
    for number in range(0, 190, 10):
        library.remove("shared", f"article {number}")
    index.refresh()
    index.settle()
    assert not index._contents.terms.outgrown
    assert_finds_all(index, library)


def test_an_article_is_searched_by_itself_in_a_grown_layout_too(
    library: Library, tmp_path: Path
) -> None:
    fill(library, 300)
    index = opened(library, tmp_path)
    index.settle()
    assert not index._contents.vectors.exact
    index._contents.vectors._index.nprobe = 1  # the lists of most articles are not looked through
    query = sentence(7)
    vector = BagOfWords().embed_queries([query])[0]
    whole = index.search(vector, analyse(query), {}, 5)
    for number in (0, 120, 290):
        name = f"article {number}"
        ids = library.passage_ids("shared", name)
        stored = library.vectors.of_passages(BagOfWords().identity, ids)
        hits = index.search(vector, analyse(query), {}, len(ids), name)
        assert {hit.id for hit in hits.hits} == set(ids)
        assert {h.id: h.dense for h in hits.hits} == pytest.approx(
            {i: float(stored[i] @ vector) for i in ids}, abs=1e-6
        )
        assert hits.best_dense == whole.best_dense
        assert hits.best_strength == whole.best_strength
