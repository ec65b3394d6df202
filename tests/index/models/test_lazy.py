"""Models loaded when first asked for: once, whoever asks meanwhile, and again after a failure."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from index.errors import ModelError
from index.models.lazy import Lazy


def test_who_asks_meanwhile_waits_and_gets_the_same_model() -> None:
    started, finish = threading.Event(), threading.Event()
    loaded: list[object] = []

    def load() -> object:
        started.set()
        assert finish.wait(10)
        loaded.append(object())
        return loaded[-1]

    lazy = Lazy(load, threading.RLock())
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lazy.get)
        assert started.wait(10)
        second = pool.submit(lazy.get)
        assert lazy.loaded is None
        finish.set()
        assert first.result(10) is second.result(10) is lazy.loaded
    assert len(loaded) == 1


def test_a_failure_is_passed_on_and_loading_is_tried_the_next_time() -> None:
    outcomes = iter([ModelError("There is no such model."), None])

    def load() -> str:
        if (error := next(outcomes)) is not None:
            raise error
        return "model"

    lazy = Lazy(load, threading.RLock())
    with pytest.raises(ModelError):
        lazy.get()
    assert lazy.loaded is None
    assert lazy.get() == "model"


def test_models_that_share_a_lock_may_load_each_other() -> None:
    lock = threading.RLock()
    embedder = Lazy(lambda: "embedder", lock)
    reader = Lazy(lambda: f"reader on {embedder.get()}", lock)
    assert reader.get() == "reader on embedder"
