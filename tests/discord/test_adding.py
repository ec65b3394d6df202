"""Long work on the library: in line, seen to go on, and finished whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from index.collection_names import server_collection, user_collection
from index.store.library import Library
from tests.loopback import Channel, File, Message, User
from tests.support.managers import (
    add,
    ended,
    jsonl,
    long_text,
    plain,
    reported,
)
from tests.support.scene import PATIENCE, Scene, playing

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

MANY = 5
"""Articles in the file that takes some seconds."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with playing(tmp_path_factory.mktemp("adding"), starter="false") as scene:
        yield scene


def many(subject: str, sentences: int = 200) -> File:
    """Return a file that takes some seconds to add."""
    articles = [(f"{subject} {n}", long_text(f"{subject} {n}", sentences)) for n in range(MANY)]
    return jsonl(articles, f"{subject}.jsonl")


async def begun(scene: Scene, subject: str, sentences: int = 200) -> Message:
    """Begin to add many articles, and wait until the first of them is in the library."""
    file = many(subject, sentences)
    asked = await scene.ada.slash("article add", scene.general, file=file)
    notice = await asked.response()
    await until_held(scene, subject)
    return notice


async def until_held(scene: Scene, subject: str) -> None:
    for _ in range(int(PATIENCE * 20)):
        if titles(scene, subject):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing of {subject} was added")


def titles(scene: Scene, subject: str) -> list[str]:
    """Return the titles in the library that begin so, as they are on the disk."""
    db = sqlite3.connect(scene.data / "library.db")
    try:
        rows = db.execute("SELECT title FROM articles WHERE title LIKE ?", (f"{subject} %",))
        return [str(row[0]) for row in rows]
    finally:
        db.close()


async def test_progress_is_one_message_and_the_next_request_waits_its_turn(scene: Scene) -> None:
    bob = scene.person("Bob")
    manager = scene.guild.role("Manager", 1 << 5)
    await scene.guild.members[bob.id].give(manager)
    started = time.monotonic()
    first = await begun(scene, "Mill", 400)
    second = await scene.ada.slash("article add", scene.general, file=File("a.txt", b"Alpha."))
    await (await second.response()).becomes("1 request comes first")
    third = await bob.slash("article add", scene.general, file=File("b.txt", b"Beta."))
    waiting = await (await third.response()).becomes("2 requests come first")
    assert waiting.text.startswith("### Waiting to add your articles")
    report = await ended(scene, first)
    took = time.monotonic() - started
    assert f"{MANY} added" in report.text
    assert 2 <= first.edits <= took / 2 + 2, "an edit every two seconds, and the report"
    assert "1 added" in (await reported(scene, second)).text
    assert "1 added" in (await reported(scene, third)).text
    assert second.original is not None
    assert third.original is not None
    edited = [message.edited or 0 for message in (first, second.original, third.original)]
    assert edited == sorted(edited)
    assert len([m for m in scene.general.messages if m.author is scene.discord.bot]) == 3


@pytest.mark.parametrize("kill", [True, False], ids=["kill -9", "SIGTERM"])
async def test_a_restart_in_the_middle_loses_nothing(scene: Scene, *, kill: bool) -> None:
    subject = "Sluice" if kill else "Canal"
    notice = await begun(scene, subject)
    waiting = await scene.ada.slash(
        "article add",
        scene.general,
        file=File(f"{subject}.txt", f"{subject} after the others.".encode()),
    )
    queued = await (await waiting.response()).becomes("comes first")
    await scene.restart(kill=kill)
    assert len(titles(scene, subject)) < MANY, "it was done before the restart"
    report = await ended(scene, notice)
    assert "failed" not in report.text
    assert "1 added" in (await ended(scene, queued)).text
    assert sorted(titles(scene, subject)) == [f"{subject} {n}" for n in range(MANY)]
    listed = await (await scene.ada.slash("article list", scene.general)).response()
    assert subject in listed.text
    whole = Library(scene.data / "library.db")
    assert whole.check() == []
    whole.close()
    answer = await scene.answer_to(scene.ada, f"When was {subject} 3 number 17 measured?")
    assert f"{subject} 3" in plain(answer.text)


async def test_what_ends_the_bot_again_and_again_is_given_up(scene: Scene) -> None:
    notice = await begun(scene, "Quarry")
    scene.bot.kill()
    await scene.bot.stop()
    with sqlite3.connect(scene.data / "library.db") as db:
        db.execute("UPDATE jobs SET attempts = 3 WHERE finished IS NULL")
    db.close()
    await scene.restart()
    report = await ended(scene, notice)
    assert "was not added: I was stopped 3 times while reading it" in plain(report.text)


async def test_a_report_outlives_the_token(scene: Scene) -> None:
    notice = await begun(scene, "Weir")
    scene.discord.limits.token_s = 0.1
    try:
        report = await ended(scene, notice)
    finally:
        scene.discord.limits.token_s = 15 * 60
        assert len(scene.discord.forgive("token")) <= 1  # the bot can't know of the short life
    assert f"{MANY} added" in report.text


