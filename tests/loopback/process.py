"""The bot as a process of its own, started through the launcher."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .server import Discord

LAUNCHER = Path(__file__).with_name("launch.py")
ROOT = Path(__file__).resolve().parents[2]


class BotProcess:
    """A running bot: its output, and the ways to end it."""

    def __init__(self, discord: Discord, process: asyncio.subprocess.Process) -> None:
        self.discord = discord
        self.process = process
        self.lines: list[str] = []
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        discord: Discord,
        module: str,
        arguments: Sequence[str],
        env: dict[str, str],
        cwd: Path | None,
    ) -> Self:
        """Launch it, told where this Discord is and which token opens it."""
        given = os.environ | {
            "LOOPBACK_DISCORD": discord.url,
            "LOOPBACK_GATEWAY": discord.gateway_url,
            "LOOPBACK_LIFETIME": str(discord.limits.lifetime_s),
            "DISCORD_TOKEN": discord.token,
            "PYTHONUNBUFFERED": "1",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(LAUNCHER),
            module,
            *arguments,
            env=given | env,
            cwd=cwd or ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return cls(discord, process)

    @property
    def returncode(self) -> int | None:
        """How it ended, if it has."""
        return self.process.returncode

    @property
    def log(self) -> str:
        """Everything that it wrote."""
        return "\n".join(self.lines)

    def tail(self, lines: int = 25) -> str:
        """The end of what it wrote."""
        return "\n".join(self.lines[-lines:])

    async def connected(self, identifies: int, within: float) -> None:
        """Wait until it has identified; fail at once if it exits instead."""

        def probe() -> bool | None:
            if self.returncode is not None:
                raise AssertionError(f"the bot exited with {self.returncode}:\n{self.tail()}")
            gateway = self.discord.gateway
            return (gateway.identifies >= identifies and gateway.connected) or None

        await self.discord.until(probe, within, "the bot to connect")

    async def says(self, words: str, within: float = 10.0) -> str:
        """Wait for a line of its output that contains the words."""

        def probe() -> str | None:
            return next((line for line in self.lines if words in line), None)

        return await self.discord.until(probe, within, f"{words!r} in the bot's output")

    async def ends(self, within: float = 15.0) -> int:
        """Wait until it has ended by itself, and return its exit code."""
        code = await asyncio.wait_for(self.process.wait(), within)
        await self._reader
        return code

    async def stop(self, within: float = 10.0) -> int:
        """Ask it to end (SIGTERM), insist if it doesn't, and return its exit code."""
        if self.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), within)
            except TimeoutError:
                self.kill()
        code = await self.process.wait()
        await self._reader
        return code

    def kill(self) -> None:
        """End it without a warning (SIGKILL)."""
        if self.returncode is None:
            self.process.kill()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())
            self.discord.notify()
        await self.process.wait()
        self.discord.notify()
