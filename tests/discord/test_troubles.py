"""What goes wrong on the way: no answer is lost, and none comes twice."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.loopback import Discord, Permission, acts
from tests.support.scene import (
    PATIENCE,
    WORTH,
    Scene,
    environment,
    playing,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.loopback import Channel

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

MESSAGES = "/channels/.*/messages"
CALLBACK = "/interactions/.*/callback"
WEBHOOK = "/webhooks/.*"
END = "WARNING discord.shard: the gateway connection of shard 0 ended:"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with playing(tmp_path_factory.mktemp("data")) as scene:
        scene.set(per_minute=600)
        await scene.warm()
        yield scene


@pytest_asyncio.fixture(loop_scope="module")
async def room(scene: Scene, request: pytest.FixtureRequest) -> AsyncIterator[Channel]:
    yield scene.guild.text(request.node.name[:90])
    scene.discord.faults.clear()


async def asks(scene: Scene, room: Channel, *, then_silent: float = 0.3) -> None:
    """Mention the bot, and see one answer arrive, once."""
    said = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    answer = await room.next_message(PATIENCE)
    assert answer.reply_to is said
    assert "### Answer" in answer.text
    await room.stays_silent(then_silent)


@pytest.mark.parametrize("way", ["cut", "op 7", "refused resume", "op 9"])
async def test_a_broken_gateway_loses_no_answer(scene: Scene, room: Channel, way: str) -> None:
    gateway = scene.discord.gateway
    await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    await gateway.caught_up()
    identifies = gateway.identifies
    if way == "op 7":
        await gateway.ask_to_reconnect()
    elif way == "op 9":
        await gateway.invalidate()
    else:
        gateway.refuse_resumes = 1 if way == "refused resume" else 0
        await gateway.cut()
    assert "### Answer" in (await room.next_message(PATIENCE)).text
    if way in ("refused resume", "op 9"):
        await scene.bot.connected(identifies + 1, PATIENCE)
    await scene.discord.until(lambda: gateway.connected or None, 30, "the bot to be back")
    await asks(scene, room)


async def test_a_question_asked_during_the_cut_is_answered_once(
    scene: Scene, room: Channel
) -> None:
    resumes = scene.discord.gateway.resumes
    await scene.discord.gateway.cut()
    await asks(scene, room)
    assert scene.discord.gateway.resumes == resumes + 1


@pytest.mark.parametrize("everywhere", [False, True], ids=["route", "global"])
async def test_rate_limits_are_waited_for(scene: Scene, room: Channel, everywhere: bool) -> None:
    fault = scene.discord.faults.rate_limit("POST", MESSAGES, times=2, everywhere=everywhere)
    await asks(scene, room)
    assert fault.hits == 2


@pytest.mark.parametrize("applied", [False, True], ids=["not applied", "applied"])
@pytest.mark.parametrize("kind", ["502", "503", "504", "drop"])
async def test_a_reply_is_neither_lost_nor_doubled(
    scene: Scene, room: Channel, kind: str, applied: bool
) -> None:
    if kind == "drop":
        fault = scene.discord.faults.drop("POST", MESSAGES, applied=applied)
    else:
        fault = scene.discord.faults.fail("POST", MESSAGES, status=int(kind), applied=applied)
    # A second try comes after a second, where the first took effect.
    await asks(scene, room, then_silent=1.7 if applied else 0.3)
    assert fault.hits == 1


@pytest.mark.parametrize("applied", [False, True], ids=["not applied", "applied"])
@pytest.mark.parametrize("kind", ["429", "502", "drop"])
async def test_a_commands_answer_is_neither_lost_nor_doubled(
    scene: Scene, room: Channel, kind: str, applied: bool
) -> None:
    if kind == "429":
        fault = scene.discord.faults.rate_limit("POST", CALLBACK)
    elif kind == "drop":
        fault = scene.discord.faults.drop("POST", CALLBACK, applied=applied)
    else:
        fault = scene.discord.faults.fail("POST", CALLBACK, applied=applied)
    asked = await scene.ada.slash("ask", room, question=WORTH)
    assert "### Answer" in (await asked.response(PATIENCE)).text
    await scene.discord.until(lambda: fault.hits or None, 5, "the fault")
    await asyncio.sleep(1.5)
    assert len([m for m in room.messages if m.interaction is asked]) == 1


async def test_two_server_errors_and_a_limit_leave_time_to_acknowledge(
    scene: Scene, room: Channel
) -> None:
    faults = scene.discord.faults
    limited = faults.rate_limit("POST", CALLBACK)
    failed = faults.fail("POST", CALLBACK, status=503, times=2)
    asked = await scene.ada.slash("ask", room, question=WORTH)
    assert "### Answer" in (await asked.response(PATIENCE)).text
    assert (limited.hits, failed.hits) == (1, 2)
    assert not asked.failed


@pytest.mark.parametrize("applied", [False, True], ids=["not applied", "applied"])
@pytest.mark.parametrize("kind", ["429", "502", "504", "drop"])
async def test_a_promised_answer_is_kept(
    scene: Scene, room: Channel, kind: str, applied: bool
) -> None:
    """A first acknowledgement that is lost makes the answer go through the edit."""
    scene.discord.faults.drop("POST", CALLBACK, applied=True)
    if kind == "429":
        fault = scene.discord.faults.rate_limit("PATCH", WEBHOOK)
    elif kind == "drop":
        fault = scene.discord.faults.drop("PATCH", WEBHOOK, applied=applied)
    else:
        fault = scene.discord.faults.fail("PATCH", WEBHOOK, status=int(kind), applied=applied)
    asked = await scene.ada.slash("ask", room, question=WORTH)
    await scene.discord.until(
        lambda: len(scene.discord.calls("PATCH", asked.token)) > fault.hits or None,
        PATIENCE,
        "another try after the fault",
    )
    assert fault.hits == 1
    assert "### Answer" in (await asked.response(PATIENCE)).text
    assert len([m for m in room.messages if m.interaction is asked]) == 1


@pytest.mark.parametrize("kind", ["broken", "banned"])
async def test_half_an_answer_or_a_proxys_page_is_no_end(
    scene: Scene, room: Channel, kind: str
) -> None:
    faults = scene.discord.faults
    order = faults.broken if kind == "broken" else faults.ban
    said, answered = order("POST", MESSAGES), order("POST", CALLBACK)
    await asks(scene, room, then_silent=1.7)
    asked = await scene.ada.slash("ask", room, question=WORTH)
    assert "### Answer" in (await asked.response(PATIENCE)).text
    await asyncio.sleep(1.5)
    assert len([m for m in room.messages if m.interaction is asked]) == 1
    assert (said.hits, answered.hits) == (1, 1)


async def test_what_was_tried_in_vain_is_told_of_unless_it_took_effect(
    scene: Scene, room: Channel
) -> None:
    """The gateway tells the bot of an answer whose every request seemed to fail."""
    other, faults = scene.guild.text("another"), scene.discord.faults
    in_vain = faults.fail("POST", f"/channels/{other.id}/messages", status=503, times=6)
    banned = faults.ban("POST", f"/channels/{room.id}/messages", times=5, retry_after=0.1)
    last = faults.fail("POST", f"/channels/{room.id}/messages", status=503, applied=True)
    lost = await other.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    given = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    answer = await room.next_message(PATIENCE + 40)
    await scene.bot.says(f"message {lost.id} may have no answer: DiscordServerError (HTTP 503")
    await given.delete()
    await answer.vanishes(PATIENCE)
    assert (in_vain.hits, banned.hits, last.hits) == (6, 5, 1)
    assert str(given.id) not in scene.bot.log
    assert "Traceback" not in scene.bot.log
    await other.stays_silent(0.5)


async def test_each_fault_is_a_line_of_the_log(scene: Scene, room: Channel) -> None:
    faults, begun = scene.discord.faults, len(scene.bot.lines)
    faults.fail("POST", MESSAGES, status=503)
    faults.drop("POST", MESSAGES)
    faults.rate_limit("POST", MESSAGES, everywhere=True)
    await asks(scene, room)
    resumes = scene.discord.gateway.resumes
    await scene.discord.gateway.ask_to_reconnect()
    await scene.discord.until(lambda: scene.discord.gateway.resumes > resumes or None, 30, "it")
    about = f"WARNING passage: POST /channels/{room.id}/messages:"
    loud = [line[24:] for line in scene.bot.lines[begun:] if " INFO " not in line]
    assert loud == [
        f"{about} HTTP 503",
        f"{about} connection lost (ServerDisconnectedError)",
        f"{about} HTTP 429, everywhere, not again for 0.200 s",
        f"{END} Discord asked for a new one; resuming",
    ]


async def test_a_server_that_is_not_known_yet_is_no_direct_message(scene: Scene) -> None:
    guild = scene.discord.guild("New", owner=scene.ada, bot=False)
    room = guild.text("new")
    scene.discord.gateway.disorder.late["GUILD_CREATE"] = 1
    await guild.add_bot()
    await room.say(scene.ada, WORTH)
    assert scene.discord.gateway.disorder.late["GUILD_CREATE"] == 0
    await room.stays_silent(1.0)


async def test_a_press_that_comes_twice_is_one(scene: Scene, room: Channel) -> None:
    asked = await scene.ada.slash("ask", room, question=WORTH, private=True)
    answer = await asked.response(PATIENCE)
    scene.discord.gateway.disorder.twice["INTERACTION_CREATE"] = 1
    shared = await (await scene.ada.click(answer, "Share")).response(PATIENCE)
    await asyncio.sleep(1.0)
    assert "### Answer" in shared.text
    assert not shared.edits


async def test_a_command_that_comes_twice_counts_once(scene: Scene, room: Channel) -> None:
    scene.discord.gateway.disorder.twice["INTERACTION_CREATE"] = 2
    person = scene.person("Twice")
    scene.set(per_minute=2)
    try:
        for _ in range(2):
            asked = await person.slash("ask", room, question=WORTH)
            answer = await asked.response(PATIENCE)
            await asyncio.sleep(0.5)
            assert "### Answer" in answer.text
    finally:
        scene.set(per_minute=600)


async def test_no_answer_waits_for_the_typing_to_be_shown(scene: Scene, room: Channel) -> None:
    typing = scene.discord.faults.drop("POST", "/channels/.*/typing", times=300)
    questions = [f"{WORTH} And is {number} more than that?" for number in range(200)]
    said = [await room.say(scene.ada, q, mentions=[scene.discord.bot]) for q in questions]
    answers = [await room.next_message(PATIENCE) for _ in said]
    assert {answer.reply_to for answer in answers} == set(said)
    assert not any("Something went wrong" in answer.text for answer in answers)
    assert typing.hits


async def test_choices_that_come_too_late_are_a_line(scene: Scene, room: Channel) -> None:
    begun = len(scene.bot.lines)
    dropped = scene.discord.faults.drop("POST", CALLBACK)
    late = acts.slash(scene.ada, "search", room, {"article": "Ank"}, typing=True)
    await scene.bot.says("choices for search could not be offered: ServerDisconnectedError")
    loud = [line for line in scene.bot.lines[begun:] if " INFO " not in line]
    assert len(loud) == 2  # the lost connection, and what came of it
    assert (dropped.hits, late.callback) == (1, None)


async def test_a_channel_that_goes_takes_its_answers_along(scene: Scene, room: Channel) -> None:
    begun = len(scene.bot.lines)
    slow = scene.discord.faults.fail("POST", f"(?:{MESSAGES}|{CALLBACK})", status=502, times=2)
    said = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    asked = await scene.ada.slash("ask", room, question=WORTH)
    await scene.discord.until(lambda: slow.hits == 2 or None, PATIENCE, "two failures")
    await room.delete()
    await scene.bot.says(f"message {said.id} can't be answered: NotFound (HTTP 404, code 10003)")
    await scene.bot.says(f"interaction {asked.id} was gone before its answer: NotFound")
    assert "Traceback" not in scene.bot.log
    assert not [line for line in scene.bot.lines[begun:] if "failure" in line]


async def test_a_gateway_that_hangs_up_at_the_door_is_called_again(
    scene: Scene, room: Channel
) -> None:
    gateway = scene.discord.gateway
    gateway.closed_for_business = True
    await gateway.cut()
    await scene.bot.says("the gateway can't be reached for shard 0 (WSServerHandshakeError)")
    gateway.hangs_up_on, gateway.closed_for_business = 2, False
    await scene.bot.says("the connection to Discord is made anew", PATIENCE)
    await scene.discord.until(lambda: gateway.connected or None, PATIENCE, "the bot to be back")
    assert gateway.hangs_up_on == 0
    await asks(scene, room)
    assert "Traceback" not in scene.bot.log


async def test_a_late_answer_still_arrives_once(scene: Scene, room: Channel) -> None:
    scene.discord.faults.slow("POST", MESSAGES, 2.0)
    await asks(scene, room)


async def test_where_the_bot_may_not_speak_it_fails_quietly(scene: Scene, room: Channel) -> None:
    room.overwrite(scene.discord.bot, deny=Permission.SEND_MESSAGES)
    await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    await room.stays_silent(1.5)
    room.overwrite(scene.discord.bot, deny=Permission.READ_MESSAGE_HISTORY)
    await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    assert "### Answer" in (await room.next_message(PATIENCE)).text
    assert "Traceback" not in scene.bot.log


async def test_what_can_not_be_answered_is_told_of_once(scene: Scene, room: Channel) -> None:
    room.overwrite(scene.discord.bot, deny=Permission.SEND_MESSAGES)
    scene.discord.gateway.disorder.twice["MESSAGE_CREATE"] = 1
    said = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    await scene.bot.says(f"message {said.id} has no answer: the bot may not speak there")
    await room.stays_silent(1.0)
    assert scene.bot.log.count(str(said.id)) == 1


async def test_a_failure_is_a_sentence_with_a_reference_that_the_log_has(
    scene: Scene, room: Channel
) -> None:
    scene.discord.faults.drop("POST", CALLBACK, applied=True)
    scene.discord.faults.fail("PATCH", WEBHOOK, status=400)
    asked = await scene.ada.slash("ask", room, question="A question nobody is to read in a log?")
    shown = await asked.response(PATIENCE)
    await shown.becomes("Something went wrong here", PATIENCE)
    reference = shown.text.split("Reference: ")[1].strip()
    await scene.bot.says(f"failure {reference}: HTTPException (HTTP 400")
    assert "nobody is to read" not in scene.bot.log


async def start(discord: Discord, data: Path, **env: str) -> tuple[int, str]:
    """Start a bot that is to fail, and return its exit code and what it said."""
    bot = await discord.start("bot", env=environment(data) | env, ready_within=None)
    return await bot.ends(PATIENCE), bot.log


@pytest.mark.parametrize("token", ["", "   ", "wrong", "two words", "tökèn"])
async def test_a_missing_or_refused_token_is_one_sentence(tmp_path: Path, token: str) -> None:
    async with Discord() as discord:
        code, log = await start(discord, tmp_path, DISCORD_TOKEN=token)
        assert code == 1
        assert "DISCORD_TOKEN" in log.splitlines()[-1]
        assert "Traceback" not in log
        assert not token.strip() or token not in log


async def test_a_refused_intent_is_one_sentence(tmp_path: Path) -> None:
    async with Discord() as discord:
        code, log = await start(discord, tmp_path, PASSAGE_MESSAGE_CONTENT="true")
        assert code == 1
        assert "message content intent" in log.splitlines()[-1]
        assert "Traceback" not in log
        assert discord.violations == []


async def test_an_unreadable_data_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    async with Discord() as discord:
        code, log = await start(discord, tmp_path / "file")
        assert code == 1
        assert "can't be opened" in log.splitlines()[-1]
        assert "Traceback" not in log


async def test_no_discord_is_one_sentence(tmp_path: Path) -> None:
    async with Discord() as discord:
        nowhere = "http://127.0.0.1:9"
        code, log = await start(discord, tmp_path, LOOPBACK_DISCORD=nowhere)
        assert code == 1
        assert "can't be reached" in log.splitlines()[-1]
        assert "Traceback" not in log


NOTE = "Getting ready, about a minute; your answer follows."


def mapped(scene: Scene) -> str:
    """Return which files the bot's process holds in memory."""
    return Path(f"/proc/{scene.bot.process.pid}/maps").read_text("utf-8")


