"""No token is ever said, at the most talkative level, whatever goes well, wrong or mad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import Discord, File, Permission
from tests.support.managers import add
from tests.support.paths import TESTS
from tests.support.scene import (
    PATIENCE,
    WORTH,
    Scene,
    environment,
    playing,
)

pytestmark = pytest.mark.model

CLUMSY = TESTS / "loopback" / "clumsy_bot.py"
CALLBACK, WEBHOOK, MESSAGES = "/interactions/.*/callback", "/webhooks/.*", "/channels/.*/messages"


def secrets_of(discord: Discord) -> Iterator[str]:
    """Yield every token there was, and any half of one."""
    for token in (discord.token, *(one.token for one in discord.interactions)):
        yield token[: len(token) // 2] if token == discord.token else token[16:40]
        yield token[len(token) // 2 :]


def assert_nothing_told(discord: Discord, log: str) -> None:
    told = [line for line in log.splitlines() if any(s in line for s in secrets_of(discord))]
    assert told == []


async def test_a_talkative_bot_tells_no_token_whatever_happens(tmp_path: Path) -> None:
    async with playing(tmp_path, log_level="DEBUG") as scene:
        await everything(scene)
        await scene.bot.stop()
        log = scene.bot.log
        for words in (
            "DEBUG discord.gateway: For Shard ID",
            "DEBUG discord.http: POST",
            "DEBUG discord.webhook.async_: Webhook ID",
            "DEBUG asyncio",
            "/interactions/",
            "says: ",
            "429",
            "[redacted]",
        ):
            assert words in log, f"it was not talkative enough: no {words!r}"
        assert_nothing_told(scene.discord, log)


async def everything(scene: Scene) -> None:
    """Have the bot work, be slowed down, fail, be refused, and lose its connection."""
    faults, gateway = scene.discord.faults, scene.discord.gateway
    await scene.warm()
    await add(scene, File("mill.txt", b"The mill of Arden grinds rye."))
    faults.rate_limit("POST", CALLBACK)
    faults.rate_limit("PATCH", WEBHOOK)
    faults.drop("POST", CALLBACK, applied=True)
    await scene.answer_to(scene.ada, "What does the mill of Arden grind?")
    faults.rate_limit("POST", MESSAGES, everywhere=True)
    faults.fail("POST", MESSAGES)
    await scene.general.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    await scene.general.next_message(PATIENCE)
    faults.drop("POST", CALLBACK, applied=True)
    faults.fail("PATCH", WEBHOOK, status=400)
    asked = await scene.ada.slash("ask", scene.general, question=WORTH)
    await (await asked.response(PATIENCE)).becomes("Something went wrong here", PATIENCE)
    room = scene.guild.text("closed")
    room.overwrite(scene.discord.bot, deny=Permission.SEND_MESSAGES)
    await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    await room.stays_silent(1)
    await gateway.cut()
    await scene.discord.until(lambda: gateway.connected or None, PATIENCE, "the bot to be back")
    await gateway.invalidate()
    await scene.bot.connected(gateway.identifies + 1, PATIENCE)


async def test_a_bot_that_fails_over_its_token_still_does_not_tell_it(tmp_path: Path) -> None:
    env = environment(tmp_path, log_level="debug")
    async with Discord() as discord:
        ada = discord.user("Ada")
        general = discord.guild("Library", owner=ada).text("general")
        bot = await discord.start(str(CLUMSY), env=env, ready_within=PATIENCE)
        await ada.slash("privacy", general)
        await bot.says("clumsy is done", PATIENCE)
        await bot.says(" in on_interaction: RuntimeError", PATIENCE)
        await bot.stop()
        assert "the child has None" in bot.log
        for words in ("Task exception was never", "Exception ignored in", "Exception in thread"):
            assert words in bot.log
        assert bot.log.count("[redacted]") > 30
        assert_nothing_told(discord, bot.log)


@pytest.mark.parametrize("level", ["debug", "info"])
async def test_a_refused_token_is_not_told_either(tmp_path: Path, level: str) -> None:
    token = "MTE.refused+token.of-no-use_anywhere"  # noqa: S105 - opens nothing
    env = environment(tmp_path, log_level=level) | {"DISCORD_TOKEN": f" {token}\n"}
    async with Discord() as discord:
        bot = await discord.start("bot", env=env, ready_within=None)
        assert await bot.ends(PATIENCE) == 1
        assert "DISCORD_TOKEN" in bot.lines[-1]
        assert not any(half in bot.log for half in ("MTE.refused", "of-no-use_anywhere"))
        assert ("DEBUG" in bot.log) == (level == "debug")


async def test_at_the_usual_level_nothing_that_people_write_or_add_is_told(tmp_path: Path) -> None:
    async with playing(tmp_path, allowed_hosts="127.0.0.1") as scene:
        asked = await scene.ada.slash(
            "article add", scene.general, url=f"{scene.discord.url}/nobody-is-to-see-this"
        )
        await (await asked.response(PATIENCE)).becomes("Nothing", PATIENCE)
        await scene.answer_to(scene.ada, "What would nobody-is-to-see-this be?")
        assert "nobody-is-to-see-this" not in scene.bot.log
        assert "ready to answer" in scene.bot.log
        assert_nothing_told(scene.discord, scene.bot.log)
