"""Replies to messages: which message shows the answer to which, so that each has one at the most.

What Discord tells of a reply may come before, after, or instead of the response to sending it,
and the message that it replies to may be deleted at any moment.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from weakref import WeakValueDictionary

import discord

from bot.wire.delivery import TROUBLE, may_reply, reply, rewrite, take_back
from bot.wire.failures import error_name, is_unreachable
from bot.wire.messenger import Messenger
from index.lru import LRUCache

log = logging.getLogger("passage")

_REMEMBERED = 2_000  # messages whose replies are remembered beside what is stored of them
_ON_ITS_WAY = 1.0  # seconds within which the gateway tells of a message
_UNKNOWN_REFERENCE = 50035


class Replies:
    """Sends, changes and takes back the bot's replies."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        # One at a time for each message: an edit or a deletion waits for the answer.
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._deleted: LRUCache[int, None] = LRUCache(_REMEMBERED)
        self._sent: LRUCache[int, int] = LRUCache(_REMEMBERED)  # replies, by what they reply to
        self._replied_to: LRUCache[int, int] = LRUCache(_REMEMBERED)  # and the other way round
        self._unsure_notes: LRUCache[int, None] = LRUCache(_REMEMBERED)

    def turn(self, message: int) -> asyncio.Lock:
        """Return the lock to hold while anything is done about a message's reply."""
        return self._turns.setdefault(message, asyncio.Lock())

    def has_reply(self, message: int) -> bool:
        """Say whether a message is known to have been replied to lately."""
        return message in self._sent

    def replied_to(self, reply: int) -> int | None:
        """Return the message that one of the bot's latest replies is to."""
        return self._replied_to.get(reply)

    async def send(self, message: discord.Message, card: discord.ui.LayoutView) -> int | None:
        """Reply, or write into the reply that there is, and return the reply's id.

        None where there is none: the message is gone, or the bot may not or could not speak.
        """
        if message.id in self._deleted:
            return None
        if not may_reply(message):
            log.warning("message %s has no answer: the bot may not speak there", message.id)
            return None
        earlier = self._sent.get(message.id)
        if earlier is not None:
            await self.change(message.channel.id, earlier, card)
            return earlier
        try:
            sent = await reply(message, card)
        except TROUBLE as error:
            if is_unreachable(error):
                return await self._unsure(message.id, error)
            if _refused(error):
                log.warning("message %s can't be answered: %s", message.id, error_name(error))
                return None
            raise
        self._remember(message.id, sent.id)
        if message.id in self._unsure_notes:  # Discord may have shown us the note instead
            self._unsure_notes.pop(message.id)
            await self.change(message.channel.id, sent.id, card)
        return sent.id

    async def send_note(self, message: discord.Message, card: discord.ui.LayoutView) -> None:
        """Reply with a note that what is sent next replaces, whether or not this gets there."""
        with suppress(*TROUBLE):
            if await self.send(message, card) is not None:
                return
        self._unsure_notes.put(message.id, None)

    async def change(self, channel: int, sent: int, card: discord.ui.LayoutView) -> None:
        """Put a card in the place of a reply's; nothing happens where the reply is gone."""
        await rewrite(self._messenger.message(channel, sent), card)

    async def appeared(self, message: discord.Message) -> None:
        """Take in from the gateway that a reply is there, whatever became of its request."""
        if message.nonce is None or not str(message.nonce).isdecimal():
            return
        replied_to = int(message.nonce)
        self._remember(replied_to, message.id)
        if replied_to in self._deleted and replied_to not in self._turns:  # late for its turn
            await take_back(self._messenger.message(message.channel.id, message.id))

    def mark_deleted(self, messages: list[int]) -> None:
        """Have nothing sent any more in reply to messages that were deleted."""
        for message in messages:
            self._deleted.put(message, None)

    async def take_back(self, channel: int, message: int, stored: int | None) -> None:
        """Delete the reply to a message: the one known here, or else the one ``stored``."""
        sent = self._sent.pop(message) or stored
        if sent is not None:
            await take_back(self._messenger.message(channel, sent))

    def _remember(self, message: int, reply: int) -> None:
        self._sent.put(message, reply)
        self._replied_to.put(reply, message)

    async def _unsure(self, message: int, error: Exception) -> int | None:
        """Return the reply that is there although every try to send it seemed to fail."""
        await asyncio.sleep(_ON_ITS_WAY)
        sent = self._sent.get(message)
        if sent is None:
            log.warning("message %s may have no answer: %s", message, error_name(error))
        return sent


def _refused(error: Exception) -> bool:
    """Say whether Discord will not have the reply: the message or the channel is gone."""
    if not isinstance(error, discord.HTTPException):
        return False
    return error.code == _UNKNOWN_REFERENCE or error.status in (403, 404)
