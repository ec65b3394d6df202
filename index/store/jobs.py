"""The queue of what is to be added, which outlives the process.

A job holds the bytes themselves, since Discord's addresses of attachments expire; they are
deleted when it is finished.  Jobs of one collection run one after the other, in the order
they came; one that the end of a process interrupted is first again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

from index.language.characters import without_surrogates
from index.store.sqlite.database import Database
from index.store.statements import Row, Transaction

JobKind = Literal["url", "file", "paste"]


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be added, who asked for it, and the message that tells how it goes.

    ``attempts`` counts how often it was started: above 1 the process ended in the middle,
    which the job itself may be the cause of.  All times are unix seconds.
    """

    id: int
    collection: str
    asker: int
    kind: JobKind
    name: str = field(repr=False)
    channel: int
    message: int
    queued: int
    started: int | None
    finished: int | None
    attempts: int
    report: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Work:
    """A job that has been started, with what it is to add: a URL, or the bytes of a file."""

    job: Job
    payload: str | bytes = field(repr=False)


class Jobs:
    """The queue of all collections.  May be used from any thread, by one process at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._running: dict[int, str] = {}

    def enqueue(
        self,
        collection: str,
        *,
        asker: int,
        kind: JobKind,
        name: str,
        payload: str | bytes,
        channel: int,
        message: int,
        now: int,
    ) -> int:
        """Store a job and return its number; it is on the disk by then.

        ``payload`` is the URL, or the bytes of the file or of the pasted text, in any size.
        """
        stored = without_surrogates(payload) if isinstance(payload, str) else payload
        with self._database.writing() as db:
            row = db.execute(
                "INSERT INTO jobs (collection, asker, kind, name, channel, message, queued)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (collection, asker, kind, without_surrogates(name), channel, message, now),
            ).fetchone()
            db.execute("INSERT INTO payloads (job, payload) VALUES (?, ?)", (row["id"], stored))
        return int(row["id"])

    def find(self, job_id: int) -> Job | None:
        """Return a job, or None where it has been deleted."""
        rows = self._database.read("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return _job(rows[0]) if rows else None

    def pending(self, collection: str | None = None) -> list[Job]:
        """Return the jobs not finished, oldest first, of one collection or of all.

        Those of servers that the bot has left wait until it is asked back.
        """
        rows = self._database.read(
            "SELECT * FROM jobs WHERE finished IS NULL AND (?1 IS NULL OR collection = ?1)"
            " AND collection NOT IN (SELECT collection FROM departures) ORDER BY id",
            (collection,),
        )
        return [_job(row) for row in rows]

    def start(self, job_id: int, now: int) -> Work | None:
        """Start a job, or return None where it is not its turn.

        It is not while an older one of its collection is unfinished, while one runs there,
        and once it is finished or deleted.
        """
        with self._lock:
            job = self.find(job_id)
            if job is None or job.collection in self._running.values():
                return None
            with self._database.writing() as db:
                work = _started(db, job_id, now)
            if work is not None:
                self._running[job_id] = job.collection
        return work

    def finish(self, job_id: int, report: str, now: int) -> None:
        """Store a job's report and delete its payload; one that is finished or deleted stays so."""
        with self._lock:
            with self._database.writing() as db:
                db.execute(
                    "UPDATE jobs SET finished = ?, report = ? WHERE id = ? AND finished IS NULL",
                    (now, without_surrogates(report), job_id),
                )
                db.execute("DELETE FROM payloads WHERE job = ?", (job_id,))
            self._running.pop(job_id, None)

    def release(self, job_id: int) -> None:
        """Return a started job to the queue unfinished, as when the bot is stopped."""
        with self._lock:
            self._running.pop(job_id, None)


def _started(db: Transaction, job_id: int, now: int) -> Work | None:
    row = db.execute(
        "UPDATE jobs SET started = ?2, attempts = attempts + 1"
        " WHERE id = ?1 AND finished IS NULL AND NOT EXISTS (SELECT 1 FROM jobs other"
        " WHERE other.collection = jobs.collection AND other.id < ?1"
        " AND other.finished IS NULL)"
        " AND collection NOT IN (SELECT collection FROM departures) RETURNING *",
        (job_id, now),
    ).fetchone()
    if row is None:
        return None
    stored = db.execute("SELECT payload FROM payloads WHERE job = ?", (job_id,)).fetchone()
    return Work(_job(row), stored["payload"])


def _job(row: Row) -> Job:
    return Job(**dict(row))
