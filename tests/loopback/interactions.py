"""An interaction from the click to the answer: its token, its deadline, what came back."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .constants import Callback, InteractionType, Permission
from .refusals import Violation

if TYPE_CHECKING:
    from .channels import Channel
    from .guilds import Guild
    from .messages import Message
    from .people import Json, User
    from .server import Discord

_LATE = 1.5  # seconds of a gateway's outage after which an interaction can't be answered in time
COMMAND_ANSWER, MENU_ANSWER = 20, 23


@dataclass(frozen=True)
class Choice:
    """An autocomplete choice."""

    name: str
    value: Any


@dataclass(eq=False)
class Interaction:
    """One use of a command, button, menu or modal."""

    discord: Discord = field(repr=False)
    id: int
    token: str = field(repr=False)
    type: InteractionType
    user: User
    channel: Channel
    data: Json = field(repr=False)
    owners: dict[str, str] = field(repr=False)
    context: int
    message: Message | None = field(default=None, repr=False)
    parent: Interaction | None = field(default=None, repr=False)
    created: float = field(default_factory=time.monotonic)
    acknowledged_at: float | None = None
    answered_at: float | None = None
    callback: Callback | None = None
    original: Message | None = None
    modal: Json | None = None
    choices: list[Choice] | None = None
    followups: list[Message] = field(default_factory=list)
    failed: bool = False  # "The application did not respond"
    heard: bool = False  # the bot was connected when it was sent
    updated: bool = False
    excused: bool = False  # a fault struck one of the bot's attempts to acknowledge it

    @property
    def guild(self) -> Guild | None:
        """Where it happened."""
        return self.channel.guild

    @property
    def guild_installed(self) -> bool:
        """Whether the bot is a member where it happened (or this is its own DM)."""
        return "0" in self.owners

    @property
    def name(self) -> str:
        """What to call it in a complaint."""
        what = self.data.get("name") or self.data.get("custom_id")
        return f"{self.type.name.lower()} {what!r} of {self.user.name}"

    # Times, in milliseconds since it was sent.

    @property
    def ack_ms(self) -> float | None:
        """When the bot acknowledged it."""
        return self._since(self.acknowledged_at)

    @property
    def answer_ms(self) -> float | None:
        """When the user first saw an answer."""
        return self._since(self.answered_at)

    def _since(self, moment: float | None) -> float | None:
        return None if moment is None else (moment - self.created) * 1000

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return time.monotonic() - self.created

    def expired(self) -> bool:
        """Whether the token no longer works."""
        return self.age > self.discord.limits.token_s

    # What a test waits for.

    async def acknowledged(self, within: float = 5.0) -> Interaction:
        """Wait until the bot has acknowledged it, whichever way."""
        return await self.discord.until(
            lambda: self if self.callback else None, within, f"acknowledging {self.name}"
        )

    async def response(self, within: float = 5.0) -> Message:
        """Wait for the message that answers it; a deferred one counts once it is filled in."""

        def probe() -> Message | None:
            if self.callback in (Callback.UPDATE, Callback.DEFERRED_UPDATE):
                return self.message if self.updated else None
            ready = self.original and not self.original.loading
            return self.original if ready else None

        return await self.discord.until(probe, within, f"an answer to {self.name}")

    async def form(self, within: float = 5.0) -> Interaction:
        """Wait until it is answered with a modal; pass the result to `user.submit`."""
        return await self.discord.until(
            lambda: self if self.modal else None, within, f"a modal for {self.name}"
        )

    async def followup(self, index: int = 0, within: float = 5.0) -> Message:
        """Wait for a follow-up message."""
        return await self.discord.until(
            lambda: self.followups[index] if len(self.followups) > index else None,
            within,
            f"follow-up {index} to {self.name}",
        )

    async def replay(self) -> None:
        """Deliver it once more, as after a resume; a second acknowledgement is no fault then."""
        self.excused = True
        self.discord.gateway.interaction_event(self)

    # What the fake does with it.

    def send(self) -> None:
        """Deliver it to the bot, and watch the deadline."""
        self.discord.interactions.append(self)
        self.heard = self.discord.gateway.interaction_event(self)
        self.discord.later(self.discord.limits.acknowledge_s, self._deadline)

    def _deadline(self) -> None:
        if self.callback is None:
            self.failed = True
            lost = self.discord.gateway.lost(self.created, within=_LATE)
            if self.heard and not self.excused and not lost and self.channel.exists:
                detail = f"{self.name} was not acknowledged in time"
                self.discord.violations.append(Violation("acknowledgement", detail))
            self.discord.notify()

    def answered(self) -> None:
        """Note that the user sees an answer."""
        if self.answered_at is None:
            self.answered_at = time.monotonic()

    def payload(self) -> Json:
        """Return what INTERACTION_CREATE carries."""
        channel, bot = self.channel, self.discord.bot
        body: Json = {
            "id": str(self.id),
            "application_id": str(self.discord.application.id),
            "type": int(self.type),
            "data": self.data,
            "channel": channel.payload(),
            "channel_id": str(channel.id),
            "token": self.token,
            "version": 1,
            "locale": self.user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": self.owners,
            "context": self.context,
            "attachment_size_limit": self.discord.limits.file_bytes,
            "app_permissions": str(int(channel.permissions_of(bot) or Permission.EMBED_LINKS)),
        }
        if self.message is not None:
            body["message"] = self.message.payload()
        guild = channel.guild
        if guild is None:
            return body | {"user": self.user.payload()}
        allowed = str(int(channel.permissions_of(self.user)))
        return body | {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": guild.members[self.user.id].payload() | {"permissions": allowed},
        }

    def metadata(self) -> Json:
        """Return what a message says about the interaction that it answers."""
        about = {
            "id": str(self.id),
            "type": int(self.type),
            "user": self.user.payload(),
            "authorizing_integration_owners": self.owners,
        }
        if self.type == InteractionType.COMMAND:
            about |= {"name": self.data["name"], "command_type": self.data["type"]}
        application = str(self.discord.application.id)
        return {
            "interaction_metadata": about,
            "application_id": application,
            "webhook_id": application,
        }

    @property
    def answer_type(self) -> int:
        """The type of the message that answers it."""
        if self.type != InteractionType.COMMAND:
            return 0
        return COMMAND_ANSWER if self.data["type"] == 1 else MENU_ANSWER
