"""Stored vectors: they come back exactly, and go with what they were for."""

from __future__ import annotations

import time

import numpy as np
import pytest

from index.digests import text_digest
from index.store import stored_vectors
from index.store.library import Library
from index.store.stored_vectors import DAY, StoredVectors
from tests.support.stored_articles import store

VECTOR = np.asarray([0.6, 0.8], np.float32)


def kept(library: Library, *texts: str) -> set[str]:
    digests = {text_digest(text): text for text in texts}
    return {digests[digest] for digest in library.vectors.of_texts("model", list(digests))}


def keep(library: Library, *texts: str) -> None:
    library.vectors.store("model", {text_digest(text): VECTOR for text in texts})


def test_vectors_come_back_exactly_and_only_for_their_model(library: Library) -> None:
    keep(library, "One.")
    digest = text_digest("One.")
    assert library.vectors.of_texts("model", [digest])[digest].tolist() == VECTOR.tolist()
    assert library.vectors.of_texts("another", [digest]) == {}


def test_vectors_are_forgotten_with_the_last_passage_that_uses_them(library: Library) -> None:
    keep(library, "One.", "Two.", "Three.")
    store(library, "a", "One.", "Two.")
    store(library, "b", "Two.", "Three.", collection="user:1")
    library.remove("shared", "a")
    assert kept(library, "One.", "Two.", "Three.") == {"Two.", "Three."}
    store(library, "b", "Three.", collection="user:1")
    assert kept(library, "One.", "Two.", "Three.") == {"Three."}


def unused(library: Library) -> int:
    return int(library.database.read("SELECT count(*) FROM unused")[0][0])


def test_vectors_of_an_addition_that_was_broken_off_wait_a_day_and_no_longer(
    library: Library,
) -> None:
    now = int(time.time())
    keep(library, "One.", "Two.")
    store(library, "a", "One.")
    library.tidy(now + DAY - 60)
    assert kept(library, "One.", "Two.") == {"One.", "Two."}
    library.tidy(now + DAY + 60)
    assert kept(library, "One.", "Two.") == {"One."}
    assert unused(library) == 0


def test_erasing_takes_the_vectors_of_an_addition_that_was_broken_off(library: Library) -> None:
    mine, both, yours = (text_digest(text) for text in ("Mine.", "Both.", "Yours."))
    for model in ("model", "other model"):
        library.vectors.store(model, {mine: VECTOR, both: VECTOR}, "user:1")
    library.vectors.store("model", {yours: VECTOR}, "user:2")
    store(library, "a", "Both.", collection="user:2")
    library.erase_collection("user:1")  # which has no article yet
    assert kept(library, "Mine.", "Both.", "Yours.") == {"Both.", "Yours."}
    assert set(library.vectors.of_texts("other model", [mine, both])) == {both}


def test_an_erasure_that_is_stopped_before_its_vectors_are_gone_is_ended_later(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(library, "One.", "Two.")
    store(library, "a", "One.", "Two.")
    with monkeypatch.context() as stopped:
        stopped.setattr(StoredVectors, "delete_unused", lambda _vectors: None)
        library.erase_collection("shared")
    assert library.listing.entries("shared") == []
    library.tidy(int(time.time()))
    assert kept(library, "One.", "Two.") == set()


def test_vectors_are_deleted_in_batches_between_which_others_can_write(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_vectors, "_BATCH", 2)
    texts = [f"Number {n}." for n in range(7)]
    keep(library, *texts)
    store(library, "a", *texts)
    turns: list[str] = []
    library.database._db.set_trace_callback(turns.append)
    library.erase_collection("shared")
    assert kept(library, *texts) == set()
    assert turns.count("COMMIT") > 4


def test_vectors_of_a_model_that_is_out_of_use_go_after_some_days(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_vectors, "_BATCH", 2)
    texts = [f"Number {n}." for n in range(5)]
    digests = [text_digest(text) for text in texts]
    store(library, "a", *texts)
    for model in ("old", "new"):
        library.vectors.store(model, dict.fromkeys(digests, VECTOR))
    now = int(time.time())
    for day in range(1, 7):  # two that alternate stay both
        library.tidy(now + day * DAY, "old" if day == 3 else "new")
    assert set(library.vectors.of_texts("old", digests)) == set(digests)
    library.tidy(now + 11 * DAY, "new")
    assert library.vectors.of_texts("old", digests) == {}
    assert set(library.vectors.of_texts("new", digests)) == set(digests)
