"""The loopback Discord refuses what Discord refuses, and remembers it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.loopback import Channel, Discord, File, Interaction, User
from tests.loopback.rawclient import RawClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EPHEMERAL, LOADING, V2 = 1 << 6, 1 << 7, 1 << 15
NOBODY: dict[str, Any] = {"parse": []}
ASK = {
    "name": "ask",
    "description": "Asks.",
    "options": [{"type": 3, "name": "question", "description": "What?", "autocomplete": True}],
}


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord() as discord:
        discord.commands.replace(None, [ASK])
        yield discord


@pytest.fixture
async def raw(discord: Discord) -> AsyncIterator[RawClient]:
    async with RawClient(discord) as raw:
        yield raw


@pytest.fixture
def ada(discord: Discord) -> User:
    return discord.user("Ada")


@pytest.fixture
def general(discord: Discord, ada: User) -> Channel:
    return discord.guild("Library", owner=ada).text("general")


@pytest.fixture
async def asked(raw: RawClient, ada: User, general: Channel) -> Interaction:
    await raw.identify()
    await raw.hears("READY")
    return await ada.slash("ask", general, question="who?")


def text(content: str, **extra: Any) -> dict[str, Any]:
    return {"type": 10, "content": content, **extra}


def button(custom_id: str, **extra: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "x", "custom_id": custom_id, **extra}


def row(*children: Any) -> dict[str, Any]:
    return {"type": 1, "components": list(children)}


def menu(count: int, **extra: Any) -> dict[str, Any]:
    options = [{"label": f"o{n}", "value": f"{n}"} for n in range(count)]
    return {"type": 3, "custom_id": "menu", "options": options, **extra}


def container(*children: Any) -> dict[str, Any]:
    return {"type": 17, "components": list(children)}


def card(*components: Any, **extra: Any) -> dict[str, Any]:
    return {"flags": V2, "components": list(components), **extra}


def section(*texts: Any, accessory: Any) -> dict[str, Any]:
    return {"type": 9, "components": list(texts), "accessory": accessory}


LINK = {"type": 2, "style": 5, "label": "read", "url": "https://example.com/#:~:text=a"}

FINE = {
    "text": {"content": "x" * 2000},
    "embed": {"embeds": [{"title": "t", "description": "d", "fields": []}]},
    "old buttons": {"content": "x", "components": [row(button("a"), LINK)]},
    "card": card(
        container(
            text("x" * 3990),
            section(text("y"), accessory=LINK),
            {"type": 14, "spacing": 2, "divider": True},
            row(button("a"), button("b")),
            row(menu(25, placeholder="choose")),
        )
    ),
    "40 components": card(*[text("x") for _ in range(40)]),
    "3,386 three-byte characters": card(text("世" * 3386)),
}


@pytest.mark.parametrize("name", FINE)
async def test_a_valid_message_is_taken(
    name: str, raw: RawClient, general: Channel, discord: Discord
) -> None:
    status, _ = await raw.say(general, FINE[name] | {"allowed_mentions": NOBODY})
    assert (status, discord.violations) == (200, [])


BROKEN = {
    "2001 characters": {"content": "x" * 2001},
    "nothing": {"content": " "},
    "41 components": card(*[text("x") for _ in range(41)]),
    "41 components nested": card(container(*[text("x") for _ in range(40)])),
    "4001 characters": card(text("x" * 4000), text("y")),
    "a blank text": card(text("  ")),
    "content beside V2": card(text("x"), content="y"),
    "embeds beside V2": card(text("x"), embeds=[{"title": "t"}]),
    "V2 without the flag": {"components": [text("x")]},
    "a section without accessory": card({"type": 9, "components": [text("x")]}),
    "a section of four texts": card(section(*[text("x")] * 4, accessory=LINK)),
    "a section with a row": card(section(row(LINK), accessory=LINK)),
    "a container in a container": card(container(container(text("x")))),
    "a bare button": card(button("a")),
    "six buttons": card(row(*[button(f"{n}") for n in range(6)])),
    "an empty row": card(row()),
    "a select beside a button": card(row(menu(1), button("a"))),
    "26 options": card(row(menu(26))),
    "no options": card(row(menu(0))),
    "equal options": card(row(menu(0, options=[{"label": "a", "value": "a"}] * 2))),
    "more values than options": card(row(menu(2, max_values=3))),
    "a long custom_id": card(row(button("x" * 101))),
    "a custom_id twice": card(row(button("a")), row(button("a"))),
    "an id twice": card(text("x", id=7), text("y", id=7)),
    "a long label": card(row(button("a", label="x" * 81))),
    "a button without label": card(row({"type": 2, "style": 1, "custom_id": "a"})),
    "a link with custom_id": card(row({**LINK, "custom_id": "a"})),
    "a long link": card(row({**LINK, "url": "https://example.com/" + "x" * 500})),
    "a script link": card(row({**LINK, "url": "javascript:alert(1)"})),
    "a file that isn't there": card({"type": 13, "file": {"url": "attachment://a.txt"}}),
    "a modal's field": card(row({"type": 4, "custom_id": "a", "style": 1})),
    "eleven embeds": {"embeds": [{"title": "x"}] * 11},
    "6001 characters in embeds": {"embeds": [{"description": "x" * 3001}] * 2},
    "a long embed title": {"embeds": [{"title": "x" * 257}]},
    "26 fields": {"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]},
    "a long nonce": {"content": "x", "nonce": "1" * 26},
    "an ephemeral message": {"content": "x", "flags": EPHEMERAL},
    "a forged flag": {"content": "x", "flags": LOADING},
    "contradicting mentions": {
        "content": "x",
        "allowed_mentions": {"parse": ["users"], "users": ["1"]},
    },
}


@pytest.mark.parametrize("documented_only", [False, True], ids=["schema", "limits"])
@pytest.mark.parametrize("name", BROKEN)
async def test_an_invalid_message_is_refused_and_remembered(
    name: str, raw: RawClient, general: Channel, discord: Discord, *, documented_only: bool
) -> None:
    if documented_only:
        discord.schema = None
    status, _ = await raw.say(general, {"allowed_mentions": NOBODY} | BROKEN[name])
    assert status == 400
    assert discord.violations
    assert not any(v.rule == "loopback" for v in discord.violations)
    assert general.messages == []


async def test_too_many_bytes_of_text_fail_as_they_do_at_discord(
    raw: RawClient, general: Channel, discord: Discord
) -> None:
    status, _ = await raw.say(general, card(text("世" * 3387)))
    assert status == 500
    assert [v.rule for v in discord.violations] == ["components: bytes"]


async def test_components_v2_cannot_be_taken_back(
    raw: RawClient, general: Channel, discord: Discord
) -> None:
    _, message = await raw.say(general, card(text("x")))
    path = f"/channels/{general.id}/messages/{message['id']}"
    status, _ = await raw.request("PATCH", path, {"flags": 0})
    assert status == 400
    assert "can't be taken back" in str(discord.violations[-1])
    status, _ = await raw.request("PATCH", path, {"content": "x"})
    assert status == 400


async def test_pings_are_worked_out_from_allowed_mentions(
    raw: RawClient, ada: User, general: Channel, discord: Discord
) -> None:
    assert general.guild is not None
    editors = general.guild.role("Editors", mentionable=True)
    hidden = general.guild.role("Hidden")
    words = f"{ada.mention} {editors.mention} {hidden.mention} @everyone `{discord.bot.mention}`"
    await raw.say(general, {"content": words, "allowed_mentions": NOBODY})
    assert not general.messages[-1].pings
    await raw.say(general, card(text(words), allowed_mentions={"parse": ["users", "roles"]}))
    pings = general.messages[-1].pings
    assert (pings.users, pings.roles, pings.everyone) == ({ada.id}, {editors.id}, False)
    assert discord.violations == []
    await raw.say(general, {"content": words})
    assert general.messages[-1].pings.users == {ada.id}
    assert [v.rule for v in discord.forgive("ping")] == ["ping"]


async def test_a_reply_pings_only_when_asked_to(
    raw: RawClient, ada: User, general: Channel, discord: Discord
) -> None:
    question = await general.say(ada, "who?")
    reply = {"content": "he", "message_reference": {"message_id": str(question.id)}}
    await raw.say(general, reply | {"allowed_mentions": NOBODY})
    assert not general.messages[-1].pings
    await raw.say(general, reply | {"allowed_mentions": {"parse": [], "replied_user": True}})
    assert general.messages[-1].pings.users == {ada.id}
    assert discord.violations == []


async def test_the_same_nonce_sends_once(raw: RawClient, general: Channel) -> None:
    body = {"content": "x", "nonce": "7", "enforce_nonce": True}
    (_, first), (_, second) = await raw.say(general, body), await raw.say(general, body)
    assert first["id"] == second["id"]
    assert len(general.messages) == 1


async def test_permissions_are_needed(
    raw: RawClient, ada: User, general: Channel, discord: Discord
) -> None:
    secret = general.guild.text("secret")  # type: ignore[union-attr]
    secret.overwrite(discord.bot, deny=1 << 10)
    assert (await raw.say(secret, {"content": "x"}))[1]["code"] == 50001
    general.overwrite(discord.bot, deny=1 << 11)
    assert (await raw.say(general, {"content": "x"}))[1]["code"] == 50013
    message = await general.say(ada, "mine")
    path = f"/channels/{general.id}/messages/{message.id}"
    assert (await raw.request("PATCH", path, {"content": "x"}))[1]["code"] == 50005
    assert (await raw.request("DELETE", path))[1]["code"] == 50013
    rules = [v.rule for v in discord.violations]
    assert rules == ["permission", "permission", "author", "permission"]


async def test_what_vanished_is_unknown_but_no_violation(
    raw: RawClient, general: Channel, discord: Discord
) -> None:
    _, message = await raw.say(general, {"content": "x"})
    await general.messages[0].delete()
    path = f"/channels/{general.id}/messages/{message['id']}"
    status, answer = await raw.request("PATCH", path, {"content": "y"})
    assert (status, answer["code"]) == (404, 10008)
    assert discord.violations == []
    assert len(discord.refusals) == 1


async def test_an_interaction_is_acknowledged_once(
    raw: RawClient, asked: Interaction, discord: Discord
) -> None:
    assert (await raw.answer(asked, 4, {"content": "he"}))[0] == 204
    assert (await asked.response()).text == "he"
    assert (await raw.answer(asked, 4, {"content": "he"}))[1]["code"] == 40060
    assert [v.rule for v in discord.violations] == ["acknowledgement"]


async def test_a_late_acknowledgement_is_refused(
    raw: RawClient, ada: User, asked: Interaction, discord: Discord
) -> None:
    await raw.answer(asked, 5)
    discord.limits.acknowledge_s = 0.05
    late = await ada.slash("ask", asked.channel, question="when?")
    await asyncio.sleep(0.1)
    assert (await raw.answer(late, 4, {"content": "then"}))[1]["code"] == 10062
    assert late.failed
    assert {v.rule for v in discord.violations} == {"acknowledgement"}


async def test_a_token_expires(raw: RawClient, asked: Interaction, discord: Discord) -> None:
    await raw.answer(asked, 5)
    discord.limits.token_s = 0.0
    status, answer = await raw.request("PATCH", raw.webhook(asked), {"content": "he"})
    assert (status, answer["code"]) == (401, 50027)
    assert [v.rule for v in discord.violations] == ["token"]


async def test_a_follow_up_fills_in_a_public_deferral_publicly(
    raw: RawClient, asked: Interaction, discord: Discord
) -> None:
    await raw.answer(asked, 5)
    await raw.request("POST", raw.webhook(asked, ""), {"content": "he", "flags": EPHEMERAL})
    assert not (await asked.response()).ephemeral
    assert "EPHEMERAL has no effect" in discord.violations[0].detail


async def test_a_deferral_is_answered_by_an_edit_and_stays_private(
    raw: RawClient, ada: User, asked: Interaction, discord: Discord
) -> None:
    bob = discord.user("Bob")
    asked.channel.guild.join(bob)  # type: ignore[union-attr]
    assert (await raw.answer(asked, 5, {"flags": EPHEMERAL}))[0] == 204
    with pytest.raises(TimeoutError):
        await asked.response(within=0.05)
    await raw.request("PATCH", raw.webhook(asked), card(text("he")))
    message = await asked.response()
    assert message.ephemeral
    assert ada.sees(asked.channel) == [message]
    assert bob.sees(asked.channel) == []
    path = f"/channels/{asked.channel.id}/messages/{message.id}"
    assert discord.violations == []
    assert (await raw.request("GET", path))[1]["code"] == 10008
    assert [v.rule for v in discord.violations] == ["ephemeral"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (5, {"flags": EPHEMERAL | V2}),
        (5, {"content": "x"}),
        (6, None),
        (7, {"content": "x"}),
        (8, {"choices": []}),
        (9, {"custom_id": "m", "title": "x" * 46, "components": []}),
        (4, {"content": "x", "components": [row(button("a")), row(button("a"))]}),
        (12, None),
    ],
)
async def test_an_answer_of_the_wrong_kind_is_refused(
    kind: int, data: Any, raw: RawClient, asked: Interaction, discord: Discord
) -> None:
    assert (await raw.answer(asked, kind, data))[0] == 400
    assert discord.violations


def label(component: Any, **extra: Any) -> dict[str, Any]:
    return {"type": 18, "label": "Words", "component": component, **extra}


def line(custom_id: str = "words", **extra: Any) -> dict[str, Any]:
    return {"type": 4, "custom_id": custom_id, "style": 1, **extra}


def modal(*components: Any, **extra: Any) -> dict[str, Any]:
    return {"custom_id": "m", "title": "Form", "components": list(components), **extra}


BROKEN_MODALS = {
    "six components": modal(*[label(line(f"{n}")) for n in range(6)]),
    "none": modal(),
    "a long title": modal(label(line()), title="x" * 46),
    "a long label": modal(label(line(), label="x" * 46)),
    "a long description": modal(label(line(), description="x" * 101)),
    "a custom_id twice": modal(label(line()), label(line())),
    "a long value": modal(label(line(value="x" * 11, max_length=10))),
    "a long placeholder": modal(label(line(placeholder="x" * 101))),
    "4001 characters allowed": modal(label(line(max_length=4001))),
    "a bare field": modal(line()),
    "a button": modal(label(button("a"))),
    "eleven files": modal(label({"type": 19, "custom_id": "f", "max_values": 11})),
}


@pytest.mark.parametrize("name", BROKEN_MODALS)
async def test_an_invalid_modal_is_refused(
    name: str, raw: RawClient, asked: Interaction, discord: Discord
) -> None:
    assert (await raw.answer(asked, 9, BROKEN_MODALS[name]))[0] == 400
    assert discord.violations


async def test_a_modal_is_filled_in(
    raw: RawClient, ada: User, asked: Interaction, discord: Discord
) -> None:
    files = {"type": 19, "custom_id": "files", "min_values": 0, "max_values": 2}
    why = label(menu(2), label="Why")
    form = modal(text("Hello"), label(line()), why, label(files, label="Files"))
    assert (await raw.answer(asked, 9, form))[0] == 204
    filled = {"Words": "w", "menu": "o1", "Files": [File("a.txt", b"a")]}
    await ada.submit(await asked.form(), filled)
    await raw.hears("INTERACTION_CREATE")
    submitted = (await raw.hears("INTERACTION_CREATE"))["data"]
    inner = [c.get("component", {}) for c in submitted["components"]]
    assert [c.get("value", c.get("values")) for c in inner[:3]] == [None, "w", ["1"]]
    assert list(submitted["resolved"]["attachments"]) == inner[3]["values"]
    assert discord.violations == []


async def test_autocomplete_takes_25_choices_of_100_characters(
    raw: RawClient, ada: User, general: Channel, discord: Discord
) -> None:
    await raw.identify()
    await raw.hears("READY")
    for names in (["x"] * 26, ["x" * 101], [""]):
        task = asyncio.create_task(ada.autocomplete("ask", general, question="w", within=0.2))
        await raw.hears("INTERACTION_CREATE")
        offered = [{"name": name, "value": name} for name in names]
        status, _ = await raw.answer(discord.interactions[-1], 8, {"choices": offered})
        assert status == 400
        with pytest.raises(TimeoutError):
            await task
    assert len([v for v in discord.violations if v.rule != "acknowledgement"]) == 3


COMMAND = {"name": "a", "description": "d"}


def option(name: str, **extra: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "d", **extra}


def choices(count: int, size: int = 3) -> list[dict[str, Any]]:
    return [{"name": f"{n:0{size}}", "value": f"{n:0{size}}"} for n in range(count)]


BROKEN_COMMANDS: dict[str, Any] = {
    "a capital": [COMMAND | {"name": "Ask"}],
    "a space": [COMMAND | {"name": "ask me"}],
    "a long name": [COMMAND | {"name": "a" * 33}],
    "no description": [{"name": "a"}],
    "a long description": [COMMAND | {"description": "d" * 101}],
    "two namesakes": [COMMAND, COMMAND],
    "101 commands": [COMMAND | {"name": f"a{n}"} for n in range(101)],
    "16 context menus": [{"name": f"a{n}", "type": 3} for n in range(16)],
    "26 options": [COMMAND | {"options": [option(f"o{n}") for n in range(26)]}],
    "equal options": [COMMAND | {"options": [option("o"), option("o")]}],
    "a required option last": [COMMAND | {"options": [option("x"), option("y", required=True)]}],
    "26 choices": [COMMAND | {"options": [option("x", choices=choices(26))]}],
    "choices beside autocomplete": [
        COMMAND | {"options": [option("x", choices=choices(1), autocomplete=True)]}
    ],
    "a subcommand beside an option": [COMMAND | {"options": [option("x"), option("y", type=1)]}],
    "8001 characters": [
        COMMAND | {"options": [option(f"o{n}", choices=choices(3, 99)) for n in range(14)]}
    ],
}


@pytest.mark.parametrize("name", BROKEN_COMMANDS)
async def test_invalid_commands_are_refused(name: str, raw: RawClient, discord: Discord) -> None:
    path = f"/applications/{discord.application.id}/commands"
    assert (await raw.request("PUT", path, BROKEN_COMMANDS[name]))[0] == 400
    assert discord.violations
    assert discord.commands.names == ["ask"]


async def test_single_commands_are_added_changed_and_removed(
    raw: RawClient, discord: Discord
) -> None:
    path = f"/applications/{discord.application.id}/commands"
    _, added = await raw.request("POST", path, COMMAND)
    assert discord.commands.names == ["ask", "a"]
    _, again = await raw.request("POST", path, COMMAND | {"description": "new"})
    assert (again["id"], again["description"]) == (added["id"], "new")
    _, changed = await raw.request("PATCH", f"{path}/{added['id']}", {"description": "newer"})
    assert (await raw.request("GET", f"{path}/{added['id']}"))[1] == changed
    assert (await raw.request("DELETE", f"{path}/{added['id']}"))[0] == 204
    assert (await raw.request("GET", f"{path}/{added['id']}"))[1]["code"] == 10063
    assert len((await raw.request("GET", path))[1]) == 1
    guild = discord.guild("Library")
    here = f"/applications/{discord.application.id}/guilds/{guild.id}/commands"
    assert (await raw.request("PUT", here, [COMMAND]))[0] == 200
    assert discord.commands.syncs[-1] == (guild.id, ["a"])
    assert discord.violations == []


async def test_history_reactions_typing_and_dms(
    raw: RawClient, ada: User, general: Channel, discord: Discord
) -> None:
    said = [await general.say(ada, f"{n}") for n in range(5)]
    path = f"/channels/{general.id}"
    _, history = await raw.request("GET", f"{path}/messages?limit=2&before={said[4].id}")
    assert [m["id"] for m in history] == [str(said[3].id), str(said[2].id)]
    assert history[0]["content"] == ""
    emoji = f"{path}/messages/{said[0].id}/reactions/👍/@me"
    assert (await raw.request("PUT", emoji))[0] == 204
    assert said[0].reactions == {"👍": [discord.bot]}
    assert (await raw.request("DELETE", emoji))[0] == 204
    assert (await raw.request("POST", f"{path}/typing"))[0] == 204
    assert len(general.typing) == 1
    _, dm = await raw.request("POST", "/users/@me/channels", {"recipient_id": str(ada.id)})
    assert dm["id"] == str(ada.dm.id)
    ada.accepts_dms = False
    assert (await raw.say(ada.dm, {"content": "x"}))[1]["code"] == 50007
    assert discord.violations == []


async def test_a_user_install_gets_five_follow_ups(raw: RawClient, discord: Discord) -> None:
    eve = discord.user("Eve", installed=True)
    discord.commands.replace(None, [ASK | {"integration_types": [0, 1]}])
    elsewhere = discord.guild("Elsewhere", owner=eve, bot=False).text("general")
    asked = await eve.slash("ask", elsewhere, question="who?")
    await raw.answer(asked, 4, {"content": "he"})
    for n in range(6):
        status, _ = await raw.request("POST", raw.webhook(asked, ""), {"content": f"{n}"})
        assert status == (200 if n < 5 else 400)
    assert (await asked.followup(4)).text == "4"


async def test_a_strange_route_and_a_wrong_token_are_violations(
    raw: RawClient, discord: Discord
) -> None:
    assert (await raw.request("GET", "/users/@me", token="wrong"))[0] == 401  # noqa: S106
    assert (await raw.request("GET", "/nowhere"))[0] in (400, 404)
    assert {v.rule for v in discord.violations} <= {"token", "route", "schema"}
    assert len(discord.violations) == 2


async def test_a_files_address_is_signed_and_expires(
    raw: RawClient, ada: User, general: Channel, discord: Discord
) -> None:
    message = await general.say(ada, "here", files=[File("a.txt", b"abc")])
    address = message.attachments[0].url
    async with raw.http.get(address) as answer:
        assert await answer.read() == b"abc"
    discord.limits.attachment_url_s = -1
    for wrong in (message.attachments[0].url, address.replace("hm=", "hm=0")):
        async with raw.http.get(wrong) as answer:
            assert answer.status == 404


async def test_files_are_uploaded_and_shown_in_a_card(
    raw: RawClient, general: Channel, discord: Discord
) -> None:
    body = card({"type": 13, "file": {"url": "attachment://a.txt"}})
    status, message = await raw.upload(f"/channels/{general.id}/messages", body, a_txt=b"abc")
    assert status == 200
    assert message["attachments"][0]["filename"] == "a.txt"
    assert message["components"][0]["file"]["url"].startswith(discord.url)
    discord.limits.file_bytes = 2
    path = f"/channels/{general.id}/messages"
    status, _ = await raw.upload(path, {"content": "x"}, a_txt=b"abc")
    assert status == 413
    assert [v.rule for v in discord.violations] == ["size"]
