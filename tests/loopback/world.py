"""Everything that exists in this Discord: the application, guilds, channels, users, messages."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .channels import Channel
from .constants import NO_INTENTS, USUAL_PERMISSIONS, ChannelType, Intent
from .guilds import Guild
from .people import Json, Member, Role, User

if TYPE_CHECKING:
    from .messages import Attachment, Message
    from .server import Discord

BOT_PERMISSIONS = int(USUAL_PERMISSIONS)


@dataclass
class Application:
    """The bot's entry in the developer portal."""

    id: int
    name: str
    owner: User
    privileged: Intent = NO_INTENTS  # the privileged intents switched on in the portal

    def payload(self) -> Json:
        """Return the application object of the API."""
        install = {"scopes": ["applications.commands", "bot"], "permissions": str(BOT_PERMISSIONS)}
        return {
            "id": str(self.id),
            "name": self.name,
            "description": "",
            "icon": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": self.owner.payload(),
            "team": None,
            "verify_key": "0" * 64,
            "flags": 0,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "approximate_guild_count": 1,
            "integration_types_config": {"0": {"oauth2_install_params": install}, "1": {}},
        }


@dataclass
class World:
    """The records, by id."""

    discord: Discord
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    attachments: dict[int, Attachment] = field(default_factory=dict)

    def add_user(self, name: str, **options: Any) -> User:
        """Register a user."""
        user = User(self.discord, self.discord.ids.next(), name, **options)
        self.users[user.id] = user
        return user

    def add_guild(
        self, name: str, owner: User, *, bot: bool = True, permissions: int | None = None
    ) -> Guild:
        """Open a guild, with the bot in it unless told otherwise."""
        guild = Guild(self.discord, self.discord.ids.next(), name, owner)
        guild.roles[guild.id] = Role(guild, guild.id, "@everyone", int(USUAL_PERMISSIONS))
        guild.members[owner.id] = Member(guild, owner, time.time())
        self.guilds[guild.id] = guild
        if bot:
            self.admit_bot(guild, permissions)
            self.discord.gateway.guild_event("GUILD_CREATE", guild, guild.payload())
        return guild

    def admit_bot(self, guild: Guild, permissions: int | None) -> None:
        """Make the bot a member, with a role of its own."""
        bot = self.discord.bot
        granted = BOT_PERMISSIONS if permissions is None else permissions
        role = Role(guild, self.discord.ids.next(), bot.name, granted, managed_by=bot.id)
        guild.roles[role.id] = role
        guild.members[bot.id] = Member(guild, bot, time.time(), [role])

    def add_channel(
        self, kind: ChannelType, name: str, channel_id: int | None = None, **options: Any
    ) -> Channel:
        """Register a channel, thread or DM."""
        number = channel_id or self.discord.ids.next()
        channel = Channel(self.discord, number, kind, name, **options)
        self.channels[channel.id] = channel
        if channel.guild is not None:
            channel.guild.channels[channel.id] = channel
        return channel

    def dm_with(self, user: User) -> Channel:
        """Return the private channel of a user and the bot; it is made on first use."""
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        return self.add_channel(ChannelType.DM, f"DM with {user.name}", recipient=user)
