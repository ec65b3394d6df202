"""Answers to messages: what is stored of them, and the replies that show them, in step."""

from __future__ import annotations

import asyncio

import discord

from bot.service.questions import GivenAnswer, Questions
from bot.wire.replies import Replies
from index.store.answers import StoredAnswer


class MessageAnswers:
    """Looks up, shows, replaces and removes the answers to messages.

    Whoever calls ``give`` or ``replace`` holds the message's turn.
    """

    def __init__(self, questions: Questions, replies: Replies) -> None:
        self._questions = questions
        self._replies = replies
        self._engine = questions.engine

    def turn(self, message: int) -> asyncio.Lock:
        """Return the lock to hold while a message is answered."""
        return self._replies.turn(message)

    async def find(self, channel: int, message: int) -> StoredAnswer | None:
        """Return the answer to a message."""
        return await self._engine.call(self._engine.answers.of_question, channel, message)

    async def shown_by(self, channel: int, reply: int) -> StoredAnswer | None:
        """Return the answer that a reply shows.

        Discord may tell of a reply before its own sender knows, so it waits for that.
        """
        message = self._replies.replied_to(reply)
        if message is not None:
            async with self.turn(message):
                pass
        return await self._engine.call(self._engine.answers.of_reply, channel, reply)

    async def is_answered(self, message: discord.Message) -> bool:
        """Say whether a message has a reply."""
        stored = await self.find(message.channel.id, message.id)
        shown = stored is not None and stored.reply_message is not None
        return shown or self._replies.has_reply(message.id)

    async def give(self, message: discord.Message, given: GivenAnswer) -> None:
        """Reply with an answer, and store which message shows it."""
        sent = await self._replies.send(message, given.card)
        if sent is not None:
            await self._questions.shown(given.id, message.channel.id, sent)

    async def replace(
        self, message: discord.Message, stored: StoredAnswer, given: GivenAnswer
    ) -> None:
        """Show an answer in the place of an earlier one."""
        if stored.reply_message is None:
            await self.give(message, given)
        else:
            await self._replies.change(message.channel.id, stored.reply_message, given.card)

    async def remove(self, channel: int, messages: list[int]) -> None:
        """Remove the answers to messages that were deleted, with their replies."""
        self._replies.mark_deleted(messages)
        for message in messages:
            async with self.turn(message):
                stored = await self.find(channel, message)
                try:
                    if stored is not None:
                        await self._engine.call(self._engine.answers.remove, stored.id)
                finally:
                    reply = stored.reply_message if stored else None
                    await self._replies.take_back(channel, message, reply)
