"""What is kept about somebody: theirs to have, theirs to delete, and nobody else's."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.loopback import Channel, File, Message, Permission, User
from tests.support.managers import add, plain, said
from tests.support.scene import (
    NOWHERE,
    PATIENCE,
    WORTH,
    Scene,
    playing,
)
from tests.support.stored_answers import on_disk

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with playing(tmp_path_factory.mktemp("privacy")) as scene:
        await scene.warm()
        yield scene


async def privacy(person: User, channel: Channel) -> Message:
    return await (await person.slash("privacy", channel)).response()


async def data(person: User, channel: Channel) -> dict[str, Any]:
    """Return the file that somebody gets."""
    card = await privacy(person, channel)
    sent = await (await person.click(card, "Send me everything")).response()
    assert sent.ephemeral
    (file,) = sent.attachments
    assert file.name == "passage-data.json"
    found: dict[str, Any] = json.loads(file.data)
    return found


async def test_everybody_gets_what_is_kept_about_them_and_nothing_else(scene: Scene) -> None:
    bob, cat = scene.person("Bob"), scene.person("Cat")
    answer = await scene.answer_to(bob, WORTH)
    await scene.answer_to(cat, "Who asked about catnip?")
    await (await bob.click(answer, "👍")).acknowledged()
    await add(scene, File("diary.txt", b"My cat is called Mia."), by=bob, where=bob.dm)
    card = await privacy(bob, scene.general)
    assert card.ephemeral
    assert "1 question, 1 rating (👍 or 👎), and 1 article of your own" in plain(card.text)
    assert "Questions and searches are kept for 90 days" in card.text
    for where in (scene.general, bob.dm):
        kept = await data(bob, where)
        assert kept["person"] == str(bob.id)
        assert [q["question"] for q in kept["questions"]] == [WORTH]
        assert [vote["helpful"] for vote in kept["feedback"]] == [True]
        assert [a["text"] for a in kept["articles"]] == ["My cat is called Mia."]
        assert "catnip" not in json.dumps(kept)


async def test_to_be_forgotten_is_asked_twice_and_done_at_once(scene: Scene) -> None:
    dan = scene.person("Dan")
    words = "aardvarkian zephyr"
    await scene.answer_to(dan, f"What is an {words}?")
    diary = File("diary.txt", f"I dream of an {words}.".encode())
    await add(scene, diary, by=dan, where=dan.dm)
    for sure in (False, True):
        card = await privacy(dan, dan.dm)
        asks = await (await dan.click(card, "Forget me")).response()
        assert "This can't be undone" in asks.text
        done = await dan.click(asks, "Yes, forget me" if sure else "No, keep them")
        told = plain((await done.response(PATIENCE)).text)
        kept = await data(dan, dan.dm)
        found = (len(kept["questions"]), len(kept["articles"]), len(kept["jobs"]))
        assert found == ((0, 0, 0) if sure else (1, 1, 1))
    assert told == "Deleted: 1 question, 0 ratings, 1 article. Nothing is kept about you now."
    assert not on_disk(scene.data / "library.db", words)
    listed = await said(await dan.slash("article list", dan.dm))
    assert "The library is empty" in listed


async def test_buttons_work_after_a_restart(scene: Scene) -> None:
    eli = scene.person("Eli")
    await scene.answer_to(eli, WORTH)
    card = await privacy(eli, scene.general)
    await scene.restart()
    sent = await (await eli.click(card, "Send me everything")).response()
    assert len(json.loads(sent.attachments[0].data)["questions"]) == 1


async def test_what_has_had_its_time_is_deleted(scene: Scene) -> None:
    fay = scene.person("Fay")
    question = "What is the weight of a quagmire lantern?"
    await scene.answer_to(fay, question)
    scene.bot.kill()
    await scene.bot.stop()
    with sqlite3.connect(scene.data / "library.db") as db:
        db.execute("UPDATE answers SET asked = ? WHERE asker = ?", (0, fay.id))
    db.close()
    await scene.restart()
    deadline = time.monotonic() + 10
    while (await data(fay, scene.general))["questions"] and time.monotonic() < deadline:
        pass
    assert (await data(fay, scene.general))["questions"] == []


async def test_managers_see_what_was_asked_in_vain_and_not_by_whom(scene: Scene) -> None:
    gil = scene.person("Gil")
    question = f"{NOWHERE} @everyone <@{gil.id}> **`x"
    for _ in range(2):
        await scene.answer_to(gil, question)
    secret = await gil.slash("ask", scene.general, question="Is xylitol secret?", private=True)
    await secret.response(PATIENCE)
    shown = await (await scene.ada.slash("missed", scene.general)).response()
    assert shown.ephemeral
    assert not shown.pings
    assert "2 times · nothing found · last on" in shown.text
    assert NOWHERE in plain(shown.text)
    assert "xylitol" not in shown.text
    assert "Gil" not in shown.text


async def test_help_shows_the_managers_commands_only_to_them(scene: Scene) -> None:
    hal = scene.person("Hal")
    manager = scene.guild.role("Manager", Permission.MANAGE_GUILD)
    assert "/article add" not in await said(await hal.slash("help", scene.general))
    await scene.guild.members[hal.id].give(manager)
    assert "/article add" in await said(await hal.slash("help", scene.general))
    assert "/article add" in await said(await hal.slash("help", hal.dm))


async def test_nothing_that_people_wrote_is_in_the_log(scene: Scene) -> None:
    for words in ("catnip", "aardvarkian", "quagmire", "tungsten", "diary", scene.discord.token):
        assert words not in scene.bot.log
