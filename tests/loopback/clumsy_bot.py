"""Passage with a fault that tells its secrets in every way there is, to be run by a launcher.

Whatever it is asked, it says its token and the interaction's, and fails over it.
"""

from __future__ import annotations

import asyncio
import logging
import runpy
import subprocess
import sys
import warnings
from threading import Thread

import discord

from bot.client import PassageBot

log = logging.getLogger("clumsy")
CHILD = "import os; print('the child has', os.environ.get('DISCORD_TOKEN'), flush=True)"


def fails(secret: str) -> None:
    raise RuntimeError(secret)


class Unraisable:
    """Fails where nobody can catch it."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __del__(self) -> None:
        raise RuntimeError(self.secret)


async def fails_later(secret: str) -> None:
    raise RuntimeError(secret)


async def tell(self: PassageBot, interaction: discord.Interaction[PassageBot]) -> None:
    """Say and lose both tokens, then fail."""
    secret = f"{self.http.token} {interaction.token}"
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log.log(level, "clumsy %s", secret)
    log.error("clumsy", exc_info=RuntimeError(secret))
    log.error("clumsy %r %s", {"token": interaction.token}, [self.http.token])
    print("clumsy", self.http.token, interaction.token)
    print("clumsy", secret, file=sys.stderr)
    warnings.warn(f"clumsy {secret}", stacklevel=1)
    Unraisable(secret)
    thread = Thread(target=fails, args=(secret,))
    thread.start()
    thread.join()
    await asyncio.gather(asyncio.create_task(fails_later(secret)), return_exceptions=True)
    lost = asyncio.create_task(fails_later(secret))
    await asyncio.wait([lost])
    del lost  # "Task exception was never retrieved"
    asyncio.get_running_loop().call_exception_handler({"message": secret, "secret": secret})
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", CHILD], check=True)
    log.warning("clumsy %r %r %r", self, self.http, interaction)
    print("clumsy is done")
    fails(secret)


if __name__ == "__main__":
    PassageBot.on_interaction = tell  # type: ignore[method-assign]
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
