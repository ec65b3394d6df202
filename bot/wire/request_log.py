"""The requests to Discord, watched from outside: each trouble is one line of the log.

discord.py tries again by itself after some failures, hands on others and tells of few, so what
goes wrong is noticed where the answers come in, by the hook that it has for that.  A line says
what was asked for, without the token in its address, and what came instead of an answer.  The
body is read here too, so that one that breaks off, or isn't what it says, counts as a lost
connection like any other.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
from yarl import URL

log = logging.getLogger("passage")

SLOW = 2.0
"""Seconds after which an answer is late enough to be told of."""

HASTE = 1.0
"""Seconds of patience up to which there is no time for discord.py's pauses after server errors."""

_API = re.compile(r"/api/v\d+(/.*)")
_TOKEN = re.compile(r"^/(webhooks|interactions)/(\d+)/[^/]+")


class ServerTroubleError(aiohttp.ClientError):
    """A server error, handed on at once where discord.py would pause for too long."""


@dataclass(frozen=True, slots=True)
class _Patience:
    seconds: float
    limit: asyncio.Timeout


_patience: ContextVar[_Patience | None] = ContextVar("patience", default=None)


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError where a single request in the block isn't answered in some seconds.

    Waiting for a rate limit to pass is none of it.  Cancelled while it waits for the global one,
    discord.py would never send anything again.  In haste a server error is raised too, as a
    ServerTroubleError.
    """
    async with asyncio.timeout(None) as limit:
        earlier = _patience.set(_Patience(seconds, limit))
        try:
            yield
        finally:
            _patience.reset(earlier)


def watched() -> aiohttp.TraceConfig:
    """Return the hook for discord.py's requests."""
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_started)
    trace.on_request_end.append(_answered)
    trace.on_request_exception.append(_failed)
    return trace


def named(url: URL) -> str | None:
    """Return what a request is about, without its token; None where it is no request of the API."""
    found = _API.fullmatch(url.path)
    return _TOKEN.sub(r"/\1/\2/…", found[1]) if found else None


async def _started(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    params: aiohttp.TraceRequestStartParams,
) -> None:
    del params
    context.began = asyncio.get_running_loop().time()
    waiting = _patience.get()
    _bound(None if waiting is None else context.began + waiting.seconds)


async def _answered(
    _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
) -> None:
    """Read the whole answer, and tell of one that is no good."""
    about, response = named(params.url), params.response
    if about is None:
        return
    body = await response.read()
    waiting = _patience.get()
    _bound(None)
    if response.content_type == "application/json":
        _check(body)
    took = asyncio.get_running_loop().time() - context.began
    if response.status == 429:
        _tell(params.method, about, _limited(response))
    elif response.status >= 500:
        _tell(params.method, about, f"HTTP {response.status}")
        if waiting is not None and waiting.seconds <= HASTE:
            raise ServerTroubleError
    elif took >= SLOW:
        _tell(params.method, about, f"answered after {took:.1f} s")


async def _failed(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    params: aiohttp.TraceRequestExceptionParams,
) -> None:
    about, error = named(params.url), params.exception
    if about is None or isinstance(error, ServerTroubleError):
        return  # told of already
    waiting = _patience.get()
    if not isinstance(error, asyncio.CancelledError):
        _tell(params.method, about, f"connection lost ({type(error).__name__})")
    elif waiting is not None and waiting.limit.expired():
        took = asyncio.get_running_loop().time() - context.began
        _tell(params.method, about, f"no answer within {took:.1f} s")
    _bound(None)


def _bound(until: float | None) -> None:
    """Let the patience with the request that is being made last until then."""
    waiting = _patience.get()
    if waiting is not None and not waiting.limit.expired():
        waiting.limit.reschedule(until)


def _check(body: bytes) -> None:
    if not body:
        return
    try:
        json.loads(body)
    except ValueError as error:
        raise aiohttp.ClientPayloadError("the answer is no JSON") from error


def _limited(response: aiohttp.ClientResponse) -> str:
    """Return what a rate limit is: for one route or for all, and for how long."""
    everywhere = ", everywhere" if "X-RateLimit-Global" in response.headers else ""
    wait = response.headers.get("X-RateLimit-Reset-After") or response.headers.get("Retry-After")
    return f"HTTP 429{everywhere}, not again for {wait or 'some'} s"


def _tell(method: str, about: str, what: str) -> None:
    log.warning("%s %s: %s", method, about, what)