async def test_a_private_report_is_sent_when_its_token_is_over(scene: Scene) -> None:
    eve = scene.discord.user("Eve", installed=True)
    elsewhere = scene.discord.guild("Elsewhere", owner=eve, bot=False).text("general")
    asked = await eve.slash("article add", elsewhere, file=many("Lock"))
    notice = await asked.response()
    assert notice.ephemeral
    await until_held(scene, "Lock")
    await scene.restart(kill=True)
    sent = await eve.dm.next_message(PATIENCE)
    assert "### Done" in sent.text
    assert await its_collection(scene, "Lock 1") == user_collection(eve.id)


async def test_a_private_request_says_where_it_goes_on_before_its_token_ends(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    gus = scene.discord.user("Gus", installed=True)
    elsewhere = scene.discord.guild("Far", owner=gus, bot=False).text("general")
    young = scene.discord.ids.next
    age = int(14.02 * 60_000) << 22  # an id tells when it was made
    monkeypatch.setattr(scene.discord.ids, "next", lambda: young() - age)
    asked = await gus.slash("article add", elsewhere, file=many("Dike", 400))
    monkeypatch.undo()
    notice = await asked.response()
    await notice.becomes("I'll send you a direct message when it is done", PATIENCE)
    assert "### Done" in (await gus.dm.next_message(PATIENCE)).text


async def its_collection(scene: Scene, title: str) -> str:
    db = sqlite3.connect(scene.data / "library.db")
    try:
        sql = "SELECT c.name FROM articles a JOIN collections c ON c.key = a.collection"
        return str(db.execute(f"{sql} WHERE a.title = ?", (title,)).fetchone()[0])
    finally:
        db.close()


async def test_forgetting_somebody_stops_what_is_being_added_for_them(scene: Scene) -> None:
    fay = scene.discord.user("Fay", installed=True)
    asked = await fay.slash("article add", fay.dm, file=many("Pier"))
    notice = await asked.response()
    await until_held(scene, "Pier")
    await forget(fay, fay.dm)
    await notice.becomes("Nothing was added")
    assert titles(scene, "Pier") == []
    assert "1 added" in (await add(scene, File("p.txt", b"Another."), by=fay, where=fay.dm)).text


async def forget(person: User, channel: Channel) -> None:
    card = await (await person.slash("privacy", channel)).response()
    asks = await (await person.click(card, "Forget me")).response()
    done = await (await person.click(asks, "Yes, forget me")).response(PATIENCE)
    await done.becomes("Nothing is kept about you now")


async def test_a_server_that_is_left_is_hidden_and_comes_back_whole(scene: Scene) -> None:
    other = scene.discord.guild("Other", owner=scene.ada)
    hall = other.text("hall")
    await add(scene, File("oak.txt", b"The oak of Ulm is 512 years old."), where=hall)
    await other.goes_down()
    await other.comes_back()
    shown = await scene.ada.slash("article list", hall)
    assert "Oak" in (await shown.response()).text
    card = await (await scene.ada.slash("article remove", hall, article="oak")).response()
    await other.remove_bot()
    await until_hidden(scene, other.id)
    pressed = await scene.ada.click(card, "Yes, remove it")
    assert "I have left this server" in plain((await pressed.response()).text)
    await other.add_bot()
    await until_hidden(scene, other.id, hidden=False)
    shown = await scene.ada.slash("article list", hall)
    assert "Oak" in (await shown.response()).text


async def test_a_server_left_or_joined_while_away_is_noticed_and_an_outage_is_not(
    scene: Scene,
) -> None:
    gone, back, down = (scene.discord.guild(name, owner=scene.ada) for name in "gbd")
    for guild in (gone, back, down):
        await add(scene, File("elm.txt", b"An elm."), where=guild.text("hall"))
    await back.remove_bot()
    await until_hidden(scene, back.id)
    scene.bot.kill()
    await scene.bot.stop()
    await gone.remove_bot()
    await back.add_bot()
    await down.goes_down()
    await scene.restart()
    await until_hidden(scene, gone.id)
    await until_hidden(scene, back.id, hidden=False)
    assert not hidden(scene, down.id)
    await down.comes_back()
    shown = await scene.ada.slash("article list", next(iter(down.channels.values())))
    assert "Elm" in (await shown.response()).text

    # After 30 days it is deleted, articles, index and all; the others stay.
    scene.bot.kill()
    await scene.bot.stop()
    with sqlite3.connect(scene.data / "library.db") as db:
        db.execute("UPDATE departures SET since = since - 30 * 86400 - 10")
    db.close()
    await scene.restart()
    await until_hidden(scene, gone.id, hidden=False)
    assert held(scene, gone.id) == 0
    assert held(scene, back.id) == held(scene, down.id) == 1


def hidden(scene: Scene, guild: int) -> bool:
    return _count(scene, "SELECT count(*) FROM departures WHERE guild = ?", guild) > 0


def held(scene: Scene, guild: int) -> int:
    sql = "SELECT count(*) FROM articles a JOIN collections c ON c.key = a.collection"
    return _count(scene, f"{sql} WHERE c.name = ?", server_collection(guild))


def _count(scene: Scene, sql: str, value: int | str) -> int:
    db = sqlite3.connect(scene.data / "library.db")
    try:
        return int(db.execute(sql, (value,)).fetchone()[0])
    finally:
        db.close()


async def until_hidden(scene: Scene, guild: int, *, hidden: bool = True) -> None:
    for _ in range(200):
        if (_count(scene, "SELECT count(*) FROM departures WHERE guild = ?", guild) > 0) == hidden:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the server is{' not' if hidden else ''} hidden")
