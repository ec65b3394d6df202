"""The bot in one server and in a thousand, each with a library: ``python -m tests.bench.servers``.

From the start of the process until it identifies itself to Discord, until Discord has told it of
all servers too (which the loopback, in this process, takes its time for), and the memory that it
holds after a thousand questions, in each server as many.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from index.collection_names import server_collection
from index.store.servers import Servers
from index.store.sqlite.database import Database
from tests.bench.scaling import HELD, fill
from tests.loopback import BotProcess, Discord
from tests.measure.sets import model_store
from tests.support.scene import PATIENCE, compile_models, environment

SERVERS = (1, 1_000)
ASKED = 1_000
_ASKERS = 4  # so that none asks more than the 600 a minute that a server may allow
_STARTS = 5
_LIFETIME = 1_800.0


async def main() -> None:
    """Measure each number of servers, one after the other."""
    os.environ.setdefault("PASSAGE_MODELS", str(model_store().folder))
    compile_models()
    for count in SERVERS:
        with tempfile.TemporaryDirectory() as folder:
            print(await measured(Path(folder), count), flush=True)


async def measured(data: Path, count: int) -> str:
    """Start the bot a few times in so many servers, then ask in all of them."""
    discord = Discord()
    discord.limits.lifetime_s = _LIFETIME
    async with discord:
        people = [discord.user(f"Person {number}") for number in range(_ASKERS)]
        guilds = [discord.guild(f"Server {number}", owner=people[0]) for number in range(count)]
        channels = [guild.text("general") for guild in guilds]
        for guild in guilds:
            for person in people[1:]:
                guild.join(person)
        await asyncio.to_thread(_furnish, data, [guild.id for guild in guilds])
        took = []
        for number in range(_STARTS):
            bot, *moments = await _started(discord, data)
            took.append(moments)
            if number < _STARTS - 1:
                await bot.stop()
        for number in range(ASKED):
            asker, channel = people[number % _ASKERS], channels[number % count]
            asked = await asker.slash("ask", channel, question=f"Who was it in {number}?")
            await asked.response(PATIENCE)
        held = _resident(bot)
        await bot.stop()
    known, online = map(statistics.median, zip(*took, strict=True))
    return (
        f"{count:>5} servers with {HELD} passages each: identified after {known:.2f} s, online "
        f"after {online:.2f} s; {held:.0f} MB after {ASKED} questions"
    )


async def _started(discord: Discord, data: Path) -> tuple[BotProcess, float, float]:
    """Start the bot; return it with the seconds until it identified and until it was online."""
    before, started = discord.gateway.identifies, time.perf_counter()
    bot = await discord.start("bot", env=environment(data), ready_within=None)
    await discord.until(lambda: discord.gateway.identifies > before or None, PATIENCE, "identify")
    known = time.perf_counter() - started
    await bot.connected(before + 1, PATIENCE)
    return bot, known, time.perf_counter() - started


def _furnish(data: Path, guilds: Sequence[int]) -> None:
    """Give each server a library, and leave to ask as much as one wants."""
    fill(data, [server_collection(guild) for guild in guilds])
    database = Database(data / "library.db")
    for guild in guilds:
        Servers(database).change(guild, per_minute=600)
    database.close()


def _resident(bot: BotProcess) -> float:
    pages = int(Path(f"/proc/{bot.process.pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    asyncio.run(main())
