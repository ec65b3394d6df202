"""Channels and forums where questions are answered without a mention.

The bot speaks up there only when it is sure, once in a thread, and not when somebody else has
answered.  A forum post says its question in its title, which needs no privileged intent.
"""

from __future__ import annotations

import asyncio
import re

import discord

from bot.service.access import collection_of_message
from bot.service.message_answers import MessageAnswers
from bot.service.questions import Question, Questions
from bot.wire.deduplicate import Deduplicator
from bot.wire.delivery import persist
from index.collection_names import server_collection
from index.lru import LRUCache
from index.records import Answer

SURE = 0.75
"""The confidence that an answer needs to be given unasked."""

_FRESH = 120  # seconds; what is older, as after an outage, has had its chance of an answer
_FIRST_MESSAGE = 2.0  # seconds that a post's text may come after its title
_THREADS = 1_000  # threads that are remembered
_ASKS = re.compile(
    r"[?？؟;]|^\W*(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did"
    r"|can|could|will|would|should|has|have|had)\b",
    re.IGNORECASE,
)


class Unasked:
    """Listens where a server's managers have asked for it."""

    def __init__(self, questions: Questions, answers: MessageAnswers) -> None:
        self._questions = questions
        self._answers = answers
        self._considered = Deduplicator()
        self._replied_to: LRUCache[int, None] = LRUCache(_THREADS)  # by others
        self._posts: LRUCache[int, asyncio.Future[discord.Message]] = LRUCache(_THREADS)

    async def message(self, message: discord.Message) -> None:
        """Answer a message that asks nobody in particular."""
        if message.guild is None or message.author.bot or message.webhook_id:
            return
        self._notice(message)
        if isinstance(message.channel, discord.Thread):
            return  # a post is answered through its thread, what comes later is talk
        asks = message.reference is None and _ASKS.search(message.content) is not None
        if asks and await self._listens(message.guild.id, message.channel.id):
            await self._speak_up(message, [message.content])

    async def thread(self, thread: discord.Thread) -> None:
        """Answer a new post of a forum, from its title and from its text if that can be read."""
        if not await self._listens(thread.guild.id, thread.parent_id or 0):
            return
        if not isinstance(thread.parent, discord.ForumChannel):
            return
        first = await self._first(thread)
        texts = [thread.name]
        if first.content.strip():
            texts.append(f"{thread.name}\n{first.content}")
        await self._speak_up(first, texts)

    async def _first(self, thread: discord.Thread) -> discord.Message:
        """Return the first message of a post, which comes just after its title."""
        try:
            return await asyncio.wait_for(asyncio.shield(self._post(thread.id)), _FIRST_MESSAGE)
        except TimeoutError:
            return await persist(lambda: thread.fetch_message(thread.id))

    async def _speak_up(self, message: discord.Message, texts: list[str]) -> None:
        age = (discord.utils.utcnow() - message.created_at).total_seconds()
        if age > _FRESH or not self._considered.first(message.id):
            return
        with self._questions.underway():
            asked = [_question(message, text) for text in texts]
            await self._questions.admit(asked[0].collection, message.author.id)
            answers = await asyncio.gather(*map(self._questions.consider, asked))
            question, answer = max(zip(asked, answers, strict=True), key=_sureness)
            if answer.state != "answer" or answer.confidence < SURE:
                return
            await self._give(message, question, answer)

    async def _give(self, message: discord.Message, question: Question, answer: Answer) -> None:
        """Give an answer, unless there is one by now, the bot's or somebody else's."""
        async with self._answers.turn(message.id):
            if message.id in self._replied_to:
                return
            if await self._answers.find(message.channel.id, message.id) is None:
                await self._answers.give(message, await self._questions.store(question, answer))

    def _notice(self, message: discord.Message) -> None:
        """Remember what a message tells: a post's first text, or that somebody has replied."""
        thread = message.channel.id
        if message.id == thread:
            first = self._post(thread)
            if not first.done():
                first.set_result(message)
            return
        reference = message.reference
        if reference is not None and reference.message_id is not None:
            self._replied_to.put(reference.message_id, None)
        first_of = self._posts.get(thread)
        posted = first_of.result() if first_of is not None and first_of.done() else None
        if posted is not None and posted.author != message.author:
            self._replied_to.put(thread, None)

    def _post(self, thread: int) -> asyncio.Future[discord.Message]:
        """Return a promise of the first message of a post."""
        first = self._posts.get(thread)
        if first is None:
            first = asyncio.get_running_loop().create_future()
            self._posts.put(thread, first)
        return first

    async def _listens(self, guild: int, channel: int) -> bool:
        settings = await self._questions.settings(server_collection(guild))
        return channel in settings.answered_channels


def _question(message: discord.Message, text: str) -> Question:
    return Question(
        text=text,
        collection=collection_of_message(message),
        person=message.author.id,
        channel=message.channel.id,
        message=message.id,
    )


def _sureness(considered: tuple[Question, Answer]) -> tuple[bool, float]:
    answer = considered[1]
    return answer.state == "answer", answer.confidence
