"""The library: what it promises of articles, passages, generations and vectors."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.service.article_names import offered
from index.digests import content_digest, text_digest
from index.errors import AmbiguousTitleError, LibraryError, UnknownArticleError
from index.records import Article, Page, Section
from index.store import library as library_module
from index.store.entries import Changes, Totals
from index.store.library import DAY, Library
from index.store.sqlite.schema import SCHEMA
from tests.support.fakes import drafts, made

VECTOR = np.asarray([0.6, 0.8], np.float32)


def store(library: Library, name: str, *texts: str, collection: str = "shared") -> list[int]:
    """Store an article made of ``texts``, a passage each, and return the passages' ids."""
    text, pieces = drafts(*texts)
    library.store(collection, made(name, text), pieces)
    return [passage.id for passage in library.passages_of(collection, name)]


def texts_of(library: Library, name: str, collection: str = "shared") -> list[str]:
    return [passage.text for passage in library.passages_of(collection, name)]


def test_an_article_comes_back_as_it_was_stored(library: Library) -> None:
    article = Article(
        source="talks.pdf",
        title="Talks",
        text="One.\n\nTwo \U0001f600 三.",
        id="talks",
        author="Ann Bell",
        url="https://example.org/talks",
        published="2017-09-28",
        sections=(Section("Part › Two", 6, 14),),
        pages=(Page(1, 0, 6), Page(2, 6, 14)),
        origin="folder/talks.pdf",
    )
    assert library.store("shared", article, drafts("One.")[1]) == "talks"
    assert library.article("shared", "talks") == article


def test_a_passage_comes_back_with_its_offsets_and_its_articles_details(library: Library) -> None:
    text, pieces = drafts("Die Straße. 三つ。", "Two.")
    library.store("shared", made("a", text, "Talks", url="https://x.org", author="Ann"), pieces)
    first, second = library.passages_of("shared", "a")
    assert (second.text, second.start, second.end) == ("Two.", 17, 21)
    assert first.sentences == ((0, 11), (12, 15))
    assert (first.article_id, first.title, first.url, first.author) == (
        "a", "Talks", "https://x.org", "Ann",
    )  # fmt: skip
    assert library.passages([second.id, 999]) == {second.id: second}
    for passage in (first, second):
        assert passage.text == text[passage.start : passage.end]


def test_an_article_without_an_id_gets_one_that_its_source_always_yields(library: Library) -> None:
    names = {library.store("shared", Article("a.txt", "A", text), []) for text in ("One.", "Two.")}
    (name,) = names
    assert len(name) == 10
    assert library.article("shared", name).text == "Two."


def test_replacing_an_article_replaces_its_passages_under_new_ids(library: Library) -> None:
    old = store(library, "a", "One.", "Two.")
    new = store(library, "a", "Two.", "Three.")
    assert texts_of(library, "a") == ["Two.", "Three."]
    assert not set(old) & set(new)
    assert library.passages(old) == {}
    assert library.totals() == Totals(collections=1, articles=1, passages=2)
    assert [entry.id for entry in library.entries("shared")] == ["a"]


def test_ids_are_not_used_again_even_after_the_last_one_is_removed(library: Library) -> None:
    (first,) = store(library, "a", "One.")
    library.remove("shared", "a")
    (second,) = store(library, "a", "One.")
    assert second > first


def test_removing_an_article_removes_all_of_it_and_says_what_it_was(library: Library) -> None:
    ids = store(library, "a", "One.", "Two.")
    entry = library.remove("shared", "a")
    assert (entry.id, entry.title, entry.passages, entry.characters) == ("a", "a", 2, 10)
    assert library.entries("shared") == []
    assert library.passages(ids) == {}
    assert library.digest_of("shared", "a") is None


@pytest.mark.parametrize("call", ["remove", "entry", "article"])
def test_an_unknown_article_is_a_sentence_that_says_where_to_look(
    library: Library, call: str
) -> None:
    with pytest.raises(UnknownArticleError) as caught:
        getattr(library, call)("shared", "nowhere")
    assert str(caught.value) == (
        "No article 'nowhere' in the collection 'shared'; `passage list` shows all."
    )
    assert library.generation("shared") == 0


@pytest.mark.parametrize("text", ["One.", "Zwei 🏰\0ü ", "𝔸" * 40])
@pytest.mark.parametrize("characters", [0, 3, 1_000])
def test_the_text_around_a_passage_is_that_of_its_article(
    library: Library, text: str, characters: int
) -> None:
    whole, pieces = drafts(*[text] * 5)
    library.store("shared", made("a", whole), pieces)
    library.store("user:1", made("a", "Another."), [])
    for passage in library.passages_of("shared", "a"):
        before = whole[max(0, passage.start - characters) : passage.start]
        after = whole[passage.end : passage.end + characters]
        assert library.around("shared", passage.id, characters) == (before, after)
        assert library.around("user:1", passage.id, characters) is None
    library.remove("shared", "a")
    assert library.around("shared", passage.id, characters) is None


