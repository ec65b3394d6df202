"""One place where every failure ends: a sentence for the person, a trace for the log."""

from __future__ import annotations

import copy
import logging
import secrets
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import aiohttp
import discord

from bot.cards import sentence_card
from bot.wire.delivery import GONE, TROUBLE, respond
from index.errors import LibraryError, PassageError, UnwritableError

log = logging.getLogger("passage")

E = TypeVar("E", bound=BaseException)

_UNWRITABLE = (
    "I can't write anything down at the moment, so nothing was changed. Try again later; whoever "
    "runs me finds the reason in the log."
)


def failure_card(error: BaseException) -> discord.ui.LayoutView:
    """Return the card that tells a person of a failure, and log what is not expected."""
    while isinstance(error, discord.app_commands.CommandInvokeError):
        error = error.original
    if isinstance(error, PassageError):
        return sentence_card(sentence_of(error), tone="warning")
    return sentence_card(
        "Something went wrong here. It has been noted.", reference=log_failure(error)
    )


def sentence_of(error: PassageError) -> str:
    """Return what a person is told; where the library itself fails, the log has its own words.

    Those name our files, and say what only whoever runs the bot can do.
    """
    if isinstance(error, UnwritableError):  # which the library itself has told the log, once
        return _UNWRITABLE
    if not isinstance(error, LibraryError):
        return str(error)
    log.error("%s", error)
    return (
        "My library can't be read or changed at the moment. "
        "Whoever runs me finds in my log what to do; try again later."
    )


def log_failure(error: BaseException, doing: str = "") -> str:
    """Log where something failed, and return the reference under which.

    What the error says stays out at the default level: it may quote what somebody wrote.
    """
    reference = secrets.token_hex(3)
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    where = f" in {doing}" if doing else ""
    log.error("failure %s%s: %s\n%s", reference, where, error_name(error), frames)
    log.debug("failure %s says: %s", reference, error)
    return reference


def own_copy(error: E) -> E:
    """Return an exception that says the same, for one of several who are told of a failure.

    Raised by each of them, a common one would keep the frames of all.
    """
    makers: tuple[Callable[[E], E], ...] = (copy.copy, _unconstructed)
    for make in makers:
        with suppress(Exception):  # a constructor that takes something else than it was kept with
            found = make(error)
            if type(found) is type(error) and _said(found) == _said(error):
                found.__cause__, found.__context__ = error.__cause__, error.__context__
                found.__suppress_context__ = error.__suppress_context__
                return found.with_traceback(error.__traceback__)
    return error


def _unconstructed(error: E) -> E:
    """Return a copy of an exception that its constructor has no part in."""
    found = type(error).__new__(type(error), *error.args)
    found.__dict__.update(error.__dict__)
    return found


def _said(error: BaseException) -> tuple[str, str, tuple[object, ...]]:
    return str(error), repr(error), error.args


async def answer_failure(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Tell whoever interacted that it failed; privately, unless a public answer was promised."""
    while isinstance(error, discord.app_commands.CommandInvokeError):
        error = error.original
    if isinstance(error, discord.HTTPException) and error.code in GONE:
        log.warning(
            "interaction %s was gone before its answer: %s", interaction.id, error_name(error)
        )
        return
    if is_unreachable(error):
        log.warning("interaction %s may have no answer: %s", interaction.id, error_name(error))
        return
    card = failure_card(error)
    promised = interaction.response.type is discord.InteractionResponseType.deferred_channel_message
    try:
        if interaction.response.is_done() and not promised:
            await interaction.followup.send(view=card, ephemeral=True)
        else:
            await respond(interaction, card, private=True)
    except TROUBLE as failed:
        log.warning(
            "interaction %s was not told of a failure: %s", interaction.id, error_name(failed)
        )


def is_unreachable(error: BaseException) -> bool:
    """Say whether no try got through to Discord: then none would now, and one may have worked."""
    if isinstance(error, discord.HTTPException):
        return error.status == 429 or error.status >= 500
    return isinstance(error, aiohttp.ClientError | ConnectionError | TimeoutError)


def error_name(error: BaseException) -> str:
    """Return what an error is, without any text that may be in it."""
    name = type(error).__name__
    if isinstance(error, discord.HTTPException):
        return f"{name} (HTTP {error.status}, code {error.code})"
    return name
