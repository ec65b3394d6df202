"""A client without a library, for tests of the fake itself: it sends what a test tells it to."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from .rest import PREFIX

if TYPE_CHECKING:
    from .interactions import Interaction
    from .server import Discord


class RawClient:
    """Speaks HTTP and, once identified, listens at the gateway."""

    def __init__(self, discord: Discord) -> None:
        self.discord = discord
        self.http = aiohttp.ClientSession()
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.frames: list[dict[str, Any]] = []
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listener is not None:
            self._listener.cancel()
        if self.socket is not None:
            await self.socket.close()
        await self.http.close()

    async def request(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any]:
        """Send a request; return the status and the JSON answer."""
        authorization = {"Authorization": f"Bot {token or self.discord.token}"}
        url = self.discord.url + PREFIX + path
        async with self.http.request(method, url, json=body, headers=authorization) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if raw else None

    async def upload(self, path: str, body: Any, **files: bytes) -> tuple[int, Any]:
        """Send a message with files."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", json.dumps(body))
        for index, (name, data) in enumerate(files.items()):
            form.add_field(f"files[{index}]", data, filename=name.replace("_", "."))
        authorization = {"Authorization": f"Bot {self.discord.token}"}
        url = self.discord.url + PREFIX + path
        async with self.http.post(url, data=form, headers=authorization) as response:
            return response.status, await response.json()

    async def say(self, channel: Any, body: Any) -> tuple[int, Any]:
        """Send a message to a channel."""
        return await self.request("POST", f"/channels/{channel.id}/messages", body)

    async def answer(
        self, interaction: Interaction, kind: int, data: Any = None
    ) -> tuple[int, Any]:
        """Answer an interaction."""
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        body = {"type": kind} | ({} if data is None else {"data": data})
        return await self.request("POST", path, body)

    def webhook(self, interaction: Interaction, rest: str = "/messages/@original") -> str:
        """Return a path of an interaction's webhook."""
        return f"/webhooks/{self.discord.application.id}/{interaction.token}{rest}"

    async def connect(self, **query: str) -> None:
        """Open a websocket."""
        self.socket = await self.http.ws_connect(self.discord.gateway_url, params=query)
        self._listener = asyncio.create_task(self._listen(self.socket))

    async def send(self, opcode: int, data: Any) -> None:
        """Send a frame."""
        assert self.socket is not None
        await self.socket.send_json({"op": opcode, "d": data})

    async def identify(self, intents: int = 0, **changes: Any) -> None:
        """Connect and identify."""
        await self.connect()
        properties = {"os": "linux", "browser": "raw", "device": "raw"}
        identity = {"token": self.discord.token, "intents": intents, "properties": properties}
        await self.send(2, identity | changes)

    async def hears(self, name: str, within: float = 2.0) -> dict[str, Any]:
        """Wait for the next event of this name that wasn't taken yet, and return its data."""
        found = await self.frame(lambda f: f.get("t") == name, within, name)
        data: dict[str, Any] = found["d"]
        return data

    async def frame(self, wanted: Any, within: float = 2.0, what: str = "frame") -> dict[str, Any]:
        """Wait for the next frame for which `wanted` holds."""

        def probe() -> dict[str, Any] | None:
            for frame in self.frames:
                if wanted(frame):
                    self.frames.remove(frame)
                    return frame
            return None

        return await self.discord.until(probe, within, what)

    async def closed(self, within: float = 2.0) -> int | None:
        """Wait until the other side closes, and return the code."""
        assert self._listener is not None
        assert self.socket is not None
        await asyncio.wait_for(self._listener, within)
        return self.socket.close_code

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.frames.append(json.loads(message.data))
                self.discord.notify()
