"""The files of an index are used where they fit its library, and only there."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from index.search.array_file import read_derived, write_derived
from index.search.collection import CollectionIndex
from index.search.term_index import TermIndex
from index.store.library import Library
from tests.support.fakes import BagOfWords
from tests.support.indexes import assert_like_fresh, opened, store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture(autouse=True)
def articles(library: Library) -> None:
    store(library, "talks", "Ankara signed a treaty.", "The treaty is about gas.")
    store(library, "arms", "Turkey bought missiles.", "The gas pipeline is new.")


def test_a_saved_index_is_read_without_embedding(library: Library, folder: Path) -> None:
    opened(library, folder).save()
    store(library, "more", "A zeppelin treaty.")
    embedder = BagOfWords()
    index = opened(library, folder, embedder)
    assert embedder.embedded == ["A zeppelin treaty."]
    assert_like_fresh(index, library, folder / "nowhere")


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
def test_what_is_missing_damaged_or_of_something_else_is_rebuilt(
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


def test_an_index_of_a_lost_future_of_its_library_is_rebuilt(
    restored: Library, folder: Path
) -> None:
    assert_like_fresh(opened(restored, folder), restored, folder / "nowhere")


def test_a_file_that_cannot_be_written_is_an_os_error(library: Library, folder: Path) -> None:
    folder.write_text("in the way")
    with pytest.raises(OSError, match=str(folder)):
        opened(library, folder).save()
