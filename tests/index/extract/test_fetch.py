"""Downloads from a server on this machine: what arrives, and a sentence where nothing does."""

from __future__ import annotations

import gzip
import socket
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from index.errors import FetchError
from index.extract import AllowedHosts, Confined, Limits
from index.extract.fetch import fetch
from index.records import Article
from tests.support.local_sites import serving

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (
    "<!doctype html><html><head><title>Harbour</title></head><body><main><h1>Harbour</h1><p>{}</p>"
    "</main></body></html>"
).format("The façade of the old harbour was rebuilt three times before the railway came to town.")
HERE = AllowedHosts.parse(["127.0.0.1"])
QUICK = Limits(
    max_bytes=5000, connect_seconds=1, read_seconds=0.3, total_seconds=0.8, allowed_hosts=HERE
)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.split("?")[0].strip("/")
        getattr(self, f"send_{name}", self.send_missing)()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the inherited name
        pass

    def reply(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def send_missing(self) -> None:
        self.reply(b"no", 404)

    def send_page(self) -> None:
        self.reply(PAGE.encode("latin-1"), Content_Type="text/html; charset=latin-1")

    def send_agent(self) -> None:
        self.reply(self.headers["User-Agent"].encode(), Content_Type="text/plain")

    def send_moved(self) -> None:
        self.reply(b"", 302, Location="/page?moved")

    def send_loop(self) -> None:
        self.reply(b"", 302, Location="/loop")

    def send_elsewhere(self) -> None:
        self.reply(b"", 302, Location="file:///etc/hostname")

    def send_broken(self) -> None:
        self.reply(b"", 503)

    def send_forbidden(self) -> None:
        self.reply(b"", 403)

    def send_packed(self) -> None:
        self.reply(gzip.compress(PAGE.encode()), Content_Type="text/html", Content_Encoding="gzip")

    def send_bomb(self) -> None:
        self.reply(gzip.compress(bytes(3_000_000)), Content_Encoding="gzip")

    def send_halfpacked(self) -> None:
        self.reply(gzip.compress(PAGE.encode())[:-30], Content_Encoding="gzip")

    def send_brotli(self) -> None:
        self.reply(b"xx", Content_Encoding="br")

    def send_announced(self) -> None:
        self.reply(b"", Content_Length="99999999999")

    def send_endless(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for _ in range(200):
            try:
                self.wfile.write(b"x" * 1000)
            except OSError:
                return

    def send_cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"short")
        self.close_connection = True

    def send_silent(self) -> None:
        time.sleep(0.6)
        self.close_connection = True

    def send_slow(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for _ in range(15):
            time.sleep(0.1)
            try:
                self.wfile.write(b"x")
            except OSError:
                return


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving(Handler) as address:
        yield address


def refusal(url: str, limits: Limits = QUICK) -> str:
    with pytest.raises(FetchError) as caught:
        fetch(url, limits=limits)
    return str(caught.value)


def test_a_page_becomes_an_article_that_knows_where_it_came_from(server: str) -> None:
    with closing(Confined(Limits(allowed_hosts=HERE))) as confined:
        (article,) = confined.extract(f"{server}/moved#part")
    assert isinstance(article, Article), article
    assert article.title == "Harbour"
    assert "The façade of the old harbour" in article.text
    assert article.source == article.origin == f"{server}/moved#part"
    assert article.url == f"{server}/page?moved"


def test_passage_says_who_it_is(server: str) -> None:
    assert fetch(f"{server}/agent", limits=QUICK).data.startswith(b"Passage/")


def test_a_packed_page_is_unpacked(server: str) -> None:
    assert fetch(f"{server}/packed", limits=QUICK).data == PAGE.encode()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("nothing", "was not found (404): check the address."),
        ("forbidden", "refuses access (403): open it in a browser, copy the text and add that."),
        ("broken", "has trouble of its own (503): try again later."),
        ("loop", "redirects more than 5 times: check it in a browser."),
        ("elsewhere", "is not a web address: use one that begins with http or https."),
        ("announced", "is over the limit of 0.005 MB: add the part that matters as a file."),
        ("endless", "is over the limit of 0.005 MB: add the part that matters as a file."),
        ("bomb", "is over the limit of 0.005 MB: add the part that matters as a file."),
        ("halfpacked", "was cut off on the way: try again."),
        ("brotli", "is sent in the coding “br”, which can't be unpacked here."),
        ("cut", "was cut off or sent something that is no web page: try again later."),
        ("silent", "did not answer in time: try again later."),
        ("slow", "took longer than 0.8 seconds: try again later."),
    ],
)
def test_what_can_go_wrong_is_said_in_a_sentence(server: str, path: str, sentence: str) -> None:
    assert refusal(f"{server}/{path}") == f"{server}/{path} {sentence}"


def test_a_refused_connection_a_plain_server_and_a_bad_address_are_told(server: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        assert refusal(closed) == (
            f"{closed} refused the connection: check the address, or try again later."
        )
    assert refusal(server.replace("http:", "https:")).endswith(
        "has no valid certificate (TLS), so it can't be trusted: check the address."
    )
    assert refusal("ftp://example.org/a").startswith("ftp://example.org/a is not a web address: ")
    assert refusal("http://").endswith("check the address.")
    assert refusal("http://127.0.0.1:70000/").endswith(
        "a port that no site has: check the address."
    )
    told = refusal("http://user:hunter2@127.0.0.1/")
    assert told == "The address at 127.0.0.1 carries a user name or password: leave it out."


def test_a_name_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert refusal("http://nowhere.invalid/") == (
        "http://nowhere.invalid/ names a site that does not exist (DNS): check the address."
    )
