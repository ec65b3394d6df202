"""The queue of what is to be added: in order, one at a time, and never lost."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.store.jobs import Job, Jobs, Work
from index.store.library import Library
from index.store.servers import Servers
from tests.support.stored_answers import (
    ANN,
    NOW,
    ONE,
    TWO,
    on_disk,
)


@pytest.fixture
def jobs(library: Library) -> Jobs:
    return Jobs(library.database)


def enqueue(jobs: Jobs, collection: str = ONE, payload: str | bytes = b"text") -> int:
    return jobs.enqueue(
        collection,
        asker=ANN,
        kind="url" if isinstance(payload, str) else "file",
        name="a.txt",
        payload=payload,
        channel=100,
        message=9,
        now=NOW,
    )


def ids(pending: list[Job]) -> list[int]:
    return [job.id for job in pending]


def test_a_job_is_started_with_what_it_is_to_add_and_finished_with_a_report(jobs: Jobs) -> None:
    payload = bytes(range(256)) * 40_000  # 10 MB, the size that Discord lets most people send
    name = enqueue(jobs, payload=payload)
    waiting = Job(name, ONE, ANN, "file", "a.txt", 100, 9, NOW, None, None, 0, None)
    assert jobs.pending() == [waiting]
    work = jobs.start(name, NOW + 1)
    running = Job(name, ONE, ANN, "file", "a.txt", 100, 9, NOW, NOW + 1, None, 1, None)
    assert work == Work(running, payload)
    jobs.finish(name, "1 article added", NOW + 2)
    assert jobs.pending() == []
    assert jobs.find(name) == Job(
        name, ONE, ANN, "file", "a.txt", 100, 9, NOW, NOW + 1, NOW + 2, 1, "1 article added"
    )
    assert jobs.start(name, NOW + 3) is None


def test_a_url_comes_back_as_text(jobs: Jobs) -> None:
    name = enqueue(jobs, payload="https://example.org/ü")
    work = jobs.start(name, NOW)
    assert work is not None
    assert (work.payload, work.job.kind) == ("https://example.org/ü", "url")


def test_a_finished_jobs_payload_is_dropped(library: Library, jobs: Jobs) -> None:
    name = enqueue(jobs, payload=b"canary-of-a-file")
    assert on_disk(library.path, "canary-of-a-file")
    jobs.start(name, NOW)
    jobs.finish(name, "done", NOW)
    library.database.scrub()
    assert library.database.read("SELECT * FROM payloads") == []
    assert not on_disk(library.path, "canary-of-a-file")


def test_jobs_of_a_collection_run_one_by_one_and_others_beside(jobs: Jobs) -> None:
    first, second, elsewhere = enqueue(jobs), enqueue(jobs), enqueue(jobs, TWO)
    assert jobs.start(second, NOW) is None
    assert jobs.start(first, NOW) is not None
    assert jobs.start(first, NOW) is None
    assert jobs.start(second, NOW) is None
    assert jobs.start(elsewhere, NOW) is not None
    assert ids(jobs.pending()) == [first, second, elsewhere]
    assert ids(jobs.pending(TWO)) == [elsewhere]
    jobs.finish(first, "done", NOW)
    assert jobs.start(second, NOW) is not None


def test_a_job_that_the_process_died_in_is_started_again_after_a_restart(library: Library) -> None:
    jobs = Jobs(library.database)
    first, second = enqueue(jobs, payload=b"one"), enqueue(jobs, payload=b"two")
    jobs.start(first, NOW)
    library.close()
    with closing(Library(library.path)) as again:
        jobs = Jobs(again.database)
        interrupted, waiting = jobs.pending()
        assert (interrupted.id, interrupted.attempts, interrupted.started) == (first, 1, NOW)
        assert (waiting.id, waiting.attempts, waiting.started) == (second, 0, None)
        assert jobs.start(second, NOW + 60) is None
        work = jobs.start(first, NOW + 60)
        assert work is not None
        assert (work.payload, work.job.attempts, work.job.started) == (b"one", 2, NOW + 60)


def test_a_released_job_can_be_started_again(jobs: Jobs) -> None:
    name = enqueue(jobs)
    jobs.start(name, NOW)
    jobs.release(name)
    work = jobs.start(name, NOW)
    assert work is not None
    assert work.job.attempts == 2


def test_finishing_twice_keeps_the_first_report(jobs: Jobs) -> None:
    name = enqueue(jobs)
    jobs.finish(name, "first", NOW)
    jobs.finish(name, "second", NOW + 1)
    jobs.finish(404, "never was", NOW)
    job = jobs.find(name)
    assert job is not None
    assert (job.report, job.finished) == ("first", NOW)
    assert jobs.find(404) is None


def test_jobs_of_a_server_that_was_left_wait(library: Library, jobs: Jobs) -> None:
    name, other = enqueue(jobs), enqueue(jobs, TWO)
    Servers(library.database).mark_left(1, NOW)
    assert ids(jobs.pending()) == [other]
    assert jobs.start(name, NOW) is None
    assert Servers(library.database).mark_joined(1, NOW)
    assert jobs.start(name, NOW) is not None


def test_a_job_erased_while_it_runs_finishes_quietly_and_blocks_nothing(
    library: Library, jobs: Jobs
) -> None:
    name = enqueue(jobs)
    jobs.start(name, NOW)
    library.erase_collection(ONE)
    later = enqueue(jobs)
    assert later > name
    assert jobs.start(later, NOW) is None  # the erased one is still at work
    jobs.finish(name, "too late", NOW)
    assert jobs.find(name) is None
    assert jobs.start(later, NOW) is not None


def test_names_and_contents_show_in_no_repr(jobs: Jobs) -> None:
    work = jobs.start(enqueue(jobs, payload=b"canary"), NOW)
    assert "canary" not in repr(work)
    assert "a.txt" not in repr(work)


def test_threads_that_race_for_a_job_start_it_once(jobs: Jobs) -> None:
    name, barrier, won = enqueue(jobs), Barrier(8), []

    def race() -> None:
        barrier.wait()
        won.append(jobs.start(name, NOW))

    threads = [Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([work for work in won if work is not None]) == 1


_ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("enqueue"), st.integers(0, 2)),
        st.tuples(st.just("start"), st.integers(0, 9)),
        st.tuples(st.just("finish"), st.integers(0, 9)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=40,
)


@given(_ACTS)
def test_whatever_happens_each_collection_is_worked_through_in_order(
    acts: list[tuple[str, int]],
) -> None:
    queues: dict[str, list[int]] = {}
    running: set[str] = set()
    where: list[str] = []
    with closing(Library(Path(":memory:"))) as library:
        jobs = Jobs(library.database)
        for act, number in acts:
            if act == "enqueue":
                collection = f"guild:{number}"
                where.append(collection)
                assert enqueue(jobs, collection, b"%d" % len(where)) == len(where)
                queues.setdefault(collection, []).append(len(where))
            elif act == "restart":
                jobs, running = Jobs(library.database), set()
            elif 0 < number <= len(where):
                collection, first = where[number - 1], queues[where[number - 1]][:1]
                mine = first == [number]
                if act == "start":
                    work = jobs.start(number, NOW)
                    assert (work is not None) == (mine and collection not in running)
                    if work is not None:
                        assert work.payload == b"%d" % number
                        running.add(collection)
                elif mine and collection in running:
                    jobs.finish(number, "done", NOW)
                    running.discard(collection)
                    queues[collection].remove(number)
            assert ids(jobs.pending()) == sorted(n for queue in queues.values() for n in queue)
