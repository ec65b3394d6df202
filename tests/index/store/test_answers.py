"""The journal: answers that buttons, edits and redeliveries find again, and nobody else."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Answer, Quote
from index.store.answers import Answers
from index.store.library import Library
from index.store.servers import Servers
from tests.support.fakes import drafts, made
from tests.support.paths import ROOT
from tests.support.stored_answers import (
    ANN,
    NOW,
    ONE,
    TWO,
    answered,
    record,
)


@pytest.fixture
def journal(library: Library) -> Answers:
    return Answers(library.database)


def test_an_answer_comes_back_whole_after_a_restart(library: Library, journal: Answers) -> None:
    first = record(journal, 7, answered("Who built it?", 4))
    answer = answered("When?", 5, 4, state="closest", reason="similarity 0.61, without “when”")
    second = record(journal, 8, answer, follows=first, private=True)
    journal.answered_with(second, 200, 9)
    library.close()
    with closing(Library(library.path)) as again:
        kept = Answers(again.database).find(second, ONE)
    assert kept is not None
    assert (kept.id, kept.collection, kept.asker, kept.question) == (second, ONE, ANN, "When?")
    assert (kept.channel, kept.message, kept.asked) == (100, 8, NOW)
    assert (kept.reply_channel, kept.reply_message, kept.follows) == (200, 9, first)
    assert (kept.state, kept.confidence, kept.private) == ("closest", 0.875, True)
    assert kept.reason == "similarity 0.61, without “when”"
    assert kept.quote == Quote("It opened in 1932.", "1932", "bridge", 0, 18, 13)
    still = {ranked.passage.id: ranked.passage for ranked in answer.passages}
    assert kept.ranked(still) == answer.passages


def test_an_answer_without_passages_has_no_quote(journal: Answers) -> None:
    kept = journal.find(record(journal, 7, answered("Why?", state="none")), ONE)
    assert kept is not None
    assert (kept.quote, kept.passages, kept.follows, kept.reply_message) == (None, (), None, None)


def test_ids_are_short_fit_a_url_and_never_repeat(journal: Answers) -> None:
    ids = [record(journal, message) for message in range(200)]
    assert len(set(ids)) == 200
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{12}", name) for name in ids)  # 12 · 6 = 72 bits


def test_a_redelivered_message_is_found_and_kept_once(journal: Answers) -> None:
    first = record(journal, 7, answered("When?"))
    assert record(journal, 7, answered("When, again?"), now=NOW + 5) == first
    kept = journal.of_question(100, 7)
    assert kept is not None
    assert (kept.id, kept.question, kept.asked) == (first, "When?", NOW)
    assert journal.of_question(100, 8) is None


def test_an_answer_is_found_by_the_message_that_shows_it(journal: Answers) -> None:
    name = record(journal, 7)
    assert journal.of_reply(100, 9) is None
    journal.answered_with(name, 100, 9)
    kept = journal.of_reply(100, 9)
    assert kept is not None
    assert kept.id == name
    # A forwarded message names the channel that it came from; there it is not shown.
    assert journal.of_reply(101, 9) is None
    assert journal.of_question(101, 7) is None


def test_an_edited_question_replaces_the_answer_in_its_place(journal: Answers) -> None:
    name = record(journal, 7, answered("When?", 4))
    journal.answered_with(name, 100, 9)
    journal.update(name, answered("Who?", 5, 6, state="closest"), "similarity 0.4")
    kept = journal.find(name, ONE)
    assert kept is not None
    assert (kept.question, kept.state, kept.reason) == ("Who?", "closest", "similarity 0.4")
    assert [scores.passage for scores in kept.passages] == [5, 6]
    assert (kept.message, kept.reply_message, kept.asked) == (7, 9, NOW)
    journal.update("gone", answered(), "")


def test_a_removed_answer_is_gone_and_its_follow_up_stays(journal: Answers) -> None:
    first = record(journal, 7)
    second = record(journal, 8, follows=first)
    journal.remove(first)
    journal.remove(first)
    assert journal.find(first, ONE) is None
    assert journal.of_question(100, 7) is None
    kept = journal.find(second, ONE)
    assert kept is not None
    assert kept.follows is None


def test_passages_that_were_changed_or_removed_are_reported(
    library: Library, journal: Answers
) -> None:
    ids = []
    for name in ("a", "b", "c"):
        text, pieces = drafts(f"{name} opened in 1932.")
        library.store("shared", made(name, text), pieces)
        ids += [passage.id for passage in library.passages_of("shared", name)]
    kept = journal.find(record(journal, 7, answered("When?", *ids)), ONE)
    assert kept is not None
    assert None not in kept.ranked(library.passages(ids))
    library.remove("shared", "a")
    text, pieces = drafts("b opened in 1933.")
    library.store("shared", made("b", text), pieces)
    ranked = kept.ranked(library.passages([scores.passage for scores in kept.passages]))
    assert ranked[:2] == (None, None)
    assert ranked[2] is not None
    assert (ranked[2].passage.text, ranked[2].bm25) == ("c opened in 1932.", 7.25)


def test_an_id_seen_elsewhere_opens_nothing(journal: Answers) -> None:
    one = record(journal, 7, answered("canary of one"))
    two = record(journal, 8, answered("canary of two"), collection=TWO, follows=one)
    for name, elsewhere in ((one, TWO), (two, ONE), (one, "user:11"), (one, "shared")):
        assert journal.find(name, elsewhere) is None
    kept = journal.find(two, TWO)
    assert kept is not None
    assert (kept.question, kept.follows) == ("canary of two", None)


def test_nothing_of_a_server_that_the_bot_has_left_is_found(
    library: Library, journal: Answers
) -> None:
    guilds = Servers(library.database)
    name, other = record(journal, 7), record(journal, 8, collection=TWO)
    journal.answered_with(name, 100, 9)
    guilds.mark_left(1, NOW)
    assert journal.find(name, ONE) is None
    assert journal.of_question(100, 7) is None
    assert journal.of_reply(100, 9) is None
    assert journal.find(other, TWO) is not None
    assert guilds.mark_joined(1, NOW + 1)
    assert journal.find(name, ONE) is not None


def test_where_questions_are_not_kept_only_what_buttons_need_is(
    library: Library, journal: Answers
) -> None:
    guilds = Servers(library.database)
    guilds.change(1, keep_questions_days=0)
    canary = "canary-of-the-question"
    name = record(journal, 7, answered(canary, 4, reason=f"without “{canary}”"))
    journal.update(name, answered(f"{canary}, edited", 4, 5), f"without “{canary}”")
    kept = journal.find(name, ONE)
    assert kept is not None
    assert (kept.question, kept.asker, kept.reason) == (None, None, "")
    assert [scores.passage for scores in kept.passages] == [4, 5]
    assert kept.quote is not None
    assert record(journal, 7) == name
    guilds.change(1, keep_questions_days=90)
    journal.update(name, answered(canary, 6), canary)
    assert [row["question"] for row in library.database.read("SELECT * FROM answers")] == [None]
    assert canary not in "\n".join(library.database._db.iterdump())


@given(st.text(), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_that_discord_can_send_comes_back(question: str, words: str, score: float) -> None:
    with closing(Library(Path(":memory:"))) as library:
        journal = Answers(library.database)
        made_up = answered(question, 4, reason=words)
        answer = Answer(
            question, "answer", score, words, made_up.quote, made_up.passages, made_up.timing
        )
        kept = journal.find(record(journal, 7, answer), ONE)
    assert kept is not None
    whole = re.compile("[\ud800-\udfff]")
    assert kept.question == whole.sub("\ufffd", question)
    assert kept.reason == whole.sub("\ufffd", words)
    assert kept.confidence == score


def test_what_was_asked_shows_in_no_repr(journal: Answers) -> None:
    kept = journal.find(record(journal, 7, answered("canary", 4, reason="canary")), ONE)
    assert "canary" not in repr(kept)
    assert "1932" not in repr(kept)


_WRITER = """
import sys
from pathlib import Path
from index.store.answers import Answers
from index.store.feedback import Feedback
from index.store.jobs import Jobs
from index.store.library import Library
from index.store.servers import Servers
from tests.support.stored_answers import NOW, ONE, answered, record

