"""A disk that is full or read-only: people get their answers, the log says it once."""

from __future__ import annotations

import resource
import shutil
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.loopback import Discord
from tests.support.scene import (
    PATIENCE,
    WORTH,
    Scene,
    environment,
    playing,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

UNWRITABLE = "can't be written to:"
AGAIN = "can be written to again"


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], check=True)


def mount(folder: Path, *options: str) -> None:
    said = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True, text=True
    )
    if said.returncode:
        pytest.skip(f"a small disk can't be mounted here: {said.stderr.strip()}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    disk = tmp_path_factory.mktemp("disk")
    mount(disk, "-o", "size=8m")
    try:
        async with playing(disk) as scene:
            scene.set(per_minute=600)
            await scene.warm()
            yield scene
    finally:
        unmount(disk)


def fill(disk: Path) -> Path:
    """Leave no room, and return what takes it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(disk).free == 0
    return ballast


def told(scene: Scene, words: str, begun: int) -> int:
    return sum(words in line for line in scene.bot.lines[begun:])


async def answers_everybody(scene: Scene) -> None:
    """See that every way of asking has an answer, once."""
    room = scene.guild.text("room")
    for _ in range(3):
        asked = await scene.ada.slash("ask", room, question=WORTH)
        assert "### Answer" in (await asked.response(PATIENCE)).text
        assert not asked.followups
    said = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    answer = await room.next_message(PATIENCE)
    assert answer.reply_to is said
    assert "### Answer" in answer.text
    await scene.discord.gateway.repeat("MESSAGE_CREATE")
    await room.stays_silent(1.0)
    pressed = await scene.ada.click(answer, "👍")
    assert "no longer kept" in (await pressed.response(PATIENCE)).text
    found = await scene.ada.slash("search", room, query="S-400")
    assert "S-400" in (await found.response(PATIENCE)).text


async def changes_nothing(scene: Scene) -> None:
    """See that what is to be written down is refused in one sentence."""
    changed = await scene.ada.slash("settings answer-in", scene.general, channel=scene.general)
    shown = await changed.response(PATIENCE)
    assert "I can't write anything down at the moment" in shown.text
    assert str(scene.data) not in shown.text


@pytest.mark.parametrize("way", ["full", "failing"])
async def test_without_room_people_are_answered_and_the_log_says_it_once(
    scene: Scene, way: str
) -> None:
    begun = len(scene.bot.lines)
    ballast = fill(scene.data) if way == "full" else None
    if ballast is None:
        limit_files(scene, 0)
    await answers_everybody(scene)
    await changes_nothing(scene)
    assert told(scene, UNWRITABLE, begun) == 1
    assert told(scene, AGAIN, begun) == 0
    if ballast is None:
        limit_files(scene, resource.RLIM_INFINITY)
    else:
        ballast.unlink()
    answer = await scene.answer_to(scene.ada, WORTH)
    await scene.bot.says(AGAIN)
    pressed = await scene.ada.click(answer, "👍")
    assert "Thank you" in (await pressed.response(PATIENCE)).text
    assert told(scene, UNWRITABLE, begun) == told(scene, AGAIN, begun) == 1
    assert "Traceback" not in scene.bot.log


def limit_files(scene: Scene, size: int) -> None:
    """Have every write of the bot's beyond a size fail."""
    limits = (size, resource.RLIM_INFINITY)
    resource.prlimit(scene.bot.process.pid, resource.RLIMIT_FSIZE, limits)


async def test_on_a_full_disk_it_ends_politely(scene: Scene) -> None:
    ballast = fill(scene.data)
    await scene.answer_to(scene.ada, WORTH)
    assert await scene.bot.stop(30) == 0
    assert "Traceback" not in scene.bot.log
    ballast.unlink()
    await scene.restart()
    assert "### Answer" in (await scene.answer_to(scene.ada, WORTH)).text


async def test_a_read_only_folder_is_one_sentence(tmp_path: Path) -> None:
    mount(tmp_path, "-o", "ro")
    try:
        async with Discord() as discord:
            env = environment(tmp_path / "data")
            bot = await discord.start("bot", env=env, ready_within=None)
            assert await bot.ends(PATIENCE) == 1
            assert "Read-only file system" in bot.log.splitlines()[-1]
            assert "Traceback" not in bot.log
    finally:
        unmount(tmp_path)
