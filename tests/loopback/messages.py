"""Messages and attachments, as they are stored and as each reader gets them."""

from __future__ import annotations

import hashlib
import mimetypes
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from . import acts
from .constants import NO_FLAGS, SELECTS, ChannelType, Component, Flag, Permission
from .ids import iso
from .mentions import NO_PINGS, Pings, mentioned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .channels import Channel
    from .interactions import Interaction
    from .people import Json, User
    from .server import Discord


@dataclass(frozen=True)
class File:
    """A file that a user attaches."""

    name: str
    data: bytes


@dataclass(eq=False)
class Attachment:
    """A stored file; its address is signed, and expires."""

    discord: Discord = field(repr=False)
    id: int
    channel_id: int
    name: str
    data: bytes = field(repr=False)
    description: str | None = None
    ephemeral: bool = False

    def signature(self, expires: str) -> str:
        """Sign an expiry time."""
        return hashlib.sha256(f"{self.id}:{expires}:{self.discord.token}".encode()).hexdigest()

    @property
    def url(self) -> str:
        """An address that works until `limits.attachment_url_s` from now."""
        expires = f"{int((time.time() + self.discord.limits.attachment_url_s) * 1000):x}"
        path = f"{self.discord.url}/attachments/{self.channel_id}/{self.id}/{quote(self.name)}"
        return f"{path}?ex={expires}&is={expires}&hm={self.signature(expires)}&"

    def payload(self) -> Json:
        """Return the attachment object of the API."""
        kind = mimetypes.guess_type(self.name)[0]
        extra: Json = {"description": self.description} if self.description else {}
        if self.ephemeral:
            extra["ephemeral"] = True
        return {
            "id": str(self.id),
            "filename": self.name,
            "size": len(self.data),
            "url": self.url,
            "proxy_url": self.url,
            **({"content_type": kind} if kind else {}),
            **extra,
        }


def walk(components: list[Any]) -> Iterator[Any]:
    """Go through components and everything nested in them, in order of display."""
    for component in components:
        if not isinstance(component, dict):
            continue
        yield component
        yield from walk(component.get("components") or [])
        yield from walk([c for c in (component.get("accessory"), component.get("component")) if c])


