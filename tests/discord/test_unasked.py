"""Channels and forums where questions are answered without a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.loopback import Intent
from tests.support.scene import (
    NOWHERE,
    PATIENCE,
    WORTH,
    Scene,
    playing,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.loopback import Channel

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

UNSURE = "Which year did the tsar visit the sultan?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with playing(tmp_path_factory.mktemp("plain")) as scene:
        scene.set(per_minute=600)
        await scene.warm()
        yield scene


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reading(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    granted = Intent.MESSAGE_CONTENT
    data = tmp_path_factory.mktemp("reading")
    async with playing(data, privileged=granted, message_content="true") as scene:
        scene.set(per_minute=600)
        await scene.warm()
        yield scene


def answered(scene: Scene, *channels: Channel) -> None:
    scene.set(answered_channels=frozenset(channel.id for channel in channels))


async def test_a_post_is_answered_from_its_title_without_the_intent(plain: Scene) -> None:
    forum = plain.guild.forum("questions")
    answered(plain, forum)
    post = await forum.post(plain.ada, WORTH, "I read about it, but forgot.")
    answer = await post.next_message(PATIENCE)
    assert "$2 billion" in answer.text.replace("\\", "")
    assert not answer.pings
    await post.say(plain.ada, WORTH)
    await post.stays_silent(1.0)


async def test_a_post_without_a_clear_answer_is_left_alone(plain: Scene) -> None:
    forum = plain.guild.forum("more questions")
    answered(plain, forum)
    for title in (NOWHERE, UNSURE):
        post = await forum.post(plain.ada, title, WORTH)
        await post.stays_silent(1.0)


async def test_a_forum_that_was_not_chosen_is_left_alone(plain: Scene) -> None:
    forum = plain.guild.forum("others")
    answered(plain)
    post = await forum.post(plain.ada, WORTH, "")
    await post.stays_silent(1.0)


async def test_a_channel_is_not_read_without_the_intent(plain: Scene) -> None:
    room = plain.guild.text("room")
    answered(plain, room)
    await room.say(plain.ada, WORTH)
    await room.stays_silent(1.0)
    await room.say(plain.ada, WORTH, mentions=[plain.discord.bot])
    assert "### Answer" in (await room.next_message(PATIENCE)).text


async def test_a_chosen_channel_is_answered(reading: Scene) -> None:
    room, other = reading.guild.text("room"), reading.guild.text("other")
    answered(reading, room)
    said = await room.say(reading.ada, WORTH)
    answer = await room.next_message(PATIENCE)
    assert answer.reply_to is said
    for text in (NOWHERE, UNSURE, "The S-400 deal, a contract of 2 billion."):
        await room.say(reading.ada, text)
    await other.say(reading.ada, WORTH)
    await room.stays_silent(1.0)
    await other.stays_silent(0.1)
    await said.delete()
    await answer.vanishes()


async def test_a_question_that_somebody_replied_to_is_left_alone(reading: Scene) -> None:
    room = reading.guild.text("lively")
    answered(reading, room)
    bob = reading.person("Bob")
    said = await room.say(reading.ada, "And how much is that deal on the S-400 worth, in dollars?")
    await room.say(bob, "Two billion.", reply_to=said)
    await room.stays_silent(1.2)


async def test_a_post_is_answered_from_its_text_with_the_intent(reading: Scene) -> None:
    forum = reading.guild.forum("questions")
    answered(reading, forum)
    post = await forum.post(reading.ada, "A question about money", WORTH)
    assert "$2 billion" in (await post.next_message(PATIENCE)).text.replace("\\", "")
