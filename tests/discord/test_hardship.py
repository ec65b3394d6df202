"""A full disk, a folder that can't be written, two processes at once: a sentence, and no loss."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from index.collection_names import server_collection
from index.store.library import Library
from tests.loopback import File
from tests.support.managers import add, plain
from tests.support.scene import PATIENCE, compile_models, playing

pytestmark = pytest.mark.model

PASSAGE = str(Path(sys.executable).with_name("passage"))
LAMP = "The lamp of the Wexport lighthouse was lit for the first time by Ida Lund in 1871."
FERRY = "The Quonset ferry leaves at 6:45 daily, and the crossing takes 25 minutes."


def passage(
    data: Path, *arguments: str, unprivileged: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    compile_models()
    command = [*(UNPRIVILEGED if unprivileged else ()), PASSAGE, *arguments]
    environment = {**os.environ, "PASSAGE_DATA": str(data), "PASSAGE_STARTER": "false"} | variables
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


UNPRIVILEGED = (
    ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]
    if os.geteuid() == 0
    else []
)
"""What takes from root the right to ignore permissions; nobody else has it."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A library with one article, in a folder of its own."""
    return with_lamp(tmp_path / "data", tmp_path)


def with_lamp(data: Path, files: Path) -> Path:
    (files / "lamp.txt").write_text(LAMP)
    assert passage(data, "add", str(files / "lamp.txt")).returncode == 0
    return data


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A library with one article, on a disk of its own."""
    data = tmp_path / "disk"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(data)]
    if not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root may make a small disk")
    try:
        yield with_lamp(data, tmp_path)
    finally:
        subprocess.run(["umount", "--lazy", str(data)], check=True)


@contextmanager
def full(data: Path, *, but_for: int) -> Iterator[None]:
    """Fill a disk but for some bytes, and make room again."""
    filler = data / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(data).free - but_for))
    yield
    filler.unlink()


def held(data: Path) -> list[str]:
    with closing(Library(data / "library.db")) as library:
        assert library.check() == []
        return [entry.title for entry in library.listing.entries("shared")]


def test_a_full_disk_is_a_sentence_and_the_next_try_works(small_disk: Path, tmp_path: Path) -> None:
    words = (f"On day {n} the ferry carried {n * 7} sheep over." for n in range(3_000))
    (tmp_path / "ferry.txt").write_text("\n\n".join(words))
    with full(small_disk, but_for=300_000):
        ran = passage(small_disk, "add", str(tmp_path / "ferry.txt"))
        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        last = ran.stderr.strip().splitlines()[-1]
        assert "could not be changed: database or disk is full. Nothing was changed" in last
        asked = passage(small_disk, "ask", "Who lit the lamp of Wexport?", "--json")
        assert "Ida Lund" in json.loads(asked.stdout)["answer"]["text"]
    assert held(small_disk) == ["Lamp"]
    assert passage(small_disk, "add", str(tmp_path / "ferry.txt")).returncode == 0
    assert held(small_disk) == ["Ferry", "Lamp"]


def test_a_full_disk_for_scratch_files_is_a_sentence_too(
    data: Path, small_disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "ferry.txt").write_text(FERRY)
    with full(small_disk, but_for=50_000):
        ran = passage(data, "add", str(tmp_path / "ferry.txt"), TMPDIR=str(small_disk))
    assert ran.returncode == 1
    assert "No space left on device. Check the space" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert held(data) == ["Lamp"]


def test_a_full_disk_leaves_no_half_backup(small_disk: Path) -> None:
    with full(small_disk, but_for=50_000):
        ran = passage(small_disk, "backup")
        assert ran.returncode == 1
        assert "could not be written" in ran.stderr
        assert "Traceback" not in ran.stderr
    assert list((small_disk / "backups").iterdir()) == []
    assert held(small_disk) == ["Lamp"]


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write anywhere"
)
def test_a_folder_that_can_t_be_written_is_a_sentence(data: Path, tmp_path: Path) -> None:
    (tmp_path / "ferry.txt").write_text(FERRY)
    data.chmod(0o500)
    (data / "library.db").chmod(0o400)
    try:
        for arguments in (["add", str(tmp_path / "ferry.txt")], ["remove", "Lamp", "--yes"]):
            ran = passage(data, *arguments, unprivileged=True)
            assert ran.returncode == 1
            assert len(ran.stderr.strip().splitlines()) == 1
            assert "Check the folder's permissions" in ran.stderr
    finally:
        data.chmod(0o700)
        (data / "library.db").chmod(0o600)
    assert held(data) == ["Lamp"]


async def test_what_one_process_changes_the_next_question_to_another_sees(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with playing(data, starter="false") as scene:
        collection = server_collection(scene.guild.id)
        await add(scene, File("lamp.txt", LAMP.encode()))
        prompt = await asyncio.create_subprocess_exec(
            *(PASSAGE, "ask", "--json", "--collection", collection),
            env={**os.environ, **scene.env},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert prompt.stdin is not None
        assert prompt.stdout is not None

        async def says(question: str) -> str:
            assert prompt.stdin is not None
            assert prompt.stdout is not None
            prompt.stdin.write(f"{question}\n".encode())
            return (await asyncio.wait_for(prompt.stdout.readline(), PATIENCE)).decode()

        assert "Ida Lund" in await says("Who lit the lamp of Wexport first?")
        await add(scene, File("ferry.txt", FERRY.encode()))
        assert "6:45" in await says("When does the Quonset ferry leave?")
        (tmp_path / "mine.txt").write_text("The Orrin mine yielded 48 tons of tin in 1903.")
        command = [PASSAGE, "add", str(tmp_path / "mine.txt"), "--collection", collection]
        other = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **scene.env}, stdout=asyncio.subprocess.DEVNULL
        )
        assert await other.wait() == 0
        answer = await scene.answer_to(scene.ada, "How much tin did the Orrin mine yield?")
        assert "48 tons" in plain(answer.text)
        prompt.stdin.close()
        assert await prompt.wait() == 0


async def test_a_serving_bot_backs_its_library_up_and_keeps_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with playing(data, starter="false") as scene:
        await add(scene, File("lamp.txt", LAMP.encode()))
        await scene.bot.says("the library is backed up as daily-", PATIENCE)
        made = await asyncio.to_thread(passage, data, "backup", "--json")
        copy = Path(json.loads(made.stdout)["backup"])
        await add(scene, File("ferry.txt", FERRY.encode()))
        refused = await asyncio.to_thread(passage, data, "restore", "--yes")
        assert refused.returncode == 1
        assert "is in use: stop the bot" in refused.stderr
        answer = await scene.answer_to(scene.ada, "When does the Quonset ferry leave?")
        assert "6:45" in plain(answer.text)
        await scene.bot.stop()
        restored = await asyncio.to_thread(passage, data, "restore", str(copy), "--json")
        before = json.loads(restored.stdout)["before"]
        await scene.restart()
        answer = await scene.answer_to(scene.ada, "Who lit the lamp of Wexport first?")
        assert "Ida Lund" in plain(answer.text)
        listed = await (await scene.ada.slash("article list", scene.general)).response()
        assert "Ferry" not in listed.text
    assert (await asyncio.to_thread(passage, data, "restore", before)).returncode == 0
    with closing(Library(data / "library.db")) as library:
        assert len(library.listing.entries(server_collection(scene.guild.id))) == 2


async def test_people_are_not_told_where_a_damaged_library_lies(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with playing(data, starter="false") as scene:
        await add(scene, File("lamp.txt", LAMP.encode()))
        with closing(sqlite3.connect(data / "library.db")) as db:
            db.execute("UPDATE passages SET text = replace(text, '1871', '1872')")
            db.commit()
        asked = await scene.ada.slash("ask", scene.general, question="Who lit the lamp first?")
        shown = plain((await asked.response(PATIENCE)).text)
        assert "My library can't be read or changed at the moment" in shown
        assert str(data) not in shown
        await scene.bot.says(f"The library {data / 'library.db'} is damaged")
        await scene.bot.says("newest good backup is daily-")
