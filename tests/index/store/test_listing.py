"""Lists of articles: what is found by title or id, without a text being read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.service.article_names import offered
from index.errors import AmbiguousTitleError
from index.store.library import Library
from tests.support.fakes import made
from tests.support.stored_articles import store


def test_an_entry_is_found_by_id_or_by_a_title_that_only_it_has(library: Library) -> None:
    for name, title in (("a", "Talks"), ("b", "Deal"), ("c", "Deal")):
        library.store("shared", made(name, name, title), [])
    assert library.listing.entry("shared", "b").title == "Deal"
    assert library.listing.entry("shared", "talks").id == "a"


@pytest.mark.parametrize("typed", ["ÉTÉ À  GENÈVE", "été à genève", " Été à Genève "])
def test_neither_case_nor_the_width_of_spaces_tells_titles_apart(
    library: Library, typed: str
) -> None:
    library.store("shared", made("a", "Talks.", "Été à Genève"), [])
    assert library.listing.entry("shared", typed).id == "a"


def test_a_title_that_several_have_is_a_sentence_that_tells_them_apart(library: Library) -> None:
    path = replace(made("a", "One.", "Deal"), source="/home/op/old/deal.md")
    library.store("shared", path, [])
    library.store("shared", made("b", "Two.", "Deal", published="2017-09-28"), [])
    address = f"https://example.com/{'x' * 90}/deal"
    library.store("shared", replace(made("c", "Three.", "deal"), source=address), [])
    added = library.listing.entry("shared", "a").added[:10]
    with pytest.raises(AmbiguousTitleError) as caught:
        library.listing.entry("shared", "DEAL")
    assert str(caught.value) == (
        "3 articles are called “DEAL”: give the id of the one that is meant. They are"
        f" c (from https://example.com/xxxxxxxxxx…{'x' * 25}/deal, added {added});"
        f" b (from b.txt, published 2017-09-28, added {added}); a (from deal.md, added {added})."
    )


def test_of_many_articles_of_a_title_some_are_named_in_bounded_length(library: Library) -> None:
    title = "Same " * 100
    for number in range(40):
        article = made(f"{number}{'i' * 500}", f"{number}", title, published="p" * 500)
        library.store("shared", article, [])
    with pytest.raises(AmbiguousTitleError, match=r"; and 35 more\.$") as caught:
        library.listing.entry("shared", title)
    assert len(str(caught.value)) < 2_000


LONG = "One text that no list has a use for. " * 300


def columns_read(library: Library, act: Callable[[], object]) -> set[tuple[str, str]]:
    """Return the tables and columns that SQLite was asked for."""
    read: set[tuple[str, str]] = set()

    def authorise(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ:
            read.add((str(table), str(column)))
        return sqlite3.SQLITE_OK

    with library.database.reading() as db:
        db.set_authorizer(authorise)
    act()
    with library.database.reading() as db:
        db.set_authorizer(None)
    return read


def plans(library: Library, act: Callable[[], object]) -> list[str]:
    """Return how SQLite goes about each query of an act, one line for each step."""
    asked: list[str] = []
    with library.database.reading() as db:
        db.set_trace_callback(asked.append)
    act()
    with library.database.reading() as db:
        db.set_trace_callback(None)
    return [
        row["detail"]
        for sql in asked
        if sql.startswith(("SELECT", "\nSELECT"))
        for row in library.database.read(f"EXPLAIN QUERY PLAN {sql}")
    ]


LISTS: dict[str, Callable[[Library], object]] = {
    "entries": lambda library: library.listing.entries("shared"),
    "titles": lambda library: library.listing.titles("shared", most=5),
    "titles that hold": lambda library: library.listing.titles("shared", "straße", 25),
    "count": lambda library: library.listing.count("shared"),
    "autocomplete": lambda library: offered(library, "shared", "number"),
}


@pytest.mark.parametrize("act", LISTS.values(), ids=LISTS)
def test_no_list_reads_a_row_that_has_a_text_in_it(
    library: Library, act: Callable[[Library], object]
) -> None:
    for number in range(9):
        library.store("shared", made(f"n{number}", LONG, f"STRASSE {number}"), [])
    read = columns_read(library, lambda: act(library))
    assert not {("articles", column) for column in ("text", "sections", "pages")} & read
    steps = plans(library, lambda: act(library))
    assert steps
    for step in steps:
        if "articles" in step.split() or "a" in step.split():
            by_key = "USING INTEGER PRIMARY KEY (rowid=?)" in step  # of the few that are offered
            assert "USING COVERING INDEX" in step or by_key, steps


def test_titles_complete_whatever_their_case_and_those_that_begin_so_come_first(
    library: Library,
) -> None:
    titles = ("Die große  STRASSE", "Straßen", "Éclair", "Straße 2", "50 % off_", "Strand")
    for number, title in enumerate(titles):
        library.store("shared", made(f"n{number}", f"Text {number}.", title), [])
    store(library, "straße", "Another's.", collection="user:1")

    def found(typed: str, most: int = -1) -> list[str]:
        return [one.title for one in library.listing.titles("shared", typed, most)]

    assert found("STRAẞE") == ["Straße 2", "Straßen", "Die große  STRASSE"]
    assert found("straße", 2) == ["Straße 2", "Straßen"]
    assert found("éCL") == ["Éclair"]
    assert found(" große   strasse ") == ["Die große  STRASSE"]
    assert found("%") == ["50 % off_"]
    assert found("\ud800") == []
    assert found("  ") == list(reversed(titles))
    assert found("", 2) == ["Strand", "50 % off_"]
    assert [one.id for one in library.listing.entries_titled("shared", "STRASSE 2")] == ["n3"]
    assert library.listing.count("shared") == 6


def test_what_is_listed_follows_a_replacement(library: Library) -> None:
    library.store("shared", made("a", "One.", "Old"), [])
    library.store("shared", made("a", "Three.", "New"), [])
    entry = library.listing.entry("shared", "a")
    assert (entry.title, entry.characters) == ("New", 6)
    assert library.listing.titles("shared", "old") == []
    assert [one.id for one in library.listing.titles("shared", "new")] == ["a"]
