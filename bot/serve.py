"""``passage run``: from settings to a bot that is online, or one plain sentence why not."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import aiohttp
import discord

from bot.client import PassageBot
from bot.compose import build_backups, build_engine
from bot.features.mentions import Mentions
from bot.features.unasked import Unasked
from bot.service.async_engine import AsyncEngine
from bot.service.context import Services
from bot.service.housekeeping import Housekeeping
from bot.service.ingest_queue import IngestQueue
from bot.service.message_answers import MessageAnswers
from bot.service.questions import Questions
from bot.service.rates import Rates
from bot.service.signals import restore_signals
from bot.starter import sync_starter
from bot.wire import gateway_log
from bot.wire.component_router import ComponentRouter
from bot.wire.deduplicate import Deduplicator
from bot.wire.lateness import Lateness
from bot.wire.loop_lag import LoopLag
from bot.wire.messenger import Messenger
from bot.wire.redaction import redact_output
from bot.wire.replies import Replies
from config.settings import LogLevel, Settings
from index.collection_names import SHARED
from index.engine import Engine
from index.errors import PassageError, SettingsError

log = logging.getLogger("passage")

_REFUSED = (discord.LoginFailure, discord.PrivilegedIntentsRequired)
_AGAIN = 5.0  # seconds before a connection is made anew
_PORTAL = "the Developer Portal (discord.com/developers/applications, page Bot)"


def run(settings: Settings) -> None:
    """Connect and serve until told to stop.  Raises PassageError where that can't be."""
    # Taken out of the environment, which other processes that are started here would inherit.
    token = os.environ.pop("DISCORD_TOKEN", "").strip()
    if not token:
        raise SettingsError(f"DISCORD_TOKEN is not set; copy the bot's token from {_PORTAL}.")
    redact_output(token)
    _log(settings.log_level)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it doesn't speak

    def prepare(engine: Engine) -> None:
        sync_starter(engine, wanted=settings.starter)
        engine.index(SHARED)
        _ = engine.reader

    engine = AsyncEngine(build_engine(settings), prepare, passages=settings.passages)
    daily = partial(build_backups(settings).daily, settings.backups)
    new_bot = partial(build_bot, engine, message_content=settings.message_content, daily=daily)
    try:
        asyncio.run(_serve(engine, new_bot, token))
    except discord.LoginFailure as error:
        raise SettingsError(
            f"Discord refused the token in DISCORD_TOKEN; make a new one in {_PORTAL}."
        ) from error
    except discord.PrivilegedIntentsRequired as error:
        raise SettingsError(
            "Discord refused the message content intent: grant it in "
            f"{_PORTAL}, or set message_content = false; everything but channels answered "
            "without a mention works without it."
        ) from error
    except (aiohttp.ClientError, discord.HTTPException, discord.GatewayNotFound) as error:
        raise PassageError(
            f"Discord can't be reached ({type(error).__name__}); check the network, and "
            "discordstatus.com, and start again."
        ) from error


def build_bot(
    engine: AsyncEngine, *, message_content: bool, daily: Callable[[], Path | None]
) -> PassageBot:
    """Return a client with all that it works with; ``daily`` makes each day's backup."""
    messenger, deduplicator, lateness = Messenger(), Deduplicator(), Lateness()
    questions = Questions(engine, Rates())
    ingest_queue = IngestQueue(engine, messenger)
    replies = Replies(messenger)
    answers = MessageAnswers(questions, replies)
    return PassageBot(
        Services(engine, questions, ingest_queue, ComponentRouter(deduplicator, lateness)),
        message_content=message_content,
        messenger=messenger,
        replies=replies,
        mentions=Mentions(messenger, questions, replies, answers),
        unasked=Unasked(questions, answers),
        housekeeping=Housekeeping(engine, ingest_queue, daily),
        deduplicator=deduplicator,
        lateness=lateness,
        loop_lag=LoopLag(),
    )


def _log(level: LogLevel) -> None:
    """Write what happens to stderr; what people write and add is in it at ``debug`` alone."""
    logging.basicConfig(
        level=level.upper(), format="{asctime} {levelname} {name}: {message}", style="{"
    )
    gateway_log.install(logging.DEBUG if level == "debug" else logging.INFO)
    if level != "debug":
        logging.getLogger("httpx").setLevel(logging.WARNING)  # names each address that it fetches


async def _serve(engine: AsyncEngine, new_bot: Callable[[], PassageBot], token: str) -> None:
    """Serve until told to stop; the library is closed when nothing can ask for it any more.

    Once it has been up, a connection that discord.py gives up on is made anew: what it was cut
    in the middle of is no reason to leave.
    """
    was_online = False
    try:
        while True:
            bot = new_bot()
            try:
                async with bot:
                    await bot.start(token)
                    return
            except _REFUSED:
                raise
            except Exception as error:
                was_online = was_online or bot.was_online
                if not was_online or bot.is_leaving:
                    raise
                log.warning("the connection to Discord is made anew: %s", type(error).__name__)
            finally:
                log.info("%s", bot.loop_lag)
            restore_signals()
            await asyncio.sleep(_AGAIN)
    finally:
        await engine.close()
        restore_signals()  # from here on there is no loop to tell
