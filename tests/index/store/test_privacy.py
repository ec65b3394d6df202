"""What is kept about a person: theirs to see and to delete, and gone in time."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.store.answers import Answers
from index.store.feedback import Feedback
from index.store.jobs import Jobs
from index.store.library import Library
from index.store.privacy import Deleted, Privacy, Stored
from index.store.searches import Searches
from index.store.servers import Servers
from tests.support.fakes import drafts, made
from tests.support.stored_answers import (
    ANN,
    BO,
    CAT,
    DAY,
    NOW,
    ONE,
    TWO,
    answered,
    on_disk,
    record,
    searched,
)


@pytest.fixture
def privacy(library: Library) -> Privacy:
    return Privacy(library.database)


def enqueue(library: Library, person: int, name: str, collection: str = ONE) -> int:
    return Jobs(library.database).enqueue(
        collection, asker=person, kind="file", name=name, payload=b"bytes", channel=1, message=2,
        now=NOW,
    )  # fmt: skip


def test_a_person_sees_all_that_is_kept_about_them(library: Library, privacy: Privacy) -> None:
    journal, feedback = Answers(library.database), Feedback(library.database)
    first = record(journal, 7, answered("Who?"))
    name = record(journal, 8, answered("When?", 4), follows=first, channel=2**60, private=True)
    journal.answered_with(name, 2**60, 9)
    other = record(journal, 10, answered("canary of Bo"), asker=BO)
    feedback.vote(other, ONE, ANN, helpful=False, reason="wrong", comment="No.", now=NOW + 1)
    feedback.vote(name, ONE, BO, helpful=True, comment="canary of Bo", now=NOW)
    enqueue(library, ANN, "notes.txt")
    enqueue(library, BO, "canary of Bo")
    text, pieces = drafts("My diary.")
    library.store("user:11", made("diary", text), pieces)
    library.store("user:12", made("canary of Bo", "canary of Bo"), [])
    told = json.loads(json.dumps(privacy.export(ANN)))
    assert told["person"] == "11"
    assert [question["question"] for question in told["questions"]] == ["Who?", "When?"]
    passages = [[4, 0.9, 0.61, 7.25, 0.5, 1.0, 1 / 3, 0.75]]
    assert told["questions"][1] == {
        "id": name,
        "collection": ONE,
        "question": "When?",
        "asked": "2027-01-15T08:00:00+00:00",
        "channel": "1152921504606846976",
        "message": "8",
        "reply_channel": "1152921504606846976",
        "reply_message": "9",
        "private": True,
        "follows": first,
        "state": "answer",
        "confidence": 0.875,
        "reason": "similarity 0.61, and it holds every word of the question",
        "quote": {"text": "It opened in 1932.", "marked": "1932", "article_id": "bridge",
                  "start": 0, "end": 18, "marked_at": 13},
        "passages": passages,
    }  # fmt: skip
    assert told["feedback"] == [
        {
            "answer": other,
            "collection": ONE,
            "helpful": False,
            "reason": "wrong",
            "comment": "No.",
            "given": "2027-01-15T08:00:01+00:00",
        }
    ]
    (job,) = told["jobs"]
    assert (job["name"], job["bytes"], job["url"], job["finished"]) == ("notes.txt", 5, None, None)
    assert [(a["id"], a["text"]) for a in told["articles"]] == [("diary", "My diary.")]
    assert "canary of Bo" not in json.dumps(told)


def test_what_is_kept_is_counted_without_reading_a_text(library: Library, privacy: Privacy) -> None:
    name = record(Answers(library.database), 7)
    Feedback(library.database).vote(name, ONE, ANN, helpful=True, comment="Thanks.", now=NOW)
    enqueue(library, ANN, "notes.txt")
    library.store("user:11", made("diary", "My diary."), [])
    read: set[tuple[str | None, str | None]] = set()

    def watch(act: int, table: str | None, column: str | None, *_: str | None) -> int:
        if act == sqlite3.SQLITE_READ and column:
            read.add((table, column))
        return sqlite3.SQLITE_OK

    with library.database.reading() as db:
        db.set_authorizer(watch)
    held = privacy.count(ANN)
    assert held == Stored(questions=1, searches=0, feedback=1, jobs=1, articles=1)
    assert read == {
        ("answers", "asker"),
        ("searches", "asker"),
        ("feedback", "person"),
        ("jobs", "asker"),
        ("articles", "collection"),
        ("collections", "key"),
        ("collections", "name"),
    }


def test_forgetting_leaves_no_trace_of_a_person_and_all_of_others(
    library: Library, privacy: Privacy
) -> None:
    journal, feedback = Answers(library.database), Feedback(library.database)
    mine = record(journal, 7, answered("canary-asked"), asker=987_654_321)
    theirs = record(journal, 8, answered("Bo asks"), asker=BO, follows=mine)
    feedback.vote(mine, ONE, BO, helpful=True, now=NOW)
    feedback.vote(theirs, ONE, 987_654_321, helpful=False, comment="canary-said", now=NOW)
    feedback.vote(theirs, ONE, BO, helpful=True, comment="thanks", now=NOW)
    enqueue(library, 987_654_321, "canary-queued")
    text, pieces = drafts("canary-written")
    library.store("user:987654321", made("a", text), pieces)
    assert privacy.forget(987_654_321) == Deleted(1, 1, 1, 1, 0)
    assert privacy.forget(987_654_321) == Deleted(0, 0, 0, 0, 0)
    for canary in ("canary-asked", "canary-said", "canary-queued", "canary-written"):
        assert not on_disk(library.path, canary)
    kept = journal.find(theirs, ONE)
    assert kept is not None
    assert (kept.question, kept.follows) == ("Bo asks", None)
    assert [vote["comment"] for vote in privacy.export(BO)["feedback"]] == ["thanks"]


_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "search", "vote", "queue", "store"]),
        st.sampled_from([ANN, BO, CAT]),
        st.sampled_from([ONE, TWO]),
        st.integers(0, 5),
    ),
    max_size=25,
)


@given(_ACTS, st.sampled_from([ANN, BO, CAT]))
def test_forgetting_empties_one_export_by_what_it_counts_and_no_other(
    acts: list[tuple[str, int, str, int]], gone: int
) -> None:
    with closing(Library(Path(":memory:"))) as library:
        journal, feedback = Answers(library.database), Feedback(library.database)
        searches = Searches(library.database)
        privacy, asked = Privacy(library.database, searches), [("none", ONE, 0)]
        Servers(library.database).change(2, keep_questions_days=0)  # held in memory alone
        for number, (act, person, collection, at) in enumerate(acts):
            if act == "ask":
                name = record(journal, number, asker=person, collection=collection)
                asked.append((name, collection, person))
            elif act == "search":
                searches.record(searched(str(number), asker=person, collection=collection))
            elif act == "vote":
                name, home, _ = asked[at % len(asked)]
                feedback.vote(name, home, person, helpful=at % 2 == 0, now=NOW)
            elif act == "queue":
                enqueue(library, person, f"{at}.txt", collection)
            else:
                library.store(f"user:{person}", made(f"{at}", f"{at}"), [])
        before = {person: privacy.export(person) for person in (ANN, BO, CAT)}
        for person, kept in before.items():
            held = asdict(privacy.count(person))
            assert held == {kind: len(kept[kind]) for kind in held}
        counts = asdict(privacy.forget(gone))
        assert counts == {kind: len(before[gone][kind]) for kind in counts}
        assert all(privacy.export(gone)[kind] == [] for kind in counts)
        of_gone = {name for name, _, person in asked if person == gone}
        for person in {ANN, BO, CAT} - {gone}:
            expected: dict[str, Any] = dict(before[person])
            expected["feedback"] = [v for v in expected["feedback"] if v["answer"] not in of_gone]
            assert privacy.export(person) == expected


@given(
    days=st.integers(1, 400),
    ages=st.lists(st.integers(0, 500 * DAY), max_size=8, unique=True),
)
@example(days=7, ages=[7 * DAY - 1, 7 * DAY, 90 * DAY - 1, 90 * DAY])
def test_a_question_is_kept_for_its_servers_days_and_no_longer(days: int, ages: list[int]) -> None:
    with closing(Library(Path(":memory:"))) as library:
        journal, privacy = Answers(library.database), Privacy(library.database)
        Servers(library.database).change(1, keep_questions_days=days)
        names = {age: record(journal, age, now=NOW - age) for age in ages}
        others = {
            age: record(journal, age, channel=200, collection=TWO, now=NOW - age) for age in ages
        }
        gone = privacy.prune(NOW)
        kept = {age for age, name in names.items() if journal.find(name, ONE)}
        assert kept == {age for age in ages if age < days * DAY}
        there = {age for age, name in others.items() if journal.find(name, TWO)}
        assert there == {age for age in ages if age < 90 * DAY}
        assert gone == 2 * len(ages) - len(kept) - len(there)
        assert privacy.prune(NOW) == 0


def test_where_questions_are_not_kept_an_answer_ends_after_15_minutes(
    library: Library, privacy: Privacy
) -> None:
    guilds, journal = Servers(library.database), Answers(library.database)
    guilds.change(1, keep_questions_days=0)
    name = record(journal, 7)
    assert privacy.prune(NOW + 899) == 0
    assert journal.find(name, ONE) is not None
    guilds.change(1, keep_questions_days=90)  # what was not kept is not kept longer now
    assert privacy.prune(NOW + 900) == 1
    assert journal.find(name, ONE) is None


def test_a_server_that_chooses_not_to_keep_questions_loses_those_that_it_has(
    library: Library, privacy: Privacy
) -> None:
    guilds, journal = Servers(library.database), Answers(library.database)
    old = record(journal, 7, answered("canary-old"), now=NOW - 3600)
    new = record(journal, 8, answered("canary-new", 4, reason="canary-new"))
    other = record(journal, 9, answered("Another's"), collection=TWO)
    for name in (old, new):
        Feedback(library.database).vote(
            name, ONE, ANN, helpful=False, comment="canary-said", now=NOW
        )
    guilds.change(1, keep_questions_days=0)
    assert privacy.prune(NOW) == 1
    for canary in ("canary-old", "canary-new", "canary-said"):
        assert not on_disk(library.path, canary)
    kept = journal.find(new, ONE)
    assert kept is not None
    assert (kept.question, kept.asker, len(kept.passages)) == (None, None, 1)
    assert privacy.export(ANN)["questions"][0]["id"] == other
    assert len(privacy.export(ANN)["questions"]) == 1


def test_a_finished_job_is_forgotten_after_a_day_and_an_unfinished_one_never(
    library: Library, privacy: Privacy
) -> None:
    jobs = Jobs(library.database)
    finished, waiting = enqueue(library, ANN, "a"), enqueue(library, ANN, "b")
    jobs.finish(finished, "done", NOW)
    assert privacy.prune(NOW + DAY - 1) == 0
    assert privacy.prune(NOW + DAY) == 1
    assert jobs.find(finished) is None
    assert privacy.prune(NOW + 1000 * DAY) == 0
    assert jobs.find(waiting) is not None
