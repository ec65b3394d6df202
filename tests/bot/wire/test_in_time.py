"""What isn't known by an interaction's deadline is promised first, what comes late at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import discord
import pytest

from bot.wire.delivery import Interaction
from bot.wire.in_time import if_soon, in_time, set_deadline, time_is_left
from bot.wire.lateness import Lateness
from index.errors import PassageError


def interaction_of_age(seconds: float) -> Interaction:
    made = discord.utils.utcnow() - timedelta(seconds=seconds)
    response = Mock(defer=AsyncMock())
    response.is_done = lambda: response.defer.await_count > 0
    interaction = cast("Interaction", Mock(created_at=made, extras={}, response=response))
    set_deadline(interaction, Lateness())
    return interaction


def promises(interaction: Interaction) -> int:
    defer: Any = interaction.response.defer
    return int(defer.await_count)


async def known(*, after: float = 0.0) -> str:
    await asyncio.sleep(after)
    return "known"


async def test_what_is_known_soon_is_not_promised() -> None:
    interaction = interaction_of_age(0.0)
    assert await in_time(interaction, known()) == "known"
    assert time_is_left(interaction)
    assert promises(interaction) == 0


async def test_what_comes_late_is_promised_once_before_anything_else() -> None:
    interaction = interaction_of_age(1.5)
    assert not time_is_left(interaction)
    assert [await in_time(interaction, known()) for _ in range(2)] == ["known", "known"]
    assert promises(interaction) == 1


async def test_all_that_one_interaction_needs_shares_its_time() -> None:
    interaction = interaction_of_age(0.7)
    await in_time(interaction, known(after=0.1))
    assert promises(interaction) == 0
    await in_time(interaction, known(after=0.5))
    assert promises(interaction) == 1


async def test_what_only_fits_at_once_is_left_out_where_it_is_late() -> None:
    assert await if_soon(interaction_of_age(0.0), known()) == "known"
    assert await if_soon(interaction_of_age(1.5), known()) is None


async def test_a_failure_is_raised_late_or_not() -> None:
    async def fail() -> None:
        raise PassageError

    for age in (0.0, 1.5):
        with pytest.raises(PassageError):
            await in_time(interaction_of_age(age), fail())
