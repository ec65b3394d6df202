"""The engine as the event loop sees it: nothing here blocks, everything can be awaited.

Questions that arrive while others are being answered go through the model together; one
that comes alone waits for nobody.  While some are read, the next are looked for.  Those
whose index is far behind the library wait for it apart from all others.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import ParamSpec, TypeVar

from bot.wire.failures import log_failure, own_copy
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

_TOGETHER = 8  # questions that are read together; more are no faster, and the first would wait
_BESIDE = 2  # such batches at a time: the network leaves the interpreter to the other
_REBUILT = 2  # indexes at a time that are brought level, beside the questions to all others
_READERS = 4  # threads for short reads and writes of the library
_STOPPED = "I am being stopped. Ask again in a minute."


@dataclass(slots=True, eq=False)
class _Waiting:
    """A question that waits for its answer, and the collections whose index it has waited for."""

    asked: Query
    answer: asyncio.Future[Answer]
    waited: set[str] = field(default_factory=set)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(own_copy(error))


class AsyncEngine:
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
        self.journal = Answers(database)
        self.feedback = Feedback(database)
        self.guilds = Servers(database)
        self.jobs = Jobs(database)
        self.searches = Searches(database)
        self.privacy = Privacy(database, self.searches)
        self.passages = passages
        self._clock = clock
        self._prepare = prepare
        self._model = ThreadPoolExecutor(_BESIDE, "model")
        self._rebuilding = ThreadPoolExecutor(_REBUILT, "rebuilding")
        self._ingest = ThreadPoolExecutor(1, "ingest")
        self._readers = ThreadPoolExecutor(_READERS, "library")
        self._waiting: list[_Waiting] = []
        self._under_way: dict[asyncio.Task[None], list[_Waiting]] = {}
        self._held_up: dict[asyncio.Task[None], list[_Waiting]] = {}
        self._rebuilds: dict[str, asyncio.Task[None]] = {}
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
        self.give_up(PassageError(_STOPPED))
        tasks = [*self._under_way, *self._held_up, *self._rebuilds.values()]
        tasks += [self._server] if self._server else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.engine.stop_reading)
        for pool in (self._model, self._rebuilding, self._ingest, self._readers):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        await asyncio.to_thread(self.engine.close)

    def give_up(self, error: PassageError) -> None:
        """Answer everybody who waits with a failure."""
        begun = chain(*self._under_way.values(), *self._held_up.values())
        for one in (*self._waiting, *begun):
            one.fail(error)

    async def ask(self, question: str, collections: Sequence[str], before: str = "") -> Answer:
        """Answer a question, and what it leans on, from some collections.

        Raises PassageError.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(Query(question, tuple(collections), before), answer))
        self._arrived.set()
        return await answer

    async def search(
        self, query: str, collections: Sequence[str], k: int, article: str | None = None
    ) -> tuple[Ranked, ...]:
        """Return the passages nearest to a query, of one article where one is given by id.

        Raises PassageError.
        """
        await self._rebuilt(await self._run(self._model, self.engine.behind, collections))
        return await self._run(self._model, self.engine.search, query, collections, k, article)

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
            waiting = [one for one in self._waiting if not one.answer.done()]
            waiting = [one for one in waiting if not self._held_up_by_rebuild(one)]
            batch, self._waiting = waiting[:_TOGETHER], waiting[_TOGETHER:]
            if not self._waiting:
                self._arrived.clear()
            if failure is not None:
                for one in batch:
                    one.fail(failure)
            elif batch:
                task = asyncio.create_task(self._answer(batch), name="answering")
                self._under_way[task] = batch
                task.add_done_callback(self._under_way.pop)

    async def _get_ready(self) -> Exception | None:
        try:
            await self._run(self._model, self._get_engine_ready)
        except Exception as error:  # noqa: BLE001 - told to everyone who asks
            told = str(error) if isinstance(error, PassageError) else log_failure(error)
            log.error("no question can be answered: %s", told)
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
        try:
            answers = await self._run(self._model, self._answers, batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who asked
            if len(batch) > 1:
                for one in batch:
                    await self._answer([one])
            else:
                batch[0].fail(error)
            return
        for one, answer in zip(batch, answers, strict=True):
            if not isinstance(answer, Answer):
                self._hold_up(one, answer)
            elif not one.answer.done():
                one.answer.set_result(answer)

    def _answers(self, batch: Sequence[_Waiting]) -> list[Answer | tuple[str, ...]]:
        """Answer questions; of one that has to wait for its indexes, say for which."""
        behind = [self._behind(one) for one in batch]
        level = [one.asked for one, names in zip(batch, behind, strict=True) if not names]
        answers = iter(self.engine.ask_together(level, self.passages) if level else ())
        return [names or next(answers) for names in behind]

    def _behind(self, one: _Waiting) -> tuple[str, ...]:
        """Return the collections whose index a question is still to wait for.

        Once for each: it may be closed again before all of them are level.
        """
        behind = self.engine.behind(one.asked.collections)
        return tuple(name for name in behind if name not in one.waited)

    def _held_up_by_rebuild(self, one: _Waiting) -> bool:
        """Hold a question up, and say so, where an index of its is being brought level already."""
        names = [name for name in one.asked.collections if name in self._rebuilds]
        names = [name for name in names if name not in one.waited]
        if names:
            self._hold_up(one, names)
        return bool(names)

    def _hold_up(self, one: _Waiting, names: Collection[str]) -> None:
        task = asyncio.create_task(self._hand_in_again(one, names), name="held up")
        self._held_up[task] = [one]
        task.add_done_callback(self._held_up.pop)

    async def _hand_in_again(self, one: _Waiting, names: Collection[str]) -> None:
        """Let a question wait for indexes, and then among those that can be answered."""
        try:
            await self._rebuilt(names)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who asked
            one.fail(error)
            return
        one.waited.update(names)
        self._waiting.append(one)
        self._arrived.set()

    async def _rebuilt(self, names: Collection[str]) -> None:
        """Wait until indexes are level with the library, each brought there for all who wait."""
        tasks = [self._rebuilds.get(name) or self._rebuild(name) for name in names]
        if tasks:
            await asyncio.wait(tasks)  # who gives up waiting stops it for nobody else
        for task in tasks:
            if task.cancelled():
                raise PassageError(_STOPPED)
            task.result()

    def _rebuild(self, name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._bring_level(name), name="rebuilding")
        self._rebuilds[name] = task
        task.add_done_callback(partial(self._rebuild_ended, name))
        return task

    def _rebuild_ended(self, name: str, task: asyncio.Task[None]) -> None:
        del self._rebuilds[name]
        if not task.cancelled():
            task.exception()  # asyncio tells of errors that nobody looked at; all may have left

    async def _bring_level(self, name: str) -> None:
        await self._run(self._rebuilding, self.engine.index, name)
