"""Questions in messages: mentions, replies with a ping, direct messages; edits and deletions."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import discord

from bot.cards import getting_ready_card, howto_card
from bot.service.access import collection_of_message, guild_of_message
from bot.service.message_answers import MessageAnswers
from bot.service.questions import Question, Questions
from bot.wire.deduplicate import Deduplicator
from bot.wire.delivery import TROUBLE
from bot.wire.failures import error_name, failure_card
from bot.wire.messenger import Messenger
from bot.wire.replies import Replies
from bot.wire.typing_indicator import TypingIndicator

if TYPE_CHECKING:
    from index.store.answers import StoredAnswer

log = logging.getLogger("passage")

T = TypeVar("T")

EDITABLE = 15 * 60
"""Seconds for which an edit of a question edits its answer."""

_SPOKEN = (discord.MessageType.default, discord.MessageType.reply)


class Mentions:
    """Answers messages that speak to the bot, each once, and again where they are edited."""

    def __init__(
        self,
        messenger: Messenger,
        questions: Questions,
        replies: Replies,
        answers: MessageAnswers,
    ) -> None:
        self._messenger = messenger
        self._questions = questions
        self._replies = replies
        self._answers = answers
        self._seen = Deduplicator()
        self._typing = TypingIndicator()

    def spoken_to(self, message: discord.Message) -> bool:
        """Say whether a message is for the bot: by a mention, a ping, or in private."""
        if message.author.bot or message.webhook_id or message.type not in _SPOKEN:
            return False
        me = self._messenger.user
        return guild_of_message(message) is None or (me is not None and me in message.mentions)

    async def message(self, message: discord.Message) -> None:
        """Answer a message that speaks to the bot, unless it has been answered or comes again."""
        if not self._seen.first(message.id):
            return
        async with self._answers.turn(message.id):
            if not await self._answers.is_answered(message):
                await self._answer(message)

    async def edited(self, message: discord.Message) -> None:
        """Answer a question again that was edited; what Discord adds to one is no edit."""
        age = (discord.utils.utcnow() - message.created_at).total_seconds()
        if message.edited_at is None or age > EDITABLE or not self.spoken_to(message):
            return
        async with self._answers.turn(message.id):
            stored = await self._answers.find(message.channel.id, message.id)
            text = self._text(message)
            if stored is None:
                self._seen.first(message.id)  # it may come after its edit
                await self._answer(message)
            elif text and text != stored.question:
                await self._answer_again(message, text, stored)

    async def deleted(self, channel: int, messages: list[int]) -> None:
        """Take back the answers to questions that were deleted."""
        await self._answers.remove(channel, messages)

    async def _answer(self, message: discord.Message) -> None:
        text = self._text(message)
        if not text:
            await self._replies.send(message, howto_card())
            return
        try:
            with self._questions.underway():
                await self._questions.admit(collection_of_message(message), message.author.id)
                question = await self._question(message, text)
                work = self._questions.answer(question)
                await self._answers.give(message, await self._waited_for(message, work))
        except Exception as error:  # noqa: BLE001 - the place where a question's failures end
            await self._reply_with_failure(message, error)

    async def _answer_again(
        self, message: discord.Message, text: str, stored: StoredAnswer
    ) -> None:
        question = await self._question(message, text)
        question = replace(question, answered=question.answered or stored.follows)
        with self._questions.underway():
            given = await self._questions.again(stored.id, question)
            await self._answers.replace(message, stored, given)

    async def _reply_with_failure(self, message: discord.Message, error: Exception) -> None:
        try:
            await self._replies.send(message, failure_card(error))
        except TROUBLE as failed:
            log.warning("message %s was not told of a failure: %s", message.id, error_name(failed))

    async def _waited_for(self, message: discord.Message, work: Awaitable[T]) -> T:
        """Wait for an answer, and show that it is being looked for if that takes longer."""
        task = asyncio.ensure_future(work)
        await self._typing.show_if_slow(message, task)
        if await self._questions.waits_long(task):
            await self._replies.send_note(message, getting_ready_card())
        return await task

    async def _question(self, message: discord.Message, text: str) -> Question:
        """Return a message's question; a reply to an answer goes on from there."""
        answered = None
        if message.reference is not None and message.reference.message_id is not None:
            replied_to = message.reference.message_id
            stored = await self._answers.shown_by(message.channel.id, replied_to)
            answered = stored.id if stored else None
        return Question(
            text=text,
            collection=collection_of_message(message),
            person=message.author.id,
            channel=message.channel.id,
            message=message.id,
            answered=answered,
        )

    def _text(self, message: discord.Message) -> str:
        """Return the text of a message without the mention of the bot."""
        me = self._messenger.user.id if self._messenger.user else 0
        return re.sub(rf"<@!?{me}>", " ", message.content).strip()
