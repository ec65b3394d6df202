"""The one message that tells how a long job goes, for as long as anybody can change it.

An interaction's token lives 15 minutes and does not outlive the process.  A public message
can be edited beyond that; a private one can't, and its asker is written to instead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import discord
from discord import ui

from bot.cards import progress_card, sentence_card
from bot.wire.delivery import TROUBLE, Interaction, persist
from bot.wire.failures import error_name
from bot.wire.messenger import Messenger
from index.store.jobs import Job

log = logging.getLogger("passage")

_EVERY = 2.0  # seconds between two edits
_SLOWER = 100  # an edit for each hundredth of the time so far: old messages take few edits
_TOKEN = 14.5 * 60  # seconds for which a token surely works, of its 15 minutes
_LAST_WORD = 14 * 60  # seconds after which it is time to say how it goes on without it
_UNREACHABLE = 0  # stands for a private message, which only its token can edit
_LATER = (
    "This takes longer than Discord lets me report here. It goes on, and I'll send you a direct "
    "message when it is done."
)


def reachable(interaction: Interaction) -> bool:
    """Say whether a public answer here can still be edited when its token has expired."""
    return interaction.is_guild_integration() or interaction.context.dm_channel


class ProgressMessage:
    """A message that is edited, through its interaction's token or as a message."""

    def __init__(
        self,
        messenger: Messenger,
        *,
        asker: int,
        channel: int,
        message: int,
        interaction: Interaction | None = None,
    ) -> None:
        self._messenger = messenger
        self._asker = asker
        self.channel = channel
        self.message = message
        self._interaction = interaction
        self._last_word = False
        self._concluded = False
        self._turn = asyncio.Lock()

    @classmethod
    def of_job(cls, messenger: Messenger, job: Job) -> ProgressMessage:
        """Return the message of a job that another process began."""
        return cls(messenger, asker=job.asker, channel=job.channel, message=job.message)

    @property
    def is_closing(self) -> bool:
        """Whether it is time for a last word here, even where there is no progress to tell."""
        return not self._last_word and self._nearly_over()

    async def show(self, card: ui.LayoutView) -> None:
        """Show how it goes; where that fails, the next time may work."""
        async with self._turn:
            if self._concluded or self._last_word:
                return
            self._last_word = self._nearly_over()
            await self._edit(sentence_card(_LATER, tone="plain") if self._last_word else card)

    async def conclude(self, card: ui.LayoutView) -> None:
        """Show how it ended, in a direct message where this one can't be reached any more."""
        async with self._turn:
            self._concluded = True
            edited = not self._last_word and await self._edit(card, lasting=True)
            if not edited and self.message == _UNREACHABLE:
                await self._write(card)

    async def _edit(self, card: ui.LayoutView, *, lasting: bool = False) -> bool:
        """Say whether the message shows a card now; what is to last is tried more than once."""
        tried = persist if lasting else _once
        interaction = self._interaction
        if interaction is not None and _age(interaction) < _TOKEN:
            try:
                await tried(lambda: interaction.edit_original_response(view=card))
            except TROUBLE as error:
                log.info("a token could not edit its message: %s", error_name(error))
                self._interaction = None
            else:
                return True
        if self.message == _UNREACHABLE:
            return False
        message = self._messenger.message(self.channel, self.message)
        try:
            await tried(lambda: message.edit(view=card))
        except TROUBLE as error:
            log.info("a message could not be edited: %s", error_name(error))
            return False
        return True

    async def _write(self, card: ui.LayoutView) -> None:
        try:
            channel = await persist(lambda: self._messenger.direct(self._asker))
            # The asker may get several reports, and each of them once.
            nonce = str(discord.utils.time_snowflake(discord.utils.utcnow()))
            await persist(lambda: channel.send(view=card, nonce=nonce))
        except TROUBLE as error:
            log.info("a report could not be sent: %s", error_name(error))

    def _nearly_over(self) -> bool:
        """Say whether the token of a private message is about to expire."""
        if self._interaction is None or self.message != _UNREACHABLE:
            return False
        return _age(self._interaction) > _LAST_WORD


class ProgressUpdates:
    """Shows how far adding is, now and then, while it is told from another thread."""

    def __init__(self, message: ProgressMessage, name: str, *, sources: int = 1) -> None:
        self._message = message
        self._sources = sources
        self.number = 1
        self._at = self._shown = (name, 0, 0)
        self._over = asyncio.Event()

    def step(self, title: str, done: int, total: int) -> None:
        """Take in how many passages of an article are done."""
        self._at = (title, done, total)

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Show what has changed, now and then, for as long as the block lasts.

        An edit that is under way is waited for: cancelled, it might still reach Discord, and
        take the place of what comes after it.
        """
        showing = asyncio.create_task(self._run(), name="progress")
        try:
            yield
        finally:
            self._over.set()
            await showing

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while not self._over.is_set():
            with suppress(TimeoutError):
                wait = max(_EVERY, (loop.time() - begun) / _SLOWER)
                await asyncio.wait_for(self._over.wait(), wait)
            changed = self._at != self._shown or self._message.is_closing
            if changed and not self._over.is_set():
                self._shown = self._at
                card = progress_card(*self._at, number=self.number, of=self._sources)
                await self._message.show(card)


async def _once(call: Callable[[], Awaitable[object]]) -> object:
    return await call()


def _age(interaction: Interaction) -> float:
    return (discord.utils.utcnow() - interaction.created_at).total_seconds()
