"""Answers in time: what isn't known soon is promised first, since Discord waits three seconds.

Every interaction has one deadline, set where it comes in and counted from when Discord made it;
all that is done for the interaction shares it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from bot.wire.delivery import Interaction, defer
from bot.wire.lateness import Lateness

T = TypeVar("T")

_AT_ONCE = 1.0
"""Seconds of an interaction within which an answer is given at once; a slower one is promised."""

_DEADLINE = "deadline"
"""Under which an interaction carries its deadline, by the event loop's clock."""


def set_deadline(interaction: Interaction, lateness: Lateness) -> None:
    """Note until when an interaction's answer is waited for; once, as soon as it comes in."""
    interaction.extras[_DEADLINE] = lateness.deadline(interaction.created_at, _AT_ONCE)


def time_is_left(interaction: Interaction) -> bool:
    """Say whether an interaction's answer may still be waited for."""
    return _left(interaction) > 0


async def in_time(
    interaction: Interaction,
    work: Coroutine[Any, Any, T],
    promise: Callable[[Interaction], Awaitable[None]] | None = None,
) -> T:
    """Return the result of some work; where that isn't known soon, an answer is promised first.

    A private one, unless ``promise`` does otherwise.
    """
    task = begun(work)
    if not await is_soon(interaction, task) and not interaction.response.is_done():
        await (promise or _privately)(interaction)
    return await task


async def if_soon(interaction: Interaction, work: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of some work, or None where that isn't known soon.

    Where a form is the answer: it can't be promised.
    """
    task = begun(work)
    return await task if await is_soon(interaction, task) else None


def begun(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start some work whose failure is ignored where nobody waits for it any more."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


async def is_soon(interaction: Interaction, task: asyncio.Task[Any]) -> bool:
    """Wait for a task until the deadline and say whether it is done, if only by a failure.

    After the deadline nothing is waited for, so that a promise goes out before anything else.
    """
    left = _left(interaction)
    if left > 0:
        await asyncio.wait({task}, timeout=left)
    return task.done()


def _left(interaction: Interaction) -> float:
    deadline: float = interaction.extras[_DEADLINE]
    return deadline - asyncio.get_running_loop().time()


async def _privately(interaction: Interaction) -> None:
    await defer(interaction, private=True)
