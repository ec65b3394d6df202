"""Passage whose library is busy for as long as a file exists, to be run by a launcher."""

from __future__ import annotations

import asyncio
import os
import runpy
from pathlib import Path
from typing import Any

from bot.service.async_engine import AsyncEngine

BUSY = Path(os.environ["BUSY_BOT_FILE"])
call = AsyncEngine.call


async def late(self: AsyncEngine, *args: Any, **kwargs: Any) -> Any:
    """Do what was asked for when the library has time."""
    while BUSY.exists():  # noqa: ASYNC110, ASYNC240 - a test makes and removes it
        await asyncio.sleep(0.02)
    return await call(self, *args, **kwargs)


if __name__ == "__main__":
    AsyncEngine.call = late  # type: ignore[method-assign, assignment]
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
