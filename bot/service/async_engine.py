"""The engine as the event loop sees it: nothing here blocks, everything can be awaited."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from bot.service.batching import BATCHES, Batching
from bot.service.rebuilds import STOPPED, Rebuilds
from bot.service.threads import run_in
from bot.wire.failures import log_failure
from index.answer.answerer import Query
from index.engine import Engine
from index.errors import PassageError
from index.records import Answer, Ranked
from index.store.answers import Answers
from index.store.feedback import Feedback
from index.store.jobs import Jobs
from index.store.privacy import Privacy
from index.store.searches import Searches
from index.store.servers import Servers

log = logging.getLogger("passage")

P = ParamSpec("P")
T = TypeVar("T")

_READERS = 4  # threads for short reads and writes of the library


class AsyncEngine:
    """Where questions are asked, and everything that is stored is looked up and changed."""

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
        self.sync = engine
        self.answers = Answers(database)
        self.feedback = Feedback(database)
        self.servers = Servers(database)
        self.jobs = Jobs(database)
        self.searches = Searches(database)
        self.privacy = Privacy(database, self.searches)
        self._clock = clock
        self._prepare = prepare
        self._model = ThreadPoolExecutor(BATCHES, "model")
        self._rebuilds = Rebuilds(engine)
        self._ingest = ThreadPoolExecutor(1, "ingest")
        self._readers = ThreadPoolExecutor(_READERS, "library")
        self._batching = Batching(engine, self._model, self._rebuilds, passages=passages)
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
        self._server = asyncio.create_task(self._serve(), name="batches")

    async def close(self) -> None:
        """Save, and stop; what still waits fails with a sentence that says so."""
        self.give_up(PassageError(STOPPED))
        if self._server is not None:
            self._server.cancel()
            await asyncio.gather(self._server, return_exceptions=True)
        await self._batching.cancel()
        await self._rebuilds.cancel()
        await asyncio.to_thread(self.sync.stop_reading)
        await asyncio.to_thread(self._model.shutdown, cancel_futures=True)
        await asyncio.to_thread(self._rebuilds.close)
        for pool in (self._ingest, self._readers):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        await asyncio.to_thread(self.sync.close)

    def give_up(self, error: PassageError) -> None:
        """Answer everybody who waits with a failure."""
        self._batching.give_up(error)

    async def ask(self, question: str, collections: Sequence[str], before: str = "") -> Answer:
        """Answer a question, and what it leans on, from some collections.

        Raises PassageError.
        """
        return await self._batching.ask(Query(question, tuple(collections), before))

    async def search(
        self, query: str, collections: Sequence[str], k: int, article: str | None = None
    ) -> tuple[Ranked, ...]:
        """Return the passages nearest to a query, of one article where one is given by id.

        Raises PassageError.
        """
        await self._rebuilds.wait(await run_in(self._model, self.sync.behind, collections))
        return await run_in(self._model, self.sync.search, query, collections, k, article)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a short call to the library on a thread of its own."""
        return await run_in(self._readers, function, *args, **kwargs)

    async def ingest(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the adding of an article, one after the other, beside everything else."""
        return await run_in(self._ingest, function, *args, **kwargs)

    async def _serve(self) -> None:
        await self._batching.serve(await self._get_ready())

    async def _get_ready(self) -> Exception | None:
        """Load the model, and return the failure that every question meets where that fails."""
        try:
            await run_in(self._model, self._get_engine_ready)
        except Exception as error:  # noqa: BLE001 - told to everyone who asks
            told = str(error) if isinstance(error, PassageError) else log_failure(error)
            log.error("no question can be answered: %s", told)
            return error
        log.info("ready to answer")
        self.ready.set()
        return None

    def _get_engine_ready(self) -> None:
        self._prepare(self.sync)
        # Loading leaves so many objects behind that looking through them for garbage would
        # hold up everything else, time and again; they stay anyway.
        gc.collect()
        gc.freeze()
