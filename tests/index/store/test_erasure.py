"""Erasing a collection: all of it goes at once, nothing of another, and no index mistakes it."""

from __future__ import annotations

import numpy as np
import pytest

from index.digests import text_digest
from index.errors import LibraryError
from index.store.answers import Answers
from index.store.changes import Changes
from index.store.feedback import Feedback
from index.store.jobs import Jobs
from index.store.library import Library
from index.store.servers import Servers, ServerSettings
from tests.support.fakes import drafts, made
from tests.support.stored_answers import (
    ANN,
    NOW,
    ONE,
    TWO,
    answered,
    on_disk,
    record,
)


def filled(library: Library, guild: int) -> None:
    """Give a server some of everything, each with its canary."""
    collection, canary = f"guild:{guild}", f"canary-{guild}"
    text, pieces = drafts(f"{canary} in an article.", "The same everywhere.")
    library.store(collection, made("a", text, f"{canary} in a title"), pieces)
    digests = [text_digest(t) for t in (f"{canary} in an article.", "The same everywhere.")]
    library.vectors.store("bag", {digest: np.ones(2, np.float32) for digest in digests})
    journal = Answers(library.database)
    name = record(journal, guild, answered(f"{canary} asked", guild), collection=collection)
    Feedback(library.database).vote(
        name, collection, ANN, helpful=False, comment=f"{canary} said", now=NOW
    )
    Jobs(library.database).enqueue(
        collection, asker=ANN, kind="paste", name=f"{canary} queued", payload=canary.encode(),
        channel=1, message=2, now=NOW,
    )  # fmt: skip
    Servers(library.database).change(guild, per_minute=guild, manager_role=777_000_000 + guild)


def test_erasing_a_collection_takes_all_of_it_and_nothing_of_another(library: Library) -> None:
    filled(library, 1)
    filled(library, 2)
    Servers(library.database).mark_left(1, NOW)
    library.erase_collection(ONE)
    dump = "\n".join(library.database._db.iterdump())
    assert "canary-1" not in dump
    assert "777000001" not in dump
    assert not on_disk(library.path, "canary-1")
    # In the title twice, as it is shown and compared, text, passage, question, comment, job.
    assert dump.count("canary-2") == 7
    assert library.listing.entries(ONE) == []
    assert Servers(library.database).get(1) == ServerSettings()
    assert [entry.id for entry in library.listing.entries(TWO)] == ["a"]
    assert Servers(library.database).get(2).per_minute == 2
    # The vector that both used is still used; the others' own are gone or there.
    shared, gone, kept = (
        text_digest(t)
        for t in ("The same everywhere.", "canary-1 in an article.", "canary-2 in an article.")
    )
    assert set(library.vectors.of_texts("bag", [shared, gone, kept])) == {shared, kept}
    # An index that is open somewhere begins anew, with nothing.
    assert library.changes.since(ONE, 1) == Changes(2, (), (), whole=False)


def test_erasing_again_or_what_never_was_does_nothing(library: Library) -> None:
    filled(library, 1)
    library.erase_collection(ONE)
    dump = list(library.database._db.iterdump())
    library.erase_collection(ONE)
    library.erase_collection("guild:404")
    assert list(library.database._db.iterdump()) == dump


def test_what_is_added_after_erasing_is_new_to_every_index(library: Library) -> None:
    filled(library, 1)
    old = {passage.id for passage in library.passages_of(ONE, "a")}
    generation = library.changes.generation(ONE)
    library.erase_collection(ONE)
    filled(library, 1)
    new = {passage.id for passage in library.passages_of(ONE, "a")}
    assert not old & new
    assert library.changes.since(ONE, generation) == Changes(3, tuple(sorted(new)), (), whole=False)


def test_an_erasure_that_fails_in_the_middle_erases_nothing(library: Library) -> None:
    filled(library, 1)
    dump = list(library.database._db.iterdump())
    library.database._db.execute(
        "CREATE TEMP TRIGGER broken BEFORE DELETE ON settings"
        " BEGIN SELECT RAISE(ABORT, 'broken'); END"
    )
    with pytest.raises(LibraryError, match=r"could not be changed: broken\. Nothing was changed"):
        library.erase_collection(ONE)
    assert list(library.database._db.iterdump()) == dump
