"""While the library is busy, nobody is left without an acknowledgement, or shown too much."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import tests.loopback
from tests.loopback import Discord, File, Interaction, Message
from tests.loopback.constants import Callback
from tests.support.managers import (
    add,
    ended,
    jsonl,
    plain,
)
from tests.support.scene import (
    PATIENCE,
    Scene,
    compile_models,
    environment,
)

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

BUSY = str(Path(tests.loopback.__file__).with_name("busy_bot.py"))
TOWERS = [(f"Tower {n}", f"Tower number {n} was built by the mason Ida Lund.") for n in range(30)]
QUESTION = "Who built tower number 7?"


@pytest.fixture(scope="module")
def mark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that makes the library busy."""
    return tmp_path_factory.mktemp("busy") / "busy"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory, mark: Path) -> AsyncIterator[Scene]:
    compile_models()
    data = tmp_path_factory.mktemp("data")
    env = environment(data, starter="false") | {"BUSY_BOT_FILE": str(mark)}
    discord = Discord()
    discord.limits.lifetime_s = 300
    async with discord:
        ada = discord.user("Ada")
        guild = discord.guild("Library", owner=ada)
        general = guild.text("general")
        bot = await discord.start(BUSY, env=env, ready_within=PATIENCE)
        scene = Scene(discord, data, ada, guild, general, env, bot)
        scene.set(per_minute=600)
        await add(scene, jsonl(TOWERS))
        yield scene
        await bot.stop()
        assert discord.violations == []


@contextmanager
def busy(mark: Path) -> Iterator[None]:
    mark.touch()
    try:
        yield
    finally:
        mark.unlink()


async def promised(asked: Interaction) -> Message:
    """See that a private answer is promised, and return the message that it will be."""
    await asked.acknowledged()
    assert asked.callback is Callback.DEFERRED_MESSAGE
    assert asked.original is not None
    assert asked.original.ephemeral
    return asked.original


COMMANDS: list[tuple[str, dict[str, Any], str]] = [
    ("article list", {}, "Tower 29"),
    ("article show", {"article": "tower 3"}, "Tower number 3"),
    ("article show", {"article": "nothing"}, "No article here is called"),
    ("article remove", {"article": "Tower 3"}, "Remove Tower 3"),
    ("article refresh", {}, "None of the articles here came from the web"),
    ("article add", {}, "Add either a file or the address"),
    ("settings show", {}, "Settings"),
    ("settings answer-in", {"channel": ...}, "I now answer without being asked"),
    ("why", {"question": QUESTION}, "Tower 7"),
    ("missed", {}, "in vain"),
    ("help", {}, "/ask"),
    ("privacy", {}, "kept"),
]


@pytest.mark.parametrize(("command", "given", "words"), COMMANDS)
async def test_a_command_is_promised_an_answer_and_gets_it(
    scene: Scene, mark: Path, command: str, given: dict[str, Any], words: str
) -> None:
    given = {name: scene.general if value is ... else value for name, value in given.items()}
    with busy(mark):
        asked = await scene.ada.slash(command, scene.general, **given)
        await promised(asked)
    assert words in plain((await asked.response(PATIENCE)).text)


async def test_what_is_added_meanwhile_is_reported_privately(scene: Scene, mark: Path) -> None:
    file = File("mill.txt", b"The mill grinds rye.")
    with busy(mark):
        asked = await scene.ada.slash("article add", scene.general, file=file)
        notice = await promised(asked)
    assert "1 added" in (await ended(scene, notice)).text


async def test_who_may_not_keep_the_library_is_told_so_privately(scene: Scene, mark: Path) -> None:
    bob = scene.person("Bob")
    manager = scene.guild.role("Sees", tests.loopback.Permission.MANAGE_GUILD)
    await scene.guild.members[bob.id].give(manager)
    shown = await (await bob.slash("article list", scene.general)).response()
    await scene.guild.members[bob.id].take(manager)
    with busy(mark):
        turned = await bob.click(shown, "Next")
        await turned.acknowledged()
    told = await turned.followup(0, PATIENCE)
    assert told.ephemeral
    assert "Tower" not in told.text


async def test_a_form_opens_without_a_check_and_is_checked_when_sent(
    scene: Scene, mark: Path
) -> None:
    fields = {"Title": "Bell", "Text": "The bell was cast in 1704."}
    with busy(mark):
        form = await (await scene.ada.slash("article paste", scene.general)).form()
        sent = await scene.ada.submit(form, fields)
        notice = await promised(sent)
    assert "1 added" in (await ended(scene, notice)).text


async def test_private_cards_change_in_their_place(scene: Scene, mark: Path) -> None:
    shown = await (await scene.ada.slash("article list", scene.general)).response()
    with busy(mark):
        pressed = await scene.ada.click(shown, "Next")
        await pressed.acknowledged()
        assert pressed.callback is Callback.DEFERRED_UPDATE
    assert "Tower 15" in (await pressed.response(PATIENCE)).text

    asks = await (
        await scene.ada.slash("article remove", scene.general, article="Tower 9")
    ).response()
    with busy(mark):
        pressed = await scene.ada.click(asks, "Yes, remove it")
        await pressed.acknowledged()
    assert "has been removed" in (await pressed.response(PATIENCE)).text

    card = await (await scene.ada.slash("settings show", scene.general)).response()
    role = scene.guild.role("Librarians")
    with busy(mark):
        chosen = await scene.ada.select(card, "p1:role", role)
        await chosen.acknowledged()
    await chosen.response(PATIENCE)
    assert "let the role see" in (await chosen.followup(0, PATIENCE)).text


async def test_the_buttons_of_an_answer_are_seen_to(scene: Scene, mark: Path) -> None:
    bob = scene.person("Ben")
    answer = await scene.answer_to(scene.ada, QUESTION)
    with busy(mark):
        turned = await bob.click(answer, "Next")
        await turned.acknowledged()
        assert turned.callback is Callback.DEFERRED_UPDATE
        for label in ("Before / after", "👍"):
            await promised(await bob.click(answer, label))
        form = await (await bob.click(answer, "👎")).form()
        sent = await bob.submit(form, {"What was wrong?": "It is wrong"})
        await promised(sent)
    assert await turned.response(PATIENCE) is answer
    assert "2 of 5" in answer.labels
    assert "Thank you" in (await sent.response(PATIENCE)).text


async def test_a_private_answer_is_shared_and_its_pages_stay_private(
    scene: Scene, mark: Path
) -> None:
    bob = scene.person("Bo")
    asked = await scene.ada.slash("ask", scene.general, question=QUESTION, private=True)
    private = await asked.response(PATIENCE)
    public = await scene.answer_to(scene.ada, QUESTION)
    before = public.text
    page = next(b["custom_id"] for b in private.buttons if b.get("label") == "Next")
    with busy(mark):
        own = await scene.ada.click(public, page, force=True)
        others = await bob.click(public, page, force=True)
        share = await scene.ada.click(private, "Share")
        for press in (own, others, share):
            await press.acknowledged()
            assert press.callback is Callback.DEFERRED_UPDATE
    assert (await own.followup(0, PATIENCE)).ephemeral
    told = await others.followup(0, PATIENCE)
    assert told.ephemeral
    assert "never yours to see" in told.text
    shared = await share.followup(0, PATIENCE)
    assert not shared.ephemeral
    assert "Ida Lund" in shared.text
    assert public.text == before
