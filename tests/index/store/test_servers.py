"""A server's settings, and what becomes of its data when the bot leaves."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import SettingsError
from index.store.answers import Answers
from index.store.library import Library
from index.store.servers import Servers, ServerSettings
from tests.support.fakes import drafts, made
from tests.support.stored_answers import (
    DAY,
    NOW,
    ONE,
    TWO,
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
