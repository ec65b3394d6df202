"""What a download can't be brought to reach, however its address is written or changes."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseRequestHandler
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from index.errors import FetchError
from index.extract import AllowedHosts, Limits
from index.extract.fetch import fetch
from index.extract.transport import NotPublicError
from tests.support.local_sites import Names, listening, serving

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = Limits(max_bytes=5000, connect_seconds=1, read_seconds=0.5, total_seconds=2)
KNOWN = {
    "localhost": [["127.0.0.1", "::1"]],
    "localhost.": [["127.0.0.1"]],
    "wiki.localhost": [["127.0.0.1"]],
    "metadata.google.internal": [["169.254.169.254"]],
    "public.example": [["93.184.215.14"]],
    "inside.example": [["10.1.2.3"]],
    "mixed.example": [["93.184.215.14", "10.1.2.3"]],
    "six.example": [["2606:4700::1111", "::ffff:10.1.2.3"]],
    "own.lan": [["127.0.0.1"]],
    "own.lan.": [["127.0.0.1"]],
}

# Each of these leads to the loopback interface, if it leads anywhere at all.
SPELLINGS = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0X7F.1",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "0",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "00000127.0.0.1",
    "127.0.0.1%00",
    "127%2e0%2e0%2e1",
    "%31%32%37.0.0.1",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:7F00:0001]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[2002:7f00:1::]",
    "[2002:7f00:1::7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::127.0.0.1]",
    "[2001:0:7f00:1::80ff:fffe]",
    "[2606:4700::5efe:127.0.0.1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[::1%lo]",
    "localhost",
    "LocalHost",
    "localhost.",
    "localhost..",
    "wiki.localhost",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "ⓛocalhost",
    "public.example@127.0.0.1",
    "127.0.0.1\\@public.example",
    "127.0.0.1 @public.example",
]
ELSEWHERE = [
    "169.254.169.254",
    "0xA9FEA9FE",
    "2852039166",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "metadata.google.internal",
    "inside.example",
    "mixed.example",
    "six.example",
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "224.0.0.251",
    "255.255.255.255",
    "[ff02::1]",
    "[fec0::1]",
]


class Canary(BaseRequestHandler):
    """Counts whoever comes, and tells nothing."""

    visits: list[str]

    def handle(self) -> None:
        self.visits.append(self.request.getsockname()[0])
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")


class Page(BaseHTTPRequestHandler):
    """Says what it was asked for, and sends on whoever asks for that."""

    def do_GET(self) -> None:
        target = self.path.removeprefix("/to?")
        self.send_response(200 if target == self.path else 302)
        self.send_header("Location", target)
        self.end_headers()
        self.wfile.write(self.headers["Host"].encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the inherited name
        pass


@pytest.fixture
def canary() -> Iterator[int]:
    Canary.visits = []
    with listening(Canary) as port:
        yield port
    assert Canary.visits == []


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names(KNOWN)
    monkeypatch.setattr(socket, "getaddrinfo", names)
    return names


def knowing(monkeypatch: pytest.MonkeyPatch, name: str, *answers: list[str]) -> Names:
    names = Names({**KNOWN, name: answers})
    monkeypatch.setattr(socket, "getaddrinfo", names)
    return names


def allowing(*entries: str) -> Limits:
    return replace(QUICK, allowed_hosts=AllowedHosts.parse(entries))


def refusal(url: str, limits: Limits = QUICK) -> FetchError:
    started = time.monotonic()
    with pytest.raises(FetchError) as caught:
        fetch(url, limits=limits)
    assert time.monotonic() - started < 1, "it was tried"
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return caught.value


@pytest.mark.parametrize("host", [*SPELLINGS, *ELSEWHERE])
def test_no_spelling_reaches_what_is_not_public(canary: int, host: str) -> None:
    refusal(f"http://{host}:{canary}/")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0x7f.1", "[::ffff:7f00:1]", "localhost", "ⓛocalhost"]
)
def test_nor_does_it_over_tls(canary: int, host: str) -> None:
    refusal(f"https://{host}:{canary}/")


def test_the_spellings_would_reach_it_if_they_were_allowed() -> None:
    """Else the test above would show nothing."""
    Canary.visits = []
    everything = replace(allowing("0.0.0.0/0", "::/0"), connect_seconds=0.1)
    reached = 0
    with listening(Canary) as port:
        for host in SPELLINGS:
            try:
                reached += fetch(f"http://{host}:{port}/", limits=everything).data == b"secret"
            except FetchError:
                continue
    assert reached == len(Canary.visits) >= 12


@pytest.mark.parametrize("host", [*SPELLINGS, *ELSEWHERE])
def test_no_redirect_reaches_it_either(canary: int, host: str) -> None:
    with serving(Page) as here:
        site = here.replace("127.0.0.1", "own.lan")
        refusal(f"{site}/to?http://{host}:{canary}/", allowing("own.lan"))


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/hostname",
        "ftp://127.0.0.1/a",
        "gopher://127.0.0.1:70/_x",
        "data:text/plain,secret",
        "javascript:alert(1)",
        "dict://127.0.0.1:2628/d",
        "ldap://127.0.0.1/",
        "ws://127.0.0.1/",
        "unix:///run/docker.sock",
        "http+unix://%2Frun%2Fdocker.sock/info",
        "file://127.0.0.1/etc/hostname",
        "https:127.0.0.1",
        "http://[127.0.0.1]/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
    ],
)
def test_only_web_addresses_are_followed(target: str) -> None:
    refusal(target)
    with serving(Page) as here:
        site = here.replace("127.0.0.1", "own.lan")
        refusal(f"{site}/to?{target}", allowing("own.lan"))


@pytest.mark.parametrize(
    "address", ["http:///etc/hostname", "http://:80/", "http://", "//own.lan/"]
)
def test_an_address_without_a_site_is_none(address: str) -> None:
    refusal(address)


def test_the_refusal_says_what_to_do_and_not_where_the_name_leads() -> None:
    error = refusal("http://inside.example/a")
    assert str(error) == (
        "http://inside.example/a leads to inside.example, which is not on the public internet: "
        "add its text instead, or have it named in the setting allowed_hosts."
    )
    assert isinstance(error.__cause__, NotPublicError)
    assert "10.1.2.3" not in f"{error.__cause__!r} {error.__cause__.__context__!r}"


@pytest.mark.parametrize("entry", ["own.lan", "127.0.0.1", "127.0.0.0/8"])
def test_what_is_allowed_is_fetched_under_its_own_name(entry: str) -> None:
    with serving(Page) as here:
        site = here.replace("127.0.0.1", "own.lan")
        got = fetch(f"{site}/a", limits=allowing(entry))
    assert (got.url, got.data.decode()) == (f"{site}/a", site.removeprefix("http://"))


def test_a_redirect_to_what_is_allowed_is_followed() -> None:
    with serving(Page) as here:
        site = here.replace("127.0.0.1", "own.lan")
        got = fetch(f"{here}/to?{site}/b", limits=allowing("127.0.0.1"))
    assert got.url == f"{site}/b"


def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Canary.visits = []
    with listening(Canary, "127.0.0.2") as port, serving(Page, "127.0.0.1", port):
        names = knowing(monkeypatch, "turns.example", ["127.0.0.1"], ["127.0.0.2"])
        url = f"http://turns.example:{port}/"
        assert fetch(url, limits=allowing("127.0.0.1")).data.decode() == url[7:-1]
        assert names.asked == ["turns.example"]
        # Asked a second time it leads elsewhere, and is refused before it is connected to.
        refusal(url, allowing("127.0.0.1"))
    assert Canary.visits == []


def test_a_name_that_turns_between_two_redirects_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(Page) as here:
        names = knowing(monkeypatch, "turns.example", ["127.0.0.1"], ["127.0.0.2"])
        site = here.replace("127.0.0.1", "turns.example")
        refusal(f"{site}/to?{site}/", allowing("127.0.0.1"))
        assert names.asked == ["turns.example"] * 2


def test_one_private_address_among_public_ones_is_refused(
    canary: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in (["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"]):
        knowing(monkeypatch, "both.example", answer)
        refusal(f"http://both.example:{canary}/", allowing("127.0.0.2"))


def test_the_next_address_is_tried_where_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Page) as here:
        knowing(monkeypatch, "two.example", ["127.0.0.3", "127.0.0.1"])
        site = here.replace("127.0.0.1", "two.example")
        assert fetch(f"{site}/", limits=allowing("127.0.0.0/8")).url == f"{site}/"


def test_no_proxy_is_asked_since_it_would_look_names_up_itself(
    canary: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(Page) as here:
        assert fetch(f"{here}/", limits=allowing("127.0.0.1")).url == f"{here}/"


def test_a_look_up_without_end_ends_with_the_connection_s_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3))
    started = time.monotonic()
    with pytest.raises(FetchError, match="did not answer in time"):
        fetch("http://slow.example/", limits=Limits(connect_seconds=0.3, total_seconds=2))
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "host", ["a" * 64 + ".example", "a..example", ".example", "nowhere.example"]
)
def test_a_name_that_no_site_has_is_told(host: str) -> None:
    assert "names a site that does not exist (DNS)" in str(refusal(f"http://{host}/"))


class Tls(BaseRequestHandler):
    """Speaks TLS with the certificate of ``own.lan``, and takes down which name was asked for."""

    context: ssl.SSLContext
    asked: list[str | None]

    def handle(self) -> None:
        try:
            with self.context.wrap_socket(self.request, server_side=True) as stream:
                host = stream.recv(4096).split(b"Host: ")[1].split(b"\r\n")[0]
                stream.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + host)
        except OSError:
            return


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    certificate = tmp_path / "own.pem"
    certificate.write_bytes(self_made("own.lan"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    Tls.context, Tls.asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    Tls.context.load_cert_chain(certificate)
    Tls.context.sni_callback = lambda _, name, __: Tls.asked.append(name)
    with listening(Tls) as port:
        yield port


def self_made(name: str) -> bytes:
    """Return a key and a certificate for a site, signed by nobody else."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    kinds = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, *kinds) + made.public_bytes(pem)


@pytest.mark.parametrize("host", ["own.lan", "own.lan."])
def test_a_certificate_is_checked_against_the_name(secure: int, host: str) -> None:
    got = fetch(f"https://{host}:{secure}/", limits=allowing("own.lan"))
    assert (got.data.decode(), Tls.asked) == (f"{host}:{secure}", ["own.lan"])


@pytest.mark.parametrize("host", ["other.lan", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused(
    secure: int, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    knowing(monkeypatch, "other.lan", ["127.0.0.1"])
    told = str(refusal(f"https://{host}:{secure}/", allowing("127.0.0.1")))
    assert told.endswith(
        "has no valid certificate (TLS), so it can't be trusted: check the address."
    )
