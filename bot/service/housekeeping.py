"""What goes on beside questions: the queue, backups, servers that come and go, deleting in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import discord

from bot.service.async_engine import AsyncEngine
from bot.service.daily_backup import back_up_daily
from bot.service.ingest_queue import IngestQueue
from bot.wire.failures import log_failure
from index.collection_names import server_collection
from index.errors import UnwritableError

log = logging.getLogger("passage")

_EVERY = 60.0  # seconds between two looks at what is to be deleted


def served(guild_ids: Iterable[int], shards: Collection[int] | None, count: int | None) -> set[int]:
    """Return the servers that some of ``count`` shards are told of; None stands for all of them.

    Of others nothing is known here: another process, which serves their shards, sees to them.
    """
    if shards is None or count is None:
        return set(guild_ids)
    return {guild_id for guild_id in guild_ids if (guild_id >> 22) % count in shards}


class Housekeeping:
    """Keeps every server's data there, hidden or deleted, as it ought to be."""

    def __init__(
        self, engine: AsyncEngine, ingest_queue: IngestQueue, daily: Callable[[], Path | None]
    ) -> None:
        """Keep house; ``daily`` makes each day's backup."""
        self._engine = engine
        self._ingest_queue = ingest_queue
        self._daily = daily
        self._tasks: list[asyncio.Task[None]] = []

    async def resume(self) -> None:
        """Go on with what the end of an earlier process interrupted."""
        backing_up = back_up_daily(self._engine, self._daily)
        self._tasks = [
            asyncio.create_task(self._tidy(), name="tidy"),
            asyncio.create_task(backing_up, name="backups"),
        ]

    async def finish(self) -> None:
        """Stop; what is not done is done after the next start."""
        for task in self._tasks:
            task.cancel()

    async def ready(
        self, present: Collection[int], shards: Collection[int] | None, count: int | None
    ) -> None:
        """Notice the servers that came or went while nobody listened.

        ``present`` are those that Discord lists for ``shards`` of ``count``; they hold those with
        an outage too, so that none of them counts as left.
        """
        engine = self._engine
        known = served(await engine.call(engine.servers.known), shards, count)
        for gone in known.difference(present):
            await engine.call(engine.servers.mark_left, gone, engine.now)
        for back in known.intersection(present):
            await self._back(back)

    async def joined(self, guild: discord.Guild) -> None:
        """Show a server's data again; what was to be deleted by now is deleted."""
        await self._back(guild.id)

    async def left(self, guild: discord.Guild) -> None:
        """Hide a server's data.  Discord.py doesn't call this for an outage."""
        engine = self._engine
        await engine.call(engine.servers.mark_left, guild.id, engine.now)

    async def _back(self, guild_id: int) -> None:
        engine = self._engine
        if not await engine.call(engine.servers.is_hidden, guild_id):
            return
        if not await engine.call(engine.servers.mark_joined, guild_id, engine.now):
            await self._erase(guild_id)
        self._ingest_queue.wake(server_collection(guild_id))

    async def _tidy(self) -> None:
        """Delete in time, until cancelled; where that fails, the next round does it."""
        engine = self._engine
        while True:
            try:
                await engine.call(engine.privacy.prune, engine.now)
                for guild_id in await engine.call(engine.servers.expired, engine.now):
                    await self._erase(guild_id)
                await engine.call(engine.sync.tidy, engine.now)
            except UnwritableError:
                pass  # told by the library, once
            except Exception as error:  # noqa: BLE001 - logged there; the next round tries again
                log_failure(error)
            await asyncio.sleep(_EVERY)

    async def _erase(self, guild_id: int) -> None:
        collection = server_collection(guild_id)
        async with self._ingest_queue.pause(collection):
            await self._engine.ingest(self._engine.sync.erase, collection)
        log.info("deleted what was kept of a server that was left 30 days ago")
