"""/settings: what a server's managers can choose, on one card, and one channel at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import discord
from discord import app_commands, ui

from bot.cards import sentence_card, settings_card
from bot.cards.custom_ids import ComponentId
from bot.cards.settings import MOST_CHANNELS
from bot.service.context import CommandTree, Services
from bot.service.managers import server_manager_access
from bot.wire.component_router import number, numbers
from bot.wire.delivery import (
    Interaction,
    promise_turn,
    respond,
    turn,
)
from bot.wire.in_time import in_time
from index.errors import PassageError
from index.store.servers import ServerSettings, SettingsChange

_SEE = (
    "Discord shows my commands for managers only to those who manage the server: let the role see "
    "them under Server Settings › Integrations."
)
_UNREAD = (
    "There I can only read messages that mention me, and the titles of forum posts, until whoever "
    "runs me turns on message_content."
)


def add_to(tree: CommandTree, services: Services) -> None:
    """Add the commands, and what the card's selects do."""
    choices = Choices(services)
    tree.add_command(choices)
    services.components.on(choices.role, "role")
    services.components.on(choices.channels, "channels")
    services.components.on(choices.private, "private")
    services.components.on(choices.rate, "rate")
    services.components.on(choices.days, "days")


class Answered(app_commands.Transformer):
    """A channel that can be answered in: discord.py's own kinds include some that can't be."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """Return that this is a channel."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """Return the kinds that Discord offers."""
        return [discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum]

    async def transform(
        self, interaction: Interaction, value: app_commands.AppCommandChannel, /
    ) -> app_commands.AppCommandChannel:
        """Return the channel as it was chosen."""
        del interaction
        return value


@app_commands.default_permissions(manage_guild=True)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class Choices(app_commands.Group):
    """The settings of a server."""

    def __init__(self, services: Services) -> None:
        super().__init__(name="settings", description="Choose how I work on this server")
        self._services = services

    @app_commands.command(description="Show all settings on one card, and change them there")
    async def show(self, interaction: Interaction) -> None:
        """Show the settings, privately."""
        access = await in_time(
            interaction, server_manager_access(self._services.questions, interaction)
        )
        card = self._card(interaction, access.settings)
        await respond(interaction, card, private=True)

    @app_commands.command(
        name="answer-in",
        description="Choose whether I answer in a channel or forum without being asked",
    )
    @app_commands.describe(channel="The channel or forum", on="Off: only when I am asked")
    async def answer_in(
        self,
        interaction: Interaction,
        channel: app_commands.Transform[app_commands.AppCommandChannel, Answered],
        on: bool = True,
    ) -> None:
        """Turn one channel's being answered unasked on or off."""
        access = await in_time(
            interaction, server_manager_access(self._services.questions, interaction)
        )
        answered = access.settings.answered_channels | {channel.id}
        if on and len(answered) > MOST_CHANNELS:
            raise PassageError(
                f"I answer unasked in {MOST_CHANNELS} channels already: turn one of them off first."
            )
        servers, guild_id = self._services.engine.servers, _guild(interaction)
        change = self._services.engine.call(servers.answer_in, guild_id, channel.id, on=on)
        await in_time(interaction, change)
        told = f"In #{channel.name} I now answer without being asked when I have a clear answer."
        if not on:
            told = f"In #{channel.name} I now answer only when I am asked."
        elif _cannot_read(interaction, channel.id):
            told = f"{told} {_UNREAD}"
        await respond(interaction, sentence_card(told, tone="fine"), private=True)

    async def role(self, interaction: Interaction, _press: ComponentId) -> None:
        """Set or unset the role that manages the library."""
        ids = numbers(interaction)
        if interaction.guild_id in ids:
            raise PassageError("That role is everybody: choose one that only some people have.")
        await self._change(interaction, manager_role=ids[0] if ids else None)
        if ids:
            await _also(interaction, _SEE)

    async def channels(self, interaction: Interaction, _press: ComponentId) -> None:
        """Set all channels that are answered unasked."""
        ids = frozenset(numbers(interaction))
        await self._change(interaction, answered_channels=ids)
        if any(_cannot_read(interaction, channel) for channel in ids):
            await _also(interaction, _UNREAD)

    async def private(self, interaction: Interaction, press: ComponentId) -> None:
        """Set whether answers are private by default."""
        await self._change(interaction, private_by_default=press.number == 1)

    async def rate(self, interaction: Interaction, _press: ComponentId) -> None:
        """Set how many questions a minute each person may ask."""
        await self._change(interaction, per_minute=number(interaction))

    async def days(self, interaction: Interaction, _press: ComponentId) -> None:
        """Set how long questions are kept; those older go now."""
        await self._change(interaction, keep_questions_days=number(interaction))
        await self._services.engine.call(
            self._services.engine.privacy.prune, self._services.engine.now
        )

    async def _change(self, interaction: Interaction, **changed: Unpack[SettingsChange]) -> None:
        """Change a server's settings and show the card as it is now."""
        settings = await in_time(interaction, self._changed(interaction, changed), promise_turn)
        await turn(interaction, self._card(interaction, settings), private=True)

    async def _changed(self, interaction: Interaction, changed: SettingsChange) -> ServerSettings:
        await server_manager_access(self._services.questions, interaction)
        servers, guild_id = self._services.engine.servers, _guild(interaction)
        return await self._services.engine.call(servers.change, guild_id, **changed)

    def _card(self, interaction: Interaction, settings: ServerSettings) -> ui.LayoutView:
        """Return the card, without channels and a role that have been deleted."""
        guild = interaction.client.get_guild(_guild(interaction))
        if guild is None or guild.unavailable:
            return settings_card(settings)
        channels = {one for one in settings.answered_channels if guild.get_channel(one)}
        role = settings.manager_role
        return settings_card(
            replace(
                settings,
                answered_channels=frozenset(channels),
                manager_role=role if role and guild.get_role(role) else None,
            )
        )


def _cannot_read(interaction: Interaction, channel: int) -> bool:
    """Say whether a channel's messages can't be read, for want of the intent."""
    client = interaction.client
    guild = client.get_guild(_guild(interaction))
    found = guild.get_channel(channel) if guild else None
    return not client.intents.message_content and isinstance(found, discord.TextChannel)


def _guild(interaction: Interaction) -> int:
    assert interaction.guild_id is not None  # noqa: S101 - server_manager_access has seen to it
    return interaction.guild_id


async def _also(interaction: Interaction, sentence: str) -> None:
    """Say what else is to be known, beside the changed card."""
    await interaction.followup.send(view=sentence_card(sentence, tone="plain"), ephemeral=True)
