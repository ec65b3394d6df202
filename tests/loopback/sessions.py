"""A gateway session, which outlives its connections, and one such connection."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from .constants import Intent
    from .guilds import Guild
    from .people import Json

DISPATCH = 0


@dataclass(eq=False)
class Session:
    """What outlives a connection: who it is, and every event it was sent."""

    id: str
    intents: Intent
    shard: tuple[int, int]
    sequence: int = 0
    read: int = 0  # the latest event that the bot is known to have read
    events: list[tuple[int, str]] = field(default_factory=list, repr=False)
    line: Connection | None = field(default=None, repr=False)

    @property
    def listens(self) -> bool:
        """Whether events arrive at the other end."""
        return self.line is not None and not self.line.silent

    def hears(self, guild: Guild | None) -> bool:
        """Whether its shard covers a guild; DMs belong to shard 0."""
        number, count = self.shard
        return (guild.id >> 22) % count == number if guild else number == 0

    def dispatch(self, name: str, data: Json) -> None:
        """Send an event now, or keep it for the resume."""
        self.sequence += 1
        frame = json.dumps({"op": DISPATCH, "t": name, "s": self.sequence, "d": data})
        self.events.append((self.sequence, frame))
        if self.line is not None:
            self.line.post(frame)


class Connection:
    """One websocket: compresses, and sends in order."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.request = request
        self.pending: asyncio.Queue[str] = asyncio.Queue()
        self.hung_up = False
        self.silent = False  # a zombie: nothing comes over it any more, and nothing is heard
        self.received: deque[float] = deque()
        self.compress = compressor(request.query.get("compress"))

    def post(self, frame: str | Json) -> None:
        """Queue a frame."""
        if self.silent:
            return
        self.pending.put_nowait(frame if isinstance(frame, str) else json.dumps(frame))

    async def write(self) -> None:
        """Send what is queued, until cancelled."""
        while True:
            frame = await self.pending.get()
            if self.socket.closed:
                return
            try:
                if self.compress is None:
                    await self.socket.send_str(frame)
                else:
                    await self.socket.send_bytes(self.compress(frame.encode()))
            except ConnectionError:
                return

    async def hang_up(self, code: int) -> None:
        """Close the line with a code."""
        self.hung_up = True
        await self.socket.close(code=code)

    def abort(self) -> None:
        """Cut the line without a word."""
        self.hung_up = True
        if self.request.transport is not None:
            self.request.transport.abort()


def compressor(name: str | None) -> Callable[[bytes], bytes] | None:
    """Return the transport compression that a client asked for."""
    if name == "zlib-stream":
        zipper = zlib.compressobj()
        return lambda data: zipper.compress(data) + zipper.flush(zlib.Z_SYNC_FLUSH)
    if name == "zstd-stream":
        from compression import zstd  # only a Python that has it makes discord.py ask for it

        packer = zstd.ZstdCompressor()
        return lambda data: packer.compress(data, zstd.ZstdCompressor.FLUSH_BLOCK)
    return None
