"""Parsing ends within its limits, in an article or a sentence, whatever the parser does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread, Timer

import pytest

from index.errors import ExtractionError
from index.extract import Confined, Limits, extract
from index.records import Article
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow

LAMP = b"The lamp of the Wexport lighthouse was lit for the first time by Ida Lund in 1871."
LIMITS = Limits(parse_seconds=2.0, max_memory=600_000_000)

HOSTILE = """
import ctypes, os, sys, time
from index.extract import worker
read = worker.extract_bytes
def hostile(data, *, name, **more):
    if name == "loops":
        while True: pass
    if name == "hangs":
        time.sleep(1000)
    if name == "eats":
        eaten = [bytes(10_000_000) for _ in range(1000)]
    if name == "crashes":
        ctypes.string_at(0)
    if name == "exits":
        os._exit(3)
    if name == "prints":
        print('{"end": true}'); os.write(1, b"noise\\n")
    if name == "writes":
        open(os.environ["WRITTEN"], "w").write("x" * 9000)
    if name == "swells":
        swollen = b"x" * 350_000_000; del swollen
    if name == "tells":
        data = repr(sorted(os.environ.items())).encode()
    yield from read(data, name=name, **more)
    if name == "half":
        while True: pass
worker.extract_bytes = hostile
worker.main()
"""


@pytest.fixture
def hostile() -> Iterator[Confined]:
    """A confined reader whose parser does what the name of the source says."""
    confined = Confined(LIMITS, (sys.executable, "-c", HOSTILE))
    yield confined
    confined.close()


def read(confined: Confined, name: str) -> list[str]:
    """Return the texts and sentences that come of a source."""
    items = confined.extract_bytes(LAMP, name=name)
    return [item.text if isinstance(item, Article) else str(item) for item in items]


def workers() -> set[int]:
    """Return the hostile workers that this process has, dead ones that nobody took note of too."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
            if parent == os.getpid() and (b"hostile" in command or not command):
                found.add(int(folder.name))
    return found


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("loops", "loops takes longer than 2 seconds to read: split it into smaller files"),
        ("hangs", "hangs takes longer than 2 seconds to read"),
        ("eats", "eats takes more than 600 MB of memory to read: split it into smaller files"),
        ("crashes", "crashes can't be read, because its content made the reader crash: save it in"),
        ("exits", "exits can't be read, because its content made the reader crash"),
    ],
)
def test_what_a_source_does_to_the_reader_is_a_sentence_about_it(
    hostile: Confined, name: str, told: str
) -> None:
    (sentence,) = read(hostile, name)
    assert sentence.startswith(told)
    assert sentence.endswith(".")
    assert read(hostile, "lamp.txt") == [LAMP.decode()]
    assert len(workers()) == 1


def test_what_was_read_before_it_went_wrong_is_kept(hostile: Confined) -> None:
    text, sentence = read(hostile, "half")
    assert text == LAMP.decode()
    assert "takes longer than 2 seconds" in sentence


