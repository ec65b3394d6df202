"""From a question, wherever it was asked, to the card that answers it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import discord

from bot.cards import answer_card
from bot.cards.answers import NAMES
from bot.errors import NotAllowedError, SlowDownError, StoppingError
from bot.service.conversation import Conversations
from bot.service.rates import Rates
from bot.text.reasons import reason_phrase
from index.collection_names import is_personal, server_of, visible
from index.errors import UnwritableError
from index.language.followups import leans, understood
from index.records import Answer
from index.store.answers import new_id
from index.store.servers import ServerSettings

if TYPE_CHECKING:
    from bot.service.async_engine import AsyncEngine

_LINKS = 3  # questions that a follow-up may reach back over
_TURN = 0.002  # seconds between two answers that are sent
_PATIENCE = 5.0  # seconds of getting ready that nobody needs to be told of
_LAST_CALL = 6.0  # seconds that are left to questions when the bot is told to stop
_STOPPED = "I was stopped before I could answer. Ask again in a minute."
_AWAY = "I have left this server, and its library is put away."


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, by whom, where; ``answered`` is the answer that it is a reply to."""

    text: str = field(repr=False)
    collection: str
    person: int
    channel: int
    message: int
    private: bool = False
    answered: str | None = None


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer with its id and its card."""

    id: str
    answer: Answer
    card: discord.ui.LayoutView


class WayOn(NamedTuple):
    """What can be asked about where there is no answer: titles, how many more, whom to tell."""

    names: tuple[str, ...] = ()
    more: int = 0
    tell: str = ""


class Questions:
    """Answers questions, minding each person's share, and what is said in passing."""

    def __init__(self, engine: AsyncEngine, rates: Rates) -> None:
        self.engine = engine
        self._rates = rates
        self._talk = Conversations()
        self._open = 0
        self._next_turn = 0.0
        self._closing = False
        self._quiet = asyncio.Event()

    async def admit(self, collection: str, person: int) -> ServerSettings:
        """Count a question against a person's share and return the settings that hold.

        Raises SlowDownError where the share is used up.
        """
        settings = await self.settings(collection)
        seconds = self._rates.wait(collection, person, settings.per_minute, time.monotonic())
        if seconds:
            unit = "second" if seconds == 1 else "seconds"
            raise SlowDownError(
                f"You may ask {settings.per_minute} questions a minute here. "
                f"Ask again in {seconds} {unit}."
            )
        return settings

    async def settings(self, collection: str) -> ServerSettings:
        """Return the settings of a collection.  Raises NotAllowedError for one put away."""
        server = server_of(collection)
        if server is None:
            return ServerSettings()
        if await self.engine.call(self.engine.servers.is_hidden, server):
            raise NotAllowedError(_AWAY)
        return await self.engine.call(self.engine.servers.get, server)

    async def answer(self, question: Question) -> GivenAnswer:
        """Answer a question and store the answer.  Raises PassageError."""
        follows = question.answered or self._talk.before(
            question.channel, question.person, self.engine.now, private=question.private
        )
        answer, follows = await self._ask(question, follows)
        given = await self.engine.call(self._store, question, answer, follows)
        self._talk.said(
            question.channel, question.person, given.id, self.engine.now, private=question.private
        )
        return given

    async def consider(self, question: Question) -> Answer:
        """Answer a question without storing or saying anything yet."""
        return await self.engine.ask(question.text, visible(question.collection))

    async def store(self, question: Question, answer: Answer) -> GivenAnswer:
        """Store an answer that was considered and is to be given."""
        return await self.engine.call(self._store, question, answer, None)

    async def again(self, answer_id: str, question: Question) -> GivenAnswer:
        """Answer a question that was edited, in the place of the answer it had.

        What was asked since is none of its business.
        """
        answer, _ = await self._ask(question, question.answered)
        return await self.engine.call(self._replace, answer_id, question, answer)

    async def shown(self, answer_id: str, channel: int, message: int) -> None:
        """Remember which message shows an answer, if there is room for that: it is given."""
        with suppress(UnwritableError):
            await self.engine.call(self.engine.answers.answered_with, answer_id, channel, message)

    async def waits_long(self, work: asyncio.Future[Any]) -> bool:
        """Say whether something waits for the models for so long that whoever asked is to know."""
        if self.engine.ready.is_set():
            return False
        await asyncio.wait({work}, timeout=_PATIENCE)
        return not (work.done() or self.engine.ready.is_set())

    async def pace(self) -> None:
        """Wait for a turn of one's own to send something.

        A hundred requests that are put together in one go hold up the event loop.
        """
        now = asyncio.get_running_loop().time()
        self._next_turn = max(now, self._next_turn + _TURN)
        if self._next_turn > now:
            await asyncio.sleep(self._next_turn - now)

    @contextmanager
    def underway(self) -> Iterator[None]:
        """Keep the bot from leaving while something is being answered."""
        if self._closing:
            raise StoppingError(_STOPPED)
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._quiet.set()

    async def finish(self) -> None:
        """Take no more questions, and wait for those that are being answered."""
        self._closing = True
        for last in (False, True):
            if self._open:
                self._quiet.clear()
                try:
                    await asyncio.wait_for(self._quiet.wait(), _LAST_CALL / (4 if last else 1))
                except TimeoutError:
                    self.engine.give_up(StoppingError(_STOPPED))

    def card(self, answer_id: str, answer: Answer, question: Question) -> discord.ui.LayoutView:
        """Return the card of an answer.  Blocks: for another thread than the loop's."""
        way = self.way_on(question.collection) if answer.state == "none" else WayOn()
        return answer_card(answer, reference=answer_id, private=question.private, **way._asdict())

    def way_on(self, collection: str) -> WayOn:
        """Return what can be asked about instead, and whom to tell.  Blocks."""
        listing = self.engine.sync.library.listing
        places = visible(collection)
        found = [one.title for name in places for one in listing.titles(name, most=NAMES)][:NAMES]
        more = sum(map(listing.count, places)) - len(found)
        mine = "Should it be in here? Add an article of your own with /article add."
        return WayOn(tuple(found), max(0, more), mine if is_personal(collection) else "")

    async def _ask(self, question: Question, follows: str | None) -> tuple[Answer, str | None]:
        before = await self.engine.call(self._before, question, follows)
        answer = await self.engine.ask(question.text, visible(question.collection), before)
        return answer, follows if before else None

    def _before(self, question: Question, follows: str | None) -> str:
        """Return what a question leans on, of those it follows; empty where it needs none."""
        if not leans(question.text):
            return ""
        before: list[str] = []
        while follows is not None and len(before) < _LINKS:
            stored = self.engine.answers.find(follows, question.collection)
            if (
                stored is None
                or stored.question is None
                or (stored.private and not question.private)
            ):
                break
            before.append(stored.question)
            follows = stored.follows
        meant = ""
        for text in reversed(before):
            meant = understood(text, meant)
        return meant

    def _store(self, question: Question, answer: Answer, follows: str | None) -> GivenAnswer:
        """Store an answer; where nothing can be written it is given all the same.

        Its buttons then say that it isn't kept.
        """
        try:
            answer_id = self.engine.answers.record(
                answer,
                reason=reason_phrase(answer.reason),
                collection=question.collection,
                asker=question.person,
                channel=question.channel,
                message=question.message,
                follows=follows,
                private=question.private,
                now=self.engine.now,
            )
        except UnwritableError:
            answer_id = new_id()
        return GivenAnswer(answer_id, answer, self.card(answer_id, answer, question))

    def _replace(self, answer_id: str, question: Question, answer: Answer) -> GivenAnswer:
        with suppress(UnwritableError):
            self.engine.answers.update(answer_id, answer, reason_phrase(answer.reason))
        return GivenAnswer(answer_id, answer, self.card(answer_id, answer, question))
