"""Sending answers so that none is lost and none comes twice, whatever the line does.

discord.py waits out rate limits and tries again after most server errors.  What it leaves to us
are connections that break, outages that last, limits set by what stands before Discord, and
answers that took effect although they seemed to fail.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import discord

from bot.wire.request_log import HASTE, patience

log = logging.getLogger("passage")

T = TypeVar("T")
Interaction = discord.Interaction[Any]

ALREADY = 40060
"""Discord's code for an interaction that has been acknowledged."""

GONE = (10003, 10008, 10015, 10062, 50027)
"""Its codes for what is gone: channel, message, webhook, interaction, and a token's time."""

TROUBLE = (discord.HTTPException, aiohttp.ClientError, OSError)
"""What a request may raise; TimeoutError and ConnectionError are kinds of OSError."""

_PAUSES = (0.2, 1.0, 3.0, 8.0, 20.0)  # seconds before each further try
_PATIENCE = 20.0  # seconds after which a request is taken to be lost
_LONGEST = 60.0  # seconds of being kept out by a proxy that are waited for


async def persist(call: Callable[[], Awaitable[T]], *, within: float = _PATIENCE) -> T:
    """Do what may be done twice until it is done once; the last failure is raised.

    With three seconds left to acknowledge something, each try is made in haste.
    """
    for pause in _PAUSES:
        try:
            async with patience(within):
                return await call()
        except discord.HTTPException as error:
            retry_after = _retry_after(error)
            if retry_after is None:
                raise
            await asyncio.sleep(max(pause, retry_after))
        except (aiohttp.ClientError, OSError):
            await asyncio.sleep(pause)
    return await call()


def _retry_after(error: discord.HTTPException) -> float | None:
    """Return for how many seconds not to try again, None where that would be in vain.

    A 429 that discord.py hands on comes from a proxy.
    """
    if error.status >= 500:
        return 0.0
    if error.status != 429:
        return None
    wait = float(error.response.headers.get("Retry-After") or 0.0)
    return wait if wait <= _LONGEST else None


async def respond(
    interaction: Interaction, card: discord.ui.LayoutView, *, private: bool
) -> int | None:
    """Answer an interaction, at once or into its deferral, and return the message's id."""
    response = interaction.response
    if not response.is_done():
        try:
            send = response.send_message
            sent = await persist(lambda: send(view=card, ephemeral=private), within=HASTE)
        except discord.HTTPException as error:
            if error.code != ALREADY:
                raise
        else:
            return sent.message_id
    if response.type is discord.InteractionResponseType.deferred_message_update:
        # What was promised is a change of the pressed card, whose place this is not to take.
        return (await interaction.followup.send(view=card, ephemeral=private, wait=True)).id
    # A first try that took effect and then failed has left a message to write into.
    return (await persist(lambda: interaction.edit_original_response(view=card))).id


async def defer(interaction: Interaction, *, private: bool) -> None:
    """Promise an answer, unless that was done; it is public or private from now on."""
    await _deferred(interaction, private=private)


async def promise(interaction: Interaction, *, private: bool) -> int:
    """Promise an answer, and return the id of the message that it will be."""
    sent = await _deferred(interaction, private=private)
    if sent is not None and sent.message_id is not None:
        return sent.message_id
    return (await persist(interaction.original_response)).id


async def _deferred(
    interaction: Interaction, *, private: bool
) -> discord.InteractionCallbackResponse[Any] | None:
    if interaction.response.is_done():
        return None
    return await _once(lambda: interaction.response.defer(ephemeral=private, thinking=True))


async def turn(interaction: Interaction, card: discord.ui.LayoutView, *, private: bool) -> None:
    """Put a card in the place of the one whose button was pressed.

    A private card never takes the place of one that others see: presses can be forged.
    """
    if private and not is_private(interaction):
        await respond(interaction, card, private=True)
    elif interaction.response.is_done():
        await persist(lambda: interaction.edit_original_response(view=card))
    else:
        await _once(lambda: interaction.response.edit_message(view=card))


async def promise_update(interaction: Interaction) -> None:
    """Promise to see to a press, which nobody sees yet: ``turn`` and ``respond`` may follow."""
    await _once(interaction.response.defer)


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
        return await persist(call, within=HASTE)
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
