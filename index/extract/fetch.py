"""Downloads: one URL to bytes, within limits that hold while they stream."""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from index.errors import FetchError
from index.extract.limits import Limits
from index.extract.transport import CheckedTransport, NotPublicError

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADERS = {
    "User-Agent": "Passage/0.1 (answers questions from articles; fetches only what it is given)",
    "Accept": "text/html,application/xhtml+xml,text/plain,text/markdown,application/pdf,*/*;q=0.5",
    # The one coding that is unpacked here, so that its size can be bounded exactly.
    "Accept-Encoding": "gzip",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_STATUS = {
    401: "asks for a password (401): copy the text and add that",
    402: "asks for payment (402): copy the text and add that",
    403: "refuses access (403): open it in a browser, copy the text and add that",
    404: "was not found (404): check the address",
    410: "is gone (410): look for another copy",
    429: "asks for fewer requests (429): try again in some minutes",
    451: "is blocked for legal reasons (451): look for another copy",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A download: its bytes, where they came from in the end, and what they are said to be."""

    url: str
    data: bytes
    content_type: str | None


def fetch(url: str, *, limits: Limits | None = None) -> Fetched:
    """Download ``url``; blocks, so call it from a thread that may wait."""
    return asyncio.run(fetch_async(url, limits=limits or Limits()))


async def fetch_async(url: str, *, limits: Limits) -> Fetched:
    """Download ``url``; raise ``FetchError`` with one sentence if that can't be done."""
    try:
        async with asyncio.timeout(limits.total_seconds):
            return await _follow(_checked(url, url), url, limits)
    except TimeoutError as error:
        raise FetchError(
            f"{url} took longer than {limits.total_seconds:g} seconds: try again later."
        ) from error
    except NotPublicError as error:
        raise FetchError(
            f"{url} leads to {error}, which is not on the public internet: add its text instead, "
            "or have it named in the setting allowed_hosts."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        raise FetchError(f"{url} {_reason(error)}.") from error


def _checked(address: str, asked: str) -> httpx.URL:
    """An address that may be asked: http or https, with a host and without a password."""
    try:
        url = httpx.URL(address.strip()).copy_with(fragment=None)
    except httpx.InvalidURL as error:
        raise FetchError(f"{asked} is not a valid address: check it.") from error
    if url.scheme not in ("http", "https"):
        raise FetchError(f"{asked} is not a web address: use one that begins with http or https.")
    host = url.raw_host.decode("ascii")
    if not host:
        raise FetchError(f"{asked} names no site: check the address.")
    if url.userinfo:
        raise FetchError(f"The address at {host} carries a user name or password: leave it out.")
    if url.port is not None and not 0 < url.port < 65_536:
        raise FetchError(f"{asked} names a port that no site has: check the address.")
    return url


async def _follow(url: httpx.URL, asked: str, limits: Limits) -> Fetched:
    async with httpx.AsyncClient(
        transport=CheckedTransport(limits.allowed_hosts),
        timeout=httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds),
        headers=_HEADERS,
        trust_env=False,
    ) as client:
        for _ in range(limits.max_redirects + 1):
            async with client.stream("GET", url) as response:
                target = response.headers.get("location")
                if response.status_code in _REDIRECTS and target:
                    url = _checked(str(url.join(target)), asked)
                    continue
                _check_status(response.status_code, asked)
                data = await _body(response, asked, limits)
                return Fetched(str(url), data, response.headers.get("content-type"))
    raise FetchError(
        f"{asked} redirects more than {limits.max_redirects} times: check it in a browser."
    )


def _check_status(status: int, asked: str) -> None:
    if status == 200:
        return
    words = f"has trouble of its own ({status}): try again later"
    if status < 500:
        words = _STATUS.get(status, f"answers with status {status}: check the address")
    raise FetchError(f"{asked} {words}.")


async def _body(response: httpx.Response, asked: str, limits: Limits) -> bytes:
    """The unpacked body; the limit holds for the bytes sent and for what they unpack to."""
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limits.max_bytes:
        raise _too_large(asked, limits)
    unpack = _unpacker(response.headers.get("content-encoding", ""), asked, limits)
    received, body = 0, bytearray()
    async for chunk in response.aiter_raw():
        received += len(chunk)
        body += unpack.feed(chunk, limits.max_bytes + 1 - len(body))
        if received > limits.max_bytes or len(body) > limits.max_bytes:
            raise _too_large(asked, limits)
    if not unpack.complete():
        raise FetchError(f"{asked} was cut off on the way: try again.")
    return bytes(body)


def _too_large(asked: str, limits: Limits) -> FetchError:
    return FetchError(
        f"{asked} is over the limit of {limits.megabytes()}: add the part that matters as a file."
    )


class _Plain:
    """A body that was sent as it is."""

    def feed(self, chunk: bytes, room: int) -> bytes:
        return chunk[:room]

    def complete(self) -> bool:
        return True


class _Gzip(_Plain):
    """A packed body, unpacked no further than there is room for."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=47)
        self._begun = False

    def feed(self, chunk: bytes, room: int) -> bytes:
        self._begun = True
        if self._stream.eof:  # what follows is none of it, and zlib would gather it
            return b""
        try:
            return self._stream.decompress(chunk, max(1, room))
        except zlib.error as error:
            raise ValueError("damaged gzip") from error

    def complete(self) -> bool:
        return self._stream.eof or not self._begun


def _unpacker(encoding: str, asked: str, limits: Limits) -> _Plain:  # noqa: ARG001
    coding = encoding.strip().lower()
    if coding in ("", "identity"):
        return _Plain()
    if coding in ("gzip", "x-gzip", "deflate"):
        return _Gzip()
    raise FetchError(
        f"{asked} is sent in the coding “{coding[:20]}”, which can't be unpacked here."
    )


def _reason(error: BaseException) -> str:
    causes = list(_causes(error))
    if any(isinstance(one, httpx.InvalidURL) for one in causes):
        return "leads to an address that is not valid: check it in a browser"
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return "has no valid certificate (TLS), so it can't be trusted: check the address"
    if any(isinstance(one, socket.gaierror) for one in causes):
        return "names a site that does not exist (DNS): check the address"
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return "refused the connection: check the address, or try again later"
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return "did not answer in time: try again later"
    if isinstance(error, (httpx.RemoteProtocolError, httpx.ReadError, ValueError)):
        return "was cut off or sent something that is no web page: try again later"
    return "can't be reached: check the address and the connection"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error with everything that led to it, groups included."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        waiting += [one.__cause__, one.__context__]
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
    return iter(seen)
