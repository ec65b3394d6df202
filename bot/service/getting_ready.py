"""Telling whoever asks that the models are still being made."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bot.cards import getting_ready_card
from bot.service.questions import Questions
from bot.wire.delivery import TROUBLE, Interaction, respond

if TYPE_CHECKING:
    pass


async def tell_of_wait(
    questions: Questions, interaction: Interaction, work: asyncio.Task[Any], *, private: bool
) -> None:
    """Say so where an answer waits for the models to be made; it takes the place of this note."""
    if await questions.waits_long(work):
        await questions.pace()
        with suppress(*TROUBLE):  # the answer is sent all the same
            await respond(interaction, getting_ready_card(), private=private)
