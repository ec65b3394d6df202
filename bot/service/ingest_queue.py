"""What is to be added to the libraries: one job after the other for each of them.

A job is on the disk before anybody is told that it waits, and is run again from its
beginning where the process ended in the middle: what is in the library already is left as
it is.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.cards import progress_card, queued_card, report_card, sentence_card
from bot.service.async_engine import AsyncEngine
from bot.wire.delivery import Interaction, promise
from bot.wire.failures import log_failure, sentence_of
from bot.wire.in_time import in_time
from bot.wire.messenger import Messenger
from bot.wire.progress_message import ProgressMessage, ProgressUpdates, reachable
from index.engine import Engine
from index.errors import ExtractionError, PassageError, UnwritableError
from index.extract import is_url
from index.ingest import Added, Report, Step
from index.records import Article
from index.store.jobs import Job, JobKind, Work

_MOST_WAITING = 20  # jobs of one collection, each with up to its whole file on our disk
_MOST_ATTEMPTS = 3  # a job that ends the process each time is to blame
_PATIENCE = 5.0  # seconds that an orderly end waits for what is being embedded
_FORGOTTEN = "the request was deleted with everything else about who made it."


class _Stopped(Exception):  # noqa: N818 - not an error: the job goes on another time
    """Ends the work on a job from inside, between two batches of passages."""


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """Something to be added; ``read`` gets the URL or the bytes.  It may raise PassageError."""

    kind: JobKind
    name: str
    read: Callable[[], Awaitable[str | bytes]]


class IngestQueue:
    """The workers, one for each collection that has jobs."""

    def __init__(self, engine: AsyncEngine, messenger: Messenger) -> None:
        self._engine = engine
        self._messenger = messenger
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._due: set[str] = set()
        self._paused: Counter[str] = Counter()  # by how many
        self._closing = False
        self._progress_messages: dict[int, ProgressMessage] = {}
        self._queueing = asyncio.Lock()  # no job is started before its progress message is known

    async def resume(self) -> None:
        """Go on with what an earlier process left undone."""
        for job in await self._engine.call(self._engine.jobs.pending):
            self.wake(job.collection)

    async def accept(
        self, interaction: Interaction, collection: str, wanted: IngestRequest
    ) -> None:
        """Queue what is to be added, and only then tell that it is: by now it can't be lost."""
        await in_time(interaction, self._refuse_too_many(collection))
        # What was promised before anybody knew whether it is allowed was promised privately.
        public = reachable(interaction) and not interaction.response.is_done()
        message = await promise(interaction, private=not public)
        progress_message = ProgressMessage(
            self._messenger,
            asker=interaction.user.id,
            channel=interaction.channel_id or 0,
            message=message if public else 0,
            interaction=interaction,
        )
        try:
            payload = await wanted.read()
        except PassageError as error:
            await progress_message.conclude(sentence_card(str(error)))
            return
        await self._enqueue(collection, wanted, payload, progress_message, interaction.user.id)

    def wake(self, collection: str) -> None:
        """Have a collection's jobs looked at."""
        self._due.add(collection)
        if collection not in self._workers and not self._closing:
            work = self._work(collection)
            self._workers[collection] = asyncio.create_task(work, name=f"adding {collection}")

    @asynccontextmanager
    async def pause(self, collection: str) -> AsyncIterator[None]:
        """Have nothing added to a collection meanwhile, not even what is being added."""
        self._paused[collection] += 1
        try:
            if collection in self._workers:
                await asyncio.wait([self._workers[collection]])
            yield
        finally:
            self._paused -= Counter([collection])  # those at 0 are dropped
            await self._tell_forgotten()
            self.wake(collection)

    async def finish(self) -> None:
        """Stop soon; what is not done stays queued."""
        self._closing = True
        if self._workers:
            await asyncio.wait(list(self._workers.values()), timeout=_PATIENCE)
        for worker in list(self._workers.values()):
            worker.cancel()

    async def _refuse_too_many(self, collection: str) -> None:
        waiting = await self._engine.call(self._engine.jobs.pending, collection)
        if len(waiting) >= _MOST_WAITING:
            raise PassageError(
                f"{len(waiting)} requests are waiting here already: add this when they are done."
            )

    async def _enqueue(
        self,
        collection: str,
        wanted: IngestRequest,
        payload: str | bytes,
        progress_message: ProgressMessage,
        asker: int,
    ) -> None:
        engine = self._engine
        async with self._queueing:
            number = await engine.call(
                engine.jobs.enqueue,
                collection,
                asker=asker,
                kind=wanted.kind,
                name=wanted.name,
                payload=payload,
                channel=progress_message.channel,
                message=progress_message.message,
                now=engine.now,
            )
            self._progress_messages[number] = progress_message
        ahead = [
            job for job in await engine.call(engine.jobs.pending, collection) if job.id < number
        ]
        await progress_message.show(
            queued_card(len(ahead)) if ahead else progress_card(wanted.name, 0, 0)
        )
        self.wake(collection)

    async def _work(self, collection: str) -> None:
        try:
            while collection in self._due:
                self._due.discard(collection)
                while (work := await self._next(collection)) is not None:
                    await self._run(work)
        except UnwritableError:
            pass  # told by the library, once; the jobs are on the disk
        except Exception as error:  # noqa: BLE001 - logged there; the jobs are on the disk
            log_failure(error)
        finally:
            del self._workers[collection]

    async def _next(self, collection: str) -> Work | None:
        engine = self._engine
        if self._stopping(collection):
            return None
        async with self._queueing:
            waiting = await engine.call(engine.jobs.pending, collection)
            return (
                await engine.call(engine.jobs.start, waiting[0].id, engine.now) if waiting else None
            )

    async def _run(self, work: Work) -> None:
        job, engine = work.job, self._engine
        progress_message = self._progress_messages.get(job.id) or ProgressMessage.of_job(
            self._messenger, job
        )
        report = Report()
        try:
            await self._fill(report, work, progress_message)
            self._progress_messages.pop(job.id, None)
            # Told first: a process that ends in between tells again, and nobody is left in doubt.
            await progress_message.conclude(report_card(report))
            await engine.call(engine.jobs.finish, job.id, _stored(report), engine.now)
        except _Stopped:
            return
        finally:
            await engine.call(engine.jobs.release, job.id)

    async def _fill(self, report: Report, work: Work, progress_message: ProgressMessage) -> None:
        """Do a job and take down what becomes of it; whatever fails is a line of the report."""
        if work.job.attempts > _MOST_ATTEMPTS:
            report.errors.append(_given_up(work.job))
            return
        progress = ProgressUpdates(progress_message, work.job.name, sources=len(_sources(work)))
        try:
            async with progress.shown():
                async for item in self._items(work, progress):
                    if isinstance(item, ExtractionError):
                        report.errors.append(str(item))
                    else:
                        report.added.append(item)
        except _Stopped:
            raise
        except PassageError as error:
            report.errors.append(sentence_of(error))
        except Exception as error:  # noqa: BLE001 - logged there, and told in the report
            report.errors.append(
                f"Something went wrong here (reference {log_failure(error)}): what isn't listed as "
                "added was not."
            )

    async def _items(
        self, work: Work, progress: ProgressUpdates
    ) -> AsyncIterator[Added | ExtractionError]:
        """Yield what becomes of each article; others' jobs get their turn in between."""
        engine, job = self._engine, work.job

        def step(title: str, done: int, total: int) -> None:
            if self._stopping(job.collection):
                raise _Stopped
            progress.step(title, done, total)

        for number, source in enumerate(_sources(work), 1):
            progress.number = number
            items = _added(engine.sync, job, source, step)
            while True:
                if self._stopping(job.collection):
                    raise _Stopped
                if await engine.call(engine.jobs.find, job.id) is None:
                    yield ExtractionError("What isn't listed as added was not: " + _FORGOTTEN)
                    return
                item = await engine.ingest(next, items, None)
                if item is None:
                    break
                yield item

    async def _tell_forgotten(self) -> None:
        """End the progress messages of jobs that were deleted with all else about their asker."""
        for number, progress_message in list(self._progress_messages.items()):
            if await self._engine.call(self._engine.jobs.find, number) is None:
                self._progress_messages.pop(number, None)
                await progress_message.conclude(sentence_card("Nothing was added: " + _FORGOTTEN))

    def _stopping(self, collection: str) -> bool:
        return self._closing or collection in self._paused


