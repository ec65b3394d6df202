"""An interaction's time counts from when Discord made it, as far as the clocks can tell."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import discord
from hypothesis import given
from hypothesis import strategies as st

from bot.wire.lateness import _LATELY, Lateness, time_left

AGES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=2 * _LATELY)


def left(age: float, *before: float) -> float:
    return time_left(1.0, age, [*before, age])


def test_what_has_passed_is_taken_off() -> None:
    assert left(0.0) == 1.0
    assert left(0.25) == 0.75
    assert left(1.0) == left(2.0) == 0.0


def test_one_that_is_from_the_future_is_as_new() -> None:
    assert left(-0.5) == left(-3600.0) == 1.0


def test_where_the_clock_is_behind_lateness_is_told_by_the_most_punctual() -> None:
    assert left(-4.5, -5.0) == 0.5
    assert left(-3.0, -5.0, -4.9) == 0.0


def test_one_that_is_too_old_to_be_true_is_promised_an_answer_at_once() -> None:
    assert left(3600.0) == 0.0
    assert left(3600.0, 0.1) == 0.0


def test_where_of_many_none_was_in_time_the_clock_is_ahead() -> None:
    many = [5.0] * (_LATELY - 1)
    assert left(5.0, *many[1:]) == 0.0
    assert left(5.0, *many) == 1.0
    assert left(5.25, *many) == 0.75
    assert left(7.0, *many) == 0.0
    assert left(5.0, *many[1:], 0.5) == 0.0  # a hundred and more at once, and one was in time


@given(AGES)
def test_there_is_never_less_than_nothing_nor_more_than_all(ages: list[float]) -> None:
    assert 0.0 <= time_left(1.0, ages[-1], ages) <= 1.0


async def test_the_deadline_is_by_the_clock_of_the_event_loop() -> None:
    lateness, now = Lateness(), asyncio.get_running_loop().time
    before = now()
    early = lateness.deadline(discord.utils.utcnow() + timedelta(hours=1), 1.0)
    assert before + 1.0 <= early <= now() + 1.0
    before = now()
    late = lateness.deadline(discord.utils.utcnow() + timedelta(minutes=59), 1.0)
    assert before <= late <= now()


async def test_a_clock_that_was_put_right_is_believed_again() -> None:
    lateness, loop = Lateness(), asyncio.get_running_loop()
    lateness.deadline(discord.utils.utcnow() + timedelta(hours=1), 1.0)
    for _ in range(_LATELY):
        last = lateness.deadline(discord.utils.utcnow(), 10.0)
    assert last > loop.time()
