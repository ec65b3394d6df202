"""Routes of who and where: the bot itself, its application, users, guilds, members, channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .refusals import forbidden, unknown
from .rest import Call, route
from .routes_messages import channel_of

if TYPE_CHECKING:
    from .guilds import Guild


@route("GET", "/users/@me")
def me(call: Call) -> Any:
    """The bot."""
    return call.discord.bot.payload()


@route("GET", "/applications/@me")
@route("GET", "/oauth2/applications/@me")
def application(call: Call) -> Any:
    """The bot's application."""
    return call.discord.application.payload()


@route("GET", "/gateway")
def gateway(call: Call) -> Any:
    """Where the gateway is."""
    return {"url": call.discord.gateway_url}


@route("GET", "/gateway/bot")
def gateway_bot(call: Call) -> Any:
    """Where the gateway is, and how many shards to use."""
    limit = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 16}
    shards = call.discord.shards
    return {"url": call.discord.gateway_url, "shards": shards, "session_start_limit": limit}


@route("GET", "/users/@me/guilds")
def my_guilds(call: Call) -> Any:
    """The guilds that the bot is in."""
    keys = ("id", "name", "icon", "features")
    mine = [g for g in call.discord.world.guilds.values() if g.has_bot]
    return [{k: g.payload()[k] for k in keys} | {"owner": False} for g in mine]


@route("GET", "/users/{user_id}")
def user(call: Call) -> Any:
    """A user."""
    found = call.discord.world.users.get(call.id("user_id"))
    if found is None:
        raise unknown(10013)
    return found.payload()


@route("POST", "/users/@me/channels")
def open_dm(call: Call) -> Any:
    """The private channel with a user."""
    found = call.discord.world.users.get(int(call.json["recipient_id"]))
    if found is None:
        raise unknown(10013)
    return found.dm.payload()


@route("GET", "/channels/{channel_id}")
def channel(call: Call) -> Any:
    """A channel, thread or DM."""
    return channel_of(call).payload()


def _guild(call: Call) -> Guild:
    found = call.discord.world.guilds.get(call.id("guild_id"))
    if found is None:
        raise unknown(10004)
    if not found.has_bot:
        raise forbidden(50001, f"the bot isn't in {found.name}")
    return found


@route("GET", "/guilds/{guild_id}")
def guild(call: Call) -> Any:
    """A guild; the REST object leaves out what only GUILD_CREATE carries."""
    gateway_only = {"channels", "threads", "members", "joined_at", "member_count", "large"}
    return {k: v for k, v in _guild(call).payload().items() if k not in gateway_only}


@route("GET", "/guilds/{guild_id}/channels")
def guild_channels(call: Call) -> Any:
    """The channels of a guild."""
    return _guild(call).payload()["channels"]


@route("GET", "/guilds/{guild_id}/roles")
def guild_roles(call: Call) -> Any:
    """The roles of a guild."""
    return _guild(call).payload()["roles"]


@route("GET", "/guilds/{guild_id}/threads/active")
def active_threads(call: Call) -> Any:
    """The open threads of a guild."""
    return {"threads": _guild(call).payload()["threads"], "members": []}


@route("GET", "/guilds/{guild_id}/members/{user_id}")
def member(call: Call) -> Any:
    """A member of a guild."""
    found = _guild(call).members.get(call.id("user_id"))
    if found is None:
        raise unknown(10007)
    return found.payload()


@route("DELETE", "/users/@me/guilds/{guild_id}")
def leave(call: Call) -> None:
    """Leave a guild."""
    left = _guild(call)
    call.discord.gateway.guild_event("GUILD_DELETE", left, {"id": str(left.id)})
    del left.members[call.discord.bot.id]