@dataclass(eq=False)
class Message:
    """A message; what the bot sent is kept as it was sent, so that tests can look at it."""

    discord: Discord = field(repr=False)
    id: int
    channel: Channel
    author: User
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: Flag = NO_FLAGS
    reply_to: Message | None = None
    pings: Pings = NO_PINGS
    nonce: str | None = None
    interaction: Interaction | None = field(default=None, repr=False)
    only_for: User | None = None
    type: int = 0
    loading: bool = False
    deleted: bool = False
    created: float = field(default_factory=time.time)
    edited: float | None = None
    edits: int = 0
    reactions: dict[str, list[User]] = field(default_factory=dict)

    @property
    def is_v2(self) -> bool:
        """Whether it is made of Components V2."""
        return bool(self.flags & Flag.COMPONENTS_V2)

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.flags & Flag.EPHEMERAL)

    @property
    def texts(self) -> list[str]:
        """Every text that can hold a mention, in order."""
        displays = [c for c in walk(self.components) if c["type"] == Component.TEXT_DISPLAY]
        return [t for t in (self.content, *(c["content"] for c in displays)) if t]

    @property
    def text(self) -> str:
        """All that there is to read: content, text displays, embeds."""
        embeds = [
            part
            for e in self.embeds
            for part in (
                e.get("title"),
                e.get("description"),
                *(f"{f['name']}\n{f['value']}" for f in e.get("fields", [])),
                (e.get("footer") or {}).get("text"),
            )
            if part
        ]
        return "\n".join([*self.texts, *embeds])

    @property
    def buttons(self) -> list[Json]:
        """The buttons, in order."""
        return [c for c in walk(self.components) if c["type"] == Component.BUTTON]

    @property
    def labels(self) -> list[str]:
        """The labels (or emoji) of the buttons, in order."""
        return [b.get("label") or (b.get("emoji") or {}).get("name", "") for b in self.buttons]

    @property
    def menus(self) -> list[Json]:
        """The select menus, in order."""
        return [c for c in walk(self.components) if c["type"] in SELECTS]

    def sketch(self) -> str:
        """Draw it in plain text: author, words, files, buttons."""
        private = f" (only to {self.only_for.name})" if self.only_for else ""
        parts = [f"{self.author.name}{private}: {self.text}"]
        parts += [f"[file: {a.name}]" for a in self.attachments]
        if self.labels:
            parts.append(" ".join(f"[{label}]" for label in self.labels))
        return "\n".join(parts)

    def visible_to(self, user: User) -> bool:
        """Whether a user can see it."""
        if self.deleted or (self.only_for is not None and self.only_for is not user):
            return False
        return bool(self.channel.permissions_of(user) & Permission.VIEW_CHANNEL)

    def payload(self, *, for_bot: bool = False, content: bool = True, nested: bool = True) -> Json:
        """Return the message object of the API; `for_bot` blanks what the bot may not read."""
        shown = content if not for_bot else self.readable_by_bot(content_intent=content)
        users, roles, everyone = mentioned(self)
        data: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self.type,
            "author": self.author.payload(),
            "content": self.content if shown else "",
            "embeds": self.embeds if shown else [],
            "components": self.components if shown else [],
            "attachments": [a.payload() for a in self.attachments] if shown else [],
            "timestamp": iso(self.created),
            "edited_timestamp": iso(self.edited) if self.edited else None,
            "tts": False,
            "pinned": False,
            "flags": int(self.flags) | (Flag.LOADING if self.loading else 0),
            "mentions": [u.payload() for u in users],
            "mention_roles": [str(r) for r in roles],
            "mention_everyone": everyone,
        }
        if self.nonce is not None:
            data["nonce"] = self.nonce
        if self.interaction is not None:
            data |= self.interaction.metadata()
        if self.reply_to is not None:
            data |= self._reference(for_bot=for_bot, content=content, nested=nested)
        return data

    def _reference(self, *, for_bot: bool, content: bool, nested: bool) -> Json:
        origin = self.reply_to
        assert origin is not None
        reference = {"type": 0, "message_id": str(origin.id), "channel_id": str(origin.channel.id)}
        if origin.channel.guild:
            reference["guild_id"] = str(origin.channel.guild.id)
        if not nested:
            return {"message_reference": reference}
        inner = origin.payload(for_bot=for_bot, content=content, nested=False)
        return {
            "message_reference": reference,
            "referenced_message": None if origin.deleted else inner,
        }

    def readable_by_bot(self, *, content_intent: bool) -> bool:
        """Whether the bot gets the content: by intent, or by one of Discord's exceptions."""
        bot = self.discord.bot
        if content_intent or self.author is bot or self.channel.type == ChannelType.DM:
            return True
        if bot.mention in self.content or f"<@!{bot.id}>" in self.content:
            return True
        # A reply that pings counts as a mention, unless it answers an interaction's response.
        origin = self.reply_to
        regular = origin is not None and origin.author is bot and origin.interaction is None
        return regular and bot.id in self.pings.users

    # What a test does.

    async def edit(self, content: str) -> None:
        """Edit it, as its author."""
        acts.edit(self, content)

    async def unfurl(self, title: str) -> None:
        """Have Discord add a link's preview: an update event that isn't an edit."""
        self.embeds.append({"type": "link", "title": title, "url": "https://example.com/"})
        self.discord.gateway.message_event("MESSAGE_UPDATE", self)

    async def delete(self) -> None:
        """Delete it, as its author or a moderator."""
        acts.delete(self)

    async def becomes(self, containing: str, within: float = 5.0) -> Message:
        """Wait until its text contains something."""

        def probe() -> Message | None:
            return self if containing in self.text and not self.loading else None

        return await self.discord.until(probe, within, f"{containing!r} in {self.text!r}")

    async def vanishes(self, within: float = 5.0) -> None:
        """Wait until it is deleted."""
        await self.discord.until(lambda: self.deleted or None, within, f"{self!r} deleted")
