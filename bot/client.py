"""The connection to Discord: intents, commands in step with Discord, events, the end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sys
from typing import Any

import discord
from discord import app_commands

from bot.features import (
    answer_buttons,
    articles,
    ask,
    missed,
    privacy,
    search,
    settings,
    why,
)
from bot.features import help as help_feature
from bot.features.mentions import Mentions
from bot.features.unasked import Unasked
from bot.service.context import Services
from bot.service.housekeeping import Housekeeping
from bot.service.signals import on_stop_signals
from bot.wire.deduplicate import Deduplicator
from bot.wire.delivery import GONE, Interaction
from bot.wire.failures import (
    answer_failure,
    error_name,
    is_unreachable,
    log_failure,
)
from bot.wire.in_time import set_deadline
from bot.wire.lateness import Lateness
from bot.wire.loop_lag import LoopLag
from bot.wire.messenger import Messenger
from bot.wire.replies import Replies
from bot.wire.request_log import watched
from index.errors import PassageError

log = logging.getLogger("passage")


FEATURES = (
    ask,
    answer_buttons,
    search,
    articles,
    settings,
    why,
    missed,
    help_feature,
    privacy,
)
"""Each adds its commands, and what its buttons do."""


class Commands(app_commands.CommandTree["PassageBot"]):
    """The commands: each is answered once however often it comes, and its time counts from here."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Say whether to go on: not with what was counted and is being answered already."""
        if not self.client.deduplicator.first(interaction.id):
            return False
        set_deadline(interaction, self.client.lateness)
        return True


class PassageBot(discord.AutoShardedClient):
    """Passage on Discord; each file of commands adds its own and handles its own events."""

    def __init__(
        self,
        services: Services,
        *,
        message_content: bool,
        messenger: Messenger,
        replies: Replies,
        mentions: Mentions,
        unasked: Unasked,
        housekeeping: Housekeeping,
        deduplicator: Deduplicator,
        lateness: Lateness,
        loop_lag: LoopLag,
    ) -> None:
        """Make the client; ``message_content`` asks for the one privileged intent."""
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        intents.message_content = message_content
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            http_trace=watched(),
        )
        messenger.bind(self)
        self.services = services
        self.replies = replies
        self.mentions = mentions
        self.unasked = unasked
        self.housekeeping = housekeeping
        self.deduplicator = deduplicator
        self.lateness = lateness
        self.loop_lag = loop_lag
        self.tree = Commands(
            self,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        self.tree.error(answer_failure)
        self.was_online = False
        self._leaving: asyncio.Future[None] | None = None
        self._measuring: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        """Start what runs beside the connection, and bring the commands up to date."""
        self._measuring = asyncio.create_task(self._measure(), name="loop lag")
        for feature in FEATURES:
            feature.add_to(self.tree, self.services)
        on_stop_signals(self._leave)
        await self._sync()
        await self.housekeeping.resume()
        await self.services.ingest_queue.resume()

    async def _sync(self) -> None:
        """Send the commands to Discord only where they differ from those sent last."""
        payload: list[dict[str, Any]] = [c.to_dict(self.tree) for c in self.tree.get_commands()]
        told = json.dumps([str(self.application_id), payload], sort_keys=True, default=str)
        digest = hashlib.sha256(told.encode()).hexdigest()
        engine = self.services.engine
        notes = engine.sync.library.notes
        if await engine.call(notes.get, "commands") == digest:
            return
        try:
            await self.tree.sync()
        except discord.HTTPException as error:
            # Those sent last still work; the next start tries again.
            log.warning("the commands could not be sent: HTTP %s", error.status)
            return
        await engine.call(notes.set, "commands", digest)

    async def _measure(self) -> None:
        measuring = asyncio.create_task(self.loop_lag.beat())
        await self.services.engine.ready.wait()
        self.loop_lag.settle()
        await measuring

    @property
    def is_leaving(self) -> bool:
        """Whether it was told to stop."""
        return self._leaving is not None

    def _leave(self) -> None:
        self._leaving = asyncio.ensure_future(self.close())

    async def close(self) -> None:
        """Finish what is being answered, then leave."""
        await self.services.questions.finish()
        await self.housekeeping.finish()
        await self.services.ingest_queue.finish()
        if self._measuring is not None:
            self._measuring.cancel()
        await super().close()

    async def on_error(self, event: str, /, *_args: Any, **_kwargs: Any) -> None:
        """Log what failed in an event, without the texts in it."""
        error = sys.exception()
        if isinstance(error, PassageError):
            log.info("nothing was done in %s: %s", event, type(error).__name__)
        elif isinstance(error, discord.HTTPException) and error.code in GONE:
            log.warning("nothing was done in %s: %s", event, error_name(error))
        elif isinstance(error, Exception) and is_unreachable(error):
            log.warning("perhaps nothing was done in %s: %s", event, error_name(error))
        elif error is not None:
            log_failure(error, event)

    # Each event belongs to one file; Discord's names lead there.

    async def on_connect(self) -> None:
        """Let in by Discord: now the model is worth its loading."""
        self.was_online = True
        self.services.engine.open()

    async def on_ready(self) -> None:
        """Connected, perhaps not for the first time."""
        present = {guild.id for guild in self.guilds}
        await self.housekeeping.ready(present, self.shard_ids, self.shard_count)

    async def on_interaction(self, interaction: Interaction) -> None:
        """A button, a select or a form; the tree sees to commands by itself."""
        await self.services.components.handle(interaction)

    async def on_message(self, message: discord.Message) -> None:
        """A mention, a reply, a direct message, or a channel that is answered unasked."""
        if message.author == self.user:
            await self.replies.appeared(message)
        if self.mentions.spoken_to(message):
            await self.mentions.message(message)
        else:
            await self.unasked.message(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """A question that was edited."""
        await self.mentions.edited(payload.message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """A question that was deleted takes its answer along."""
        await self.mentions.deleted(payload.channel_id, [payload.message_id])

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """As above, for many at once."""
        await self.mentions.deleted(payload.channel_id, sorted(payload.message_ids))

    async def on_thread_create(self, thread: discord.Thread) -> None:
        """A forum post may be a question."""
        await self.unasked.thread(thread)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server that comes back within 30 days finds everything as it was."""
        await self.housekeeping.joined(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """A server that is left has its data hidden at once; an outage is no leaving."""
        await self.housekeeping.left(guild)
