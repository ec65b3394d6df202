"""The real bot of the loopback tests lives through what goes wrong between it and Discord."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tests.loopback
from tests.loopback import BotProcess, Channel, Discord, User

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TINY_BOT = str(Path(tests.loopback.__file__).with_name("tinybot.py"))


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord() as discord:
        discord.limits.lifetime_s = 60
        yield discord
        assert discord.violations == []


@pytest.fixture
def ada(discord: Discord) -> User:
    return discord.user("Ada")


@pytest.fixture
def general(discord: Discord, ada: User) -> Channel:
    return discord.guild("Library", owner=ada).text("general")


@pytest.fixture
async def bot(discord: Discord, general: Channel) -> AsyncIterator[BotProcess]:
    assert general.guild
    async with discord.run(TINY_BOT) as bot:
        yield bot


async def replies(discord: Discord, ada: User, general: Channel) -> bool:
    await general.say(ada, "still there?", mentions=[discord.bot])
    return "still there?" in (await general.next_message(10)).text


async def test_a_cut_is_resumed_and_nothing_is_lost(
    discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    await discord.gateway.cut()
    assert await replies(discord, ada, general)
    assert await bot.says("resumed")
    assert (discord.gateway.identifies, discord.gateway.resumes) == (1, 1)


@pytest.mark.parametrize("way", ["close 4000", "op 7", "op 9 resumable"])
async def test_other_ends_of_a_connection_are_resumed_too(
    way: str, discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    if way == "close 4000":
        await discord.gateway.cut(4000)
    elif way == "op 7":
        await discord.gateway.ask_to_reconnect()
    else:
        await discord.gateway.invalidate(resumable=True)
    assert await bot.says("resumed")
    assert await replies(discord, ada, general)


@pytest.mark.parametrize("way", ["refused resume", "op 9"])
async def test_a_lost_session_is_identified_again(
    way: str, discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    if way == "op 9":
        await discord.gateway.invalidate()
    else:
        discord.gateway.refuse_resumes = 1
        await discord.gateway.cut()
    await bot.connected(identifies=2, within=10)
    assert await replies(discord, ada, general)
    assert discord.gateway.resumes == 0


async def test_rate_limits_are_waited_for(
    discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    assert bot
    discord.faults.rate_limit("POST", "/channels/.*/messages", times=2)
    discord.faults.rate_limit("POST", "/channels/.*/messages", everywhere=True)
    assert await replies(discord, ada, general)
    assert [c.status for c in discord.calls("POST", "/messages")] == [429, 429, 429, 200]


async def test_a_real_limit_is_respected_by_its_headers(
    discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    assert bot
    discord.faults.limit("POST", "/channels/.*/messages", limit=2, per=0.5)
    for _ in range(5):
        await general.say(ada, "again", mentions=[discord.bot])
    for _ in range(5):
        await general.next_message()
    assert {c.status for c in discord.calls("POST", "/messages")} == {200}


async def test_the_global_limit_is_waited_for(
    discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    assert bot
    discord.faults.limit_globally(3, per=0.3)
    for _ in range(6):
        await general.say(ada, "again", mentions=[discord.bot])
    for _ in range(6):
        await general.next_message()
    statuses = [c.status for c in discord.calls("POST", "/messages")]
    assert statuses.count(200) == 6
    assert statuses.count(429) > 0


async def test_a_module_is_run_with_its_arguments(discord: Discord, tmp_path: Path) -> None:
    package = tmp_path / "somebot"
    package.mkdir()
    (package / "__init__.py").touch()
    code = "import sys, discord.http as h; print(sys.argv[1:], h.Route.BASE, __name__)"
    (package / "__main__.py").write_text(code)
    bot = await discord.start("somebot", "run", cwd=tmp_path, ready_within=None)
    assert await bot.ends() == 0
    assert bot.log == f"['run'] {discord.url}/api/v10 __main__"


async def test_a_server_error_after_the_effect_sends_once(
    discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    assert bot
    discord.faults.fail("POST", "/channels/.*/messages", status=502, applied=True)
    assert await replies(discord, ada, general)
    await general.stays_silent(1.5)
    assert [c.status for c in discord.calls("POST", "/messages")] == [502, 200]


async def test_an_answer_survives_trouble_with_its_edit(
    discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    assert bot
    discord.faults.fail("PATCH", "/webhooks/.*", status=502)
    discord.faults.rate_limit("PATCH", "/webhooks/.*")
    asked = await ada.slash("ask", general, question="slow?")
    assert (await asked.response(10)).text == "after a while: slow?"


async def test_an_acknowledgement_lost_by_discord_is_not_held_against_the_bot(
    discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    assert bot
    discord.faults.fail("POST", "/interactions/.*", status=502, applied=True)
    asked = await ada.slash("ask", general, question="who?")
    assert (await asked.response()).text == "you asked: who?"
    await discord.until(lambda: discord.refusals or None, 5, "the second try")
    assert discord.refusals[0][1].code == 40060


async def test_a_dropped_connection_and_a_slow_answer_reach_the_bot(
    discord: Discord, ada: User, general: Channel, bot: BotProcess
) -> None:
    discord.faults.drop("POST", "/channels/.*/messages")
    await general.say(ada, "lost", mentions=[discord.bot])
    assert await bot.says("Ignoring exception in on_message")
    discord.faults.slow("POST", "/channels/.*/messages", 0.3)
    await general.say(ada, "late", mentions=[discord.bot])
    assert "late" in (await general.next_message()).text
    assert discord.faults.struck == {"drop": 1, "slow": 1}


async def test_a_wrong_token_and_a_refused_intent_end_the_bot(
    discord: Discord, general: Channel
) -> None:
    assert general.guild
    wrong = {"DISCORD_TOKEN": "wrong"}
    bot = await discord.start(TINY_BOT, env=wrong, ready_within=None)
    assert await bot.ends() != 0
    assert "LoginFailure" in bot.log
    assert [v.rule for v in discord.forgive("token")] == ["token"]
    bot = await discord.start(TINY_BOT, "content", ready_within=None)
    assert await bot.ends() != 0
    assert "PrivilegedIntentsRequired" in bot.log


async def test_shards_share_the_guilds() -> None:
    async with Discord(shards=2) as discord:
        ada = discord.user("Ada")
        channels = [discord.guild(f"Guild {n}", owner=ada).text("general") for n in range(4)]
        async with discord.run(TINY_BOT, "nosync") as bot:
            await bot.connected(identifies=2, within=10)
            for channel in channels:
                assert await replies(discord, ada, channel)
            assert sorted(s.shard for s in discord.gateway.sessions.values()) == [(0, 2), (1, 2)]
        assert discord.violations == []


async def test_the_server_does_not_outlive_its_time() -> None:
    discord = Discord()
    discord.limits.lifetime_s = 0.2
    async with discord:
        with pytest.raises(RuntimeError, match="lifetime"):
            await discord.until(lambda: None, 10, "nothing")