def test_an_entry_is_found_by_id_or_by_a_title_that_only_it_has(library: Library) -> None:
    for name, title in (("a", "Talks"), ("b", "Deal"), ("c", "Deal")):
        library.store("shared", made(name, name, title), [])
    assert library.entry("shared", "b").title == "Deal"
    assert library.entry("shared", "talks").id == "a"


def test_a_title_that_several_have_is_a_sentence_that_tells_them_apart(library: Library) -> None:
    path = replace(made("a", "One.", "Deal"), source="/home/op/old/deal.md")
    library.store("shared", path, [])
    library.store("shared", made("b", "Two.", "Deal", published="2017-09-28"), [])
    address = f"https://example.com/{'x' * 90}/deal"
    library.store("shared", replace(made("c", "Three.", "deal"), source=address), [])
    added = library.entry("shared", "a").added[:10]
    with pytest.raises(AmbiguousTitleError) as caught:
        library.entry("shared", "DEAL")
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
        library.entry("shared", title)
    assert len(str(caught.value)) < 2_000


def test_a_twin_is_another_article_with_the_same_text(library: Library) -> None:
    article = made("a", "One.")
    library.store("shared", article, [])
    assert library.twin_of("shared", article) is None
    assert library.twin_of("shared", made("b", "One.", "Another title")) == "a"
    assert library.twin_of("shared", made("b", "One. ")) is None
    assert library.twin_of("user:1", made("b", "One.")) is None


def test_the_digest_follows_what_is_shown_and_nothing_else() -> None:
    article = made("a", "One.", author="Ann")
    assert content_digest(article) == content_digest(made("a", "One.", author="Ann"))
    shown = [
        made("a", "One!", author="Ann"),
        made("a", "One.", author="Bo"),
        made("a", "One.", "T"),
    ]
    assert len({content_digest(other) for other in [article, *shown]}) == 4


def test_every_change_raises_the_generation_of_its_collection_alone(library: Library) -> None:
    assert library.generation("shared") == 0
    store(library, "a", "One.")
    store(library, "a", "Two.")
    library.remove("shared", "a")
    assert (library.generation("shared"), library.generation("user:1")) == (3, 0)


def test_changes_say_which_passages_came_and_went_since(library: Library) -> None:
    one = store(library, "a", "One.", "Two.")
    two = store(library, "b", "Three.")
    new = store(library, "a", "Four.")
    assert library.changes("shared", 0) == Changes(3, (*two, *new), tuple(one))
    assert library.changes("shared", 2) == Changes(3, tuple(new), tuple(one))
    assert library.changes("shared", 3) == Changes(3, (), ())
    assert library.changes("user:1", 0) == Changes(0, (), ())


def test_collections_never_see_each_other(library: Library) -> None:
    mine = store(library, "a", "Mine.", collection="user:1")
    yours = store(library, "a", "Yours.", collection="user:2")
    assert texts_of(library, "a", "user:1") == ["Mine."]
    assert library.entries("shared") == library.passages_of("shared", "a") == []
    assert library.changes("user:1", 0).added == tuple(mine)
    library.remove("user:1", "a")
    assert list(library.passages(yours)) == yours
    assert library.changes("user:2", 0) == Changes(1, tuple(yours), ())


def kept(library: Library, *texts: str) -> set[str]:
    digests = {text_digest(text): text for text in texts}
    return {digests[digest] for digest in library.vectors("model", list(digests))}


def keep(library: Library, *texts: str) -> None:
    library.keep_vectors("model", {text_digest(text): VECTOR for text in texts})


def test_vectors_come_back_exactly_and_only_for_their_model(library: Library) -> None:
    keep(library, "One.")
    digest = text_digest("One.")
    assert library.vectors("model", [digest])[digest].tolist() == VECTOR.tolist()
    assert library.vectors("another", [digest]) == {}


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
        library.keep_vectors(model, {mine: VECTOR, both: VECTOR}, "user:1")
    library.keep_vectors("model", {yours: VECTOR}, "user:2")
    store(library, "a", "Both.", collection="user:2")
    library.erase_collection("user:1")  # which has no article yet
    assert kept(library, "Mine.", "Both.", "Yours.") == {"Both.", "Yours."}
    assert set(library.vectors("other model", [mine, both])) == {both}


