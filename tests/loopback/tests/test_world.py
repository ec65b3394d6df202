"""The world of the loopback Discord: who sees what, who may do what, what the bot is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.loopback import (
    Channel,
    Discord,
    File,
    Guild,
    Intent,
    Message,
    NotOffered,
    Permission,
    User,
)
from tests.loopback.rawclient import RawClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EVERYTHING = int(
    Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.DIRECT_MESSAGES | Intent.GUILD_MESSAGE_REACTIONS
)


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord() as discord:
        yield discord


@pytest.fixture
def ada(discord: Discord) -> User:
    return discord.user("Ada")


@pytest.fixture
def library(discord: Discord, ada: User) -> Guild:
    return discord.guild("Library", owner=ada)


@pytest.fixture
def general(library: Guild) -> Channel:
    return library.text("general")


@pytest.fixture
async def raw(discord: Discord, general: Channel) -> AsyncIterator[RawClient]:
    assert general.guild
    async with RawClient(discord) as raw:
        await raw.identify(EVERYTHING)
        await raw.hears("GUILD_CREATE")
        yield raw


def test_permissions_come_from_roles_then_overwrites(
    discord: Discord, ada: User, library: Guild, general: Channel
) -> None:
    bob = discord.user("Bob")
    keeper = library.role("Keeper", Permission.MANAGE_GUILD)
    member = library.join(bob, keeper)
    assert general.permissions_of(bob) & Permission.MANAGE_GUILD
    general.overwrite(library.everyone, deny=Permission.SEND_MESSAGES)
    assert not general.permissions_of(bob) & Permission.SEND_MESSAGES
    general.overwrite(keeper, allow=Permission.SEND_MESSAGES)
    assert general.permissions_of(bob) & Permission.SEND_MESSAGES
    general.overwrite(bob, deny=Permission.VIEW_CHANNEL)
    assert general.permissions_of(bob) == 0
    assert general.permissions_of(ada) & Permission.ADMINISTRATOR
    keeper.permissions = Permission.ADMINISTRATOR
    assert general.permissions_of(bob) & Permission.VIEW_CHANNEL
    assert general.permissions_of(discord.user("Eve")) == 0
    assert member.roles == [keeper]


async def test_a_timeout_leaves_a_member_little_but_no_administrator(
    discord: Discord, library: Guild, general: Channel
) -> None:
    bob = discord.user("Bob")
    keeper = library.role("Keeper", Permission.MANAGE_GUILD)
    member = library.join(bob, keeper)
    await member.time_out(60)
    left = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
    assert general.permissions_of(bob) == left
    assert member.payload()["communication_disabled_until"]
    general.overwrite(bob, allow=Permission.SEND_MESSAGES)
    assert general.permissions_of(bob) == left
    await member.time_out(0)
    assert general.permissions_of(bob) & Permission.MANAGE_GUILD
    keeper.permissions = Permission.ADMINISTRATOR
    await member.time_out(60)
    assert general.permissions_of(bob) & Permission.MANAGE_GUILD


async def test_a_deleted_role_and_somebody_who_left_are_nowhere(
    discord: Discord, library: Guild, general: Channel, raw: RawClient
) -> None:
    bob = discord.user("Bob")
    role = library.role("Keeper")
    member = library.join(bob, role)
    await role.delete()
    assert member.roles == []
    assert (await raw.hears("GUILD_ROLE_DELETE"))["role_id"] == str(role.id)
    answer = Message(discord, discord.ids.next(), general, discord.bot, only_for=bob)
    assert answer.visible_to(bob)
    await library.leave(bob)
    assert general.permissions_of(bob) == 0
    assert not answer.visible_to(bob)


async def test_a_group_is_seen_by_its_people_and_brings_a_user_install_alone(
    discord: Discord, ada: User, raw: RawClient
) -> None:
    eve = discord.user("Eve", installed=True)
    group = discord.group("friends", eve, ada)
    await group.say(ada, "among us")
    assert [m.content for m in eve.sees(group)] == ["among us"]
    assert discord.user("Bob").sees(group) == []
    assert not any(f.get("t") == "MESSAGE_CREATE" for f in raw.frames)
    command = {"name": "ask", "description": "x", "contexts": [0, 1, 2], "integration_types": [1]}
    discord.commands.replace(None, [command])
    with pytest.raises(NotOffered, match="has installed it"):
        await ada.slash("ask", group)
    used = await eve.slash("ask", group)
    heard = await raw.hears("INTERACTION_CREATE")
    assert heard["context"] == 2
    assert heard["authorizing_integration_owners"] == {"1": str(eve.id)}
    assert "guild_id" not in heard
    await used.replay()
    assert (await raw.hears("INTERACTION_CREATE"))["id"] == str(used.id)


async def test_the_gateway_closes_on_bad_identities(discord: Discord) -> None:
    attempts: list[tuple[dict[str, Any], int]] = [
        ({"token": "wrong"}, 4004),
        ({"intents": int(Intent.MESSAGE_CONTENT)}, 4014),
        ({"shard": [2, 2]}, 4010),
    ]
    for changes, code in attempts:
        async with RawClient(discord) as raw:
            await raw.identify(**changes)
            assert await raw.closed() == code
    assert discord.gateway.sessions == {}


async def test_a_session_hears_what_its_intents_cover(
    discord: Discord, ada: User, general: Channel
) -> None:
    async with RawClient(discord) as raw:
        await raw.identify(int(Intent.GUILD_MESSAGES))
        await raw.hears("READY")
        await ada.dm.say(ada, "private")
        said = await general.say(ada, "public")
        heard = await raw.hears("MESSAGE_CREATE")
        assert (heard["id"], heard["content"]) == (str(said.id), "")
        assert not any(f.get("t") == "MESSAGE_CREATE" for f in raw.frames)


async def test_a_resume_replays_what_was_missed(
    discord: Discord, ada: User, general: Channel, raw: RawClient
) -> None:
    session = next(iter(discord.gateway.sessions.values()))
    sequence = session.sequence
    await discord.gateway.cut()
    await ada.dm.say(ada, "missed")
    raw.frames.clear()
    await raw.connect()
    await raw.send(6, {"token": discord.token, "session_id": session.id, "seq": sequence})
    assert (await raw.hears("MESSAGE_CREATE"))["content"] == "missed"
    await raw.hears("RESUMED")
    await raw.send(1, session.sequence)
    assert await raw.frame(lambda f: f["op"] == 11)
    assert general.messages == []


async def test_a_message_is_blanked_unless_an_exception_applies(
    discord: Discord, ada: User, general: Channel, raw: RawClient
) -> None:
    async def heard() -> str:
        return (await raw.hears("MESSAGE_CREATE"))["content"]

    await general.say(ada, "plain", files=[File("a.txt", b"a")])
    assert (await raw.hears("MESSAGE_CREATE"))["attachments"] == []
    await general.say(ada, "hi", mentions=[discord.bot])
    assert await heard() == f"{discord.bot.mention} hi"
    await raw.say(general, {"content": "mine"})
    assert await heard() == "mine"
    await general.say(ada, "yes", reply_to=general.messages[-1])
    assert await heard() == "yes"
    await general.say(ada, "no", reply_to=general.messages[-2], ping=False)
    assert await heard() == ""
    await ada.dm.say(ada, "dm")
    assert await heard() == "dm"


async def test_edits_deletions_and_reactions_are_told(
    discord: Discord, ada: User, general: Channel, raw: RawClient
) -> None:
    said = await general.say(ada, f"{discord.bot.mention} one")
    await said.edit(f"{discord.bot.mention} two")
    updated = await raw.hears("MESSAGE_UPDATE")
    assert updated["content"].endswith("two")
    assert updated["edited_timestamp"]
    await ada.react(said, "👍")
    assert (await raw.hears("MESSAGE_REACTION_ADD"))["emoji"]["name"] == "👍"
    await said.unfurl("A page")
    assert (await raw.hears("MESSAGE_UPDATE"))["embeds"][0]["title"] == "A page"
    await said.delete()
    assert (await raw.hears("MESSAGE_DELETE"))["id"] == str(said.id)
    assert not said.visible_to(ada)


async def test_a_forum_post_is_a_thread_with_a_first_message(
    ada: User, library: Guild, raw: RawClient
) -> None:
    forum = library.forum("questions", tags=["solved"])
    post = await forum.post(ada, "Who was first?", "On the moon, I mean.")
    created = await raw.hears("THREAD_CREATE")
    assert (created["name"], created["newly_created"]) == ("Who was first?", True)
    first = await raw.hears("MESSAGE_CREATE")
    assert (first["id"], first["content"]) == (str(post.id), "")
    assert (await raw.say(forum, {"content": "x"}))[0] == 400
    assert (await raw.say(post, {"content": "Armstrong"}))[0] == 200
    await post.archive()
    assert (await raw.hears("THREAD_UPDATE"))["thread_metadata"]["archived"]
    with pytest.raises(NotOffered, match="registered"):
        await ada.slash("ask", post)


async def test_channels_hidden_from_the_bot_stay_silent(
    discord: Discord, ada: User, library: Guild, raw: RawClient
) -> None:
    secret = library.text("secret")
    secret.overwrite(discord.bot, deny=Permission.VIEW_CHANNEL)
    await secret.say(ada, f"{discord.bot.mention} psst")
    await ada.dm.say(ada, "then")
    assert (await raw.hears("MESSAGE_CREATE"))["content"] == "then"


async def test_members_guilds_and_channels_change(
    discord: Discord, library: Guild, general: Channel, raw: RawClient
) -> None:
    await library.goes_down()
    assert (await raw.hears("GUILD_DELETE"))["unavailable"] is True
    await library.comes_back()
    assert (await raw.hears("GUILD_CREATE"))["unavailable"] is False
    await library.members[discord.bot.id].give(library.role("Helper"))
    assert len((await raw.hears("GUILD_MEMBER_UPDATE"))["roles"]) == 2
    await general.delete()
    assert (await raw.hears("CHANNEL_DELETE"))["id"] == str(general.id)
    await library.remove_bot()
    assert "unavailable" not in await raw.hears("GUILD_DELETE")
    status, answer = await raw.request("GET", f"/guilds/{library.id}")
    assert (status, answer["code"]) == (403, 50001)
    await library.add_bot()
    assert (await raw.hears("GUILD_CREATE"))["id"] == str(library.id)


async def test_the_client_checks_options_before_it_sends(
    discord: Discord, ada: User, general: Channel
) -> None:
    def option(kind: int, name: str, **extra: Any) -> dict[str, Any]:
        return {"type": kind, "name": name, "description": "d", **extra}

    options = [
        option(3, "text", required=True, max_length=5),
        option(4, "number", min_value=1, max_value=3),
        option(3, "pick", choices=[{"name": "A", "value": "a"}]),
        option(6, "who"),
        option(7, "where"),
        option(11, "file"),
    ]
    discord.commands.replace(None, [{"name": "do", "description": "d", "options": options}])
    wrong: list[dict[str, Any]] = [
        {},
        {"text": "123456"},
        {"text": 1},
        {"text": "x", "number": 4},
        {"text": "x", "number": True},
        {"text": "x", "pick": "b"},
        {"text": "x", "nothing": 1},
    ]
    for given in wrong:
        with pytest.raises(NotOffered):
            await ada.slash("do", general, **given)
    given = {"text": "x", "who": ada, "where": general, "file": File("a.txt", b"a")}
    used = await ada.slash("do", general, **given)
    resolved = used.data["resolved"]
    assert set(resolved) == {"users", "members", "channels", "attachments"}
    assert resolved["attachments"][used.data["options"][3]["value"]]["filename"] == "a.txt"
    assert discord.violations == []


async def test_menus_are_chosen_from(ada: User, general: Channel, raw: RawClient) -> None:
    options = [{"label": "Wrong", "value": "w"}, {"label": "Old", "value": "o"}]
    strings = {"type": 3, "custom_id": "why", "placeholder": "Why?", "options": options}
    rows = [
        strings,
        {"type": 5, "custom_id": "who", "max_values": 2},
        {"type": 8, "custom_id": "c"},
    ]
    body = {"content": "x", "components": [{"type": 1, "components": [r]} for r in rows]}
    assert (await raw.say(general, body))[0] == 200
    message = general.messages[-1]
    await ada.select(message, "Why?", "Old")
    assert (await raw.hears("INTERACTION_CREATE"))["data"]["values"] == ["o"]
    await ada.select(message, "who", ada, message.author)
    chosen = (await raw.hears("INTERACTION_CREATE"))["data"]
    assert set(chosen["resolved"]["users"]) == set(chosen["values"])
    await ada.select(message, "c", general)
    assert (
        str(general.id) in (await raw.hears("INTERACTION_CREATE"))["data"]["resolved"]["channels"]
    )
    for menu, values in (("why", ["nothing"]), ("why", ["w", "o"]), ("which", ["w"])):
        with pytest.raises(NotOffered):
            await ada.select(message, menu, *values)


async def test_the_server_can_tell_what_the_bot_has_read(
    discord: Discord, ada: User, general: Channel, raw: RawClient
) -> None:
    session = next(iter(discord.gateway.sessions.values()))
    await general.say(ada, "x")
    with pytest.raises(TimeoutError):
        await discord.gateway.caught_up(within=0.05)
    await raw.send(1, session.sequence)
    await discord.gateway.caught_up(within=1)
    assert await raw.frame(lambda f: f["op"] == 11)
    discord.gateway.acknowledges_heartbeats = False
    await raw.send(1, session.sequence)
    with pytest.raises(TimeoutError):
        await raw.frame(lambda f: f["op"] == 11, within=0.05)
