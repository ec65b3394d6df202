"""The loopback Discord itself: one object that holds the world, serves it, and keeps the record."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

from aiohttp import web

from . import routes_commands, routes_interactions, routes_messages, routes_world
from .constants import NO_INTENTS, ChannelType, Intent, Limits
from .faults import Faults
from .gateway import Gateway
from .ids import Snowflakes
from .messages import Attachment
from .process import BotProcess
from .rest import PREFIX, Call, Rest
from .routes_commands import Commands
from .schema import Schema
from .world import Application, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path
    from types import TracebackType

    from .channels import Channel
    from .guilds import Guild
    from .interactions import Interaction
    from .messages import Message
    from .people import User
    from .refusals import Refused, Violation

T = TypeVar("T")
TOKEN = "loopback.token.of-no-use-elsewhere"  # noqa: S105 - opens nothing but this fake
# Imported for what they register.
ROUTES = (routes_commands, routes_interactions, routes_messages, routes_world)


class Discord:
    """A Discord on the loopback interface, for one test.

    Use it as an async context manager. Build the world with `user` and `guild`, start the bot
    with `run`, act through users and channels, and look at `violations` in the end.
    """

    def __init__(self, *, privileged: Intent = NO_INTENTS, shards: int = 1) -> None:
        self.limits = Limits()
        self.shards = shards
        self.token = TOKEN
        self.ids = Snowflakes()
        self.faults = Faults()
        self.schema = Schema.load()
        self.gateway = Gateway(self)
        self.rest = Rest(self)
        self.world = World(self)
        self.commands = Commands(self)
        self.violations: list[Violation] = []
        self.refusals: list[tuple[Call, Refused]] = []
        self.requests: list[Call] = []
        self.interactions: list[Interaction] = []
        self.bot = self.world.add_user("Passage", bot=True)
        owner = self.world.add_user("Developer")
        self.application = Application(self.bot.id, "Passage", owner, privileged)
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self.bots: list[BotProcess] = []

    # Where it is.

    @property
    def url(self) -> str:
        """The HTTP address, without the API's prefix."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def gateway_url(self) -> str:
        """The websocket address."""
        return f"ws://127.0.0.1:{self.port}/gateway"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2 * self.limits.request_bytes)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/attachments/{channel}/{id}/{name}", self._download)
        app.router.add_route("*", PREFIX + "/{tail:.*}", self.rest.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.later(self.limits.lifetime_s, self._expire)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for bot in self.bots:
            await bot.stop()
        for timer in self._timers:
            timer.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def _expire(self) -> None:
        """Stop a test that has hung: the bots are killed, and whatever waits fails."""
        for bot in self.bots:
            bot.kill()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(RuntimeError("the loopback Discord's lifetime is over"))

    # Building.

    def user(self, name: str, *, installed: bool = False, locale: str = "en-GB") -> User:
        """Register a person; `installed` if they added the bot to their own account."""
        return self.world.add_user(name, has_installed=installed, locale=locale)

    def guild(
        self,
        name: str,
        *,
        owner: User | None = None,
        bot: bool = True,
        bot_permissions: int | None = None,
    ) -> Guild:
        """Open a server, with the bot in it unless told otherwise."""
        holder = owner or self.user(f"Owner of {name}")
        return self.world.add_guild(name, holder, bot=bot, permissions=bot_permissions)

    def group(self, name: str, *people: User) -> Channel:
        """Open a group of people without the bot, to which a user install can be brought."""
        return self.world.add_channel(ChannelType.GROUP_DM, name, group=people)

    @contextlib.asynccontextmanager
    async def run(self, module: str, *arguments: str, **options: Any) -> AsyncIterator[BotProcess]:
        """Run a bot (a module's name, or the path of a script) for as long as the block lasts."""
        bot = await self.start(module, *arguments, **options)
        try:
            yield bot
        finally:
            await bot.stop()

    async def start(
        self,
        module: str,
        *arguments: str,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        ready_within: float | None = 30.0,
    ) -> BotProcess:
        """Start a bot, and wait until it has identified (unless `ready_within` is None)."""
        before = self.gateway.identifies
        bot = await BotProcess.start(self, module, arguments, env or {}, cwd)
        self.bots.append(bot)
        if ready_within is not None:
            await bot.connected(before + 1, ready_within)
        return bot

    # Waiting.

    def notify(self) -> None:
        """Wake whoever waits for something to change."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, probe: Callable[[], T | None], within: float, what: str) -> T:
        """Wait until the probe returns something other than None, and return that."""
        deadline = time.monotonic() + within
        while (found := probe()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"waited {within} s in vain for {what}; {self.summary()}")
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await asyncio.wait_for(waiter, left)
            except TimeoutError:
                continue
            finally:
                self._waiters.discard(waiter)
        return found

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a while, unless the server stops before."""
        self._timers.add(asyncio.get_running_loop().call_later(seconds, action))

    # The record.

    def forgive(self, rule: str) -> list[Violation]:
        """Take the violations of a rule that a test meant to provoke off the record."""
        taken = [v for v in self.violations if v.rule == rule]
        self.violations = [v for v in self.violations if v.rule != rule]
        return taken

    def calls(self, method: str, fragment: str = "") -> list[Call]:
        """Return the bot's requests with this method, and this in their path."""
        return [c for c in self.requests if c.method == method and fragment in c.path]

    def summary(self) -> str:
        """Say in a line what has been going on, for a failing test."""
        last = ", ".join(f"{c.line} {c.status}" for c in self.requests[-4:])
        broken = "; ".join(map(str, self.violations[-3:])) or "none"
        logs = "".join(f"\n--- the bot's log:\n{bot.tail()}" for bot in self.bots[-1:])
        return f"last requests: {last or 'none'}; violations: {broken}{logs}"

    # What the rest of the fake shares.

    def publish(self, message: Message) -> None:
        """Put a message into its channel, and tell the bot unless it is private."""
        self.world.messages[message.id] = message
        message.channel.messages.append(message)
        if not message.ephemeral:
            self.gateway.message_event("MESSAGE_CREATE", message)
        self.notify()

    def store(
        self, channel: Channel, name: str, data: bytes, *, ephemeral: bool = False
    ) -> Attachment:
        """Keep a file, and give it an address."""
        attachment = Attachment(
            self, self.ids.next(), channel.id, name, data, None, ephemeral=ephemeral
        )
        self.world.attachments[attachment.id] = attachment
        return attachment

    async def _download(self, request: web.Request) -> web.Response:
        attachment = self.world.attachments.get(int(request.match_info["id"]))
        expires = request.query.get("ex", "0")
        signed = attachment and attachment.signature(expires) == request.query.get("hm")
        if attachment is None or not signed or int(expires, 16) < time.time() * 1000:
            return web.Response(status=404, text="This content is no longer available.")
        kind = attachment.payload().get("content_type", "application/octet-stream")
        return web.Response(body=attachment.data, headers={"Content-Type": kind})
