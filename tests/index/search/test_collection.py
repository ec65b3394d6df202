"""An opened index is level with its library, whatever its files say."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index.collection_names import folder_name
from index.language.terms import analyse
from index.search import collection
from index.search.array_file import read_derived, write_derived
from index.search.collection import CollectionIndex, Hits
from index.search.term_index import TermIndex
from index.store import library as library_module
from index.store.library import Library
from tests.support.fakes import BagOfWords, drafts, made

QUESTIONS = ("ankara treaty", "gas pipeline", "missiles for turkey", "zeppelin")


def store(library: Library, name: str, *texts: str) -> None:
    text, pieces = drafts(*texts)
    library.store("shared", made(name, text), pieces)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture(autouse=True)
def articles(library: Library) -> None:
    store(library, "talks", "Ankara signed a treaty.", "The treaty is about gas.")
    store(library, "arms", "Turkey bought missiles.", "The gas pipeline is new.")


def opened(library: Library, folder: Path, embedder: BagOfWords | None = None) -> CollectionIndex:
    index = CollectionIndex(library, embedder or BagOfWords(), "shared", folder)
    index.refresh()
    return index


def found(index: CollectionIndex, question: str) -> Hits:
    vector = BagOfWords().embed_queries([question])[0]
    hits = index.search(vector, analyse(question), {}, 10)
    return Hits(
        tuple(sorted(hits.hits, key=lambda hit: hit.id)),
        hits.best_dense,
        hits.best_strength,
        hits.unknown,
    )


def assert_like_fresh(index: CollectionIndex, library: Library, nowhere: Path) -> None:
    fresh = opened(library, nowhere)
    assert len(index) == len(fresh)
    for question in QUESTIONS:
        ours, theirs = found(index, question), found(fresh, question)
        assert [hit.id for hit in ours.hits] == [hit.id for hit in theirs.hits]
        for hit in ours.hits:
            assert index.terms_of(hit.id) == fresh.terms_of(hit.id)
        for ours_hit, theirs_hit in zip(ours.hits, theirs.hits, strict=True):
            assert ours_hit.dense == pytest.approx(theirs_hit.dense, abs=1e-6)
            assert ours_hit.match.bm25 == pytest.approx(theirs_hit.match.bm25, abs=1e-5)
        assert ours.unknown == theirs.unknown


def test_search_returns_cosines_and_bm25_of_each_candidate(library: Library, folder: Path) -> None:
    hits = found(opened(library, folder), "ankara treaty")
    dense = {library.passages([hit.id])[hit.id].text: hit.dense for hit in hits.hits}
    assert dense["Ankara signed a treaty."] == pytest.approx(2 / np.sqrt(2 * 4))
    assert dense["The treaty is about gas."] == pytest.approx(1 / np.sqrt(2 * 5))
    assert dense["Turkey bought missiles."] == pytest.approx(0.0)
    assert hits.best_dense == pytest.approx(2 / np.sqrt(2 * 4))
    assert hits.best_strength == max(hit.match.strength for hit in hits.hits) > 0
    assert found(opened(library, folder), "ankara zeppelin").unknown == ("zeppelin",)


def test_an_index_follows_replacements_and_removals(library: Library, folder: Path) -> None:
    index = opened(library, folder)
    store(library, "arms", "Moscow sold missiles.")
    library.remove("shared", "talks")
    store(library, "more", "A treaty about zeppelin flights.", "Ankara again.")
    index.refresh()
    assert len(index) == 3
    assert_like_fresh(index, library, folder / "nowhere")


def test_a_saved_index_is_taken_over_without_embedding(library: Library, folder: Path) -> None:
    opened(library, folder).save()
    store(library, "more", "A zeppelin treaty.")
    embedder = BagOfWords()
    index = opened(library, folder, embedder)
    assert embedder.embedded == ["A zeppelin treaty."]
    assert_like_fresh(index, library, folder / "nowhere")


def test_nothing_is_embedded_twice_even_without_files(library: Library, folder: Path) -> None:
    first, second = BagOfWords(), BagOfWords()
    opened(library, folder, first)
    assert len(first.embedded) == 4
    assert_like_fresh(opened(library, folder, second), library, folder)
    assert second.embedded == []


def test_the_same_text_in_two_articles_is_embedded_once(library: Library, folder: Path) -> None:
    store(library, "copy", "Ankara signed a treaty.", "And more.")
    embedder = BagOfWords()
    index = opened(library, folder, embedder)
    assert sorted(embedder.embedded).count("Ankara signed a treaty.") == 1
    assert len(index) == 6


def test_progress_is_told_of_each_batch(library: Library, folder: Path) -> None:
    store(library, "long", *(f"Sentence number {n}." for n in range(150)))
    told: list[tuple[int, int]] = []
    index = CollectionIndex(library, BagOfWords(), "shared", folder)
    index.refresh(lambda done, total: told.append((done, total)))
    assert told == [(64, 154), (128, 154), (154, 154)]


def test_progress_counts_what_is_embedded_already_and_ends_with_all(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_BATCH", 60)
    opened(library, folder)
    store(library, "long", *(f"Sentence number {n}." for n in range(150)))
    told: list[tuple[int, int]] = []
    index = CollectionIndex(library, BagOfWords(), "shared", folder)
    index.refresh(lambda done, total: told.append((done, total)))
    assert told == [(60, 154), (120, 154), (154, 154)]


Damage = Callable[[Path], object]


def rewritten(name: str, value: str | int) -> Damage:
    """Return what makes both files say that they were built from something else."""

    def rewrite(folder: Path) -> None:
        for file in ("vectors", "terms"):
            read = read_derived(folder / file)
            assert read is not None
            write_derived(folder / file, {**read[0], name: value}, read[1])

    return rewrite


DAMAGES: dict[str, Damage] = {
    "both missing": lambda folder: shutil.rmtree(folder),
    "terms missing": lambda folder: (folder / "terms").unlink(),
    "vectors missing": lambda folder: (folder / "vectors").unlink(),
    "terms cut off": lambda folder: (folder / "terms").write_bytes(b""),
    "vectors cut off": lambda folder: (folder / "vectors").write_bytes(
        (folder / "vectors").read_bytes()[:-3]
    ),
    "swapped": lambda folder: (folder / "terms").replace(folder / "vectors"),
    "another model": rewritten("model", "other@1"),
    "another library": rewritten("library", "0000"),
    "another collection": rewritten("collection", "user:1"),
    "another dimension": rewritten("dimension", 3),
    "another format": rewritten("format", 0),
    "a later generation": rewritten("generation", 99),
    "a generation that is no number": rewritten("generation", "2"),
    "another number of passages": rewritten("passages", 1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_missing_damaged_or_of_something_else_is_built_anew(
    library: Library, folder: Path, damage: Damage
) -> None:
    opened(library, folder).save()
    damage(folder)
    index = CollectionIndex(library, BagOfWords(), "shared", folder)
    assert len(index) == 0
    index.refresh()
    assert_like_fresh(index, library, folder / "nowhere")


def test_files_of_different_generations_are_not_taken_together(
    library: Library, folder: Path
) -> None:
    index = opened(library, folder)
    index.save()
    old = (folder / "terms").read_bytes()
    store(library, "more", "A zeppelin treaty.")
    index.refresh()
    index.save()
    (folder / "terms").write_bytes(old)
    assert_like_fresh(opened(library, folder), library, folder / "nowhere")


def test_vectors_and_terms_of_different_passages_are_not_taken_together(
    library: Library, folder: Path
) -> None:
    opened(library, folder).save()
    read = read_derived(folder / "terms")
    assert read is not None
    strays = TermIndex()
    strays.add((n, ["stray"]) for n in range(90, 94))
    write_derived(folder / "terms", read[0], strays.arrays())
    assert_like_fresh(opened(library, folder), library, folder / "nowhere")


def test_vectors_of_another_model_are_never_mixed(library: Library, folder: Path) -> None:
    opened(library, folder).save()
    other = BagOfWords(dimension=64, identity="other@1")
    index = CollectionIndex(library, other, "shared", folder)
    index.refresh()
    assert len(other.embedded) == len(index) == 4


@pytest.mark.parametrize("way", ["many changes", "many passages", "an erasure"])
@pytest.mark.parametrize("saved", [True, False], ids=["on disk", "open"])
def test_an_index_that_can_follow_no_longer_begins_anew(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch, way: str, saved: bool
) -> None:
    monkeypatch.setattr(library_module, "_FOLLOWED", 4)
    index = opened(library, folder)
    index.save()
    if way == "an erasure":
        library.erase_collection("shared")
        store(library, "talks", "A treaty about zeppelin flights.")
    elif way == "many passages":
        store(library, "arms", *(f"Missiles number {n}." for n in range(9)))
        store(library, "arms", "Ankara again.")
        store(library, "more", "A zeppelin.")
        library.remove("shared", "talks")
    else:
        for number in range(9):
            store(library, "arms", f"Missiles number {number}.")
    kept = library.database.read(
        "SELECT (SELECT count(*) FROM changes), (SELECT count(*) FROM removals)"
    )[0]
    assert kept[0] <= 6
    assert kept[1] <= 5
    assert not library.changes("shared", 2).whole
    if saved:
        index = opened(library, folder)
    index.refresh()
    assert_like_fresh(index, library, folder / "nowhere")
    index.save()
    generation = index.generation
    store(library, "late", "A late treaty.")
    assert library.changes("shared", generation).whole
    embedder = BagOfWords()
    assert_like_fresh(opened(library, folder, embedder), library, folder / "nowhere")
    assert embedder.embedded == ["A late treaty."]


@pytest.fixture
def restored(library: Library, folder: Path, tmp_path: Path) -> Iterator[Library]:
    """A library put back from a copy, and changed since, beside an index of its lost future."""
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(library.path)) as file:
        file.execute("VACUUM INTO ?", (str(backup),))
    store(library, "lost", "A treaty that was lost.", "Lost gas.", "Lost missiles.")
    opened(library, folder).save()
    with closing(Library(backup)) as again:
        store(again, "kept", "A zeppelin over Ankara.")
        yield again


def test_an_index_of_a_lost_future_of_its_library_is_built_anew(
    restored: Library, folder: Path
) -> None:
    assert_like_fresh(opened(restored, folder), restored, folder / "nowhere")


def test_a_change_between_two_looks_at_the_library_leaves_nothing_out(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(library, "arms", "Turkey bought missiles, twice.")
    look = library.embedded_texts

    def changed_meanwhile(ids: list[int]) -> dict[int, str]:
        monkeypatch.setattr(library, "embedded_texts", look)
        store(library, "arms", "Turkey bought missiles, thrice.")
        return look(ids)

    monkeypatch.setattr(library, "embedded_texts", changed_meanwhile)
    index = opened(library, folder)
    held = [hit.id for hit in found(index, "missiles").hits if hit.match.bm25 > 0]
    assert [p.text for p in library.passages(held).values()] == ["Turkey bought missiles, thrice."]


def test_a_file_that_cannot_be_written_is_an_os_error(library: Library, folder: Path) -> None:
    folder.write_text("in the way")
    with pytest.raises(OSError, match=str(folder)):
        opened(library, folder).save()


@pytest.mark.parametrize(
    ("collection", "folder"),
    [("shared", "shared"), ("guild:12", "guild%3a12"), ("../a/b", "%2e%2e%2fa%2fb"), ("é", "%e9")],
)
def test_every_collection_has_a_folder_name_of_its_own(collection: str, folder: str) -> None:
    assert folder_name(collection) == folder


def test_few_passages_are_taken_in_on_the_way_unless_they_are_to_be_embedded(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_IN_PASSING", 3)
    model = BagOfWords()
    index = CollectionIndex(library, model, "shared", folder)
    assert index.far_behind
    index.refresh()
    assert not index.far_behind
    store(library, "few", "Ankara again.", "A zeppelin.")
    assert index.far_behind  # their vectors are not kept
    collection.embedded(library, model, ["Ankara again.", "A zeppelin."])
    assert not index.far_behind
    library.remove("shared", "talks")
    assert index.far_behind  # two come and two go
    index.refresh()
    assert not index.far_behind


def test_an_article_replaced_since_the_last_look_is_searched_as_it_is(
    library: Library, folder: Path
) -> None:
    index = opened(library, folder)
    store(library, "talks", "Ankara signed another treaty.")
    vector = BagOfWords().embed_queries(["treaty"])[0]
    hits = index.search(vector, analyse("treaty"), {}, 5, "talks").hits
    assert [hit.id for hit in hits] == library.passage_ids("shared", "talks")
    library.remove("shared", "talks")
    assert index.search(vector, analyse("treaty"), {}, 5, "talks").hits == ()
