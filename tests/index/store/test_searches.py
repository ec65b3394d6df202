"""A search turns its pages as long as its server wants, and is its searcher's to see and delete."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from index.store.answers import Answers
from index.store.feedback import Feedback
from index.store.library import Library
from index.store.privacy import Privacy
from index.store.searches import Searches
from index.store.servers import Servers
from tests.support.fakes import drafts, made
from tests.support.stored_answers import (
    ANN,
    BO,
    DAY,
    NOW,
    ONE,
    TWO,
    on_disk,
    searched,
)


@pytest.fixture
def searches(library: Library) -> Searches:
    return Searches(library.database)


@pytest.fixture
def privacy(library: Library, searches: Searches) -> Privacy:
    return Privacy(library.database, searches)


def test_a_search_is_found_as_it_was_after_a_restart_and_in_its_own_collection_alone(
    library: Library, searches: Searches
) -> None:
    kept = searched("a", "who?", 3, 1, article="The bridge", private=True)
    searches.record(kept)
    assert searches.find("a", ONE) == kept
    assert Searches(library.database).find("a", ONE) == kept
    assert searches.find("a", TWO) is None
    assert searches.find("b", ONE) is None


def test_passages_that_have_gone_since_are_left_out(library: Library) -> None:
    text, pieces = drafts("One.", "Two.")
    library.store("shared", made("a", text), pieces)
    there = library.passage_ids("shared", "a")
    found = searched("a", "who?", 99, *there).ranked(library.passages([99, *there]))
    assert [one.passage.text for one in found] == ["One.", "Two."]


def test_where_questions_are_not_kept_a_search_is_held_15_minutes_and_never_on_the_disk(
    library: Library, searches: Searches, privacy: Privacy
) -> None:
    Servers(library.database).change(1, keep_questions_days=0)
    kept = searched("a", "canary-query", 1, article="canary-title")
    searches.record(kept)
    assert searches.find("a", ONE) == kept
    assert searches.find("a", TWO) is None
    assert not on_disk(library.path, "canary")
    assert library.database.read("SELECT * FROM searches") == []
    assert Searches(library.database).find("a", ONE) is None
    assert privacy.prune(NOW + 899) == 0
    assert searches.find("a", ONE) == kept
    assert privacy.prune(NOW + 900) == 1
    assert searches.find("a", ONE) is None


def test_only_the_newest_are_held_in_memory(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.store.searches._MOST", 2)
    searches = Searches(library.database)
    Servers(library.database).change(1, keep_questions_days=0)
    for name in "abc":
        searches.record(searched(name))
    assert [name for name in "abc" if searches.find(name, ONE)] == ["b", "c"]


def test_where_nothing_can_be_written_a_search_is_held_all_the_same(tmp_path: Path) -> None:
    library = Library(tmp_path / "library.db")
    searches = Searches(library.database)
    library.database._db.execute("PRAGMA query_only = ON")
    searches.record(searched("a"))
    library.database._db.execute("PRAGMA query_only = OFF")
    assert searches.find("a", ONE) is not None
    assert Searches(library.database).find("a", ONE) is None
    library.close()


def test_a_search_goes_with_its_days_and_at_once_where_none_is_kept_any_more(
    library: Library, searches: Searches, privacy: Privacy
) -> None:
    guilds = Servers(library.database)
    guilds.change(1, keep_questions_days=7)
    for name, age in (("old", 7 * DAY), ("new", 7 * DAY - 1)):
        searches.record(searched(name, "canary-query", now=NOW - age))
    searches.record(searched("other", collection=TWO, now=NOW - 8 * DAY))
    assert privacy.prune(NOW) == 1
    assert searches.find("old", ONE) is None
    assert searches.find("new", ONE) is not None
    guilds.change(1, keep_questions_days=0)
    assert privacy.prune(NOW) == 1
    assert searches.find("new", ONE) is None
    assert searches.find("other", TWO) is not None
    assert not on_disk(library.path, "canary")


@pytest.mark.parametrize("days", [0, 90])
def test_a_person_has_their_searches_to_see_and_to_delete(
    library: Library, searches: Searches, privacy: Privacy, days: int
) -> None:
    Servers(library.database).change(1, keep_questions_days=days)
    searches.record(searched("a", "canary-query", 3, article="The bridge", private=True))
    searches.record(searched("b", asker=BO))
    (told,) = privacy.export(ANN)["searches"]
    assert told == {
        "id": "a",
        "collection": ONE,
        "query": "canary-query",
        "article": "The bridge",
        "asked": "2027-01-15T08:00:00+00:00",
        "private": True,
        "passages": [[3, 0.9, 0.61, 7.25, 0.5, 1.0, 1 / 3, None]],
    }
    assert privacy.forget(ANN).searches == 1
    assert privacy.export(ANN)["searches"] == []
    assert searches.find("a", ONE) is None
    assert searches.find("b", ONE) is not None
    assert not on_disk(library.path, "canary")


def test_the_searches_of_a_server_hide_and_go_with_it(library: Library, searches: Searches) -> None:
    guilds = Servers(library.database)
    searches.record(searched("a", "canary-query"))
    searches.record(searched("b", collection=TWO))
    assert guilds.known() == [1, 2]
    guilds.mark_left(1, NOW)
    assert searches.find("a", ONE) is None
    assert guilds.mark_joined(1, NOW)
    assert searches.find("a", ONE) is not None
    library.erase_collection(ONE)
    assert searches.find("a", ONE) is None
    assert searches.find("b", TWO) is not None
    assert not on_disk(library.path, "canary")


def test_a_search_is_no_answer(library: Library, searches: Searches) -> None:
    searches.record(searched("a"))
    feedback = Feedback(library.database)
    assert Answers(library.database).find("a", ONE) is None
    assert not feedback.vote("a", ONE, ANN, helpful=False, now=NOW)
    assert feedback.in_vain(ONE) == []


def test_half_a_character_is_kept_as_its_replacement(searches: Searches) -> None:
    kept = searched("a", "half \ud83d", article="\ud83d")
    searches.record(kept)
    found = searches.find("a", ONE)
    assert found is not None
    assert found == replace(kept, query=found.query, article=found.article)
    found.query.encode()
