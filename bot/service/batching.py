"""Questions go through the model together where they arrive together.

Questions that arrive while others are being answered make up the next batch; one that comes
alone waits for nobody.  While one batch is read, the next is looked for.  Those whose index is
far behind the library wait for its rebuild apart from all others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

from bot.service.rebuilds import Rebuilds
from bot.service.threads import run_in
from bot.wire.failures import own_copy
from index.answer.answerer import Query
from index.engine import Engine
from index.errors import PassageError
from index.records import Answer

BATCHES = 2
"""Batches at a time: the network leaves the interpreter to the other."""

_BATCH = 8  # questions of a batch; more are no faster together, and the first would wait


@dataclass(slots=True, eq=False)
class _Waiting:
    """A question that waits for its answer, and the collections whose index it has waited for."""

    asked: Query
    answer: asyncio.Future[Answer]
    waited: set[str] = field(default_factory=set)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(own_copy(error))


class Batching:
    """The questions that wait and those being answered.

    ``pool`` has ``BATCHES`` threads at least; an answer has ``passages`` passages at the most.
    """

    def __init__(
        self, engine: Engine, pool: ThreadPoolExecutor, rebuilds: Rebuilds, *, passages: int
    ) -> None:
        self._engine = engine
        self._pool = pool
        self._rebuilds = rebuilds
        self._passages = passages
        self._waiting: list[_Waiting] = []
        self._under_way: dict[asyncio.Task[None], list[_Waiting]] = {}
        self._held_up: dict[asyncio.Task[None], list[_Waiting]] = {}
        self._arrived = asyncio.Event()

    async def ask(self, query: Query) -> Answer:
        """Return the answer to a question, which comes with its batch.  Raises PassageError."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._put(_Waiting(query, answer))
        return await answer

    async def serve(self, failure: Exception | None) -> None:
        """Answer what comes until cancelled, with nothing but ``failure`` where there is one."""
        while True:
            await self._arrived.wait()
            if len(self._under_way) == BATCHES:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            waiting = [one for one in self._waiting if not one.answer.done()]
            waiting = [one for one in waiting if not self._held_up_by_rebuild(one)]
            batch, self._waiting = waiting[:_BATCH], waiting[_BATCH:]
            if not self._waiting:
                self._arrived.clear()
            if failure is not None:
                for one in batch:
                    one.fail(failure)
            elif batch:
                task = asyncio.create_task(self._answer(batch), name="answering")
                self._under_way[task] = batch
                task.add_done_callback(self._under_way.pop)

    def give_up(self, error: PassageError) -> None:
        """Answer everybody who waits with a failure."""
        begun = chain(*self._under_way.values(), *self._held_up.values())
        for one in (*self._waiting, *begun):
            one.fail(error)

    async def cancel(self) -> None:
        """Cancel what is being answered, or waits for an index."""
        tasks = [*self._under_way, *self._held_up]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _put(self, one: _Waiting) -> None:
        self._waiting.append(one)
        self._arrived.set()

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        """Answer questions together; where that fails, one by one, so that one fails alone."""
        try:
            answers = await run_in(self._pool, self._answers, batch)
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
        ready = [one.asked for one, names in zip(batch, behind, strict=True) if not names]
        answers = iter(self._engine.ask_together(ready, self._passages) if ready else ())
        return [names or next(answers) for names in behind]

    def _behind(self, one: _Waiting) -> tuple[str, ...]:
        """Return the collections whose index a question is still to wait for.

        Once for each: it may be closed again before all of them are up to date.
        """
        behind = self._engine.behind(one.asked.collections)
        return tuple(name for name in behind if name not in one.waited)

    def _held_up_by_rebuild(self, one: _Waiting) -> bool:
        """Hold a question up, and say so, where an index of its is being rebuilt already."""
        names = [name for name in one.asked.collections if name in self._rebuilds]
        names = [name for name in names if name not in one.waited]
        if names:
            self._hold_up(one, names)
        return bool(names)

    def _hold_up(self, one: _Waiting, names: Collection[str]) -> None:
        task = asyncio.create_task(self._put_again(one, names), name="held up")
        self._held_up[task] = [one]
        task.add_done_callback(self._held_up.pop)

    async def _put_again(self, one: _Waiting, names: Collection[str]) -> None:
        """Let a question wait for indexes, and then among those that can be answered."""
        try:
            await self._rebuilds.wait(names)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who asked
            one.fail(error)
            return
        one.waited.update(names)
        self._put(one)
