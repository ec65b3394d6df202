"""The file under everything: brought up to date whole or not at all, and safe to share."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

import pytest

from index.digests import text_digest
from index.errors import LibraryError
from index.store.answers import Answers
from index.store.library import Library
from index.store.servers import Servers
from index.store.sqlite import database as database_module
from index.store.sqlite import migrate, opening
from index.store.sqlite.database import Database
from index.store.sqlite.schema import MIGRATIONS, SCHEMA
from tests.support.fakes import drafts, made
from tests.support.stored_answers import (
    ONE,
    answered,
    on_disk,
    record,
)

VERSION_1 = Path(__file__).with_name("library_version_1.sql")
"""A library as the first Passage left it, dumped by SQLite."""


_CHANGES = """
CREATE TABLE changes (
    collection INTEGER NOT NULL, generation INTEGER NOT NULL, mark TEXT NOT NULL,
    PRIMARY KEY (collection, generation)
) WITHOUT ROWID;
INSERT INTO changes VALUES (1, 1, 'mark');
"""


@pytest.fixture(params=["", _CHANGES], ids=["first", "with marks of changes"])
def old(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "library.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1.read_text() + request.param)
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    return path


def schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return dict(rows.fetchall())


def test_a_library_of_version_1_is_upgraded_with_all_that_it_holds(old: Path) -> None:
    with closing(Library(old)) as library:
        assert library.database.read("PRAGMA user_version")[0][0] == SCHEMA == 6
        assert library.identity() == "70aa13c06c8fa0f6"
        assert library.notes.get("starter:guide") == "abc"
        assert [p.text for p in library.passages_of("shared", "bridge")] == [
            "The bridge opened in 1932.",
            "It is 503 m long.",
        ]
        assert [entry.id for entry in library.listing.entries(ONE)] == ["canary"]
        assert library.listing.entry("shared", "bridge").characters == 45
        assert [one.id for one in library.listing.titles("shared", "THE BRIDGE")] == ["bridge"]
        assert (library.changes.generation("shared"), library.changes.generation(ONE)) == (1, 3)
        digest = text_digest("Canary of guild one.")
        assert library.vectors.of_texts("bag", [digest])[digest].tolist() == pytest.approx(
            [0.6, 0.8]
        )
        text, pieces = drafts("New.")
        library.store(ONE, made("new", text), pieces)
        assert [p.id for p in library.passages_of(ONE, "new")] == [5]  # 4 was used and removed
        name = record(Answers(library.database), 7, answered("When?", 1))
        kept = Answers(library.database).find(name, ONE)
        assert kept is not None
        assert None not in kept.ranked(library.passages([1]))
        assert Servers(library.database).change(1, per_minute=3).per_minute == 3
        assert library.check() == []


def test_an_upgraded_file_has_the_schema_of_a_new_one(old: Path, tmp_path: Path) -> None:
    Database(old).close()
    Database(tmp_path / "new.db").close()
    assert schema(old) == schema(tmp_path / "new.db")


def test_opening_again_changes_nothing(old: Path) -> None:
    Database(old).close()
    with closing(sqlite3.connect(old)) as db:
        before = list(db.iterdump())
    Database(old).close()
    with closing(sqlite3.connect(old)) as db:
        assert list(db.iterdump()) == before


def test_an_upgrade_that_fails_leaves_version_1_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(old)) as db:
        before = list(db.iterdump())
    broken = (MIGRATIONS[0], f"{MIGRATIONS[1]}; CREATE TABLE answers (key)")
    monkeypatch.setattr(migrate, "MIGRATIONS", broken)
    with pytest.raises(LibraryError, match="can't be opened: table answers already exists"):
        Database(old)
    with closing(sqlite3.connect(old)) as db:
        assert list(db.iterdump()) == before
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    monkeypatch.undo()
    Database(old).close()
    assert "answers" in schema(old)


def test_processes_that_open_an_old_file_at_once_upgrade_it_once(old: Path) -> None:
    barrier, failed = Barrier(6), []

    def open_it() -> None:
        barrier.wait()
        try:
            Database(old).close()
        except LibraryError as error:
            failed.append(error)

    threads = [Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert "jobs" in schema(old)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "library.db")
    yield opened
    opened.close()


def notes(database: Database) -> set[str]:
    return {row["name"] for row in database.read("SELECT name FROM notes")} - {"library"}


def write(database: Database, *statements: str) -> None:
    with database.writing() as db:
        for statement in statements:
            db.execute(statement)


def test_a_transaction_that_fails_is_undone_and_the_next_one_works(database: Database) -> None:
    noted = "INSERT INTO notes VALUES ('a', '1')"
    with pytest.raises(LibraryError, match="could not be changed: no such table"):
        write(database, noted, "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(TypeError):
        write(database, noted, None)  # type: ignore[arg-type]
    with database.writing() as db:
        db.execute("INSERT INTO notes VALUES ('c', '1')")
    assert notes(database) == {"c"}


def test_a_commit_that_fails_is_undone_and_said(database: Database) -> None:
    with pytest.raises(LibraryError, match=r"FOREIGN KEY constraint failed. Nothing was changed"):
        write(
            database,
            "PRAGMA defer_foreign_keys = ON",
            "INSERT INTO notes VALUES ('a', '1')",
            "INSERT INTO payloads VALUES (404, 'no such job')",
        )
    assert notes(database) == set()
    with database.writing() as db:
        db.execute("INSERT INTO notes VALUES ('b', '1')")
    assert notes(database) == {"b"}


def test_a_failure_of_reading_points_to_the_doctor(database: Database) -> None:
    with pytest.raises(LibraryError, match=r"can't be read: .*Run `passage doctor`"):
        database.read("SELECT * FROM nowhere")
    with (
        pytest.raises(LibraryError, match=r"can't be read: .*Run `passage doctor`"),
        database.reading() as db,
    ):
        db.execute("SELECT * FROM nowhere")


def test_threads_share_it_without_mixing_their_transactions(database: Database) -> None:
    def write_pairs(prefix: str) -> None:
        for number in range(25):
            with database.writing() as db:
                db.execute("INSERT INTO notes VALUES (?, '1')", (f"{prefix}{number}",))
                db.execute("INSERT INTO notes VALUES (?, '2')", (f"{prefix}{number}'",))

    threads = [Thread(target=write_pairs, args=(prefix,)) for prefix in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(notes(database)) == 200


def test_readers_go_on_while_a_change_is_under_way(database: Database) -> None:
    write(database, "INSERT INTO notes VALUES ('a', '1')")
    seen: list[set[str]] = []
    with database.writing() as db:
        db.execute("DELETE FROM notes WHERE name = 'a'")
        readers = [Thread(target=lambda: seen.append(notes(database))) for _ in range(3)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(20)
        assert seen == [{"a"}] * 3  # as it was before the change, which isn't through
    assert notes(database) == set()


def test_connections_that_read_are_kept_for_the_next_and_change_nothing(database: Database) -> None:
    with database.reading() as one, database.reading() as other:
        assert one is not other
    with database.reading() as again:
        assert again in (one, other)
    with pytest.raises(LibraryError, match="readonly"):
        database.read("DELETE FROM notes")


def test_a_file_gives_back_the_room_of_what_was_deleted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_SPARE", 10)
    monkeypatch.setattr(database_module, "_PAGES", 100)
    with database.writing() as db:
        for number in range(500):
            db.execute("INSERT INTO notes VALUES (?, ?)", (f"n{number}", "canary " * 400))
    database.scrub()
    before = database.path.stat().st_size
    write(database, "DELETE FROM notes WHERE name LIKE 'n%' AND name <> 'n7'")
    turns: list[str] = []
    database._db.set_trace_callback(turns.append)
    database.tidy()
    assert sum("incremental_vacuum" in sql for sql in turns) > 3  # others write between two
    assert database.path.stat().st_size < before / 10
    assert notes(database) == {"n7"}
    assert database.read("PRAGMA integrity_check")[0][0] == "ok"
    write(database, "DELETE FROM notes WHERE name = 'n7'")
    database.scrub()
    assert not on_disk(database.path, "canary")


def test_a_file_of_an_older_passage_learns_to_give_back_room_while_another_has_it_open(
    old: Path,
) -> None:
    with closing(sqlite3.connect(old)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        assert other.execute("PRAGMA auto_vacuum").fetchone() == (0,)
        with closing(Database(old)) as database:
            assert database.read("PRAGMA auto_vacuum")[0][0] == 2
            other.execute("INSERT INTO notes VALUES ('a', ?)", ("1" * 50_000,))
            other.commit()
            assert "a" in notes(database)
            assert database.read("PRAGMA integrity_check")[0][0] == "ok"


def test_where_a_file_cannot_be_rewritten_it_is_used_as_it_is(
    old: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opening, "_ROOM", 10**15)
    with closing(Database(old)) as database:
        assert "too little room" in caplog.text
        assert "starter:guide" in notes(database)
        database.tidy()
    monkeypatch.undo()
    with closing(Database(old)) as database:
        assert database.read("PRAGMA auto_vacuum")[0][0] == 2


def test_a_log_that_a_reader_kept_is_emptied_later(database: Database) -> None:
    log = database.path.with_name(f"{database.path.name}-wal")
    with database.reading() as db:
        db.execute("SELECT * FROM notes").fetchall()
        write(database, "INSERT INTO notes VALUES ('a', 'canary')", "DELETE FROM notes")
        database.scrub()
        assert log.stat().st_size
    database.tidy()
    assert log.stat().st_size == 0


def test_scrubbing_while_another_reads_does_not_wait(database: Database) -> None:
    with closing(Database(database.path)) as other, other.reading() as db:
        db.execute("SELECT * FROM notes").fetchall()
        with database.writing() as mine:
            mine.execute("INSERT INTO notes VALUES ('a', '1')")
        started = time.monotonic()
        database.scrub()
        assert time.monotonic() - started < 5
    with database.writing() as mine:  # and the wait for another's change is as it was
        assert mine.execute("PRAGMA busy_timeout").fetchone()[0] == 30_000
