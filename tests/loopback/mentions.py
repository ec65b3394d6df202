"""Whom a text mentions, and whom it pings once `allowed_mentions` has had its say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .constants import Flag, Permission

if TYPE_CHECKING:
    from .messages import Message
    from .people import User

CODE = re.compile(r"```.*?```|``.+?``|`[^`]+`", re.DOTALL)
USER, ROLE = re.compile(r"<@!?(\d{1,20})>"), re.compile(r"<@&(\d{1,20})>")
EVERYONE = re.compile(r"@(everyone|here)")


@dataclass(frozen=True)
class Pings:
    """Who gets a notification from a message."""

    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    everyone: bool = False
    replied: bool = False  # the author of the message replied to is among the users

    def __bool__(self) -> bool:
        return bool(self.users or self.roles or self.everyone)


NO_PINGS = Pings()


def _written(texts: list[str]) -> tuple[set[int], set[int], bool]:
    text = "\n".join(CODE.sub(" ", t) for t in texts)
    users = {int(u) for u in USER.findall(text)}
    roles = {int(r) for r in ROLE.findall(text)}
    return users, roles, bool(EVERYONE.search(text))


def mentioned(message: Message) -> tuple[list[User], list[int], bool]:
    """Return the users, roles and @everyone that the message object lists."""
    world = message.discord.world
    users, roles, _ = _written(message.texts)
    found = [world.users[u] for u in sorted(users | set(message.pings.users)) if u in world.users]
    guild = message.channel.guild
    known = [r for r in sorted(roles) if guild and r in guild.roles]
    return found, known, message.pings.everyone


def pings(message: Message, allowed: dict[str, Any] | None, *, reply: bool) -> Pings:
    """Work out whom a message notifies. `allowed` is None where `allowed_mentions` was unset."""
    users, roles, everyone = _written(message.texts)
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or [])
    listed = {kind: _ids(allowed, kind) for kind in ("users", "roles")}
    users = {u for u in users if "users" in parse or u in listed["users"]}
    roles = {r for r in roles if "roles" in parse or r in listed["roles"]}
    origin = message.reply_to
    replied = reply and origin is not None and _pings_reply(allowed)
    if origin is not None and replied:
        users.add(origin.author.id)
    return Pings(
        frozenset(u for u in users if _can_be_pinged(message, u)),
        frozenset(r for r in roles if _role_pings(message, r)),
        everyone and "everyone" in parse and _may_ping_everyone(message),
        replied,
    )


def _ids(allowed: dict[str, Any] | None, kind: str) -> set[int]:
    return {int(i) for i in (allowed or {}).get(kind) or []}


def _pings_reply(allowed: dict[str, Any] | None) -> bool:
    return True if allowed is None else bool(allowed.get("replied_user"))


def _can_be_pinged(message: Message, user_id: int) -> bool:
    """Only someone who can see the message hears of it."""
    user = message.discord.world.users.get(user_id)
    return user is not None and user is not message.author and message.visible_to(user)


def _may_ping_everyone(message: Message) -> bool:
    if message.channel.guild is None or message.flags & Flag.EPHEMERAL:
        return False
    return bool(message.channel.permissions_of(message.author) & Permission.MENTION_EVERYONE)


def _role_pings(message: Message, role_id: int) -> bool:
    guild = message.channel.guild
    role = guild.roles.get(role_id) if guild else None
    if role is None or message.flags & Flag.EPHEMERAL:
        return False
    return role.mentionable or _may_ping_everyone(message)
