"""Pauses of what is being added, with a bot that isn't connected."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.client import PassageBot
from bot.serve import build_bot
from bot.service.async_engine import AsyncEngine
from bot.service.ingest_queue import pasted
from index.collection_names import server_collection
from index.engine import Engine
from tests.support.fakes import BagOfWords

HERE = server_collection(7)


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[PassageBot]:
    engine = AsyncEngine(Engine(tmp_path, BagOfWords), lambda _: None, passages=3)
    async with build_bot(engine, message_content=False, daily=lambda: None) as bot:
        yield bot
    await engine.close()


async def queue(bot: PassageBot) -> int:
    """Queue a text and have it looked at; its report goes nowhere."""
    engine = bot.services.engine
    number = await engine.call(
        engine.jobs.enqueue, HERE, asker=1, kind="paste", name="Bell", channel=2, message=3, now=4,
        payload=pasted("Bell", "The bell was cast in 1704.", "", None),
    )  # fmt: skip
    bot.services.ingest_queue.wake(HERE)
    return number


async def worked() -> None:
    """Wait until nothing is being added."""
    if tasks := [task for task in asyncio.all_tasks() if task.get_name().startswith("adding")]:
        await asyncio.wait(tasks)


def attempts(bot: PassageBot, number: int) -> int:
    job = bot.services.engine.jobs.find(number)
    assert job is not None
    return job.attempts


async def test_the_first_of_two_pauses_to_end_leaves_the_second(bot: PassageBot) -> None:
    ingest_queue = bot.services.ingest_queue
    async with ingest_queue.pause(HERE):
        async with ingest_queue.pause(HERE):
            pass
        number = await queue(bot)
        await worked()
        assert attempts(bot, number) == 0
    await worked()
    assert attempts(bot, number) == 1


async def test_a_pause_that_is_cancelled_while_it_waits_is_over(bot: PassageBot) -> None:
    ingest_queue, over = bot.services.ingest_queue, threading.Event()
    busy = asyncio.create_task(bot.services.engine.ingest(over.wait, 10))
    await queue(bot)
    pause = asyncio.create_task(ingest_queue.pause(HERE).__aenter__())
    await asyncio.sleep(0)
    pause.cancel()
    await asyncio.wait([pause])
    over.set()
    await busy
    await worked()
    entries = bot.services.engine.sync.library.listing.entries(HERE)
    assert [entry.title for entry in entries] == ["Bell"]
