"""The engine as the event loop sees it: nothing here blocks, everything can be awaited.

Questions that arrive while others are being answered go through the model together; one
that comes alone waits for nobody.  While some are read, the next are looked for.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import ParamSpec, TypeVar

from bot.failures import noted
from index.engine import Asked, Engine
from index.errors import PassageError
from index.feedback import Feedback
from index.guilds import Guilds
from index.jobs import Jobs
from index.journal import Journal
from index.privacy import Privacy
from index.records import Answer, Ranked

log = logging.getLogger("passage")

P = ParamSpec("P")
T = TypeVar("T")

_Waiting = tuple[Asked, asyncio.Future[Answer]]

_TOGETHER = 8  # questions that are read together; more are no faster, and the first would wait
_BESIDE = 2  # such batches at a time: the network leaves the interpreter to the other
_READERS = 4  # threads for short reads and writes of the library


class Desk:
    """Where questions are handed in, and everything that is kept is looked up and changed."""

    def __init__(
        self,
        engine: Engine,
        prepare: Callable[[Engine], None],
        *,
        passages: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Stand before an opened engine; ``prepare`` is run once before the first question."""
        database = engine.library.database
        self.engine = engine
        self.journal = Journal(database)
        self.feedback = Feedback(database)
        self.guilds = Guilds(database)
        self.jobs = Jobs(database)
        self.privacy = Privacy(database)
        self.passages = passages
        self._clock = clock
        self._prepare = prepare
        self._model = ThreadPoolExecutor(_BESIDE, "model")
        self._ingest = ThreadPoolExecutor(1, "ingest")
        self._readers = ThreadPoolExecutor(_READERS, "library")
        self._waiting: list[_Waiting] = []
        self._under_way: dict[asyncio.Task[None], list[_Waiting]] = {}
        self._arrived = asyncio.Event()
        self._server: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()

    @property
    def now(self) -> int:
        """The time in unix seconds."""
        return int(self._clock())

    def open(self) -> None:
        """Begin to load the model and to answer; questions that come meanwhile wait.

        Called again it does nothing.
        """
        if self._server is not None:
            return
        self._server = asyncio.create_task(self._serve(), name="desk")

    async def close(self) -> None:
        """Save, and stop; what still waits is told so."""
        self.give_up(PassageError("I am being stopped. Ask again in a minute."))
        tasks = [*self._under_way, *([self._server] if self._server else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.engine.stop_reading)
        for pool in (self._model, self._ingest, self._readers):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        await asyncio.to_thread(self.engine.close)

    def give_up(self, error: PassageError) -> None:
        """Answer everybody who waits with a failure."""
        for _, answer in (*self._waiting, *chain(*self._under_way.values())):
            if not answer.done():
                answer.set_exception(error)

    async def ask(self, question: str, collections: Sequence[str], before: str = "") -> Answer:
        """Answer a question, and what it leans on, from some collections.

        Raises PassageError.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((Asked(question, tuple(collections), before), answer))
        self._arrived.set()
        return await answer

    async def search(self, query: str, collections: Sequence[str], k: int) -> tuple[Ranked, ...]:
        """Return the passages nearest to a query."""
        return await self._run(self._model, self.engine.search, query, collections, k)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a short call to the library on a thread of its own."""
        return await self._run(self._readers, function, *args, **kwargs)

    async def ingest(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the adding of an article, one after the other, beside everything else."""
        return await self._run(self._ingest, function, *args, **kwargs)

    async def _run(
        self, pool: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, partial(function, *args, **kwargs))

    async def _serve(self) -> None:
        failure = await self._get_ready()
        while True:
            await self._arrived.wait()
            if len(self._under_way) == _BESIDE:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            waiting = [(asked, answer) for asked, answer in self._waiting if not answer.done()]
            batch, self._waiting = waiting[:_TOGETHER], waiting[_TOGETHER:]
            if not self._waiting:
                self._arrived.clear()
            if failure is not None:
                for _, answer in batch:
                    answer.set_exception(failure)
            elif batch:
                task = asyncio.create_task(self._answer(batch), name="answering")
                self._under_way[task] = batch
                task.add_done_callback(self._under_way.pop)

    async def _get_ready(self) -> Exception | None:
        try:
            await self._run(self._model, self._get_engine_ready)
        except Exception as error:  # noqa: BLE001 - told to everyone who asks
            log.error("no question can be answered: %s", noted(error))
            return error
        log.info("ready to answer")
        self.ready.set()
        return None

    def _get_engine_ready(self) -> None:
        self._prepare(self.engine)
        # Loading leaves so many objects behind that looking through them for garbage would
        # hold up everything else, time and again; they stay anyway.
        gc.collect()
        gc.freeze()

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        """Answer questions together; where that fails, one by one, so that one fails alone."""
        asked = [one for one, _ in batch]
        try:
            answers = await self._run(self._model, self.engine.ask_together, asked, self.passages)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who asked
            if len(batch) > 1:
                for one in batch:
                    await self._answer([one])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, waiting), answer in zip(batch, answers, strict=True):
            if not waiting.done():
                waiting.set_result(answer)
