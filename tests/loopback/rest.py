"""The HTTP side: reads a request, lets faults strike, checks it, and hands it to its route."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from .faults import Fault, headers
from .refusals import Refused, Violation, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .people import Json
    from .server import Discord

PREFIX = "/api/v10"
# These carry a token of their own in the path instead of the bot's in a header.
TOKEN_IN_PATH = re.compile(r"/(webhooks/\d+|interactions/\d+)/[^/]+(/|$)")


@dataclass
class Call:
    """A request of the bot, read and recorded."""

    discord: Discord = field(repr=False)
    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    body: Any = None
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict, repr=False)
    multipart: bool = False
    at: float = field(default_factory=time.monotonic)
    status: int = 0
    result: Any = field(default=None, repr=False)
    params: dict[str, str] = field(default_factory=dict, repr=False)
    fault: Fault | None = field(default=None, repr=False)

    @property
    def line(self) -> str:
        """The method and path, as faults match them."""
        return f"{self.method} {self.path}"

    @property
    def json(self) -> Json:
        """The body, which must be an object."""
        if not isinstance(self.body, dict):
            raise invalid("body", f"an object was expected, not {self.body!r}")
        return self.body

    def id(self, name: str) -> int:
        """Return a snowflake of the path."""
        if not self.params[name].isdecimal():
            raise invalid("path", f"{self.params[name]!r} is not a snowflake")
        return int(self.params[name])


Handler = Callable[[Call], Any]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    """Register the handler of a route; what it returns is the JSON answer, None means 204."""
    parts = re.split(r"\{(\w+)\}", template)
    pattern = "".join(
        f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)
    )

    def register(handler: Handler) -> Handler:
        ROUTES.append((method, re.compile(pattern), handler))
        return handler

    return register


class Rest:
    """Serves the API."""

    def __init__(self, discord: Discord) -> None:
        self.discord = discord

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one request, from the faults to the answer."""
        call = await self._read(request)
        self.discord.requests.append(call)
        exceeded, limits, wait = self.discord.faults.take(call.line)
        if exceeded is not None:
            call.status = 429
            return rate_limited(wait, everywhere=exceeded.everywhere, extra=limits)
        fault = call.fault = self.discord.faults.strike(call.line)
        if fault is not None:
            self._excuse(call.path)
        if fault is not None and not fault.applied:
            early = await self._strike(fault, request, call)
            if early is not None:
                return early
        response: web.StreamResponse = self._answer(call, request)
        if fault is not None and fault.kind == "broken":
            return await break_off(request, call)
        if fault is not None and fault.applied:
            response = await self._strike(fault, request, call) or response
        response.headers.update(limits)
        self.discord.notify()
        return response

    def _excuse(self, path: str) -> None:
        """A late acknowledgement isn't the bot's fault when a fault struck an attempt at it."""
        for interaction in self.discord.interactions:
            if path.startswith(f"/interactions/{interaction.id}/"):
                interaction.excused = True

    async def _read(self, request: web.Request) -> Call:
        path = request.path.removeprefix(PREFIX)
        call = Call(self.discord, request.method, path, request.query)
        if request.content_type.startswith("multipart/"):
            call.multipart = True
            async for part in await request.multipart():
                assert isinstance(part, BodyPartReader)
                raw = bytes(await part.read())
                if part.name == "payload_json":
                    call.body = json.loads(raw)
                else:
                    call.files[str(part.name)] = (part.filename or "", raw)
        elif request.can_read_body and (raw := await request.read()):
            call.body = json.loads(raw)
        return call

    async def _strike(
        self, fault: Fault, request: web.Request, call: Call
    ) -> web.StreamResponse | None:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return None
        if fault.kind == "drop":
            if request.transport is not None:
                request.transport.abort()
            call.status = 0
            return web.Response(status=500)
        if fault.kind == "429":
            call.status = 429
            return rate_limited(fault.seconds, everywhere=fault.everywhere)
        if fault.kind == "banned":
            call.status = 429
            said = {"Retry-After": f"{fault.seconds:.1f}"}
            page = "<html>You are being rate limited</html>"
            return web.Response(status=429, text=page, content_type="text/html", headers=said)
        call.status = fault.status
        return web.Response(status=fault.status, text="<html>upstream trouble</html>")

    def _answer(self, call: Call, request: web.Request) -> web.Response:
        try:
            self._authorize(call, request)
            self._check_size(request)
            self._check_schema(call)
            call.result = self._find(call)(call)
        except Refused as refused:
            call.status = refused.status
            self._remember(call, refused)
            return answer(refused.status, refused.body())
        except Exception as error:
            # A body so odd that the fake stumbles must not pass for a server error.
            self.discord.violations.append(Violation("loopback", repr(error), call.line))
            raise
        call.status = 204 if call.result is None else 200
        return answer(call.status, call.result)

    def _find(self, call: Call) -> Handler:
        for method, pattern, handler in ROUTES:
            if method == call.method and (match := pattern.fullmatch(call.path)):
                call.params = match.groupdict()
                return handler
        raise Refused(404, 0, f"no such route here: {call.line}", rule="route")

    def _authorize(self, call: Call, request: web.Request) -> None:
        if TOKEN_IN_PATH.match(call.path):
            return
        if request.headers.get("Authorization") != f"Bot {self.discord.token}":
            raise Refused(401, 0, "401: Unauthorized", rule="token")

    def _check_size(self, request: web.Request) -> None:
        if (request.content_length or 0) > self.discord.limits.request_bytes:
            raise Refused(413, 40005, rule="size")

    def _check_schema(self, call: Call) -> None:
        schema = self.discord.schema
        if schema is None:
            return
        wrong = schema.check(call.method, call.path, call.body, multipart=call.multipart)
        if wrong:
            self.discord.violations += [Violation("schema", w, call.line) for w in wrong]
            raise Refused(400, 50035, "; ".join(wrong))

    def _remember(self, call: Call, refused: Refused) -> None:
        self.discord.refusals.append((call, refused))
        if refused.rule is not None:
            detail = f"{refused.detail} [{refused.status}/{refused.code}]"
            self.discord.violations.append(Violation(refused.rule, detail, call.line))


def answer(status: int, body: Any) -> web.Response:
    """Write a JSON answer, with the bare content type that discord.py looks for."""
    if body is None:
        return web.Response(status=status)
    raw = json.dumps(body).encode()
    return web.Response(body=raw, status=status, content_type="application/json")


async def break_off(request: web.Request, call: Call) -> web.StreamResponse:
    """Send the first half of a call's answer, and hang up."""
    raw = json.dumps(call.result or {"message": "nothing"}).encode()
    response = web.StreamResponse(status=200, headers={"Content-Type": "application/json"})
    response.content_length = len(raw)
    await response.prepare(request)
    await response.write(raw[: len(raw) // 2])
    if request.transport is not None:
        request.transport.close()
    call.discord.notify()
    return response


def rate_limited(
    seconds: float, *, everywhere: bool, extra: dict[str, str] | None = None
) -> web.Response:
    """Write a 429, with the Via header by which clients know that Discord itself said it."""
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
    response = answer(429, body)
    response.headers.update(extra or headers(1, 0, seconds))
    response.headers["Retry-After"] = f"{max(1, round(seconds))}"
    response.headers["X-RateLimit-Scope"] = "global" if everywhere else "user"
    response.headers["Via"] = "1.1 loopback"
    if everywhere:
        response.headers["X-RateLimit-Global"] = "true"
    return response
