"""The buttons below an answer, before and after a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.cards.custom_ids import build
from index.collection_names import server_collection
from index.records import Article
from index.store.feedback import Complaint, Feedback
from index.store.library import Library
from index.store.servers import Servers
from index.store.sqlite.database import Database
from tests.support.scene import (
    NOWHERE,
    PATIENCE,
    WORTH,
    Scene,
    playing,
    seed,
)
from tests.support.stored_answers import on_disk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from index.models.embedder import Embedder
    from tests.loopback import Message

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

BRIDGE = Article(
    source="bridge",
    title="The bridge",
    text="# History\n\n"
    + "The river was crossed by a ferry for two hundred years before anybody built there. " * 8
    + "\n\nThe bridge over the river Vlina was opened by the mayor in May 1931.\n\n"
    + "Its railings were painted green, and the toll house was sold to a baker. " * 8,
)
OPENED = "When was the bridge over the Vlina opened?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    tmp_path_factory: pytest.TempPathFactory, default_model: Embedder
) -> AsyncIterator[Scene]:
    async with playing(tmp_path_factory.mktemp("data")) as scene:
        scene.set(per_minute=600)
        seed(scene.data, default_model, server_collection(scene.guild.id), [BRIDGE])
        await scene.warm()
        yield scene


def complaints(scene: Scene) -> list[Complaint]:
    database = Database(scene.data / "library.db")
    found = Feedback(database).in_vain(server_collection(scene.guild.id))
    database.close()
    return [complaint for missed in found for complaint in missed.complaints]


def button(message: Message, label: str) -> str:
    found = [
        b for b in message.buttons if label in (b.get("label"), b.get("emoji", {}).get("name"))
    ]
    return str(found[0]["custom_id"])


async def test_next_and_previous_turn_the_card_itself(scene: Scene) -> None:
    answer = await scene.answer_to(scene.ada, WORTH)
    first = answer.text
    assert "1 of 5" in answer.labels
    turned = await (await scene.ada.click(answer, "Next")).response()
    assert turned is answer
    assert "2 of 5" in answer.labels
    assert answer.text != first
    await (await scene.ada.click(answer, "Previous")).response()
    assert answer.text == first


async def test_before_and_after_is_private(scene: Scene) -> None:
    answer = await scene.answer_to(scene.ada, OPENED)
    assert "May 1931" in answer.text
    shown = await (await scene.ada.click(answer, "Before / after")).response()
    assert shown.ephemeral
    assert "**Before**" in shown.text
    assert "ferry" in shown.text
    assert "baker" in shown.text


async def test_a_thumb_up_is_noted(scene: Scene) -> None:
    answer = await scene.answer_to(scene.ada, WORTH)
    thanked = await (await scene.ada.click(answer, "👍")).response()
    assert thanked.ephemeral
    assert "Thank you" in thanked.text


async def test_a_thumb_down_asks_why(scene: Scene) -> None:
    bob = scene.person("Bob")
    answer = await scene.answer_to(scene.ada, WORTH)
    form = await (await bob.click(answer, "👎")).form()
    fields = {"What was wrong?": "It is outdated", "In your words": "It is 3 billion by now"}
    thanked = await (await bob.submit(form, fields)).response()
    assert thanked.ephemeral
    told = [(complaint.reason, complaint.comment) for complaint in complaints(scene)]
    assert ("outdated", "It is 3 billion by now") in told


async def test_telling_a_manager_reaches_the_managers(scene: Scene) -> None:
    bob = scene.person("Bob")
    answer = await (await bob.slash("ask", scene.general, question=NOWHERE, private=True)).response(
        PATIENCE
    )
    before = len(complaints(scene))
    assert "will see it" in (await (await bob.click(answer, "Tell a manager")).response()).text
    assert len(complaints(scene)) == before + 1


async def test_votes_are_not_kept_where_questions_are_not(scene: Scene) -> None:
    scene.set(keep_questions_days=0)
    answer = await scene.answer_to(scene.ada, WORTH)
    told = await (await scene.ada.click(answer, "👍")).response()
    scene.set(keep_questions_days=90)
    assert "nothing was noted" in told.text


@pytest.mark.parametrize(
    "custom_id",
    [
        build("next", "AAAAAAAAAAAA", 1),
        build("share", "AAAAAAAAAAAA"),
        build("bad", "AAAAAAAAAAAA"),
        build("near", "AAAAAAAAAAAA", 9_999),
        build("sprev", "AAAAAAAAAAAA", 1),
        "p0:next:AAAAAAAAAAAA:1",
        "p1:next",
        "anything",
    ],
)
async def test_a_forged_button_gets_a_plain_sentence(scene: Scene, custom_id: str) -> None:
    answer = await scene.answer_to(scene.ada, WORTH)
    before = answer.text
    told = await (await scene.ada.click(answer, custom_id, force=True)).response()
    assert told.ephemeral
    assert told.text.count(".") >= 1
    assert "Reference" not in told.text
    assert answer.text == before


async def test_a_page_beyond_the_last_is_the_last(scene: Scene) -> None:
    answer = await scene.answer_to(scene.ada, WORTH)
    key = button(answer, "Next").split(":")[2]
    await (await scene.ada.click(answer, build("next", key, 77), force=True)).response()
    assert "5 of 5" in answer.labels


async def test_a_private_answer_is_nobody_elses_to_open(scene: Scene) -> None:
    bob = scene.person("Bob")
    asked = await scene.ada.slash("ask", scene.general, question=OPENED, private=True)
    private = await asked.response(PATIENCE)
    public = await scene.answer_to(scene.ada, WORTH)
    for label in ("Before / after", "👎", "Share"):
        told = await (await bob.click(public, button(private, label), force=True)).response()
        assert told.ephemeral
        assert "never yours to see" in told.text


async def test_a_private_answer_is_shared_once(scene: Scene) -> None:
    bob = scene.person("Bob")
    asked = await scene.ada.slash("ask", scene.general, question=OPENED, private=True)
    private = await asked.response(PATIENCE)
    await (await scene.ada.click(private, "Next")).response()
    assert "Share" in private.labels
    presses = [await scene.ada.click(private, "Share") for _ in range(3)]
    shown = [await press.response() for press in presses]
    assert [message.ephemeral for message in shown] == [False, True, True]
    assert shown[0] in bob.sees(scene.general)
    assert "Share" not in shown[0].labels


async def test_buttons_work_after_the_bot_was_killed(scene: Scene) -> None:
    answer = await scene.answer_to(scene.ada, WORTH)
    found = await (
        await scene.ada.slash("search", scene.general, query="Russia and Turkey")
    ).response(PATIENCE)
    form = await (await scene.ada.click(answer, "👎")).form()
    first = answer.text
    before = len(scene.discord.commands.syncs)

    await scene.restart(kill=True)

    assert len(scene.discord.commands.syncs) == before  # the commands are as they were
    await (await scene.ada.click(answer, "Next")).response()
    assert "2 of 5" in answer.labels
    await (await scene.ada.click(answer, "Previous")).response()
    assert answer.text == first
    await (await scene.ada.click(found, "Next")).response()
    assert "6\\. " in found.text
    thanked = await (await scene.ada.submit(form, {"What was wrong?": "It is wrong"})).response()
    assert "Thank you" in thanked.text


async def test_where_questions_are_not_kept_a_search_turns_its_pages_all_the_same(
    scene: Scene,
) -> None:
    quinn = scene.person("Quinn")
    choices = await quinn.autocomplete("search", scene.general, query="x", article="ankara")
    scene.set(keep_questions_days=0)
    try:
        words = {"query": "Turkey quokkaphone", "article": choices[0].value}
        found = await (await quinn.slash("search", scene.general, **words)).response(PATIENCE)
        await (await quinn.click(found, "Next")).response()
        assert "6\\. " in found.text
        assert "for “Turkey quokkaphone”" in found.text
        assert "in **The Ankara meeting" in found.text
        card = await (await quinn.slash("privacy", scene.general)).response()
        assert "1 search" in card.text
        assert not on_disk(scene.data / "library.db", "quokkaphone")
        await scene.restart()
        told = await (await quinn.click(found, "Previous")).response()
        assert "no longer kept. Search again." in told.text
    finally:
        scene.set(keep_questions_days=90)


async def test_buttons_say_that_their_article_is_gone(
    scene: Scene, default_model: Embedder
) -> None:
    collection = server_collection(scene.guild.id)
    answer = await scene.answer_to(scene.ada, OPENED)
    changed = replace(BRIDGE, text=BRIDGE.text.replace("1931", "1932"))
    seed(scene.data, default_model, collection, [changed])
    for label in ("Before / after", "👍", "👎"):
        told = await (await scene.ada.click(answer, label)).response()
        assert told.ephemeral
        assert "changed or removed since" in told.text
    assert "May 1932" in (await scene.answer_to(scene.ada, OPENED)).text

    library = Library(scene.data / "library.db")
    for entry in library.listing.entries(collection):
        library.remove(collection, entry.id)
    library.close()
    second = button(answer, "Next")
    await (await scene.ada.click(answer, second.replace(":1", ":0"), force=True)).response()
    assert "changed or removed since" in answer.text
    assert "1931" not in answer.text
    assert "1932" not in (await scene.answer_to(scene.ada, OPENED)).text


async def test_nothing_of_a_server_that_was_left_is_shown(scene: Scene) -> None:
    answer = await scene.answer_to(scene.ada, WORTH)
    database = Database(scene.data / "library.db")
    Servers(database).mark_left(scene.guild.id, 1)
    for press in ("Next", "Before / after", "👍"):
        told = await (await scene.ada.click(answer, press)).response()
        assert told.ephemeral
        assert "left this server" in told.text
    assert "left this server" in (await scene.answer_to(scene.ada, WORTH)).text
    database.close()
