"""The library: what it promises of articles and passages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from operator import attrgetter
from pathlib import Path

import pytest

from index.digests import content_digest
from index.errors import LibraryError, UnknownArticleError
from index.records import Article, Page, Section
from index.store.changes import Changes
from index.store.entries import Totals
from index.store.library import Library
from index.store.sqlite.schema import SCHEMA
from tests.support.fakes import drafts, made
from tests.support.stored_articles import store


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
    assert [entry.id for entry in library.listing.entries("shared")] == ["a"]


def test_ids_are_not_used_again_even_after_the_last_one_is_removed(library: Library) -> None:
    (first,) = store(library, "a", "One.")
    library.remove("shared", "a")
    (second,) = store(library, "a", "One.")
    assert second > first


def test_removing_an_article_removes_all_of_it_and_says_what_it_was(library: Library) -> None:
    ids = store(library, "a", "One.", "Two.")
    entry = library.remove("shared", "a")
    assert (entry.id, entry.title, entry.passages, entry.characters) == ("a", "a", 2, 10)
    assert library.listing.entries("shared") == []
    assert library.passages(ids) == {}
    assert library.digest_of("shared", "a") is None


@pytest.mark.parametrize("call", ["remove", "listing.entry", "article"])
def test_an_unknown_article_is_a_sentence_that_says_where_to_look(
    library: Library, call: str
) -> None:
    with pytest.raises(UnknownArticleError) as caught:
        attrgetter(call)(library)("shared", "nowhere")
    assert str(caught.value) == (
        "No article 'nowhere' in the collection 'shared'; `passage list` shows all."
    )
    assert library.changes.generation("shared") == 0


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


def test_collections_never_see_each_other(library: Library) -> None:
    mine = store(library, "a", "Mine.", collection="user:1")
    yours = store(library, "a", "Yours.", collection="user:2")
    assert texts_of(library, "a", "user:1") == ["Mine."]
    assert library.listing.entries("shared") == library.passages_of("shared", "a") == []
    assert library.changes.since("user:1", 0).added == tuple(mine)
    library.remove("user:1", "a")
    assert list(library.passages(yours)) == yours
    assert library.changes.since("user:2", 0) == Changes(1, tuple(yours), ())


def test_a_failure_in_the_midst_of_a_change_changes_nothing(library: Library) -> None:
    store(library, "a", "One.")
    text, pieces = drafts("Two.", "Three.")
    broken = [pieces[0], None]
    with pytest.raises(AttributeError):
        library.store("shared", made("a", text), broken)  # type: ignore[arg-type]
    assert texts_of(library, "a") == ["One."]
    assert library.changes.generation("shared") == 1


def test_two_libraries_on_one_file_see_each_others_changes(library: Library) -> None:
    with closing(Library(library.path)) as other:
        ids = store(library, "a", "One.")
        assert list(other.passages(ids)) == ids
        other.remove("shared", "a")
        assert library.changes.generation("shared") == other.changes.generation("shared") == 2
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
    library.notes.set("starter", "3")
    assert library.notes.get("starter") == "3"
    library.notes.set("starter", None)
    assert library.notes.get("starter") is None


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
        library.changes.generation("shared")
    with pytest.raises(LibraryError, match=r"could not be changed: .* Nothing was changed"):
        library.notes.set("a", "b")
