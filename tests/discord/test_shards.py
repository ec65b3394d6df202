"""Two processes that serve different shards leave each other's servers alone."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

import tests.loopback
from bot.service.housekeeping import served
from index.store.servers import Servers
from index.store.sqlite.database import Database
from tests.loopback import Discord, Guild
from tests.support.scene import PATIENCE, compile_models, environment

HALF = str(Path(tests.loopback.__file__).with_name("half_bot.py"))
IDS = [number << 22 | 5 for number in range(6)]


@pytest.mark.parametrize(
    ("shards", "count", "numbers"),
    [
        (None, None, [0, 1, 2, 3, 4, 5]),
        (None, 2, [0, 1, 2, 3, 4, 5]),
        ([0], 1, [0, 1, 2, 3, 4, 5]),
        ([0], 2, [0, 2, 4]),
        ([1], 2, [1, 3, 5]),
        ([0, 2], 3, [0, 2, 3, 5]),
        ([3], 4, [3]),
        ([], 2, []),
    ],
)
def test_a_server_belongs_to_the_shard_of_its_number(
    shards: list[int] | None, count: int | None, numbers: list[int]
) -> None:
    assert served(IDS, shards, count) == {IDS[number] for number in numbers}


@pytest.mark.model
async def test_each_of_two_processes_puts_away_only_servers_of_its_own(tmp_path: Path) -> None:
    compile_models()
    async with Discord(shards=2) as discord:
        here = [founded(discord, shard) for shard in (0, 1, 0, 1)]
        gone = [founded(discord, shard, bot=False) for shard in (0, 1)]
        with closing(Database(tmp_path / "library.db")) as database:
            for guild in (*here, *gone):
                Servers(database).change(guild.id, per_minute=20)
        for shard, env in enumerate(environments(tmp_path)):
            async with discord.run(HALF, env=env, ready_within=PATIENCE):
                await discord.until(
                    lambda own=gone[shard]: hidden(tmp_path, [own]) or None, PATIENCE, "hiding"
                )
            assert hidden(tmp_path, [*here, *gone]) == gone[: shard + 1]
        assert discord.violations == []


def environments(data: Path) -> list[dict[str, str]]:
    common = environment(data, starter="false")
    return [common | {"HALF_BOT_SHARD": str(shard)} for shard in (0, 1)]


def founded(discord: Discord, shard: int, *, bot: bool = True) -> Guild:
    """Return a server of a shard, which its id decides, and that the time."""
    while shard_of(guild := discord.guild("Guild", bot=bot)) != shard:
        time.sleep(0.001)
    guild.text("general")
    return guild


def shard_of(guild: Guild) -> int:
    return (guild.id >> 22) % 2


def hidden(data: Path, guilds: list[Guild]) -> list[Guild]:
    with closing(Database(data / "library.db")) as database:
        return [guild for guild in guilds if Servers(database).is_hidden(guild.id)]
