"""The daily backup, made beside everything else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bot.wire.failures import log_failure
from index.errors import PassageError

if TYPE_CHECKING:
    from bot.service.async_engine import AsyncEngine

log = logging.getLogger("passage")

_EVERY = 3600.0  # seconds between two looks at whether a backup is due, or is to be tried again
_PATIENCE = 60.0  # seconds that loading the model goes before


async def back_up_daily(engine: AsyncEngine, daily: Callable[[], Path | None]) -> None:
    """Have each day's backup made, until cancelled; ``daily`` returns it, or None if none is due.

    Where it fails, the log says why, and the next hour tries again.
    """
    with suppress(TimeoutError):
        await asyncio.wait_for(engine.ready.wait(), _PATIENCE)
    while True:
        try:
            made = await engine.call(daily)
            if made is not None:
                log.info("the library is backed up as %s", made.name)
        except PassageError as error:
            log.error("no backup was made: %s", error)
        except Exception as error:  # noqa: BLE001 - logged there; the next hour tries again
            log_failure(error)
        await asyncio.sleep(_EVERY)
