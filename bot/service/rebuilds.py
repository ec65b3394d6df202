"""Indexes that are behind the library: each is brought up to date once for all who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bot.service.threads import run_in
from index.engine import Engine
from index.errors import PassageError

STOPPED = "I am being stopped. Ask again in a minute."
"""What whoever still waits is told at the end."""

_AT_A_TIME = 2  # indexes that are rebuilt beside the questions to all others


class Rebuilds:
    """The indexes that are being rebuilt, on threads of their own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(_AT_A_TIME, "rebuilding")
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __contains__(self, collection: str) -> bool:
        return collection in self._tasks

    async def wait(self, collections: Collection[str]) -> None:
        """Wait until the indexes of some collections are up to date, rebuilt where need be.

        Raises what a rebuild raises, and PassageError where it is cancelled by ``cancel``.
        """
        tasks = [self._tasks.get(name) or self._start(name) for name in collections]
        if tasks:
            await asyncio.wait(tasks)  # who gives up waiting stops it for nobody else
        for task in tasks:
            if task.cancelled():
                raise PassageError(STOPPED)
            task.result()

    async def cancel(self) -> None:
        """Wait for no rebuild any more; what a thread is at goes on until the engine stops it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Wait for the threads to end.  Blocks."""
        self._pool.shutdown(cancel_futures=True)

    def _start(self, collection: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._rebuild(collection), name="rebuilding")
        self._tasks[collection] = task
        task.add_done_callback(partial(self._ended, collection))
        return task

    def _ended(self, collection: str, task: asyncio.Task[None]) -> None:
        del self._tasks[collection]
        if not task.cancelled():
            task.exception()  # asyncio logs errors that nobody looked at; all may have left

    async def _rebuild(self, collection: str) -> None:
        await run_in(self._pool, self._engine.index, collection)
