"""Channels, forums, threads and DMs, and what a test does in them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import acts
from .constants import ALL_PERMISSIONS, ChannelType, Intent, Permission
from .ids import iso
from .permissions import compute_permissions

if TYPE_CHECKING:
    from .guilds import Guild
    from .messages import File, Message
    from .people import Json, Role, User
    from .server import Discord


@dataclass(eq=False)
class Channel:
    """A text channel, forum, thread or DM."""

    discord: Discord = field(repr=False)
    id: int
    type: int
    name: str
    guild: Guild | None = None
    parent: Channel | None = None
    owner: User | None = None
    recipient: User | None = None
    group: tuple[User, ...] = ()
    archived: bool = False
    locked: bool = False
    topic: str | None = None
    nsfw: bool = False
    tags: list[str] = field(default_factory=list)
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list, repr=False)
    typing: list[float] = field(default_factory=list, repr=False)
    created: float = field(default_factory=time.time)
    _taken: int = 0

    @property
    def is_thread(self) -> bool:
        """Whether it is a thread (a forum post is one too)."""
        return self.type == ChannelType.PUBLIC_THREAD

    @property
    def exists(self) -> bool:
        """Whether it has not been deleted."""
        return self.id in self.discord.world.channels

    @property
    def mention(self) -> str:
        """The text that mentions it."""
        return f"<#{self.id}>"

    def permissions_of(self, user: User) -> Permission:
        """Return what a user may do here."""
        if self.guild is None:
            here = user in (self.group or (self.recipient, self.discord.bot))
            return Permission(ALL_PERMISSIONS if here else 0)
        member = self.guild.members.get(user.id)
        return compute_permissions(member, self) if member else Permission(0)

    def payload(self) -> Json:
        """Return the channel object of the API."""
        data: Json = {"id": str(self.id), "type": int(self.type), "flags": 0}
        if self.recipient:
            return data | {"recipients": [self.recipient.payload()], "last_message_id": None}
        if self.group:
            people = [user.payload() for user in self.group]
            owner = {"owner_id": str(self.group[0].id), "name": self.name, "icon": None}
            return data | owner | {"recipients": people, "last_message_id": None}
        assert self.guild is not None
        data |= {
            "guild_id": str(self.guild.id),
            "name": self.name,
            "parent_id": str(self.parent.id) if self.parent else None,
            "last_message_id": str(self.messages[-1].id) if self.messages else None,
            "rate_limit_per_user": 0,
        }
        return data | (self._thread_fields() if self.is_thread else self._channel_fields())

    def _thread_fields(self) -> Json:
        assert self.owner is not None
        return {
            "owner_id": str(self.owner.id),
            "message_count": len(self.messages),
            "total_message_sent": len(self.messages),
            "member_count": 1,
            "applied_tags": [],
            "thread_metadata": {
                "archived": self.archived,
                "auto_archive_duration": 1440,
                "archive_timestamp": iso(self.created),
                "create_timestamp": iso(self.created),
                "locked": self.locked,
            },
        }

    def _channel_fields(self) -> Json:
        assert self.guild is not None
        roles = {role.id for role in self.guild.roles.values()}
        fields: Json = {
            "position": list(self.guild.channels).index(self.id),
            "topic": self.topic,
            "nsfw": self.nsfw,
            "permission_overwrites": [
                {
                    "id": str(target),
                    "type": 0 if target in roles else 1,
                    "allow": str(int(allow)),
                    "deny": str(int(deny)),
                }
                for target, (allow, deny) in self.overwrites.items()
            ],
        }
        if self.type == ChannelType.FORUM:
            fields["available_tags"] = [
                {"id": str(self.id + n), "name": name, "moderated": False, "emoji_id": None}
                | {"emoji_name": None}
                for n, name in enumerate(self.tags, 1)
            ]
        return fields

    # What a test does.

    def overwrite(self, who: Role | User, *, allow: int = 0, deny: int = 0) -> None:
        """Change what a role or a user may do here."""
        self.overwrites[who.id] = (allow, deny)
        self._event("CHANNEL_UPDATE")

    def thread(self, name: str, owner: User, *, thread_id: int | None = None) -> Channel:
        """Open a thread here."""
        assert self.guild is not None
        thread = self.discord.world.add_channel(
            ChannelType.PUBLIC_THREAD, name, thread_id, guild=self.guild, parent=self, owner=owner
        )
        thread._event("THREAD_CREATE", newly_created=True)
        return thread

    async def post(self, author: User, title: str, content: str, **extras: Any) -> Channel:
        """Open a post in this forum: a thread and its first message, which shares its id."""
        thread = self.thread(title, author)
        acts.say(thread, author, content, message_id=thread.id, **extras)
        return thread

    async def archive(self) -> None:
        """Archive this thread."""
        self.archived = True
        self._event("THREAD_UPDATE")

    async def delete(self) -> None:
        """Delete it, with its messages."""
        self._event("THREAD_DELETE" if self.is_thread else "CHANNEL_DELETE")
        for message in self.messages:
            message.deleted = True
        del self.discord.world.channels[self.id]
        if self.guild is not None:
            del self.guild.channels[self.id]

    async def purge(self, *messages: Message) -> None:
        """Delete many messages at once, as moderators' tools do."""
        for message in messages:
            message.deleted = True
        data = {"ids": [str(m.id) for m in messages], "channel_id": str(self.id)}
        if self.guild is not None:
            data["guild_id"] = str(self.guild.id)
        needs = Intent.GUILD_MESSAGES
        self.discord.gateway.event("MESSAGE_DELETE_BULK", data, guild=self.guild, needs=needs)

    async def say(
        self,
        author: User,
        content: str,
        *,
        mentions: list[User] | None = None,
        reply_to: Message | None = None,
        ping: bool = True,
        files: list[File] | None = None,
    ) -> Message:
        """Send a message; mentions that the text lacks are put before it."""
        missing = [u.mention for u in mentions or [] if u.mention not in content]
        text = " ".join([*missing, content]).strip()
        return acts.say(self, author, text, reply_to=reply_to, ping=ping, files=files or [])

    async def next_message(self, within: float = 5.0) -> Message:
        """Wait for the bot's next message here that answers no interaction; each comes once."""

        def probe() -> Message | None:
            while self._taken < len(self.messages):
                message = self.messages[self._taken]
                self._taken += 1
                if message.author is self.discord.bot and message.interaction is None:
                    return message
            return None

        return await self.discord.until(probe, within, f"a message of the bot in #{self.name}")

    async def stays_silent(self, seconds: float = 0.5) -> None:
        """Fail if the bot says something here within the time."""
        try:
            message = await self.next_message(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"the bot spoke in #{self.name}: {message.text!r}")

    def transcript(self, reader: User) -> str:
        """Return the channel as a user reads it, a paragraph a message."""
        return "\n\n".join(message.sketch() for message in reader.sees(self))

    def _event(self, name: str, **extra: Any) -> None:
        if self.guild is not None:
            self.discord.gateway.guild_event(name, self.guild, self.payload() | extra)