database = Library(Path(sys.argv[1])).database
first = int(sys.argv[2])
journal, feedback = Answers(database), Feedback(database)
jobs, guilds = Jobs(database), Servers(database)
for number in range(first, first + 100_000):
    name = record(journal, number, answered(f"question {number}", number))
    print("answer", name, number, flush=True)
    feedback.vote(name, ONE, number, helpful=False, comment=f"comment {number}", now=NOW)
    print("vote", name, number, flush=True)
    job = jobs.enqueue(
        ONE, asker=number, kind="file", name="a", payload=b"%d" % number, channel=1, message=2,
        now=NOW,
    )
    print("job", job, number, flush=True)
    guilds.answer_in(1, number + 1, on=True)
    print("channel", number + 1, number, flush=True)
"""


def written_until_killed(path: Path, first: int, lines: int) -> list[list[str]]:
    """Let a process write, kill it after it acknowledged so many, return what it did."""
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        time.sleep(random.random() / 50)  # somewhere in the midst of a write
        process.kill()
        told += process.stdout.readlines()
    # The last line may have been cut short by the kill.
    return [line.split() for line in told if line.endswith("\n")]


def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    path, acknowledged = tmp_path / "library.db", []
    for round_ in range(6):
        acknowledged += written_until_killed(path, round_ * 100_000, 5 + 7 * round_)
    with closing(Library(path)) as library:
        journal, read = Answers(library.database), library.database.read
        channels = Servers(library.database).get(1).answered_channels
        assert library.check() == []
        for kind, name, number in acknowledged:
            if kind == "answer":
                kept = journal.find(name, ONE)
                assert kept is not None
                assert kept.question == f"question {number}"
                assert [scores.passage for scores in kept.passages] == [int(number)]
            elif kind == "vote":
                votes = read("SELECT comment FROM feedback WHERE person = ?", (int(number),))
                assert [row["comment"] for row in votes] == [f"comment {number}"]
            elif kind == "job":
                payloads = read("SELECT payload FROM payloads WHERE job = ?", (int(name),))
                assert [row["payload"] for row in payloads] == [number.encode()]
            else:
                assert int(name) in channels
    print(f"6 kills, {len(acknowledged)} acknowledged, all of them there")
