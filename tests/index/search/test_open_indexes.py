"""Indexes are opened as they are asked for, and the least recently used closed again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.engine import Engine
from index.search import open_indexes
from tests.support.fakes import BagOfWords, drafts, made
from tests.support.indexes import sentence


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path / "data", BagOfWords)
    yield engine
    engine.close()


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
