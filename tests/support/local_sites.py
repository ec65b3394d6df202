"""Sites on this machine, and the names that lead to them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from socketserver import BaseRequestHandler, TCPServer, ThreadingTCPServer
from typing import Any

_ANY = 0


@contextmanager
def serving(
    handler: type[BaseRequestHandler], host: str = "127.0.0.1", port: int = _ANY
) -> Iterator[str]:
    """Have a handler of requests answer at a host, and yield its address."""
    with ThreadingHTTPServer((host, port), handler) as server, _running(server):
        yield f"http://{host}:{server.server_port}"


@contextmanager
def listening(
    handler: type[BaseRequestHandler], host: str = "127.0.0.1", port: int = _ANY
) -> Iterator[int]:
    """Have a handler of bare connections listen at a host, and yield its port."""
    with _Listener((host, port), handler) as server, _running(server):
        yield server.server_address[1]


class _Listener(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False  # those that never end are not waited for


@contextmanager
def _running(server: TCPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


class Names:
    """A resolver: what each name leads to, time after time, and how often it was asked.

    A name's last answer stays.  Other names are resolved where they are spellings of an address,
    as the system's own resolver does, and don't exist otherwise.
    """

    def __init__(self, known: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._known: dict[str, list[Sequence[str]]] = {}
        self.asked: list[str] = []
        self._system = socket.getaddrinfo
        for name, answers in known.items():
            self.learn(name, answers)

    def learn(self, name: str, answers: Sequence[Sequence[str]]) -> None:
        """Have a name lead to these addresses, in this order."""
        self._known[name] = list(answers)

    def __call__(self, host: str | bytes, port: int, *_: object, **__: object) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        self.asked.append(name)
        answers = self._known.get(name)
        if answers is None:
            return self._spelling(name, port)
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [one for text in addresses for one in self._spelling(text, port)]

    def _spelling(self, text: str, port: int) -> list[Any]:
        flags = socket.AI_NUMERICHOST
        return self._system(text.encode(), port, type=socket.SOCK_STREAM, flags=flags)