async def test_it_is_online_while_models_are_made_and_ends_politely(tmp_path: Path) -> None:
    # Into an empty folder, so that the models have to be compiled first.
    async with playing(tmp_path, cold=True, models=str(tmp_path / "models")) as scene:
        mention = scene.guild.text("mention")
        asked = await scene.ada.slash("ask", scene.general, question=WORTH)
        sought = await scene.ada.slash("search", scene.general, query=WORTH)
        said = await mention.say(scene.ada, WORTH, mentions=[scene.discord.bot])
        await asked.acknowledged()
        assert asked.ack_ms is not None
        assert asked.ack_ms < 3000
        assert asked.answered_at is None
        # A note is there in time, and the answer takes its place.
        answer, found = await asked.response(PATIENCE), await sought.response(PATIENCE)
        reply = await mention.next_message(PATIENCE)
        assert [one.text for one in (answer, found, reply)] == [NOTE] * 3
        assert reply.reply_to is said
        assert "ready to answer" not in scene.bot.log
        await scene.bot.says("ready to answer", 4 * PATIENCE)
        for one in (answer, found, reply):
            await scene.discord.until(lambda o=one: NOTE not in o.text or None, PATIENCE, "answers")
        assert "### Answer" in answer.text
        assert "### Answer" in reply.text
        assert found.text.startswith("### ")
        assert scene.bot.log.count("in a process of its own") == 2
        assert "libtorch" not in mapped(scene)
        await mention.stays_silent()

        # Told to stop, it answers what it was asked before it goes.
        asked = await scene.ada.slash("ask", scene.general, question="Who is Timur Akhmetov?")
        await scene.discord.gateway.caught_up()
        assert await scene.bot.stop() == 0
        assert "Akhmetov" in (await asked.response(1)).text
        assert scene.discord.gateway.sessions == {}


