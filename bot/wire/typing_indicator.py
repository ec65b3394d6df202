"""The "is typing" below a channel, for what takes a while."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import discord

from bot.wire.delivery import TROUBLE, may_reply
from bot.wire.failures import error_name

log = logging.getLogger("passage")

_DELAY = 1.0  # seconds of work after which it shows


class TypingIndicator:
    """Shows that something is being worked on."""

    def __init__(self) -> None:
        self._requests: set[asyncio.Task[None]] = set()

    async def show_if_slow(self, message: discord.Message, work: asyncio.Future[Any]) -> None:
        """Wait for some work a little, and show typing where a message is if that takes longer."""
        await asyncio.wait({work}, timeout=_DELAY)
        if not work.done() and may_reply(message):
            # The answer doesn't wait for it, whatever becomes of it.
            request = asyncio.create_task(_show(message), name="typing")
            self._requests.add(request)
            request.add_done_callback(self._requests.discard)


async def _show(message: discord.Message) -> None:
    try:
        await message.channel.typing()
    except TROUBLE as error:
        log.info("typing could not be shown: %s", error_name(error))