def _sources(work: Work) -> list[str | bytes]:
    """Return what a job adds, one after the other: addresses stand on lines of their own."""
    return list(work.payload.splitlines()) if isinstance(work.payload, str) else [work.payload]


def _added(
    engine: Engine, job: Job, source: str | bytes, step: Step
) -> Iterator[Added | ExtractionError]:
    """Add what one source holds, article by article."""
    if isinstance(source, str):
        # A path would be read from our own disk.
        if not is_url(source):
            yield ExtractionError(f"{source} is no web address.")
            return
        yield from engine.add([source], job.collection, step)
        return
    if job.kind == "paste":
        yield engine.add_article(_pasted(source), job.collection, step)
        return
    yield from engine.add_file(source, job.name, job.collection, step)


def pasted(title: str, text: str, url: str, published: str | None) -> bytes:
    """Return a pasted article as it waits in the queue."""
    fields = {"title": title, "text": text, "url": url or None, "published": published}
    return json.dumps(fields).encode()


def _pasted(payload: bytes) -> Article:
    fields = json.loads(payload)
    return Article(source=fields["url"] or f"pasted: {fields['title']}", **fields)


def _given_up(job: Job) -> str:
    return (
        f"{job.name} was not added: I was stopped {job.attempts - 1} times while reading it. "
        "Try it in smaller parts."
    )


def _stored(report: Report) -> str:
    """Return what is stored of a report for a day: what became of how much."""
    outcomes = {item.outcome: report.count(item.outcome) for item in report.added}
    return json.dumps({**outcomes, "errors": report.errors})
