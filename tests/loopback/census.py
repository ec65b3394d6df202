"""What is counted inside a bot's process, where looking from outside doesn't tell.

Used by launch.py alone, where LOOPBACK_CENSUS names a file: a line is added to it every second,
with the number of tasks.  With LOOPBACK_TRACEMALLOC the lines that hold most memory follow, each
with what it holds more than after the first minute.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
import time
import tracemalloc
from asyncio import events
from pathlib import Path

_EVERY = 1.0  # seconds
_WARM = 60.0  # seconds after which memory is compared
_TOLD = 25  # lines of code


def begin(file: Path) -> None:
    """Count from now on, beside the bot."""
    loops: list[asyncio.AbstractEventLoop] = []
    made = events.new_event_loop

    def recorded() -> asyncio.AbstractEventLoop:
        loops.append(made())
        return loops[-1]

    events.new_event_loop = recorded
    if "LOOPBACK_TRACEMALLOC" in os.environ:
        tracemalloc.start(8)
    threading.Thread(target=_count, args=(file, loops), daemon=True, name="census").start()


def _count(file: Path, loops: list[asyncio.AbstractEventLoop]) -> None:
    begun = told = time.monotonic()
    warm = None
    while True:
        time.sleep(_EVERY)
        counted = {"tasks": sum(len(asyncio.all_tasks(loop)) for loop in loops)}
        now = time.monotonic()
        if tracemalloc.is_tracing() and now - told > _WARM:
            told = now
            gc.collect()
            snapshot = tracemalloc.take_snapshot()
            if warm is None:
                warm = snapshot
            grown = snapshot.compare_to(warm, "traceback")[:_TOLD]
            counted["grown"] = [[str(g.size_diff), *g.traceback.format()] for g in grown]
            counted["seconds"] = round(now - begun)
        with file.open("a") as lines:
            lines.write(json.dumps(counted) + "\n")
