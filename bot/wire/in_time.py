"""Answers in time: what isn't known soon is promised first, since Discord waits three seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from bot.wire.delivery import Interaction, defer

if TYPE_CHECKING:
    pass

T = TypeVar("T")

_SOON = "soon"
"""Under which an interaction carries the time until which what it needs is waited for."""


async def in_time(
    interaction: Interaction,
    work: Coroutine[Any, Any, T],
    promise: Callable[[Interaction], Awaitable[None]] | None = None,
) -> T:
    """Return what comes of some work; where that isn't known soon, an answer is promised first.

    A private one, unless told otherwise.  Works of one interaction share the time that they have.
    """
    task = begun(work)
    if not await _is_soon(interaction, task) and not interaction.response.is_done():
        await (promise or _privately)(interaction)
    return await task


async def if_soon(interaction: Interaction, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what comes of some work, or None where that isn't known soon.

    Where a form is the answer: it can't be promised.
    """
    task = begun(work)
    return await task if await _is_soon(interaction, task) else None


async def _is_soon(interaction: Interaction, task: asyncio.Task[Any]) -> bool:
    now = asyncio.get_running_loop().time()
    until = interaction.extras.setdefault(_SOON, now + AT_ONCE)
    await asyncio.wait({task}, timeout=max(0.0, until - now))
    return task.done()


async def _privately(interaction: Interaction) -> None:
    await defer(interaction, private=True)


AT_ONCE = 1.0
"""Seconds of an interaction within which an answer is given at once; a slower one is promised."""


def begun(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Begin something whose failure is nobody's where the interaction is gone before it ends."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


async def done_by(task: asyncio.Task[object], until: float) -> bool:
    """Wait for a task until a time and say whether it is done; its failure is not ours."""
    left = until - asyncio.get_running_loop().time()
    if left > 0:
        await asyncio.wait({task}, timeout=left)
    return task.done()
