"""What a signal does, also where the event loop can't be told of one, as on Windows."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

_ENDING = (signal.SIGTERM, signal.SIGINT)


def on_stop_signals(leave: Callable[[], None]) -> None:
    """Have the signals that ask to end call something in the running event loop."""
    loop = asyncio.get_running_loop()
    for name in _ENDING:
        try:
            loop.add_signal_handler(name, leave)
        except NotImplementedError:
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(leave))


def restore_signals() -> None:
    """Have a signal end the process at once, where nothing is being answered."""
    for name in _ENDING:
        try:
            asyncio.get_running_loop().remove_signal_handler(name)
        except NotImplementedError:
            as_ever = signal.default_int_handler if name is signal.SIGINT else signal.SIG_DFL
            signal.signal(name, as_ever)
