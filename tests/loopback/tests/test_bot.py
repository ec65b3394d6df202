"""A real discord.py bot, in a process of its own, lives in the loopback Discord."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tests.loopback
from tests.loopback import Channel, Discord, File, Guild, Intent, NotOffered, Permission, User

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TINY_BOT = str(Path(tests.loopback.__file__).with_name("tinybot.py"))


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord() as discord:
        discord.limits.lifetime_s = 60
        yield discord


@pytest.fixture
def ada(discord: Discord) -> User:
    return discord.user("Ada")


@pytest.fixture
def library(discord: Discord, ada: User) -> Guild:
    return discord.guild("Library", owner=ada)


@pytest.fixture
def general(library: Guild) -> Channel:
    return library.text("general")


async def test_it_connects_and_registers_its_commands(discord: Discord, library: Guild) -> None:
    async with discord.run(TINY_BOT) as bot:
        assert library.has_bot
        assert discord.commands.syncs == [
            (None, ["ask", "card", "report", "article", "break", "Answer this"])
        ]
        assert await bot.stop() == -signal.SIGTERM  # discord.py leaves handling it to the bot
    assert discord.violations == []


async def test_it_answers_at_once_or_later(discord: Discord, ada: User, general: Channel) -> None:
    bob = discord.user("Bob")
    general.guild.join(bob)  # type: ignore[union-attr]
    async with discord.run(TINY_BOT):
        quick = await ada.slash("ask", general, question="who?")
        assert (await quick.response()).text == "you asked: who?"
        slow = await ada.slash("ask", general, question="slow one", private=True)
        answer = await slow.response()
        assert answer.text == "after a while: slow one"
        assert answer in ada.sees(general)
        assert answer not in bob.sees(general)
        assert slow.ack_ms is not None
        assert slow.answer_ms is not None
        assert slow.ack_ms < 100 <= slow.answer_ms
    assert discord.violations == []


async def test_a_card_is_turned_by_a_button_even_after_a_restart(
    discord: Discord, ada: User, general: Channel
) -> None:
    async with discord.run(TINY_BOT):
        shown = await (await ada.slash("card", general)).response()
        assert (shown.is_v2, shown.labels, bool(shown.pings)) == (True, ["Page 2"], False)
    async with discord.run(TINY_BOT):
        turned = await (await ada.click(shown, "Page 2")).response()
        assert turned is shown
        assert shown.text.startswith("**page 2**")
        with pytest.raises(NotOffered, match="no button 'Page 2'"):
            await ada.click(shown, "Page 2")
    assert discord.violations == []


async def test_a_modal_is_filled_in(discord: Discord, ada: User, general: Channel) -> None:
    async with discord.run(TINY_BOT):
        form = await (await ada.slash("report", general)).form()
        words = {"Your words": "bad", "Why": "old", "Proof": File("a.txt", b"abc")}
        answer = await (await ada.submit(form, words)).response()
        assert answer.text == "bad / old / ['abc']"
        with pytest.raises(NotOffered, match="takes 0 to 50 characters"):
            await ada.submit(form, {"Your words": "x" * 51, "Why": "old"})
    assert discord.violations == []


async def test_files_subcommands_autocomplete_and_context_menus(
    discord: Discord, ada: User, general: Channel
) -> None:
    async with discord.run(TINY_BOT):
        added = await ada.slash("article add", general, file=File("a.txt", b"hello"))
        assert (await added.response()).text == "a.txt: hello"
        assert (await added.followup()).attachments[0].data == b"hello"
        choices = await ada.autocomplete("article show", general, title="wi")
        assert [c.name for c in choices] == ["wi 0", "wi 1", "wi 2"]
        said = await general.say(ada, "the moon")
        answer = await (await ada.context_menu("Answer this", said)).response()
        assert (answer.text, answer.ephemeral) == ("this: the moon", True)
        assert general.transcript(ada).split("\n\n")[1:] == [
            "Passage (only to Ada): a copy\n[file: a.txt]",
            "Ada: the moon",
            "Passage (only to Ada): this: the moon",
        ]
    assert discord.violations == []


async def test_it_replies_to_a_mention_and_in_a_dm_once(
    discord: Discord, ada: User, general: Channel
) -> None:
    async with discord.run(TINY_BOT):
        asked = await general.say(ada, "who?", mentions=[discord.bot])
        reply = await general.next_message()
        assert reply.text == f"heard: '{discord.bot.mention} who?'"
        assert reply.reply_to is asked
        assert not reply.pings
        await discord.gateway.repeat("MESSAGE_CREATE")
        await general.say(ada, "not for you")
        await general.stays_silent(0.2)
        await ada.dm.say(ada, "and here?")
        assert (await ada.dm.next_message()).text == "heard: 'and here?'"
    assert discord.violations == []


async def test_commands_are_offered_as_discord_does(
    discord: Discord, library: Guild, general: Channel
) -> None:
    bob, eve = discord.user("Bob"), discord.user("Eve", installed=True)
    keeper = library.role("Keeper", Permission.MANAGE_GUILD)
    member = library.join(bob)
    async with discord.run(TINY_BOT):
        with pytest.raises(NotOffered, match="it needs the permissions 32"):
            await bob.slash("report", general)
        assert await (await bob.slash("report", general, force=True)).form()
        await member.give(keeper)
        assert await (await bob.slash("report", general)).form()
        with pytest.raises(NotOffered, match="they aren't a member"):
            await eve.slash("ask", general, question="who?")
        asked = await eve.slash("ask", eve.dm, question="who?")
        assert asked.owners == {"0": "0", "1": str(eve.id)}
        assert await asked.response()
        elsewhere = discord.guild("Elsewhere", owner=eve, bot=False).text("general")
        with pytest.raises(NotOffered, match="neither the server nor the user"):
            await eve.slash("card", elsewhere)
        asked = await eve.slash("ask", elsewhere, question="who?")
        assert asked.owners == {"1": str(eve.id)}
        assert await asked.response()
    assert discord.violations == []


async def test_it_hears_of_a_guild_that_goes_down_or_away(discord: Discord, library: Guild) -> None:
    async with discord.run(TINY_BOT) as bot:
        await library.goes_down()
        await library.comes_back()
        other = discord.guild("Other")
        await library.remove_bot()
        assert await bot.says("left Library")
        await other.remove_bot()
        assert await bot.says("left Other")
    assert discord.violations == []


async def test_content_is_blank_without_the_intent() -> None:
    for privileged, heard in ((Intent(0), ""), (Intent.MESSAGE_CONTENT, "the moon")):
        async with Discord(privileged=privileged) as discord:
            ada = discord.user("Ada")
            general = discord.guild("Library", owner=ada).text("general")
            arguments = ["content"] if privileged else []
            async with discord.run(TINY_BOT, *arguments):
                answer = await (await ada.slash("ask", general, question="q")).response()
                said = await general.say(ada, "the moon", reply_to=answer)
                assert (await general.next_message()).text == f"heard: {heard!r}"
                said = await general.say(ada, f"{discord.bot.mention} the sun")
                mine = await general.next_message()
                assert mine.reply_to is said
                await general.say(ada, "the stars", reply_to=mine)
                assert (await general.next_message()).text == "heard: 'the stars'"
            assert discord.violations == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("late", "acknowledgement"),
        ("never", "acknowledgement"),
        ("twice", "acknowledgement"),
        ("2001", "schema"),
        ("4001", "components"),
        ("twins", "components"),
        ("ping", "ping"),
        ("steal", "author"),
    ],
)
async def test_a_broken_rule_is_reported(
    rule: str, expected: str, discord: Discord, ada: User, general: Channel
) -> None:
    discord.limits.acknowledge_s = 0.4
    if expected == "schema" and discord.schema is None:
        expected = "message"
    await general.say(ada, "mine")
    async with discord.run(TINY_BOT):
        await ada.slash("break", general, rule=rule)
        await discord.until(lambda: discord.violations or None, 2, "a violation")
    assert discord.violations[0].rule == expected, discord.violations


async def test_too_many_choices_are_reported(discord: Discord, ada: User, general: Channel) -> None:
    async with discord.run(TINY_BOT):
        with pytest.raises(TimeoutError):
            await ada.autocomplete("article show", general, title="too many", within=0.3)
    assert discord.violations[0].rule in ("schema", "autocomplete")


async def test_a_hundred_ask_at_once(discord: Discord, library: Guild, general: Channel) -> None:
    people = [discord.user(f"Person {n}") for n in range(100)]
    for person in people:
        library.join(person)
    async with discord.run(TINY_BOT):
        asked = [await p.slash("ask", general, question=f"slow {p.name}") for p in people]
        answers = await asyncio.gather(*(i.response(10) for i in asked))
        assert [a.text for a in answers] == [f"after a while: slow {p.name}" for p in people]
        assert all(i.ack_ms is not None and i.ack_ms < 3000 for i in asked)
    assert discord.violations == []
