"""Users, members and roles: who they are, and what a test lets them do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import acts, forms
from .ids import iso

if TYPE_CHECKING:
    from .channels import Channel
    from .guilds import Guild
    from .interactions import Choice, Interaction
    from .messages import Message
    from .server import Discord

Json = dict[str, Any]


@dataclass(eq=False)
class User:
    """A person (or the bot itself); the methods are what they do in their Discord client."""

    discord: Discord = field(repr=False)
    id: int
    name: str
    bot: bool = False
    locale: str = "en-GB"
    has_installed: bool = False
    accepts_dms: bool = True

    @property
    def mention(self) -> str:
        """The text that mentions them."""
        return f"<@{self.id}>"

    @property
    def dm(self) -> Channel:
        """Their private channel with the bot."""
        return self.discord.world.dm_with(self)

    def payload(self) -> Json:
        """Return the user object of the API."""
        return {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0",
            "global_name": self.name,
            "avatar": None,
            "bot": self.bot,
            "flags": 0,
            "public_flags": 0,
        }

    async def slash(
        self, command: str, channel: Channel, /, *, force: bool = False, **options: Any
    ) -> Interaction:
        """Use `/command`; subcommands are further words. `force` skips what Discord hides."""
        return acts.slash(self, command, channel, options, force=force)

    async def autocomplete(
        self, command: str, channel: Channel, /, *, within: float = 5.0, **options: Any
    ) -> list[Choice]:
        """Type into the last of `options`, and return the choices that the bot offers."""
        interaction = acts.slash(self, command, channel, options, typing=True)
        await interaction.acknowledged(within)
        return interaction.choices or []

    async def context_menu(
        self,
        command: str,
        target: Message | User,
        channel: Channel | None = None,
        *,
        force: bool = False,
    ) -> Interaction:
        """Use a context-menu command on a message or a person."""
        return acts.context_menu(self, command, target, channel, force=force)

    async def click(self, message: Message, button: str, *, force: bool = False) -> Interaction:
        """Click the button with this label or custom_id."""
        return forms.click(self, message, button, force=force)

    async def select(
        self, message: Message, menu: str, *values: Any, force: bool = False
    ) -> Interaction:
        """Choose values in the menu with this custom_id or placeholder.

        `force` sends any values from a menu that needn't be there.
        """
        if force:
            return forms.forge_select(self, message, menu, values)
        return forms.select(self, message, menu, values)

    async def submit(
        self, form: Interaction, fields: dict[str, Any], *, custom_id: str | None = None
    ) -> Interaction:
        """Fill in the modal that `form` was answered with: fields by custom_id or label.

        `custom_id` forges what the modal carries.
        """
        return forms.submit(self, form, fields, custom_id=custom_id)

    async def react(self, message: Message, emoji: str) -> None:
        """Add a reaction."""
        acts.react(self, message, emoji)

    def sees(self, channel: Channel) -> list[Message]:
        """Return the messages of the channel that they can see, oldest first."""
        return [m for m in channel.messages if m.visible_to(self)]


@dataclass(eq=False)
class Role:
    """A role of a guild."""

    guild: Guild = field(repr=False)
    id: int
    name: str
    permissions: int = 0
    mentionable: bool = False
    managed_by: int | None = None

    @property
    def mention(self) -> str:
        """The text that mentions it."""
        return f"<@&{self.id}>"

    def payload(self) -> Json:
        """Return the role object of the API."""
        tags = {"tags": {"bot_id": str(self.managed_by)}} if self.managed_by else {}
        return {
            "id": str(self.id),
            "name": self.name,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "position": 0 if self.id == self.guild.id else 1,
            "permissions": str(int(self.permissions)),
            "managed": self.managed_by is not None,
            "mentionable": self.mentionable,
            "flags": 0,
            **tags,
        }

    async def delete(self) -> None:
        """Delete it, and take it from everybody who has it."""
        del self.guild.roles[self.id]
        for member in self.guild.members.values():
            member.roles = [role for role in member.roles if role is not self]
        data = {"guild_id": str(self.guild.id), "role_id": str(self.id)}
        self.guild.discord.gateway.guild_event("GUILD_ROLE_DELETE", self.guild, data)


@dataclass(eq=False)
class Member:
    """A user in a guild."""

    guild: Guild = field(repr=False)
    user: User
    joined: float
    roles: list[Role] = field(default_factory=list)
    nick: str | None = None
    timed_out_until: float = 0.0

    @property
    def timed_out(self) -> bool:
        """Whether a moderator has silenced them for now; administrators can't be."""
        return time.time() < self.timed_out_until

    def payload(self, *, with_user: bool = True) -> Json:
        """Return the member object of the API."""
        user = {"user": self.user.payload()} if with_user else {}
        return {
            "nick": self.nick,
            "avatar": None,
            "roles": [str(role.id) for role in self.roles],
            "joined_at": iso(self.joined),
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": iso(self.timed_out_until) if self.timed_out else None,
            **user,
        }

    async def give(self, *roles: Role) -> None:
        """Give them roles."""
        self.roles.extend(role for role in roles if role not in self.roles)
        self._changed()

    async def take(self, *roles: Role) -> None:
        """Take roles away."""
        self.roles = [role for role in self.roles if role not in roles]
        self._changed()

    async def time_out(self, seconds: float) -> None:
        """Silence them for a while; 0 ends it."""
        self.timed_out_until = time.time() + seconds
        self._changed()

    def _changed(self) -> None:
        data = self.payload() | {"guild_id": str(self.guild.id)}
        self.guild.discord.gateway.member_event("GUILD_MEMBER_UPDATE", self, data)
