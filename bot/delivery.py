"""Sending answers so that none is lost and none comes twice, whatever the line does.

discord.py waits out rate limits and tries again after a server error.  What it leaves to us
are connections that break, and answers that took effect although they seemed to fail.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import discord

log = logging.getLogger("passage")

T = TypeVar("T")
Interaction = discord.Interaction[Any]

ALREADY = 40060
"""Discord's code for an interaction that has been acknowledged."""

_PAUSES = (0.2, 1.0, 3.0)  # seconds before each further try
_PATIENCE = 20.0  # seconds after which a request is taken to be lost


async def persist(call: Callable[[], Awaitable[T]]) -> T:
    """Do what may be done twice until it is done once; the last failure is raised."""
    for pause in _PAUSES:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await call()
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            await asyncio.sleep(pause)
    return await call()


async def respond(
    interaction: Interaction, card: discord.ui.LayoutView, *, private: bool
) -> int | None:
    """Answer an interaction, at once or into its deferral, and return the message's id."""
    response = interaction.response
    if not response.is_done():
        try:
            sent = await persist(lambda: response.send_message(view=card, ephemeral=private))
        except discord.HTTPException as error:
            if error.code != ALREADY:
                raise
        else:
            return sent.message_id
    # A first try that took effect and then failed has left a message to write into.
    return (await persist(lambda: interaction.edit_original_response(view=card))).id


async def defer(interaction: Interaction, *, private: bool) -> None:
    """Promise an answer; it is public or private from now on."""
    await _once(lambda: interaction.response.defer(ephemeral=private, thinking=True))


async def promise(interaction: Interaction, *, private: bool) -> int:
    """Promise an answer, and return the id of the message that it will be."""
    sent = await _once(lambda: interaction.response.defer(ephemeral=private, thinking=True))
    if sent is not None and sent.message_id is not None:
        return sent.message_id
    return (await persist(interaction.original_response)).id


async def turn(interaction: Interaction, card: discord.ui.LayoutView, *, private: bool) -> None:
    """Put a card in the place of the one whose button was pressed.

    A private card never takes the place of one that others see: presses can be forged.
    """
    if private and not is_private(interaction):
        await respond(interaction, card, private=True)
    else:
        await _once(lambda: interaction.response.edit_message(view=card))


async def promise_turn(interaction: Interaction) -> None:
    """Promise a private card in the place of the one whose button was pressed."""
    if is_private(interaction):
        await _once(interaction.response.defer)
    else:
        await defer(interaction, private=True)


def is_private(interaction: Interaction) -> bool:
    """Say whether the message whose button was pressed is seen by nobody else."""
    return interaction.message is not None and interaction.message.flags.ephemeral


async def ask_form(interaction: Interaction, form: discord.ui.Modal) -> None:
    """Show a form."""
    await _once(lambda: interaction.response.send_modal(form))


async def _once(call: Callable[[], Awaitable[T]]) -> T | None:
    """Acknowledge an interaction; being told that this was done before is as good."""
    try:
        return await persist(call)
    except discord.HTTPException as error:
        if error.code != ALREADY:
            raise
    return None


async def reply(message: discord.Message, card: discord.ui.LayoutView) -> discord.Message:
    """Reply to a message, without a ping; told twice, Discord shows it once."""
    nonce = str(message.id)
    if not granted(message).read_message_history:  # then nothing can be replied to
        return await persist(lambda: message.channel.send(view=card, nonce=nonce))
    return await persist(lambda: message.reply(view=card, nonce=nonce, mention_author=False))


def may_reply(message: discord.Message) -> bool:
    """Say whether the bot may speak there; asking Discord in vain too often gets one banned."""
    permissions = granted(message)
    if isinstance(message.channel, discord.Thread):
        return permissions.send_messages_in_threads
    return permissions.send_messages


def granted(message: discord.Message) -> discord.Permissions:
    """Return what the bot may do where a message is, as far as it knows."""
    channel = message.channel
    if message.guild is None or not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return discord.Permissions.all()
    return channel.permissions_for(message.guild.me)


async def rewrite(message: discord.PartialMessage, card: discord.ui.LayoutView) -> None:
    """Put a card in the place of an earlier one; where that is gone there is nothing to do."""
    try:
        await persist(lambda: message.edit(view=card))
    except discord.NotFound:
        log.info("an answer was gone before it could be changed")


async def take_back(message: discord.PartialMessage) -> None:
    """Delete a message of the bot's, if it is still there."""
    try:
        await persist(message.delete)
    except discord.NotFound:
        log.info("an answer was gone before it could be deleted")
