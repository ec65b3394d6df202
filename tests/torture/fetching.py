"""Downloads under attack: addresses in every spelling, names that turn, sites that mean ill.

Two canaries listen on this machine.  No attack may reach one, or end with anything but a
sentence in time; and what is allowed has to be reached all the while.
"""

from __future__ import annotations

import gzip
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import islice, repeat
from socketserver import BaseRequestHandler
from unittest import mock

from index.errors import FetchError
from index.extract import AllowedHosts, Limits
from index.extract.fetch import fetch
from tests.support.local_sites import Names, listening, serving

SHORT = 150
LONG = 5_000
"""Attacks; about twelve a second, of which the slow sites take most of the time."""

LIMITS = Limits(
    max_bytes=20_000,
    connect_seconds=0.5,
    read_seconds=0.4,
    total_seconds=0.6,
    allowed_hosts=AllowedHosts.parse(["own.lan"]),
)
_SLACK = 2.0  # seconds that a busy machine may take longer
_PRIVATE = [
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32",
        "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
    )
]  # fmt: skip
_PRIVATE_SIX = [
    ip_network(t) for t in ("::1/128", "fc00::/7", "fe80::/10", "ff00::/8", "fec0::/10")
]
_AROUND = [
    ("::ffff:0:0", 0), ("::", 0), ("::ffff:0:0:0", 0), ("64:ff9b::", 0), ("64:ff9b:1::", 0),
    ("2002::", 80), ("2001::", 64), ("2606:4700::5efe:0:0", 0), ("2a00::200:5efe:0:0", 0),
]  # fmt: skip
_TRIED = ("did not answer", "refused the connection", "can't be reached", "longer than", "cut off")

Attack = Callable[[random.Random, "Field"], tuple[str, str]]


class Canary(BaseRequestHandler):
    """Is never to be visited."""

    visits = 0

    def handle(self) -> None:
        Canary.visits += 1
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")


class Site(BaseHTTPRequestHandler):
    """Sends on whoever asks for that, and has one page."""

    def do_GET(self) -> None:
        target = self.path.partition("?")[2]
        self.send_response(302 if target else 200)
        if target:
            self.send_header("Location", target)
        self.end_headers()
        self.wfile.write(b"the page")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the inherited name
        pass


class Hostile(BaseRequestHandler):
    """Sends what the attack of the moment says."""

    pieces: Iterator[tuple[float, bytes]] = iter(())

    def handle(self) -> None:
        try:
            self.request.recv(65_536)
            for pause, piece in Hostile.pieces:
                time.sleep(pause)
                self.request.sendall(piece)
        except OSError:
            return


class Field:
    """Where the attacks take place: the ports that there are, and the resolver."""

    def __init__(self, names: Names, canary: int, site: str, hostile: int) -> None:
        self.names = names
        self.canary = canary
        self.site = site.replace("127.0.0.1", "own.lan")
        self.hostile = hostile

    def sent_on(self, url: str, chance: random.Random) -> str:
        """Return an address that leads to another, by way of up to four redirects."""
        for _ in range(chance.randrange(5)):
            url = f"{self.site}/to?{url}"
        return url


def run(amount: int, seed: int = 0) -> list[str]:
    """Attack so many times; where one gets through, AssertionError names its seed and step."""
    counts: Counter[str] = Counter()
    Canary.visits, longest = 0, 0.0
    with (
        listening(Canary) as port,
        listening(Hostile) as hostile,
        serving(Site) as site,
        listening(Canary, "127.0.0.2", int(site.rpartition(":")[2])),
        mock.patch.object(socket, "getaddrinfo", Names({"own.lan": [["127.0.0.1"]]})) as names,
    ):
        field = Field(names, port, site, hostile)
        for step in range(amount):
            chance = random.Random(f"{seed} {step}")
            attack = chance.choice(list(_ATTACKS))
            try:
                longest = max(longest, _attacked(attack, chance, field))
            except Exception as error:
                told = f"{type(error).__name__}: {error}"
                raise AssertionError(f"seed {seed}, step {step}, {attack}: {told}") from error
            counts[attack] += 1
        assert fetch(f"{field.site}/", limits=LIMITS).data == b"the page"
    kinds = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return [
        f"{amount} attacks on downloads: {kinds}",
        f"{Canary.visits} reached what is not public; the longest took {longest:.1f} s",
    ]


def _attacked(attack: str, chance: random.Random, field: Field) -> float:
    url, hidden = _ATTACKS[attack](chance, field)
    limits = LIMITS
    if attack in ("hostile sites", "turning names"):
        limits = replace(LIMITS, allowed_hosts=AllowedHosts.parse(["127.0.0.1"]))
    started = time.monotonic()
    try:
        told = f"{len(fetch(url, limits=limits).data)} bytes"
    except FetchError as error:
        told = str(error)
    took = time.monotonic() - started
    assert took < limits.total_seconds + _SLACK, f"{url} took {took:.1f} s"
    assert Canary.visits == 0, f"{url} reached the canary"
    if attack == "hostile sites":
        assert "\n" not in told, told
        return took
    assert told.startswith(url) or "leave it out" in told, told
    said = told.removeprefix(url)
    assert said.endswith("."), told
    assert not any(words in said for words in _TRIED), told
    assert not hidden or hidden not in said, f"{told} tells {hidden}"
    return took


def _spelt(chance: random.Random, field: Field) -> tuple[str, str]:
    return f"http://{_spelling(chance)}:{field.canary}/", ""


def _redirected(chance: random.Random, field: Field) -> tuple[str, str]:
    return field.sent_on(_spelt(chance, field)[0], chance), ""