def test_an_erasure_that_is_stopped_before_its_vectors_are_gone_is_ended_later(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(library, "One.", "Two.")
    store(library, "a", "One.", "Two.")
    with monkeypatch.context() as stopped:
        stopped.setattr(library_module, "forget_unused", lambda _database: None)
        library.erase_collection("shared")
    assert library.entries("shared") == []
    library.tidy(int(time.time()))
    assert kept(library, "One.", "Two.") == set()


def test_vectors_go_in_turns_with_others_that_write(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "_FORGOTTEN_AT_ONCE", 2)
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
    monkeypatch.setattr(library_module, "_FORGOTTEN_AT_ONCE", 2)
    texts = [f"Number {n}." for n in range(5)]
    digests = [text_digest(text) for text in texts]
    store(library, "a", *texts)
    for model in ("old", "new"):
        library.keep_vectors(model, dict.fromkeys(digests, VECTOR))
    now = int(time.time())
    for day in range(1, 7):  # two that alternate stay both
        library.tidy(now + day * DAY, "old" if day == 3 else "new")
    assert set(library.vectors("old", digests)) == set(digests)
    library.tidy(now + 11 * DAY, "new")
    assert library.vectors("old", digests) == {}
    assert set(library.vectors("new", digests)) == set(digests)


def test_a_failure_in_the_midst_of_a_change_changes_nothing(library: Library) -> None:
    store(library, "a", "One.")
    text, pieces = drafts("Two.", "Three.")
    broken = [pieces[0], None]
    with pytest.raises(AttributeError):
        library.store("shared", made("a", text), broken)  # type: ignore[arg-type]
    assert texts_of(library, "a") == ["One."]
    assert library.generation("shared") == 1


def test_two_libraries_on_one_file_see_each_others_changes(library: Library) -> None:
    with closing(Library(library.path)) as other:
        ids = store(library, "a", "One.")
        assert list(other.passages(ids)) == ids
        other.remove("shared", "a")
        assert library.generation("shared") == other.generation("shared") == 2
        assert library.identity() == other.identity()


def test_what_was_stored_is_there_after_reopening(library: Library) -> None:
    store(library, "a", "One.")
    library.close()
    library.close()
    with closing(Library(library.path)) as again:
        assert texts_of(again, "a") == ["One."]
        assert again.check() == []


def test_libraries_have_identities_of_their_own_and_keep_notes(library: Library) -> None:
    with closing(Library(Path(":memory:"))) as other:
        assert library.identity() != other.identity()
    library.set_note("starter", "3")
    assert library.note("starter") == "3"
    library.set_note("starter", None)
    assert library.note("starter") is None


def test_a_library_of_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryError) as caught:
        Library(path)
    assert str(caught.value) == (
        f"The library {path} was written by a newer Passage (schema 99, this one knows {SCHEMA}). "
        "Update Passage."
    )


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    path.write_bytes(b"notes to myself\n" * 100)
    with pytest.raises(LibraryError) as caught:
        Library(path)
    assert str(caught.value) == (
        f"The library {path} is damaged (file is not a database). There is no good backup of it; "
        "put it back if you have a copy, or move the folder away and add the articles again."
    )
    assert path.read_bytes() == b"notes to myself\n" * 100


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match=r"^The library .* can't be opened: .*--data\.$"):
        Library(tmp_path / "file" / "library.db")


def test_a_closed_library_is_a_library_error_too(library: Library) -> None:
    library.close()
    with pytest.raises(LibraryError, match="can't be read"):
        library.generation("shared")
    with pytest.raises(LibraryError, match=r"could not be changed: .* Nothing was changed"):
        library.set_note("a", "b")


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
    "entries": lambda library: library.entries("shared"),
    "titles": lambda library: library.titles("shared", most=5),
    "titles that hold": lambda library: library.titles("shared", "straße", 25),
    "count": lambda library: library.count("shared"),
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
        return [one.title for one in library.titles("shared", typed, most)]

    assert found("STRAẞE") == ["Straße 2", "Straßen", "Die große  STRASSE"]
    assert found("straße", 2) == ["Straße 2", "Straßen"]
    assert found("éCL") == ["Éclair"]
    assert found(" große   strasse ") == ["Die große  STRASSE"]
    assert found("%") == ["50 % off_"]
    assert found("\ud800") == []
    assert found("  ") == list(reversed(titles))
    assert found("", 2) == ["Strand", "50 % off_"]
    assert [one.id for one in library.entries_titled("shared", "STRASSE 2")] == ["n3"]
    assert library.count("shared") == 6


def test_what_is_listed_follows_a_replacement(library: Library) -> None:
    library.store("shared", made("a", "One.", "Old"), [])
    library.store("shared", made("a", "Three.", "New"), [])
    entry = library.entry("shared", "a")
    assert (entry.title, entry.characters) == ("New", 6)
    assert library.titles("shared", "old") == []
    assert [one.id for one in library.titles("shared", "new")] == ["a"]