def test_dumps_can_be_read_in_turns(hostile: Confined, tmp_path: Path) -> None:
    dump = tmp_path / "a.jsonl"
    dump.write_text("".join(json.dumps({"title": str(n), "text": "Lit."}) + "\n" for n in range(9)))
    one, other = hostile.extract(str(dump)), hostile.extract(str(dump))
    taken: list[object] = []
    # On a thread of its own: what waits for itself would never end.
    thread = Thread(target=lambda: taken.extend(zip(one, other, strict=True)), daemon=True)
    thread.start()
    thread.join(20)
    assert [a.title for pair in taken for a in pair] == [str(n // 2) for n in range(18)]  # type: ignore[attr-defined]
    assert len(workers()) == 1


def test_a_process_is_free_before_its_last_article_is_dealt_with(hostile: Confined) -> None:
    items = [hostile.extract_bytes(LAMP, name=f"{number}.txt") for number in range(5)]
    assert all(isinstance(next(one), Article) for one in items)
    assert len(workers()) == 1


def test_what_libraries_print_is_no_answer(hostile: Confined) -> None:
    assert read(hostile, "prints") == [LAMP.decode()]


def test_it_writes_no_files(
    hostile: Confined, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRITTEN", str(tmp_path / "written"))
    (sentence,) = read(hostile, "writes")
    assert "can't be read" in sentence
    assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0


@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"])
def test_it_does_not_know_what_is_secret(
    hostile: Confined, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "a token that is nobody's business")
    (text,) = read(hostile, "tells")
    assert "PATH" in text
    assert "nobody's business" not in text


def test_where_no_process_can_be_started_it_is_a_sentence(tmp_path: Path) -> None:
    with closing(Confined(Limits(), [str(tmp_path / "nothing")])) as confined:
        (sentence,) = read(confined, "reads")
    assert "was not read, because no process can be started (No such file" in sentence


def test_a_reader_is_kept_for_the_next_source(hostile: Confined) -> None:
    read(hostile, "lamp.txt")
    first = workers()
    read(hostile, "lamp.txt")
    assert workers() == first


def test_a_reader_that_has_held_too_much_is_replaced(hostile: Confined) -> None:
    assert read(hostile, "swells") == [LAMP.decode()]
    assert workers() == set()
    read(hostile, "lamp.txt")
    assert len(workers()) == 1


def test_a_reader_is_not_worn_by_what_its_starter_holds(hostile: Confined) -> None:
    held = b"x" * 900_000_000
    read(hostile, "lamp.txt")
    first = workers()
    assert len(first) == 1
    read(hostile, "lamp.txt")
    assert workers() == first
    assert held


def test_a_reader_that_is_killed_between_two_sources_is_replaced(hostile: Confined) -> None:
    read(hostile, "lamp.txt")
    (worker,) = workers()
    os.kill(worker, signal.SIGKILL)
    time.sleep(0.2)
    assert read(hostile, "lamp.txt") == [LAMP.decode()]


def test_closing_breaks_off_what_is_read_and_refuses_more() -> None:
    confined = Confined(Limits(), (sys.executable, "-c", HOSTILE))
    Timer(1.0, confined.close).start()
    (sentence,) = read(confined, "hangs")
    assert sentence == "hangs was not read, because I am being stopped: add it again."
    assert read(confined, "lamp.txt") == [
        "lamp.txt was not read, because I am being stopped: add it again."
    ]
    assert workers() == set()


def test_nobody_who_stops_listening_confuses_the_next(hostile: Confined, tmp_path: Path) -> None:
    lines = [json.dumps({"id": str(n), "title": str(n), "text": f"Text {n}."}) for n in range(500)]
    (tmp_path / "dump.jsonl").write_text("\n".join(lines))
    dump = hostile.extract(str(tmp_path / "dump.jsonl"))
    assert isinstance(next(dump), Article)
    dump.close()  # type: ignore[attr-defined]
    assert read(hostile, "lamp.txt") == [LAMP.decode()]


def test_it_ends_with_whoever_started_it() -> None:
    script = (
        "import os, sys; from index.extract import Confined, Limits; c = Confined(Limits());"
        "list(c.extract_bytes(b'The lamp.', name='lamp.txt'));"
        "print(c._idle._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, cwd=ROOT, text=True, check=False
    )
    worker = int(ran.stdout)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < deadline, "the worker outlived its parent"
        time.sleep(0.05)


def test_a_folder_here_called_index_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "__init__.py").write_text("raise SystemExit('not ours')")
    monkeypatch.chdir(tmp_path)
    confined = Confined(LIMITS)
    assert read(confined, "lamp.txt") == [LAMP.decode()]
    confined.close()


def everything(items: Iterator[Article | ExtractionError]) -> list[object]:
    return [str(item) if isinstance(item, ExtractionError) else item for item in items]


def test_it_reads_the_same_as_this_process_would(tmp_path: Path) -> None:
    confined = Confined(Limits())
    lines = ['{"title": "A", "text": "Half \\ud800 a character."}', "no JSON", '{"text": "B."}']
    (tmp_path / "dump.jsonl").write_text("\n".join(lines))
    (tmp_path / "guide.md").write_text("# Guide\n\nBy Ida Lund, 3 May 2020\n\n## One\n\nText.\n")
    for path in (*tmp_path.iterdir(), tmp_path / "missing.txt", ROOT / "README.md"):
        assert everything(confined.extract(str(path))) == everything(extract(str(path)))
    confined.close()
