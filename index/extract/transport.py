"""Connections to addresses that were looked at first, and to no others.

A name is looked up once, and what is connected to is the very address that was checked: a
name that leads elsewhere a moment later gains nothing by it.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import Future
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from index.extract.addresses import Address, AllowedHosts

_PORTS = {"http": 80, "https": 443}


class NotPublicError(Exception):
    """A site isn't at a public address, and nobody has allowed it; the text is its name."""


class CheckedTransport(httpx.AsyncBaseTransport):
    """HTTP to public addresses and to what is allowed besides, straight, through no proxy."""

    def __init__(self, allowed: AllowedHosts) -> None:
        self._allowed = allowed
        # Connections belong to an address here, so none is used again for another name at it.
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address of its site that lets itself be connected to.

        Raises NotPublicError where any of them may not be, so that no site is half trusted.
        """
        host = request.url.raw_host.decode("ascii").rstrip(".")
        addresses = await _look_up(request)
        if not all(self._allowed.permits(host, address) for address in addresses):
            raise NotPublicError(host)
        failure: httpx.HTTPError = httpx.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._inner.handle_async_request(_sent_to(address, host, request))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


def _sent_to(address: Address, host: str, request: httpx.Request) -> httpx.Request:
    """The same request with an address for a name; certificate and ``Host`` are the name's."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


async def _look_up(request: httpx.Request) -> list[Address]:
    """All addresses of a name, in the order in which they are to be tried.

    On a thread of its own: a look-up can't be called off, and the event loop's own threads
    would be waited for when it closes.
    """
    host, port = request.url.raw_host, request.url.port or _PORTS[request.url.scheme]
    found: Future[list[Any]] = Future()
    found.set_running_or_notify_cancel()
    Thread(target=_resolve, args=(found, host, port), name="look-up", daemon=True).start()
    try:
        async with asyncio.timeout(request.extensions["timeout"]["connect"]):
            answers = await asyncio.wrap_future(found)
    except TimeoutError as error:
        raise httpx.ConnectTimeout("the name was not found in time") from error
    return list(dict.fromkeys(ip_address(where[0]) for *_, where in answers))


def _resolve(found: Future[list[Any]], host: bytes, port: int) -> None:
    try:
        found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except Exception as error:  # noqa: BLE001 - raised where the answer is waited for
        found.set_exception(error)
