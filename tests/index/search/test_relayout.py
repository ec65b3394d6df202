"""What happens as a library grows: indexes laid out anew, opened and closed, answers remembered."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.engine import Engine
from index.errors import LibraryError
from index.language.terms import analyse
from index.lru import LRUCache
from index.search import (
    collection,
    open_indexes,
    relayout,
    term_index,
    vector_index,
)
from index.search.collection import CollectionIndex
from index.search.layout import Layout
from index.search.vector_index import VectorIndex
from index.store.library import Library
from tests.support.fakes import BagOfWords, drafts, made

GROWN = 40  # passages, so that growth happens in the midst of small tests
WORDS = [f"{first}{second}" for first in "bcdfghjklm" for second in ("alo", "emu", "iri", "osa")]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_index, "GROWN", GROWN)
    monkeypatch.setattr(term_index, "_LEAST", GROWN // 2)


def sentence(number: int) -> str:
    """Return five words that no other number has together."""
    return " ".join(random.Random(number).sample(WORDS, 5))


def store(library: Library, name: str, *texts: str) -> None:
    text, pieces = drafts(*texts)
    library.store("shared", made(name, text), pieces)


def fill(library: Library, count: int, start: int = 0) -> None:
    for number in range(start, start + count, 10):
        store(library, f"article {number}", *(sentence(n) for n in range(number, number + 10)))


def fresh_index(library: Library, folder: Path) -> CollectionIndex:
    index = CollectionIndex(library, BagOfWords(), "shared", folder)
    index.refresh()
    return index


def assert_finds_all(index: CollectionIndex, library: Library) -> None:
    ids = list(library.changes("shared", 0).added)
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


def test_a_grown_index_is_laid_out_anew_and_finds_the_same(
    library: Library, tmp_path: Path
) -> None:
    fill(library, 200)
    index = fresh_index(library, tmp_path / "index")
    index.settle()
    assert not index._contents.vectors.exact
    assert_finds_all(index, library)
    index.save()
    again = CollectionIndex(library, BagOfWords(), "shared", tmp_path / "index")
    assert not again._contents.vectors.exact
    assert_finds_all(again, library)


def test_one_that_is_small_stays_exact(library: Library, tmp_path: Path) -> None:
    fill(library, GROWN)
    index = fresh_index(library, tmp_path / "index")
    index.settle()
    assert index._contents.vectors.exact


def test_what_changes_while_it_is_laid_out_is_in_it(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = held_up(monkeypatch, VectorIndex, "add")
    fill(library, 60)
    index = fresh_index(library, tmp_path / "index")
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


def test_terms_that_change_while_they_are_laid_out_are_in_it(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_index, "GROWN", 1_000)
    begun, go_on = held_up(monkeypatch, Layout, "arrays")
    fill(library, 60)
    index = fresh_index(library, tmp_path / "index")
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


def test_many_passages_are_taken_in_piece_by_piece(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_BATCH", 30)
    monkeypatch.setattr(relayout, "_BATCH", 30)
    fill(library, 200)
    index = fresh_index(library, tmp_path / "index")
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
    index = fresh_index(library, tmp_path / "index")
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


def test_one_grown_far_beyond_its_layout_is_laid_out_again(
    library: Library, tmp_path: Path
) -> None:
    fill(library, 60)
    index = fresh_index(library, tmp_path / "index")
    index.settle()
    before = index._contents.vectors._index.nlist
    fill(library, 300, start=1_000)
    index.refresh()
    index.settle()
    assert index._contents.vectors._index.nlist > before
    assert_finds_all(index, library)


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


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path / "data", BagOfWords)
    yield engine
    engine.close()


def test_what_goes_is_laid_out_anew_too(library: Library, tmp_path: Path) -> None:
    fill(library, 200)
    index = fresh_index(library, tmp_path / "index")
    index.settle()
    for number in range(0, 190, 10):
        library.remove("shared", f"article {number}")
    index.refresh()
    index.settle()
    assert not index._contents.terms.outgrown
    assert_finds_all(index, library)


def test_a_search_while_the_model_loads_and_something_is_erased_ends(tmp_path: Path) -> None:
    loading, loaded = threading.Event(), threading.Event()

    def slowly() -> BagOfWords:
        loading.set()
        loaded.wait(30)
        return BagOfWords()

    engine = Engine(tmp_path / "data", slowly)
    acts = [
        lambda: engine.embedder,
        lambda: engine.forget_index("guild:1"),
        lambda: engine.search("Who was it?", ["guild:2"], 5),
    ]
    threads = [threading.Thread(target=act, daemon=True) for act in acts]
    for thread in threads:
        thread.start()
        assert loading.wait(30)
        time.sleep(0.1)  # in which each gets as far as it can
    loaded.set()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    engine.close()


def test_indexes_unused_for_longest_are_closed_and_opened_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_indexes, "MOST_OPEN", 3)
    for number in range(8):
        engine.add_article(made(f"a{number}", sentence(number)), f"guild:{number}")
    for number in (0, 1, 2, 3, 0, 4, 5, 6, 0, 7):
        answer = engine.ask(sentence(number), [f"guild:{number}"])
        assert answer.passages[0].passage.text == sentence(number)
        assert len(engine._indexes) <= 3


def test_a_large_index_makes_others_close_but_stays_itself(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_indexes, "MOST_PASSAGES", 5)
    for name, count in (("small", 1), ("large", 20)):
        for number in range(count):
            engine.add_article(made(f"{name}{number}", sentence(number)), name)
    opened_again: list[str] = []
    real = Engine._opened
    monkeypatch.setattr(
        Engine, "_opened", lambda self, name: opened_again.append(name) or real(self, name)
    )
    engine._indexes._open = engine._opened
    for names in (["small", "large"], ["large", "small"]):
        assert engine.ask(sentence(0), names).passages
        assert list(engine._indexes._held) == ["large"]
    assert opened_again == ["small", "large", "small"]


def test_an_index_that_is_being_rebuilt_is_not_closed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_indexes, "MOST_OPEN", 1)
    text, pieces = drafts("The river.")
    engine.library.store("guild:1", made("a", text), pieces)
    seen: list[list[str]] = []

    def others_are_asked(_done: int, _total: int) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(engine.index, "guild:2").result(30)
        seen.append(list(engine._indexes._held))

    engine.index("guild:1", others_are_asked)
    assert seen == [["guild:1", "guild:2"]]
    assert list(engine._indexes._held) == ["guild:1"]


def test_a_question_asked_again_is_not_computed_again(engine: Engine) -> None:
    engine.add_article(made("talks", "Ankara signed a treaty."), "shared")
    first = engine.ask("Who signed the treaty?", ["shared"])
    embedder = engine.embedder
    assert isinstance(embedder, BagOfWords)
    before = list(embedder.embedded)
    again = engine.ask("Who signed the treaty?", ["shared"])
    assert again.passages == first.passages
    assert again.quote == first.quote
    assert again.timing.embed == again.timing.read == 0
    assert embedder.embedded == before


def test_a_change_of_the_library_is_in_the_very_next_answer(engine: Engine) -> None:
    engine.add_article(made("talks", "Ankara signed a treaty."), "shared")
    engine.ask("Who signed the treaty?", ["shared"])
    engine.add_article(made("talks", "Moscow signed a treaty."), "shared")
    found = engine.ask("Who signed the treaty?", ["shared"])
    assert found.passages[0].passage.text == "Moscow signed a treaty."
    engine.remove("talks", "shared")
    assert engine.ask("Who signed the treaty?", ["shared"]).passages == ()


def test_the_same_question_elsewhere_is_another(engine: Engine) -> None:
    engine.add_article(made("talks", "Ankara signed a treaty."), "guild:1")
    assert engine.ask("Who signed the treaty?", ["guild:1"]).passages
    assert engine.ask("Who signed the treaty?", ["guild:2"]).passages == ()


def test_what_is_erased_is_forgotten_with_its_answers(engine: Engine) -> None:
    engine.add_article(made("talks", "Ankara signed a treaty."), "guild:1")
    engine.ask("Who signed the treaty?", ["guild:1"])
    engine.erase("guild:1")
    assert len(engine._answers) == 0
    assert engine.ask("Who signed the treaty?", ["guild:1"]).passages == ()


def test_only_so_much_is_remembered() -> None:
    recent: LRUCache[int, str] = LRUCache(2)
    recent.put(1, "one")
    recent.put(2, "two")
    assert recent.get(1) == "one"
    recent.put(3, "three")
    assert (recent.get(1), recent.get(2), recent.get(3)) == ("one", None, "three")
    recent.clear()
    assert recent.get(1) is None


def test_an_article_is_searched_by_itself_in_a_grown_layout_too(
    library: Library, tmp_path: Path
) -> None:
    fill(library, 300)
    index = fresh_index(library, tmp_path)
    index.settle()
    assert not index._contents.vectors.exact
    index._contents.vectors._index.nprobe = 1  # the lists of most articles are not looked through
    query = sentence(7)
    vector = BagOfWords().embed_queries([query])[0]
    whole = index.search(vector, analyse(query), {}, 5)
    for number in (0, 120, 290):
        name = f"article {number}"
        ids = library.passage_ids("shared", name)
        stored = library.vectors_of(BagOfWords().identity, ids)
        hits = index.search(vector, analyse(query), {}, len(ids), name)
        assert {hit.id for hit in hits.hits} == set(ids)
        assert {h.id: h.dense for h in hits.hits} == pytest.approx(
            {i: float(stored[i] @ vector) for i in ids}, abs=1e-6
        )
        assert hits.best_dense == whole.best_dense
        assert hits.best_strength == whole.best_strength