async def test_told_to_stop_while_loading_it_says_so_to_those_who_wait(tmp_path: Path) -> None:
    async with playing(tmp_path, cold=True) as scene:
        asked = await scene.ada.slash("ask", scene.general, question=WORTH)
        await asked.acknowledged()
        assert await scene.bot.stop(60) == 0
        assert asked.original is not None
        assert not asked.original.loading


async def test_what_fails_in_making_them_is_one_sentence_for_the_log_and_who_asks(
    tmp_path: Path,
) -> None:
    (tmp_path / "path" / "torch").mkdir(parents=True)
    fatal = "import os, time; time.sleep(9); os.kill(os.getpid(), 9)"
    (tmp_path / "path" / "torch" / "__init__.py").write_text(fatal)
    path = f"{tmp_path / 'path'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    settings = environment(tmp_path / "data", models=str(tmp_path / "models"))
    async with Discord() as discord:
        ada = discord.user("Ada")
        guild = discord.guild("Library", owner=ada)
        general, mention = guild.text("general"), guild.text("mention")
        bot = await discord.start("bot", env=settings | {"PYTHONPATH": path}, ready_within=PATIENCE)
        # Nobody learns from Discord whether the note got there; what fails takes its place.
        discord.faults.fail("POST", MESSAGES, status=403, applied=True)
        asked = await ada.slash("ask", general, question=WORTH)
        await mention.say(ada, WORTH, mentions=[discord.bot])
        sentence = "was not compiled, because its process was killed (signal 9)"
        answer, reply = await asked.response(PATIENCE), await mention.next_message(PATIENCE)
        for one in (answer, reply):
            await discord.until(lambda o=one: sentence in o.text or None, PATIENCE, "the sentence")
        line = await bot.says("no question can be answered: The embedder", PATIENCE)
        assert sentence in line
        assert "Traceback" not in bot.log
        await mention.stays_silent()
        assert await bot.stop() == 0
        assert discord.violations == []


async def test_told_to_stop_it_does_not_wait_for_a_model_that_is_made(tmp_path: Path) -> None:
    async with playing(tmp_path, cold=True, models=str(tmp_path / "models")) as scene:
        await scene.bot.says("compiling the embedder", PATIENCE)
        assert await scene.bot.stop(60) == 0
        assert list((tmp_path / "models").glob("*/manifest.json")) == []
        assert "no question can be answered" not in scene.bot.log