def _named(chance: random.Random, field: Field) -> tuple[str, str]:
    """A name that leads to something private, alone or among public addresses."""
    private = str(_private_six(chance) if chance.random() < 0.4 else _private_four(chance))
    answers = [
        private,
        *(f"93.184.215.{chance.randrange(256)}" for _ in range(chance.randrange(4))),
    ]
    chance.shuffle(answers)
    field.names.learn("inside.example", [answers])
    return field.sent_on(f"http://inside.example:{field.canary}/", chance), private


def _turning(chance: random.Random, field: Field) -> tuple[str, str]:
    """A name that leads to an allowed address for some look-ups, and to a canary from then on."""
    harmless = chance.randrange(LIMITS.max_redirects + 1)
    field.names.learn("turns.lan", [*repeat(["127.0.0.1"], harmless), ["127.0.0.2"]])
    site = field.site.replace("own.lan", "turns.lan")
    return f"{site}/to?" * harmless + f"{site}/", "127.0.0.2"


def _other_scheme(chance: random.Random, field: Field) -> tuple[str, str]:
    scheme = chance.choice(["file", "ftp", "gopher", "data", "dict", "ldap", "ws", "unix", "jar"])
    return field.sent_on(f"{scheme}://127.0.0.1:{field.canary}/etc/hostname", chance), ""


def _hostile(chance: random.Random, field: Field) -> tuple[str, str]:
    Hostile.pieces = _sending(chance)
    return f"http://127.0.0.1:{field.hostile}/", ""


_ATTACKS: dict[str, Attack] = {
    "spellings": _spelt,
    "redirects": _redirected,
    "names": _named,
    "turning names": _turning,
    "schemes": _other_scheme,
    "hostile sites": _hostile,
}


def _private_four(chance: random.Random) -> IPv4Address:
    network = chance.choice(_PRIVATE)
    return IPv4Address(int(network[0]) + chance.randrange(network.num_addresses))


def _private_six(chance: random.Random) -> IPv6Address:
    if chance.random() < 0.3:
        network = chance.choice(_PRIVATE_SIX)
        return IPv6Address(int(network[0]) + chance.randrange(network.num_addresses))
    prefix, shift = chance.choice(_AROUND)
    return IPv6Address(int(IPv6Address(prefix)) | int(_private_four(chance)) << shift)


def _spelling(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return f"[{_six(_private_six(chance), chance)}]"
    return _four(_private_four(chance), chance)


def _six(address: IPv6Address, chance: random.Random) -> str:
    head = address.exploded[:-10]
    dotted = f"{head}:{IPv4Address(address.packed[12:])}"
    text = chance.choice([str(address), address.exploded, dotted, dotted.replace("0000:", "0:")])
    return chance.choice([text, text.upper()]) + chance.choice(["", "", "%lo", "%251"])


def _four(address: IPv4Address, chance: random.Random) -> str:
    """Write it as inet_aton reads it: in one to four parts, each in any base, and worse."""
    parts, number = chance.randrange(1, 5), int(address)
    written = [address.packed[n] for n in range(parts - 1)]
    written.append(number & (1 << 8 * (5 - parts)) - 1)
    bases: list[Callable[[int], str]] = [str, hex, lambda n: f"0{n:o}", lambda n: f"{n:#010x}"]
    text = ".".join(chance.choice(bases)(part) for part in written)
    wide = {ord("0") + n: ord("０") + n for n in range(10)} | {ord("."): "。"}
    worse: list[Callable[[str], str]] = [
        str, str, str, str.upper,
        lambda t: f"{t}.",
        lambda t: t.translate(wide),
        lambda t: t.replace(".", "%2e"),
        lambda t: f"public.example@{t}",
    ]  # fmt: skip
    return chance.choice(worse)(text)


def _sending(chance: random.Random) -> Iterator[tuple[float, bytes]]:
    """Pieces of something like an answer, cut anywhere, now and then with a pause."""
    status = chance.choice(
        [b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 302 Found", b"SSH-2"]
    )
    fields = [
        b"Content-Length: %d" % chance.choice([0, 5, 9_000, 10**12, -1]),
        b"Transfer-Encoding: chunked",
        b"Content-Encoding: " + chance.choice([b"gzip", b"deflate", b"br", b"gzip, gzip"]),
        b"Location: " + chance.choice([b"/again", b"http://127.0.0.2/", b"//", b"\xff\xfe", b"?"]),
        b"Connection: close",
        b"Content-Type: "
        + chance.choice([b"text/html", b"application/pdf", b"\x00", b"image/png"]),
    ]
    head = (
        b"\r\n".join([status, *chance.sample(fields, chance.randrange(len(fields)))]) + b"\r\n\r\n"
    )
    piece = chance.choice([
        b"x" * 7_000, b"5\r\nhello\r\n", b"0" * 5_000, b"X: y\r\n" * 900, chance.randbytes(3_000),
        gzip.compress(bytes(3_000_000)), gzip.compress(b"hello" * 9), b"",
    ])  # fmt: skip
    whole = (head + piece)[: chance.choice([chance.randrange(1, 200), 10**6, 10**6])]
    pause = chance.choice([0.0, 0.0, 0.0, 0.05, 0.5])
    width = chance.choice([1, 50, 10**6]) if pause == 0 else 40
    for start in range(0, min(len(whole), 200 * width), width):
        yield pause, whole[start : start + width]
    yield from islice(repeat((pause or 0.0001, piece)), chance.choice([0, 0, 5, 2_000]))
