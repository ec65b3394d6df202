"""Sites that mean ill: whatever they send or don't, a download ends in time with a sentence."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from socketserver import BaseRequestHandler

import pytest

from index.errors import FetchError
from index.extract import AllowedHosts, Limits
from index.extract.fetch import fetch
from tests.support.local_sites import listening

pytestmark = pytest.mark.slow

LIMITS = Limits(
    max_bytes=20_000,
    connect_seconds=0.5,
    read_seconds=0.5,
    total_seconds=1.0,
    allowed_hosts=AllowedHosts.parse(["127.0.0.1"]),
)
SLACK = 0.7  # seconds beyond the limit for a busy machine

Sending = Callable[[], Iterator[bytes]]
OK = b"HTTP/1.1 200 OK\r\n"
CLOSE = b"Connection: close\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = OK + b"Content-Encoding: gzip\r\n" + CLOSE


def dripping(head: bytes, drop: bytes, pause: float) -> Iterator[bytes]:
    yield head
    for _ in range(int(3 / pause)):
        time.sleep(pause)
        yield drop


def flood(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    yield from repeat(piece)


def bomb(size: int) -> bytes:
    """Return so many zeros, packed."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb") as packed:
        for _ in range(size // 100_000):
            packed.write(bytes(100_000))
    return buffer.getvalue()


TOO_LARGE = "is over the limit of 0.02 MB: add the part that matters as a file."
TOO_LONG = "took longer than 1 seconds: try again later."
SILENT = "did not answer in time: try again later."
BROKEN = "was cut off or sent something that is no web page: try again later."
ASTRAY = "leads to an address that is not valid: check it in a browser."
CUT = "was cut off on the way: try again."

SITES: dict[str, tuple[Sending, tuple[str, ...]]] = {
    # Slowly.
    "a byte a second": (lambda: dripping(OK + CLOSE, b"x", 1), (SILENT, TOO_LONG)),
    "a byte in time": (lambda: dripping(OK + CLOSE, b"x", 0.1), (TOO_LONG,)),
    "a header byte in time": (lambda: dripping(b"", b"H", 0.1), (TOO_LONG, BROKEN)),
    "a status line in time": (lambda: dripping(OK, b"X: y\r\n", 0.1), (TOO_LONG,)),
    "a chunk in time": (lambda: dripping(CHUNKED, b"1\r\nx\r\n", 0.1), (TOO_LONG,)),
    "a packed byte in time": (lambda: dripping(PACKED, b"\x1f", 0.1), (TOO_LONG, BROKEN)),
    "interim answers in time": (
        lambda: dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.1),
        (TOO_LONG,),
    ),
    "nothing": (lambda: dripping(b"", b"", 0.3), (SILENT,)),
    "nothing after the head": (lambda: dripping(OK + CLOSE, b"", 0.3), (SILENT,)),
    # Without end.
    "a body without end": (lambda: flood(OK + CLOSE, b"x" * 9000), (TOO_LARGE,)),
    "chunks without end": (lambda: flood(CHUNKED, b"1\r\nx\r\n" * 3000), (TOO_LARGE,)),
    "headers without end": (lambda: flood(OK, b"X: y\r\n" * 1000), (BROKEN,)),
    "a header without end": (lambda: flood(OK + b"X: ", b"y" * 9000), (BROKEN,)),
    "a status line without end": (lambda: flood(b"HTTP/1.1 200 ", b"y" * 9000), (BROKEN,)),
    "a chunk's size without end": (lambda: flood(CHUNKED, b"0" * 9000), (BROKEN,)),
    "a chunk's extension without end": (lambda: flood(CHUNKED + b"1;", b"x" * 9000), (BROKEN,)),
    "trailers without end": (lambda: flood(CHUNKED + b"0\r\n", b"X: y\r\n" * 1000), (BROKEN,)),
    "interim answers without end": (
        lambda: flood(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100),
        (TOO_LONG, BROKEN),
    ),
    "packed without end": (lambda: flood(PACKED, gzip.compress(b"x") * 400), (TOO_LARGE,)),
    # Lies.
    "more than was announced": (
        lambda: iter([OK + b"Content-Length: 5\r\n\r\n", b"hello" * 9000]),
        (),
    ),
    "less than was announced": (
        lambda: iter([OK + b"Content-Length: 9000\r\n\r\n", b"hello"]),
        (BROKEN,),
    ),
    "two lengths": (
        lambda: iter([OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"]),
        (BROKEN,),
    ),
    "a length below nothing": (lambda: iter([OK + b"Content-Length: -5\r\n\r\n"]), (BROKEN,)),
    "a length beyond all bounds": (
        lambda: iter([OK + b"Content-Length: " + b"9" * 300 + b"\r\n\r\n"]),
        (BROKEN, TOO_LARGE),
    ),
    "a small bomb": (lambda: iter([PACKED, bomb(100_000)]), (TOO_LARGE,)),
    "a large bomb": (lambda: iter([PACKED, bomb(20_000_000)[:19_000]]), (TOO_LARGE,)),
    "a bomb in small pieces": (
        lambda: iter([PACKED, *(bytes([byte]) for byte in bomb(1_000_000))]),
        (TOO_LARGE,),
    ),
    "a bomb by another name": (
        lambda: iter([OK + b"Content-Encoding: deflate\r\n" + CLOSE, bomb(1_000_000)]),
        (TOO_LARGE,),
    ),
    "packed twice": (
        lambda: iter([OK + b"Content-Encoding: gzip, gzip\r\n" + CLOSE, bomb(1_000_000)]),
        ("is sent in the coding “gzip, gzip”, which can't be unpacked here.",),
    ),
    "a coding without end": (
        lambda: iter([OK + b"Content-Encoding: " + b"z" * 9000 + b"\r\n" + CLOSE]),
        ("is sent in the coding “zzzzzzzzzzzzzzzzzzzz”, which can't be unpacked here.",),
    ),
    "not packed at all": (lambda: iter([PACKED, b"hello"]), (BROKEN,)),
    "packed and cut off": (lambda: iter([PACKED, gzip.compress(b"hello")[:-4]]), (CUT,)),
    # Not a web site.
    "no word": (lambda: iter([]), (BROKEN,)),
    "noise": (lambda: iter([bytes(range(256)) * 40]), (BROKEN,)),
    "an answer without a head": (lambda: iter([b"<html>hello</html>"]), (BROKEN,)),
    "another protocol": (lambda: iter([b"SSH-2.0-OpenSSH_9.6\r\n"]), (BROKEN,)),
    "an upgrade": (
        lambda: iter([b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"]),
        ("answers with status 101: check the address.", BROKEN),
    ),
    # Elsewhere.
    "a redirect to itself": (
        lambda: iter([b"HTTP/1.1 302 Found\r\nLocation: /again\r\n" + CLOSE]),
        ("redirects more than 5 times: check it in a browser.",),
    ),
    "a redirect with a body without end": (
        lambda: flood(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n" + CLOSE, b"x" * 9000),
        ("redirects more than 5 times: check it in a browser.",),
    ),
    "a redirect to nowhere": (
        lambda: iter([b"HTTP/1.1 302 Found\r\n" + CLOSE]),
        ("answers with status 302: check the address.",),
    ),
    "a redirect to noise": (
        lambda: iter([b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe\x80/\r\n" + CLOSE]),
        (ASTRAY,),
    ),
    "a redirect to an address without end": (
        lambda: iter([b"HTTP/1.1 302 Found\r\nLocation: /" + b"a" * 80_000 + b"\r\n" + CLOSE]),
        (ASTRAY,),
    ),
    "trouble with a body without end": (
        lambda: flood(b"HTTP/1.1 500 No\r\n" + CLOSE, b"x" * 9000),
        ("has trouble of its own (500): try again later.",),
    ),
}  # fmt: skip


class Hostile(BaseRequestHandler):
    """Sends what it is told to, whatever it is asked for."""

    sending: Sending

    def handle(self) -> None:
        try:
            self.request.recv(65_536)
            for piece in type(self).sending():
                self.request.sendall(piece)
        except OSError:
            return


@pytest.mark.parametrize("site", SITES)
def test_it_ends_in_time_with_a_sentence(site: str) -> None:
    Hostile.sending, sentences = staticmethod(SITES[site][0]), SITES[site][1]
    with listening(Hostile) as port:
        url = f"http://127.0.0.1:{port}/a"
        started = time.monotonic()
        try:
            told = f"{len(fetch(url, limits=LIMITS).data)} bytes"
        except FetchError as error:
            told = str(error).removeprefix(f"{url} ")
        took = time.monotonic() - started
    assert told in (sentences or ("5 bytes",))
    assert took < LIMITS.total_seconds + SLACK
