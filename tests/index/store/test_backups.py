"""A backup is the library as it was, or it is none; what it takes the place of is kept."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from index.errors import LibraryError
from index.store.library import Library
from index.store.sqlite.backups import Backups, examined
from index.store.sqlite.database import Database
from tests.support.fakes import drafts, made
from tests.support.paths import ROOT


def store(library: Library, name: str, *texts: str) -> None:
    text, pieces = drafts(*texts)
    library.store("shared", made(name, text), pieces)


def names(path: Path) -> list[str]:
    with closing(Library(path)) as library:
        return [entry.id for entry in library.listing.entries("shared")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "library.db"
    with closing(Library(path)) as library:
        store(library, "bridge", "The bridge opened in 1932.", "It is 503 m long.")
    return path


@pytest.fixture
def backups(path: Path) -> Backups:
    return Backups(path)


def run_python(script: str, *arguments: Path) -> int:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, check=False, cwd=ROOT).returncode


def scribble(path: Path, words: bytes) -> None:
    """Change the first of some words in a file by one bit."""
    data = bytearray(path.read_bytes())
    data[data.index(words)] ^= 1
    path.write_bytes(data)


def test_a_backup_holds_what_was_committed_while_others_write(path: Path, backups: Backups) -> None:
    stop = Event()

    def write() -> None:
        with closing(Library(path)) as library:
            number = 0
            while not stop.is_set():
                number += 1
                store(library, f"n{number}", f"Number {number}.")

    writer = Thread(target=write)
    writer.start()
    try:
        kept = [backups.make() for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    sizes = [len(names(backup)) for backup in kept]
    assert sizes == sorted(sizes)
    assert all(examined(backup) == [] for backup in kept)


def test_a_backup_is_one_file_for_its_owner_alone(backups: Backups) -> None:
    made_now = backups.make()
    assert [file.name for file in made_now.parent.iterdir()] == [made_now.name]
    assert os.name == "nt" or made_now.stat().st_mode & 0o077 == 0


def test_restoring_brings_back_what_was_and_keeps_what_is(path: Path, backups: Backups) -> None:
    kept = backups.make()
    with closing(Library(path)) as library:
        library.remove("shared", "bridge")
        store(library, "tower", "The tower has 12 floors.")
    before = backups.restore(kept)
    assert names(path) == ["bridge"]
    assert before is not None
    assert backups.restore(before) is not None  # and so a restoration is undone
    assert names(path) == ["tower"]


def test_what_only_the_log_held_is_in_what_is_kept(path: Path, backups: Backups) -> None:
    kept = backups.make()
    script = (
        "import os, sys; from pathlib import Path; from index.store.library import Library;"
        "from tests.support.fakes import drafts, made;"
        "library = Library(Path(sys.argv[1])); text, pieces = drafts('Late.');"
        "library.store('shared', made('late', text), pieces); os._exit(9)"
    )
    assert run_python(script, path) == 9
    assert path.with_name("library.db-wal").stat().st_size
    before = backups.restore(kept)
    assert names(path) == ["bridge"]
    assert before is not None
    assert not path.with_name("library.db-wal").exists()
    backups.restore(before)
    assert names(path) == ["late", "bridge"]


@pytest.mark.skipif(os.name == "nt", reason="Windows itself guards open files")
def test_a_library_in_use_is_not_exchanged(path: Path, backups: Backups) -> None:
    kept = backups.make()
    with (
        closing(Database(path)),
        pytest.raises(LibraryError, match=r"is in use: stop the bot, .* and try again"),
    ):
        backups.restore(kept)
    backups.restore(kept)


def test_a_damaged_library_names_the_newest_good_backup(path: Path, backups: Backups) -> None:
    good, bad = backups.make(), backups.make()
    scribble(bad, b"503 m")
    now = time.time()
    os.utime(good, (now - 60, now - 60))
    path.write_bytes(b"\0" * path.stat().st_size)
    with pytest.raises(LibraryError, match=f"is damaged .*passage restore.* {good.name}"):
        Library(path)
    with pytest.raises(LibraryError, match=r"is damaged .*newest good backup is"):
        backups.make()
    with pytest.raises(LibraryError, match=r"is no good \(article 1 is not what was stored\)"):
        backups.restore(bad)
    before = backups.restore(good)
    assert names(path) == ["bridge"]
    assert before is not None
    assert not before.read_bytes().strip(b"\0")


def test_a_damaged_library_without_a_backup_says_so(path: Path) -> None:
    path.write_bytes(b"no library at all, " * 300)
    with pytest.raises(LibraryError, match=r"is damaged .*There is no good backup of it"):
        Library(path)


def test_a_text_that_changed_on_the_disk_is_noticed_when_it_is_read(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE passages SET text = replace(text, '503', '504')")
        db.execute("UPDATE passages SET text = replace(text, '1932', '1933')")
        db.commit()
    with closing(Library(path)) as library:
        with pytest.raises(LibraryError, match="is damaged"):
            library.passages([1, 2])
        with pytest.raises(LibraryError, match="is damaged"):
            library.embedded_texts([1, 2])
        assert library.check() == [
            "passage 1 is not what was stored",
            "passage 2 is not what was stored",
        ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE articles SET text = replace(text, '1932', '1933')",
        "UPDATE articles SET title = 'The tower'",
        "UPDATE articles SET sections = 'no JSON'",
        "UPDATE articles SET pages = '[{\"number\": 1}]'",
    ],
)
def test_an_article_that_is_not_what_was_stored_is_found(path: Path, change: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(change)
        db.commit()
    with closing(Library(path)) as library:
        assert library.check() == ["article 1 is not what was stored"]


def test_a_passage_that_is_elsewhere_in_its_article_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE passages SET start = start + 1 WHERE id = 2")
        db.commit()
    with closing(Library(path)) as library:
        assert library.check() == ["passage 2 is not where it was in its article"]


@pytest.mark.parametrize("left", ["empty", "gone"])
@pytest.mark.parametrize("beside", ["backup", "index", "log"])
def test_a_library_that_was_lost_is_not_replaced_by_an_empty_one(
    path: Path, left: str, beside: str
) -> None:
    if beside == "backup":
        Backups(path).make()
    elif beside == "index":
        (path.parent / "index" / "shared").mkdir(parents=True)
        (path.parent / "index" / "shared" / "terms").touch()
    else:
        path.with_name("library.db-wal").write_bytes(b"what was committed last")
    path.unlink()
    if left == "empty":
        path.touch()
    with pytest.raises(LibraryError, match=f"is damaged \\(it is {left}\\)"):
        Library(path)
    assert path.exists() == (left == "empty")


@pytest.fixture
def days(path: Path) -> list[Path]:
    folder = path.parent / "backups"
    folder.mkdir()
    return [folder / f"daily-2001-01-0{day}.db" for day in range(1, 9)]


def test_a_day_has_one_backup_and_the_newest_are_kept(
    backups: Backups, days: list[Path], path: Path
) -> None:
    by_hand = backups.make()
    for day in days:
        backups.make(day)
    made_today = backups.daily(keep=3)
    assert made_today is not None
    assert backups.daily(keep=3) is None
    left = {file.name for file in (path.parent / "backups").iterdir()}
    assert left == {by_hand.name, days[-2].name, days[-1].name, made_today.name}


def test_no_backup_is_made_or_dropped_where_none_is_wanted(
    backups: Backups, days: list[Path]
) -> None:
    backups.make(days[0])
    assert backups.daily(keep=0) is None
    assert days[0].exists()


def test_a_damaged_library_pushes_no_good_backup_out(
    backups: Backups, days: list[Path], path: Path
) -> None:
    for day in days[:2]:
        backups.make(day)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE passages SET text = 'another'")
        db.commit()
    with pytest.raises(LibraryError, match="is damaged"):
        backups.daily(keep=1)
    assert sorted(file.name for file in days[0].parent.iterdir()) == [d.name for d in days[:2]]


def test_what_a_killed_process_left_is_swept_away(backups: Backups, days: list[Path]) -> None:
    left, fresh = (days[0].with_name(f".{name}.db.7.partial") for name in ("old", "new"))
    for file in (left, fresh):
        file.touch()
    os.utime(left, (1, 1))
    backups.make()
    assert (left.exists(), fresh.exists()) == (False, True)


def test_a_backup_takes_no_file_s_place(backups: Backups, tmp_path: Path) -> None:
    target = tmp_path / "mine.db"
    target.write_text("precious")
    with pytest.raises(LibraryError, match="is there already: name another file"):
        backups.make(target)
    assert target.read_text() == "precious"


def test_there_has_to_be_something_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="There is no library"):
        Backups(tmp_path / "library.db").make()
    assert list(tmp_path.iterdir()) == []


def test_a_backup_of_a_newer_passage_is_not_restored(path: Path, backups: Backups) -> None:
    newer = backups.make()
    with closing(sqlite3.connect(newer)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryError, match=r"is no good \(it was written by a newer Passage\)"):
        backups.restore(newer)
    assert backups.newest_good() is None
    assert names(path) == ["bridge"]


@pytest.mark.parametrize("content", [None, b"", b"x" * 5000])
def test_what_is_no_backup_is_not_restored(
    path: Path, backups: Backups, tmp_path: Path, content: bytes | None
) -> None:
    other = tmp_path / "other.db"
    if content is not None:
        other.write_bytes(content)
    with pytest.raises(LibraryError, match=r"is no good .*: choose another"):
        backups.restore(other)
    assert names(path) == ["bridge"]
