"""Passage over an event loop that knows no signals, as on Windows, to be run by a launcher."""

from __future__ import annotations

import asyncio
import runpy
from typing import Any


def not_there(*_: Any) -> Any:
    raise NotImplementedError


if __name__ == "__main__":
    loop = asyncio.SelectorEventLoop
    loop.add_signal_handler = loop.remove_signal_handler = not_there  # type: ignore[method-assign]
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
