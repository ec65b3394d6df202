"""Servers, and what a test builds and does in them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import people
from .constants import ChannelType
from .ids import iso

if TYPE_CHECKING:
    from .channels import Channel
    from .people import Json, Member, Role, User
    from .server import Discord


@dataclass(eq=False)
class Guild:
    """A server."""

    discord: Discord = field(repr=False)
    id: int
    name: str
    owner: User
    locale: str = "en-US"
    channels: dict[int, Channel] = field(default_factory=dict, repr=False)
    roles: dict[int, Role] = field(default_factory=dict, repr=False)
    members: dict[int, Member] = field(default_factory=dict, repr=False)
    available: bool = True

    @property
    def everyone(self) -> Role:
        """The role that everyone has."""
        return self.roles[self.id]

    @property
    def has_bot(self) -> bool:
        """Whether the bot is a member."""
        return self.discord.bot.id in self.members

    def payload(self) -> Json:
        """Return the guild object as GUILD_CREATE carries it."""
        return guild_payload(self)

    # What a test builds and does.

    def text(self, name: str, **options: Any) -> Channel:
        """Add a text channel."""
        return self._add(ChannelType.TEXT, name, options)

    def forum(self, name: str, **options: Any) -> Channel:
        """Add a forum channel."""
        return self._add(ChannelType.FORUM, name, options)

    def role(self, name: str, permissions: int = 0, *, mentionable: bool = False) -> Role:
        """Add a role."""
        role = people.Role(self, self.discord.ids.next(), name, permissions, mentionable)
        self.roles[role.id] = role
        data = {"guild_id": str(self.id), "role": role.payload()}
        self.discord.gateway.guild_event("GUILD_ROLE_CREATE", self, data)
        return role

    def join(self, user: User, *roles: Role) -> Member:
        """Make a user a member."""
        member = people.Member(self, user, time.time(), list(roles))
        self.members[user.id] = member
        data = member.payload() | {"guild_id": str(self.id)}
        self.discord.gateway.member_event("GUILD_MEMBER_ADD", member, data)
        return member

    async def leave(self, user: User) -> None:
        """Have a member leave, or be made to."""
        member = self.members.pop(user.id)
        data = {"guild_id": str(self.id), "user": user.payload()}
        self.discord.gateway.member_event("GUILD_MEMBER_REMOVE", member, data)

    async def add_bot(self, permissions: int | None = None) -> None:
        """Invite the bot."""
        self.discord.world.admit_bot(self, permissions)
        self.discord.gateway.guild_event("GUILD_CREATE", self, self.payload())

    async def remove_bot(self) -> None:
        """Remove the bot from the server."""
        self.discord.gateway.guild_event("GUILD_DELETE", self, {"id": str(self.id)})
        del self.members[self.discord.bot.id]

    async def goes_down(self) -> None:
        """Have an outage: the guild is unavailable."""
        self.available = False
        data = {"id": str(self.id), "unavailable": True}
        self.discord.gateway.guild_event("GUILD_DELETE", self, data)

    async def comes_back(self) -> None:
        """End the outage."""
        self.available = True
        data = self.payload() | {"unavailable": False}
        self.discord.gateway.guild_event("GUILD_CREATE", self, data)

    def _add(self, kind: ChannelType, name: str, options: Json) -> Channel:
        channel = self.discord.world.add_channel(kind, name, guild=self, **options)
        channel._event("CHANNEL_CREATE")
        return channel


def guild_payload(guild: Guild) -> Json:
    """Return the guild object as GUILD_CREATE carries it."""
    bot = guild.discord.bot
    listed = guild.discord.gateway.lists_members
    members = [m for m in guild.members.values() if listed or m.user is bot]
    channels = guild.channels.values()
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner.id),
        "icon": None,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role.payload() for role in guild.roles.values()],
        "channels": [c.payload() for c in channels if not c.is_thread],
        "threads": [c.payload() for c in channels if c.is_thread and not c.archived],
        "members": [member.payload() for member in members],
        "member_count": len(guild.members),
        "joined_at": iso(guild.members[bot.id].joined) if bot.id in guild.members else None,
        "large": False,
        "afk_timeout": 300,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "preferred_locale": guild.locale,
        "premium_tier": 0,
        "system_channel_flags": 0,
        "verification_level": 0,
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
