"""What managers choose, who may choose and keep, and what other servers never see of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.loopback import Channel, File, Guild, Interaction, NotOffered, Permission, User, acts
from tests.support.managers import add, plain, said
from tests.support.scene import (
    NOWHERE,
    PATIENCE,
    WORTH,
    Scene,
    playing,
)

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

REFUSED = "Only those who manage this server, or have the role set in /settings, can do that."
NO_SERVER = "Settings are for servers that I am installed on"
MANAGING: dict[str, dict[str, Any]] = {
    "article add": {"file": File("oak.txt", b"The oak of Ulm is 512 years old.")},
    "article paste": {},
    "article list": {},
    "article show": {"article": "Oak"},
    "article remove": {"article": "Oak"},
    "article refresh": {},
    "why": {"question": "How old is the oak of Ulm?"},
    "missed": {},
}
SETTINGS: dict[str, dict[str, Any]] = {"settings show": {}, "settings answer-in": {}}
EVERYBODY: dict[str, dict[str, Any]] = {"help": {}, "privacy": {}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with playing(tmp_path_factory.mktemp("settings")) as scene:
        await scene.warm()
        await add(scene, MANAGING["article add"]["file"])
        yield scene


def member(scene: Scene, name: str, *permissions: Permission) -> User:
    person = scene.person(name)
    for permission in permissions:
        scene.guild.members[person.id].roles.append(scene.guild.role(f"{name}'s", permission))
    return person


async def outcome(asked: Interaction) -> str:
    """Return what came of a command: its text, or that it opened a form."""
    await asked.acknowledged()
    if asked.modal is not None:
        return "a form"
    return plain((await asked.response(PATIENCE)).text)


async def use(person: User, line: str, where: Channel, options: dict[str, Any]) -> str:
    if line == "settings answer-in":
        options = {"channel": where, "on": False}
    return await outcome(await person.slash(line, where, force=True, **options))


@pytest.mark.parametrize("line", [*MANAGING, *SETTINGS, *EVERYBODY])
async def test_who_may_use_which_command(scene: Scene, line: str) -> None:
    options = (MANAGING | SETTINGS | EVERYBODY)[line]
    role = scene.guild.role(f"Librarians of {line}")
    await choose_role(scene, role)
    manager = member(scene, "Mia", Permission.MANAGE_GUILD)
    librarian, nobody = member(scene, "Lib"), member(scene, "Bob")
    await scene.guild.members[librarian.id].give(role)
    for person in (scene.ada, manager, librarian):
        assert REFUSED not in await use(person, line, scene.general, options)
    told = await use(nobody, line, scene.general, options)
    assert (told == REFUSED) == (line not in EVERYBODY)
    if line not in EVERYBODY:
        with pytest.raises(NotOffered, match="it needs the permissions"):
            await nobody.slash(line, scene.general, **options)
    # Where the bot is somebody's own, they keep their own library and there is nothing to set.
    eve = scene.discord.user("Eve", installed=True)
    elsewhere = scene.discord.guild("Elsewhere", owner=eve, bot=False).text("general")
    for where in (eve.dm, elsewhere):
        if line == "settings answer-in":
            continue
        told = await use(eve, line, where, options)
        assert REFUSED not in told
        assert (NO_SERVER in told) == (line in SETTINGS)


async def choose_role(scene: Scene, *roles: Any) -> str:
    card = await (await scene.ada.slash("settings show", scene.general)).response()
    picked = await scene.ada.select(card, "p1:role", *roles)
    await picked.acknowledged()
    return plain((await picked.response()).text)


async def test_a_manager_who_is_one_no_longer_can_do_nothing_with_old_cards(scene: Scene) -> None:
    mia = scene.person("Mia")
    role = scene.guild.role("Manager", Permission.MANAGE_GUILD)
    await scene.guild.members[mia.id].give(role)
    settings = await (await mia.slash("settings show", scene.general)).response()
    listed = await (await mia.slash("article list", scene.general)).response()
    asks = await (await mia.slash("article remove", scene.general, article="oak")).response()
    form = await (await mia.slash("article paste", scene.general)).form()
    await scene.guild.members[mia.id].take(role)
    actions: list[Callable[[], Awaitable[Interaction]]] = [
        lambda: mia.click(asks, "Yes, remove it"),
        lambda: mia.click(settings, "p1:private:1"),
        lambda: mia.select(settings, "p1:role"),
        lambda: mia.select(settings, "p1:channels", scene.general),
        lambda: mia.select(settings, "p1:rate", "60"),
        lambda: mia.select(settings, "p1:days", "0"),
        lambda: mia.click(listed, "p1:lnext:1", force=True),
        lambda: mia.submit(form, {"Title": "Mine", "Text": "All mine."}),
    ]
    for act in actions:
        assert await said(await act()) == REFUSED
    typed = acts.slash(
        mia, "article show", scene.general, {"article": "o"}, force=True, typing=True
    )
    assert (await typed.acknowledged()).choices == []
    answer = await scene.answer_to(scene.ada, "How old is the oak of Ulm?")
    assert "512" in answer.text


async def test_the_role_that_is_everybody_is_refused(scene: Scene) -> None:
    card = await (await scene.ada.slash("settings show", scene.general)).response()
    picked = await scene.ada.select(card, "p1:role", scene.guild.everyone)
    assert "That role is everybody" in await said(picked)


async def test_the_card_shows_and_changes_everything_even_after_a_restart(scene: Scene) -> None:
    role, forum = scene.guild.role("Archivists"), scene.guild.forum("questions")
    card = await (await scene.ada.slash("settings show", scene.general)).response()
    assert card.ephemeral
    await scene.restart()
    for menu, values in (
        ("p1:role", [role]),
        ("p1:channels", [forum, scene.general]),
        ("p1:rate", ["20 questions"]),
        ("p1:days", ["30 days"]),
    ):
        await (await scene.ada.select(card, menu, *values)).response()
    await (await scene.ada.click(card, "Make answers private")).response()
    await scene.restart()
    again = await (await scene.ada.slash("settings show", scene.general)).response()
    assert again.components == card.components
    chosen = {
        menu["custom_id"]: [str(v["id"]) for v in menu.get("default_values", [])]
        or [o["value"] for o in menu.get("options", []) if o.get("default")]
        for menu in again.menus
    }
    assert chosen == {
        "p1:role": [str(role.id)],
        "p1:channels": sorted([str(scene.general.id), str(forum.id)]),
        "p1:rate": ["20"],
        "p1:days": ["30"],
    }
    assert "only the person who asks" in again.text

    await forum.delete()
    fresh = await (await scene.ada.slash("settings show", scene.general)).response()
    answered = next(menu for menu in fresh.menus if menu["custom_id"] == "p1:channels")
    assert [str(value["id"]) for value in answered["default_values"]] == [str(scene.general.id)]
    for menu in ("p1:role", "p1:channels"):
        await (await scene.ada.select(card, menu)).response()
    await (await scene.ada.click(card, "Show answers to everyone")).response()


async def test_answers_are_private_by_default_where_a_manager_says_so(scene: Scene) -> None:
    card = await (await scene.ada.slash("settings show", scene.general)).response()
    await (await scene.ada.click(card, "Make answers private")).response()
    assert (await scene.answer_to(scene.ada, WORTH)).ephemeral
    await (await scene.ada.click(card, "Show answers to everyone")).response()
    assert not (await scene.answer_to(scene.ada, WORTH)).ephemeral


async def test_the_rate_that_a_manager_chose_holds(scene: Scene) -> None:
    card = await (await scene.ada.slash("settings show", scene.general)).response()
    await (await scene.ada.select(card, "p1:rate", "2 questions")).response()
    bob = scene.person("Bob")
    for _ in range(2):
        assert "questions a minute" not in (await scene.answer_to(bob, WORTH)).text
    assert "2 questions a minute" in (await scene.answer_to(bob, WORTH)).text
    await (await scene.ada.select(card, "p1:rate", "60 questions")).response()


async def test_channels_are_turned_on_and_off_one_at_a_time(scene: Scene) -> None:
    forum, hall = scene.guild.forum("help"), scene.guild.text("hall")
    on = await said(await scene.ada.slash("settings answer-in", scene.general, channel=forum))
    assert on == "In #help I now answer without being asked when I have a clear answer."
    on = await said(await scene.ada.slash("settings answer-in", scene.general, channel=hall))
    assert "There I can only read messages that mention me" in on
    card = await (await scene.ada.slash("settings show", scene.general)).response()
    menu = next(menu for menu in card.menus if menu["custom_id"] == "p1:channels")
    assert {str(v["id"]) for v in menu["default_values"]} == {str(forum.id), str(hall.id)}
    for channel in (forum, hall):
        off = await scene.ada.slash("settings answer-in", scene.general, channel=channel, on=False)
        assert "only when I am asked" in await said(off)
    card = await (await scene.ada.slash("settings show", scene.general)).response()
    menu = next(menu for menu in card.menus if menu["custom_id"] == "p1:channels")
    assert not menu.get("default_values")


async def test_questions_that_are_not_kept_are_gone_and_not_shown(scene: Scene) -> None:
    await scene.answer_to(scene.ada, NOWHERE)
    missed = await said(await scene.ada.slash("missed", scene.general))
    assert NOWHERE in missed
    assert "1 time · nothing found" in missed
    card = await (await scene.ada.slash("settings show", scene.general)).response()
    await (await scene.ada.select(card, "p1:days", "Not at all")).response()
    missed = await said(await scene.ada.slash("missed", scene.general))
    assert missed == "Questions are not kept here, so none can be shown."
    await (await scene.ada.select(card, "p1:days", "90 days")).response()
    assert NOWHERE not in await said(await scene.ada.slash("missed", scene.general))


async def test_why_shows_ranks_scores_and_the_threshold(scene: Scene) -> None:
    asked = await scene.ada.slash("why", scene.general, question="How old is the oak of Ulm?")
    shown = await asked.response(PATIENCE)
    assert shown.ephemeral
    for words in ("An answer needs a confidence of 0.50", "the reader", "1. Oak", "cosine", "BM25"):
        assert words in plain(shown.text)


async def test_nothing_of_one_server_shows_on_another(scene: Scene) -> None:
    canary = "kestrelwing"
    ones, others = await server(scene, "One"), await server(scene, "Two")
    secret = File(f"{canary}.txt", f"The {canary} code of the vault is 7731.".encode())
    await add(scene, secret, where=ones)
    await add(scene, File("plain.txt", b"Nothing to hide."), where=others)
    question = f"What is the colour of the {canary} submarine hull?"
    await (await scene.ada.slash("ask", ones, question=question)).response(PATIENCE)
    choices = await scene.ada.autocomplete("article show", ones, article=canary)
    assert len(choices) == 1
    key = choices[0].value
    assert await scene.ada.autocomplete("article show", others, article="") != []
    assert canary not in str(await scene.ada.autocomplete("article show", others, article=""))
    for line, options in (
        ("article list", {}),
        ("article show", {"article": key}),
        ("article remove", {"article": key}),
        ("article refresh", {"article": key}),
        ("missed", {}),
        ("why", {"question": "What is the code of the vault?"}),
        ("help", {}),
    ):
        for where in (others, scene.ada.dm):
            assert canary not in (await use(scene.ada, line, where, options)).casefold(), line
    # A button that was forged for the other server's article removes nothing.
    listed = await (await scene.ada.slash("article list", others)).response()
    forged = await scene.ada.click(listed, f"p1:remove:{key}", force=True)
    assert "not in the library any more" in await said(forged)
    assert canary in (await said(await scene.ada.slash("article list", ones))).casefold()


async def server(scene: Scene, name: str) -> Channel:
    guild: Guild = scene.discord.guild(name, owner=scene.ada)
    return guild.text("general")
