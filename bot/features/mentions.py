"""Questions in messages: mentions, replies with a ping, direct messages; edits and deletions."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

import discord

from bot.cards import getting_ready_card, howto_card
from bot.service.access import collection_of_message, guild_of_message
from bot.service.questions import Question, Questions
from bot.wire.deduplicate import Deduplicator
from bot.wire.delivery import (
    TROUBLE,
    may_reply,
    reply,
    rewrite,
    take_back,
)
from bot.wire.failures import error_name, failure_card, is_unreachable
from bot.wire.messenger import Messenger
from index.lru import LRUCache

if TYPE_CHECKING:
    from index.records import Answer
    from index.store.answers import StoredAnswer

log = logging.getLogger("passage")

T = TypeVar("T")

EDITABLE = 15 * 60
"""Seconds for which an edit of a question edits its answer."""

_TYPING = 1.0  # seconds of thinking after which it shows
_REMEMBERED = 2_000  # messages whose replies are remembered beside the journal
_ON_ITS_WAY = 1.0  # seconds within which the gateway tells of a message
_UNKNOWN_REFERENCE = 50035
_SPOKEN = (discord.MessageType.default, discord.MessageType.reply)


class Mentions:
    """Answers messages that speak to the bot, each once, and keeps answers level with them."""

    def __init__(self, messenger: Messenger, questions: Questions) -> None:
        self._messenger = messenger
        self._questions = questions
        self._desk = questions.desk
        # One at a time for each message: an edit or a deletion waits for the answer.
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._heard = Deduplicator()
        self._deleted: LRUCache[int, None] = LRUCache(_REMEMBERED)
        self._said: LRUCache[int, int] = LRUCache(_REMEMBERED)  # replies, by what they reply to
        self._noted: LRUCache[int, None] = LRUCache(_REMEMBERED)
        self._shown_typing: set[asyncio.Task[None]] = set()

    def spoken_to(self, message: discord.Message) -> bool:
        """Say whether a message is for the bot: by a mention, a ping, or in private."""
        if message.author.bot or message.webhook_id or message.type not in _SPOKEN:
            return False
        me = self._messenger.user
        return guild_of_message(message) is None or (me is not None and me in message.mentions)

    async def message(self, message: discord.Message) -> None:
        """Answer a message that speaks to the bot, unless it has been answered or comes again."""
        if not self._heard.first(message.id):
            return
        async with self._turn(message.id):
            kept = await self._kept(message.channel.id, message.id)
            if (kept is None or kept.reply_message is None) and message.id not in self._said:
                await self._speak(message)

    async def appeared(self, message: discord.Message) -> None:
        """Take in from the gateway that a reply is there, whatever became of its request."""
        if message.nonce is None or not str(message.nonce).isdecimal():
            return
        question = int(message.nonce)
        self._said.put(question, message.id)
        if question in self._deleted and question not in self._turns:  # it is late for its turn
            await take_back(self._messenger.message(message.channel.id, message.id))

    async def edited(self, message: discord.Message) -> None:
        """Answer a question again that was edited; what Discord adds to one is no edit."""
        age = (discord.utils.utcnow() - message.created_at).total_seconds()
        if message.edited_at is None or age > EDITABLE or not self.spoken_to(message):
            return
        async with self._turn(message.id):
            kept = await self._kept(message.channel.id, message.id)
            text = self._question(message)
            if kept is None:
                self._heard.first(message.id)  # it may come after its edit
                await self._speak(message)
            elif text and text != kept.question:
                await self._speak_again(message, kept)

    async def deleted(self, channel: int, messages: list[int]) -> None:
        """Take back the answers to questions that were deleted."""
        for message in messages:
            self._deleted.put(message, None)
        for message in messages:
            async with self._turn(message):
                kept = await self._kept(channel, message)
                shown = self._said.pop(message) or (kept.reply_message if kept else None)
                try:
                    if kept is not None:
                        await self._desk.call(self._desk.journal.remove, kept.id)
                finally:
                    if shown is not None:
                        await take_back(self._messenger.message(channel, shown))

    async def volunteer(
        self,
        message: discord.Message,
        question: Question,
        answer: Answer,
        *,
        unless: Callable[[discord.Message], bool],
    ) -> None:
        """Give an answer that nobody asked the bot for, unless there is one by now."""
        async with self._turn(message.id):
            if unless(message) or await self._kept(message.channel.id, message.id):
                return
            given = await self._questions.keep(question, answer)
            shown = await self.say(message, given.card)
            if shown is not None:
                await self._questions.shown(given.id, message.channel.id, shown)

    async def say(self, message: discord.Message, card: discord.ui.LayoutView) -> int | None:
        """Reply, or write into the reply that there is, unless the message is gone."""
        if message.id in self._deleted:
            return None
        if not may_reply(message):
            log.warning("message %s has no answer: the bot may not speak there", message.id)
            return None
        earlier = self._said.get(message.id)
        if earlier is not None:
            await rewrite(self._messenger.message(message.channel.id, earlier), card)
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
        self._said.put(message.id, sent.id)
        if message.id in self._noted:  # Discord may have shown us the note instead
            self._noted.pop(message.id)
            await rewrite(self._messenger.message(message.channel.id, sent.id), card)
        return sent.id

    async def _unsure(self, message: int, error: Exception) -> int | None:
        """Return the reply that is there although every try to send it seemed to fail."""
        await asyncio.sleep(_ON_ITS_WAY)
        shown = self._said.get(message)
        if shown is None:
            log.warning("message %s may have no answer: %s", message, error_name(error))
        return shown

    async def _speak(self, message: discord.Message) -> None:
        text = self._question(message)
        if not text:
            await self.say(message, howto_card())
            return
        try:
            with self._questions.underway():
                question = await self._admitted(message, text)
                given = await self._typing(message, self._questions.answer(question))
                shown = await self.say(message, given.card)
                if shown is not None:
                    await self._questions.shown(given.id, message.channel.id, shown)
        except Exception as error:  # noqa: BLE001 - the place where a question's failures end
            await self._tell(message, error)

    async def _tell(self, message: discord.Message, error: Exception) -> None:
        try:
            await self.say(message, failure_card(error))
        except TROUBLE as failed:
            log.warning("message %s was not told of a failure: %s", message.id, error_name(failed))

    async def _speak_again(self, message: discord.Message, kept: StoredAnswer) -> None:
        question = await self._put(message, self._question(message))
        question = replace(question, answered=question.answered or kept.follows)
        with self._questions.underway():
            given = await self._questions.again(kept.id, question)
            if kept.reply_message is None:
                shown = await self.say(message, given.card)
                if shown is not None:
                    await self._questions.shown(given.id, message.channel.id, shown)
            else:
                await rewrite(
                    self._messenger.message(message.channel.id, kept.reply_message), given.card
                )

    async def _admitted(self, message: discord.Message, text: str) -> Question:
        await self._questions.admit(collection_of_message(message), message.author.id)
        return await self._put(message, text)

    async def _put(self, message: discord.Message, text: str) -> Question:
        """Return a message's question; a reply to an answer goes on from there."""
        answered = None
        if message.reference is not None and message.reference.message_id is not None:
            find = self._desk.journal.of_reply
            kept = await self._desk.call(find, message.channel.id, message.reference.message_id)
            answered = kept.id if kept else None
        return Question(
            text=text,
            collection=collection_of_message(message),
            person=message.author.id,
            channel=message.channel.id,
            message=message.id,
            answered=answered,
        )

    async def _typing(self, message: discord.Message, work: Awaitable[T]) -> T:
        """Wait for an answer, and show that it is being looked for if that takes longer."""
        task = asyncio.ensure_future(work)
        await asyncio.wait({task}, timeout=_TYPING)
        if not task.done() and may_reply(message):
            # The answer doesn't wait for it, whatever becomes of it.
            typing = asyncio.create_task(_show_typing(message), name="typing")
            self._shown_typing.add(typing)
            typing.add_done_callback(self._shown_typing.discard)
        if await self._questions.waits_long(task):
            await self._tell_of_wait(message)
        return await task

    async def _tell_of_wait(self, message: discord.Message) -> None:
        """Reply with a note that the answer takes the place of, whether or not this gets there."""
        with suppress(*TROUBLE):
            if await self.say(message, getting_ready_card()) is not None:
                return
        self._noted.put(message.id, None)

    def _question(self, message: discord.Message) -> str:
        """Return the text of a message without the mention of the bot."""
        me = self._messenger.user.id if self._messenger.user else 0
        return re.sub(rf"<@!?{me}>", " ", message.content).strip()

    async def _kept(self, channel: int, message: int) -> StoredAnswer | None:
        return await self._desk.call(self._desk.journal.of_question, channel, message)

    def _turn(self, message: int) -> asyncio.Lock:
        return self._turns.setdefault(message, asyncio.Lock())


def _refused(error: Exception) -> bool:
    """Say whether Discord will not have the answer: the question or the channel is gone."""
    if not isinstance(error, discord.HTTPException):
        return False
    return error.code == _UNKNOWN_REFERENCE or error.status in (403, 404)


async def _show_typing(message: discord.Message) -> None:
    try:
        await message.channel.typing()
    except TROUBLE as error:
        log.info("typing could not be shown: %s", error_name(error))
