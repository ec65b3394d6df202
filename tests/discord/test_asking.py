"""Asking, from the command or message to what the asker sees."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from index.collection_names import server_collection, user_collection
from index.records import Article
from tests.loopback import acts
from tests.loopback.constants import Callback
from tests.support.scene import (
    NOWHERE,
    PATIENCE,
    WORTH,
    Scene,
    playing,
    seed,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from index.models.embedder import Embedder

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

MEETING = "Who is Putin meeting in Ankara?"
CELLAR = "Where is the key to the wine cellar kept?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with playing(tmp_path_factory.mktemp("data")) as scene:
        scene.set(per_minute=600)
        await scene.warm()
        yield scene
        await scene.bot.stop()
        print(f"\n{next(line for line in scene.bot.lines if 'held up' in line)}")
        log = scene.bot.log
        assert scene.discord.token not in log
        assert "S-400" not in log
        assert "tungsten" not in log


def secret(name: str) -> Article:
    text = f"The key to the wine cellar is kept behind the portrait of {name} in the hall."
    return Article(source=f"cellar-{name}", title=f"The cellar of {name}", text=text)


async def test_ask_shows_the_answer_marked_in_its_passage(scene: Scene) -> None:
    asked = await scene.ada.slash("ask", scene.general, question=WORTH)
    answer = await asked.response(PATIENCE)
    assert "### Answer" in answer.text
    assert "**The S-400 deal is said to be worth" in answer.text
    assert "The Ankara meeting of September 2017" in answer.text
    assert "28 September 2017" in answer.text
    assert "Before / after" in answer.labels
    assert not answer.ephemeral
    assert asked.ack_ms is not None
    assert asked.ack_ms < 3000
    print(f"acknowledged after {asked.ack_ms:.0f} ms, answered after {asked.answer_ms:.0f} ms")


async def test_what_the_library_lacks_is_said_with_what_it_has(scene: Scene) -> None:
    answer = await scene.answer_to(scene.ada, NOWHERE)
    assert "nothing about this" in answer.text
    assert "You can ask about" in answer.text
    assert answer.labels == ["Tell a manager"]
    told = await (await scene.ada.click(answer, "Tell a manager")).response()
    assert told.ephemeral
    assert "Those who keep the library will see it" in told.text


async def test_an_empty_question_is_not_answered(scene: Scene) -> None:
    asked = await scene.ada.slash("ask", scene.general, question="   ")
    assert "question is empty" in (await asked.response()).text


async def test_a_private_answer_is_its_askers_alone(scene: Scene) -> None:
    bob = scene.person("Bob")
    asked = await scene.ada.slash("ask", scene.general, question=WORTH, private=True)
    answer = await asked.response(PATIENCE)
    assert answer.ephemeral
    assert answer not in bob.sees(scene.general)
    assert "Share" in answer.labels


async def test_answers_are_private_where_the_server_wants_it(scene: Scene) -> None:
    scene.set(private_by_default=True)
    hidden = await scene.answer_to(scene.ada, WORTH)
    asked = await scene.ada.slash("ask", scene.general, question=WORTH, private=False)
    shown = await asked.response(PATIENCE)
    scene.set(private_by_default=False)
    assert hidden.ephemeral
    assert not shown.ephemeral


async def test_a_direct_ask_is_answered_too(scene: Scene) -> None:
    asked = await scene.ada.slash("ask", scene.ada.dm, question=WORTH)
    answer = await asked.response(PATIENCE)
    assert "### Answer" in answer.text
    await (await scene.ada.click(answer, "Next")).response()
    assert "2 of 5" in answer.labels


async def test_a_mention_gets_a_reply_without_a_ping(scene: Scene) -> None:
    room = scene.guild.text("mentions")
    said = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    answer = await room.next_message(PATIENCE)
    assert answer.reply_to is said
    assert "$2 billion" in answer.text.replace("\\", "")
    assert not answer.pings
    assert answer.nonce == str(said.id)
    await room.say(scene.ada, "and not to you")
    await room.stays_silent()


async def test_a_mention_without_a_question_gets_a_how_to(scene: Scene) -> None:
    room = scene.guild.text("howto")
    said = await room.say(scene.ada, "", mentions=[scene.discord.bot])
    shown = await room.next_message()
    assert "Ask me a question in the same message" in shown.text
    await said.edit(f"{scene.discord.bot.mention} {WORTH}")
    await shown.becomes("### Answer", PATIENCE)


async def test_a_direct_message_is_answered_and_followed_up(scene: Scene) -> None:
    dora = scene.discord.user("Dora")
    await dora.dm.say(dora, MEETING)
    assert "Erdogan" in (await dora.dm.next_message(PATIENCE)).text
    await dora.dm.say(dora, "when?")
    followed = await dora.dm.next_message(PATIENCE)
    assert "28 September 2017" in followed.text
    assert "Question: when?" in followed.text
    assert "nothing about this" not in followed.text


async def test_a_reply_to_an_answer_follows_its_question(scene: Scene) -> None:
    room = scene.guild.text("replies")
    eve = scene.person("Eve")
    await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    answer = await room.next_message(PATIENCE)
    await room.say(eve, "and when was it signed?", reply_to=answer)
    followed = await room.next_message(PATIENCE)
    assert "S-400" in followed.text
    await room.say(eve, "and since when?", reply_to=followed)
    assert "nothing about this" not in (await room.next_message(PATIENCE)).text


async def test_a_leaning_question_of_somebody_else_follows_nothing(scene: Scene) -> None:
    room = scene.guild.text("strangers")
    await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    await room.next_message(PATIENCE)
    await room.say(scene.person("Fay"), "and why?", mentions=[scene.discord.bot])
    assert "### Answer" not in (await room.next_message(PATIENCE)).text


async def test_an_edited_question_gets_its_answer_edited(scene: Scene) -> None:
    room = scene.guild.text("edits")
    said = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    answer = await room.next_message(PATIENCE)
    edits = answer.edits
    await said.unfurl("a preview")
    await said.edit(f"{scene.discord.bot.mention} {MEETING}")
    await answer.becomes("Question: Who is Putin", PATIENCE)
    assert answer.edits == edits + 1
    assert not answer.pings
    await room.stays_silent()


async def test_an_edit_after_a_quarter_of_an_hour_changes_nothing(scene: Scene) -> None:
    room = scene.guild.text("old")
    an_hour_ago = scene.discord.ids.next() - (3_600_000 << 22)
    text = f"{scene.discord.bot.mention} {WORTH}"
    said = acts.say(room, scene.ada, text, message_id=an_hour_ago)
    answer = await room.next_message(PATIENCE)
    await said.edit(f"{scene.discord.bot.mention} {MEETING}")
    await room.stays_silent(1.0)
    assert WORTH.rstrip("?") in answer.text
    assert answer.edits == 0


async def test_a_deleted_question_takes_its_answer_along(scene: Scene) -> None:
    room = scene.guild.text("deletions")
    said = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    answer = await room.next_message(PATIENCE)
    await said.delete()
    await answer.vanishes()
    first = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    second = await room.say(scene.ada, MEETING, mentions=[scene.discord.bot])
    answers = [await room.next_message(PATIENCE), await room.next_message(PATIENCE)]
    await room.purge(first, second)
    for answer in answers:
        await answer.vanishes()


async def test_a_question_deleted_while_it_is_answered_gets_none(scene: Scene) -> None:
    room = scene.guild.text("hasty")
    for _ in range(3):
        said = await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
        await said.delete()
    await asyncio.sleep(1.5)
    left = [m for m in room.messages if m.author is scene.discord.bot and not m.deleted]
    assert left == []


async def test_an_event_that_comes_twice_is_answered_once(scene: Scene) -> None:
    room = scene.guild.text("twice")
    await room.say(scene.ada, WORTH, mentions=[scene.discord.bot])
    await scene.discord.gateway.repeat("MESSAGE_CREATE")
    await room.next_message(PATIENCE)
    await scene.discord.gateway.repeat("MESSAGE_CREATE")
    await room.stays_silent(1.0)


async def test_answer_this_is_private_and_can_be_shared(scene: Scene) -> None:
    bob = scene.person("Bob")
    said = await scene.general.say(bob, f"Does anybody know? {WORTH}")
    asked = await scene.ada.context_menu("Answer this", said)
    answer = await asked.response(PATIENCE)
    assert answer.ephemeral
    shared = await (await scene.ada.click(answer, "Share")).response()
    assert not shared.ephemeral
    assert shared in bob.sees(scene.general)
    assert "Share" not in shared.labels
    again = await (await scene.ada.click(answer, "Share")).response()
    assert again.ephemeral
    assert "shared already" in again.text
    turned = await (await bob.click(shared, "Next")).response()
    assert turned is shared


async def test_nothing_in_a_question_pings(scene: Scene) -> None:
    bob = scene.person("Bob")
    question = f"@everyone {bob.mention} how much is the S-400 deal worth?"
    answer = await scene.answer_to(scene.ada, question)
    assert not answer.pings
    for call in scene.discord.calls("POST", "/callback"):
        body = call.json.get("data") or {}
        if body.get("components") and call.json["type"] in (4, 7):
            assert body["allowed_mentions"]["parse"] == []


async def test_servers_and_people_see_only_their_own(scene: Scene, default_model: Embedder) -> None:
    other = scene.discord.guild("Elsewhere", owner=scene.ada)
    lobby = other.text("lobby")
    gus = scene.discord.user("Gus", installed=True)
    own = [server_collection(scene.guild.id), server_collection(other.id), user_collection(gus.id)]
    for collection, name in zip(own, ("Ludwig", "Mathilda", "Gustav"), strict=True):
        seed(scene.data, default_model, collection, [secret(name)])

    here = await scene.answer_to(scene.ada, CELLAR)
    there = await (await scene.ada.slash("ask", lobby, question=CELLAR)).response(PATIENCE)
    await gus.dm.say(gus, CELLAR)
    private = await gus.dm.next_message(PATIENCE)
    for answer, shown in ((here, "Ludwig"), (there, "Mathilda"), (private, "Gustav")):
        assert [name for name in ("Ludwig", "Mathilda", "Gustav") if name in answer.text] == [shown]

    # Somebody who brings the bot along sees their own library, and nobody else sees it there.
    foreign = scene.discord.guild("Foreign", owner=gus, bot=False).text("general")
    brought = await (await gus.slash("ask", foreign, question=CELLAR)).response(PATIENCE)
    assert "Gustav" in brought.text
    assert brought.ephemeral

    # The id of an answer that was seen elsewhere opens nothing.
    stolen = next(b["custom_id"] for b in there.buttons if b.get("label") == "Before / after")
    told = await (await scene.ada.click(here, stolen, force=True)).response()
    assert told.ephemeral
    assert "never yours to see" in told.text


async def test_search_shows_passages_five_a_page(scene: Scene) -> None:
    asked = await scene.ada.slash("search", scene.general, query="Russia and Turkey")
    first = await asked.response(PATIENCE)
    assert "1\\. " in first.text
    assert "cosine" in first.text
    assert first.labels[0] == "Previous"
    top = first.text
    await (await scene.ada.click(first, "Next")).response()
    assert first.text != top
    assert "6\\. " in first.text
    await (await scene.ada.click(first, "Previous")).response()
    assert first.text == top


async def test_search_in_one_article_that_is_offered_by_title(scene: Scene) -> None:
    choices = await scene.ada.autocomplete(
        "search", scene.general, query="settings", article="passage"
    )
    assert [choice.name for choice in choices] == ["A guide to Passage"]
    asked = await scene.ada.slash("search", scene.general, query="Ankara", article=choices[0].value)
    found = await asked.response(PATIENCE)
    assert "The Ankara meeting" not in found.text
    asked = await scene.ada.slash("search", scene.general, query="Ankara", article="Nowhere")
    assert "No article here is called" in (await asked.response(PATIENCE)).text


async def test_a_hundred_people_ask_at_once(scene: Scene) -> None:
    people = [scene.person(f"Person {number}") for number in range(100)]
    questions = (WORTH, MEETING, NOWHERE, "Why was the war plane shot down?")
    asked = [
        await person.slash("ask", scene.general, question=questions[number % 4])
        for number, person in enumerate(people)
    ]
    answers = await asyncio.gather(*(one.response(PATIENCE) for one in asked))
    assert len(answers) == 100
    acks = sorted(one.ack_ms or 9999.0 for one in asked)
    done = sorted(one.answer_ms or 99999.0 for one in asked)
    assert not any(one.failed for one in asked)
    print(
        f"\n100 at once: acknowledged after {acks[50]:.0f} ms (median), {acks[-1]:.0f} ms (last);"
        f" answered after {done[50]:.0f} ms, {done[-1]:.0f} ms"
    )
    for one, answer in zip(asked, answers, strict=True):
        number = int(one.user.name.split()[1])
        assert ("S-400 deal is said" in answer.text) == (number % 4 == 0)


async def test_what_comes_late_is_promised_an_answer_first(scene: Scene) -> None:
    """However fast the answer would be there: the bot is warm, and has answered this before."""
    lines: tuple[tuple[str, dict[str, Any]], ...] = (
        ("ask", {"question": WORTH}),
        ("search", {"query": "Russia and Turkey"}),
        ("article list", {}),
        ("settings show", {}),
        ("why", {"question": WORTH}),
        ("help", {}),
    )
    for line, given in lines:
        await acts.slash(scene.ada, line, scene.general, given).response(PATIENCE)
        used = acts.slash(scene.ada, line, scene.general, given, late=1.5)
        shown = await used.response(PATIENCE)
        assert used.callback is Callback.DEFERRED_MESSAGE
        assert shown.ephemeral  # the settings have not been looked at by then
    public = {"question": WORTH, "private": False}
    asked = acts.slash(scene.ada, "ask", scene.general, public, late=1.5)
    assert not (await asked.response(PATIENCE)).ephemeral
    assert asked.callback is Callback.DEFERRED_MESSAGE


async def test_a_hundred_that_come_late_at_once_are_all_promised_an_answer(scene: Scene) -> None:
    people = [scene.person(f"Latecomer {number}") for number in range(100)]
    given = {"question": WORTH, "private": True}
    asked = [acts.slash(person, "ask", scene.general, given, late=1.5) for person in people]
    for one in asked:
        assert "S-400 deal is said" in (await one.response(PATIENCE)).text
    assert {one.callback for one in asked} == {Callback.DEFERRED_MESSAGE}
    assert not any(one.failed for one in asked)


async def test_too_many_questions_are_told_to_wait(scene: Scene) -> None:
    hasty = scene.person("Hasty")
    scene.set(per_minute=10)
    asked = [
        await hasty.slash("ask", scene.general, question=NOWHERE, private=True) for _ in range(12)
    ]
    shown = [(await one.response(PATIENCE)).text for one in asked]
    slowed = [text for text in shown if "Ask again in" in text]
    assert len(slowed) == 2
    assert "10 questions a minute" in slowed[0]
    assert " seconds" in slowed[0]
