"""A server's settings, and what becomes of its data when the bot leaves."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.digests import text_digest
from index.errors import LibraryError, SettingsError
from index.store.answers import Answers
from index.store.changes import Changes
from index.store.feedback import Feedback
from index.store.jobs import Jobs
from index.store.library import Library
from index.store.servers import Servers, ServerSettings
from tests.support.fakes import drafts, made
from tests.support.stored_answers import (
    ANN,
    DAY,
    NOW,
    ONE,
    TWO,
    answered,
    on_disk,
    record,
)


@pytest.fixture
def guilds(library: Library) -> Servers:
    return Servers(library.database)


def test_a_server_that_has_set_nothing_has_the_defaults(guilds: Servers) -> None:
    assert guilds.get(1) == ServerSettings(
        manager_role=None,
        answered_channels=frozenset(),
        private_by_default=False,
        per_minute=10,
        keep_questions_days=90,
    )


def test_a_change_changes_what_it_names_and_is_there_after_a_restart(library: Library) -> None:
    guilds = Servers(library.database)
    guilds.change(1, manager_role=2**62, private_by_default=True)
    returned = guilds.change(1, answered_channels=frozenset({5, 2**60}), per_minute=3)
    library.close()
    with closing(Library(library.path)) as again:
        guilds = Servers(again.database)
        assert guilds.get(1) == returned
        assert returned == ServerSettings(2**62, frozenset({5, 2**60}), True, 3, 90)  # noqa: FBT003 - read in order
        assert guilds.change(1, manager_role=None).manager_role is None
        assert guilds.get(2) == ServerSettings()


_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "manager_role": st.none() | st.integers(1, 2**63 - 1),
        "answered_channels": st.frozensets(st.integers(1, 2**63 - 1), max_size=4),
        "private_by_default": st.booleans(),
        "per_minute": st.integers(1, 600),
        "keep_questions_days": st.integers(0, 3650),
    },
)


@given(st.lists(st.tuples(st.integers(1, 2), _CHANGES), max_size=8))
def test_the_last_value_set_is_the_one_read(changes: list[tuple[int, dict[str, Any]]]) -> None:
    expected: dict[int, dict[str, Any]] = {1: {}, 2: {}}
    with closing(Library(Path(":memory:"))) as library:
        guilds = Servers(library.database)
        for guild, change in changes:
            expected[guild] |= change
            assert guilds.change(guild, **change) == ServerSettings(**expected[guild])
        for guild, values in expected.items():
            assert guilds.get(guild) == ServerSettings(**values)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"per_minute": 0}, "per_minute is to be a whole number from 1 to 600, not 0."),
        ({"per_minute": True}, "per_minute is to be a whole number from 1 to 600, not True."),
        (
            {"keep_questions_days": -1},
            "keep_questions_days is to be a whole number from 0 to 3650, not -1.",
        ),
        ({"private_by_default": 1}, "private_by_default is to be true or false, not 1."),
        (
            {"manager_role": "5"},
            "manager_role is to be a whole number from 1 to 9223372036854775807, not '5'.",
        ),
        (
            {"answered_channels": frozenset({0})},
            "answered_channels is to be a whole number from 1 to 9223372036854775807, not 0.",
        ),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_and_changes_nothing(
    guilds: Servers, change: dict[str, Any], sentence: str
) -> None:
    guilds.change(1, per_minute=3)
    with pytest.raises(SettingsError) as caught:
        guilds.change(1, **{"keep_questions_days": 7, **change})
    assert str(caught.value) == sentence
    assert guilds.get(1) == ServerSettings(per_minute=3)


def test_what_was_never_set_is_not_stored_so_that_it_follows_the_default(
    library: Library, guilds: Servers
) -> None:
    guilds.change(1, per_minute=10, manager_role=None)
    rows = library.database.read("SELECT name, value FROM settings")
    assert {row["name"]: row["value"] for row in rows} == {
        "per_minute": "10",
        "manager_role": "null",
    }


def test_a_field_that_there_is_not_is_refused(guilds: Servers) -> None:
    with pytest.raises(TypeError):
        guilds.change(1, colour="red")  # type: ignore[call-arg]
    assert guilds.get(1) == ServerSettings()


def test_channels_are_turned_on_and_off_one_by_one(guilds: Servers) -> None:
    guilds.answer_in(1, 5, on=True)
    guilds.answer_in(1, 6, on=True)
    guilds.answer_in(1, 6, on=True)
    assert guilds.get(1).answered_channels == {5, 6}
    assert guilds.answer_in(1, 5, on=False).answered_channels == {6}
    assert guilds.answer_in(1, 5, on=False).answered_channels == {6}
    assert guilds.get(2).answered_channels == frozenset()


def test_a_server_that_was_left_is_hidden_until_the_bot_is_back(guilds: Servers) -> None:
    guilds.change(1, per_minute=3)
    assert not guilds.is_hidden(1)
    guilds.mark_left(1, NOW)
    assert (guilds.is_hidden(1), guilds.is_hidden(2)) == (True, False)
    assert guilds.mark_joined(1, NOW + 30 * DAY)
    assert not guilds.is_hidden(1)
    assert guilds.get(1).per_minute == 3
    assert guilds.mark_joined(2, NOW)


def test_after_30_days_a_server_is_expired_and_stays_hidden(
    library: Library, guilds: Servers
) -> None:
    guilds.mark_left(1, NOW)
    guilds.mark_left(1, NOW + DAY)  # told again: the first time counts
    guilds.mark_left(2, NOW + DAY)
    assert guilds.expired(NOW + 30 * DAY) == []
    assert guilds.expired(NOW + 30 * DAY + 1) == [1]
    assert guilds.expired(NOW + 31 * DAY + 1) == [1, 2]
    assert not guilds.mark_joined(1, NOW + 30 * DAY + 1)
    assert guilds.is_hidden(1)
    library.erase_collection(ONE)
    assert not guilds.is_hidden(1)
    assert guilds.expired(NOW + 31 * DAY + 1) == [2]


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


def test_the_servers_of_which_anything_is_kept_are_known(library: Library) -> None:
    guilds, journal = Servers(library.database), Answers(library.database)
    assert guilds.known() == []
    guilds.change(3, per_minute=5)
    record(journal, 1, collection=ONE)
    record(journal, 2, collection="user:9")
    text, passages = drafts("It is old.")
    library.store(TWO, made("Oak", text), passages)
    assert guilds.known() == [1, 2, 3]
    guilds.mark_left(7, NOW)
    library.erase_collection(TWO)
    assert guilds.known() == [1, 3, 7]
