"""A small, real discord.py bot with which the loopback Discord is proved.

It behaves, except for `/break`, which breaks the rule that it is told to.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands, ui

if TYPE_CHECKING:
    import re

NOBODY = discord.AllowedMentions.none()
Interaction = discord.Interaction["TinyBot"]


class More(ui.DynamicItem[ui.Button[Any]], template=r"more:(?P<page>\d+)"):
    """A button that works after a restart."""

    def __init__(self, page: int) -> None:
        super().__init__(ui.Button(label=f"Page {page}", custom_id=f"more:{page}"))
        self.page = page

    @classmethod
    async def from_custom_id(
        cls, _interaction: Any, _item: ui.Item[Any], match: re.Match[str]
    ) -> More:
        """Rebuild it from its custom_id."""
        return cls(int(match["page"]))

    async def callback(self, interaction: Any) -> None:
        """Turn the page."""
        await interaction.response.edit_message(view=card(self.page))


def card(page: int) -> ui.LayoutView:
    """A card with a button to the next page."""
    view = ui.LayoutView(timeout=None)
    text: ui.TextDisplay[Any] = ui.TextDisplay(f"**page {page}** of @everyone and `code`")
    view.add_item(ui.Container(text, ui.ActionRow(More(page + 1)), accent_colour=0x336699))
    return view


class Report(ui.Modal, title="What is wrong?"):
    """A modal with a line of text and a choice."""

    line: ui.Label[Any] = ui.Label(text="Your words", component=ui.TextInput(max_length=50))
    why: ui.Label[Any] = ui.Label(
        text="Why",
        component=ui.Select(options=[discord.SelectOption(label=w) for w in ("wrong", "old")]),
    )
    proof: ui.Label[Any] = ui.Label(
        text="Proof", component=ui.FileUpload(required=False, min_values=0)
    )

    async def on_submit(self, interaction: Any) -> None:
        """Say what was filled in."""
        files = [(await f.read()).decode() for f in self.proof.component.values]
        words = f"{self.line.component.value} / {self.why.component.values[0]} / {files}"
        await interaction.response.send_message(words, ephemeral=True)


class TinyBot(discord.AutoShardedClient):
    """Answers by repeating the question."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        intents.message_content = "content" in sys.argv
        super().__init__(intents=intents, allowed_mentions=NOBODY, max_ratelimit_timeout=30)
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        """Register what it can do."""
        register(self.tree)
        self.add_dynamic_items(More)
        if "nosync" not in sys.argv:
            await self.tree.sync()

    async def on_resumed(self) -> None:
        """Tell the test."""
        sys.stdout.write("resumed\n")

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Tell the test."""
        sys.stdout.write(f"left {guild.name}\n")

    async def on_message(self, message: discord.Message) -> None:
        """Reply to mentions and DMs."""
        mentioned = self.user in message.mentions
        if message.author == self.user or not (mentioned or message.guild is None):
            return
        await message.reply(f"heard: {message.content!r}", nonce=message.id, mention_author=False)


def register(tree: app_commands.CommandTree[TinyBot]) -> None:
    """Add the commands."""

    @tree.command(description="Repeats the question.")
    @app_commands.allowed_installs(guilds=True, users=True)
    async def ask(interaction: Interaction, question: str, private: bool = False) -> None:
        if question.startswith("slow"):
            await interaction.response.defer(ephemeral=private, thinking=True)
            await asyncio.sleep(0.1)
            await interaction.edit_original_response(content=f"after a while: {question}")
        else:
            await interaction.response.send_message(f"you asked: {question}", ephemeral=private)

    @tree.command(name="card", description="Shows a card.")
    async def show(interaction: Interaction) -> None:
        await interaction.response.send_message(view=card(1))

    @tree.command(description="Asks in a modal.")
    @app_commands.default_permissions(manage_guild=True)
    async def report(interaction: Interaction) -> None:
        await interaction.response.send_modal(Report())

    @tree.context_menu(name="Answer this")
    async def answer_this(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"this: {message.content}", ephemeral=True)

    tree.add_command(Articles())
    tree.command(name="break", description="Breaks a rule.")(break_rule)


class Articles(app_commands.Group, name="article", description="Articles."):
    """Commands with a file and with autocomplete."""

    @app_commands.command(description="Reads a file.")
    async def add(self, interaction: Interaction, file: discord.Attachment) -> None:
        """Say what is in the file, with a follow-up that carries it back."""
        data = await file.read()
        await interaction.response.send_message(f"{file.filename}: {data.decode()}")
        await interaction.followup.send(
            "a copy", file=await file.to_file(), ephemeral=True, view=discord.utils.MISSING
        )

    @app_commands.command(description="Shows an article.")
    async def show(self, interaction: Interaction, title: str) -> None:
        """Name the article."""
        await interaction.response.send_message(title)

    @show.autocomplete("title")
    async def titles(
        self, _interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Offer titles; too many of them when asked to."""
        count = 26 if current == "too many" else 3
        return [app_commands.Choice(name=f"{current} {n}", value=str(n)) for n in range(count)]


async def break_rule(interaction: Interaction, rule: str) -> None:
    """Break one rule."""
    await BREAKS[rule](interaction)


async def late(interaction: Interaction) -> None:
    """Answer after the deadline (which the test has shortened)."""
    await asyncio.sleep(0.7)
    await interaction.response.send_message("too late")


async def never(_interaction: Interaction) -> None:
    """Don't answer."""


async def twice(interaction: Interaction) -> None:
    """Answer two times."""
    await interaction.response.send_message("once")
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    body = {"type": 4, "data": {"content": "twice"}}
    await interaction.client.http.request(discord.http.Route("POST", path), json=body)


async def too_long(interaction: Interaction) -> None:
    """Send 2001 characters."""
    await interaction.response.send_message("x" * 2001)


async def too_long_card(interaction: Interaction) -> None:
    """Send 4001 characters in two text displays, which discord.py doesn't notice."""
    view = ui.LayoutView()
    for length in (4000, 1):
        text: ui.TextDisplay[Any] = ui.TextDisplay("x")
        view.add_item(text)
        text.content = "x" * length
    await interaction.response.send_message(view=view)


async def twins(interaction: Interaction) -> None:
    """Use a custom_id twice."""
    view = ui.View()
    for label in "ab":
        view.add_item(ui.Button(label=label, custom_id="same"))
    await interaction.response.send_message("twins", view=view)


async def ping(interaction: Interaction) -> None:
    """Forget allowed_mentions."""
    path = f"/channels/{interaction.channel_id}/messages"
    body = {"content": f"hello {interaction.user.mention} <@&{interaction.guild_id}> @everyone"}
    await interaction.response.send_message("see below")
    await interaction.client.http.request(discord.http.Route("POST", path), json=body)


async def steal(interaction: Interaction) -> None:
    """Edit the latest message of the channel, which somebody else wrote."""
    messages = [m async for m in interaction.channel.history(limit=1)]
    await interaction.response.defer()
    await messages[0].edit(content="mine now")


BREAKS = {
    "late": late,
    "never": never,
    "twice": twice,
    "2001": too_long,
    "4001": too_long_card,
    "twins": twins,
    "ping": ping,
    "steal": steal,
}


if __name__ == "__main__":
    TinyBot().run(os.environ["DISCORD_TOKEN"], log_level=30)
