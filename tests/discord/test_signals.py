"""The bot ends cleanly when it is told to, also where the event loop knows no signals."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

import tests.loopback
from bot.service import signals
from tests.loopback import Discord
from tests.support.scene import PATIENCE, compile_models, environment

WINDOWS = str(Path(tests.loopback.__file__).with_name("windows_bot.py"))


class Deaf(asyncio.SelectorEventLoop):
    """An event loop that knows no signals, as on Windows."""

    def add_signal_handler(self, *_: object) -> None:
        """Refuse."""
        raise NotImplementedError

    def remove_signal_handler(self, *_: object) -> bool:
        """Refuse."""
        raise NotImplementedError


@pytest.mark.parametrize("loop", [Deaf, asyncio.SelectorEventLoop])
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heeded_in_the_loop_until_it_is_let_go(
    loop: type[asyncio.SelectorEventLoop], name: signal.Signals
) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    async def raised() -> asyncio.AbstractEventLoop:
        heard: asyncio.Future[asyncio.AbstractEventLoop] = asyncio.Future()
        signals.on_stop_signals(lambda: heard.set_result(asyncio.get_running_loop()))
        signal.raise_signal(name)
        found = await asyncio.wait_for(heard, 10)
        signals.restore_signals()
        return found

    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            assert runner.run(raised()) is runner.get_loop()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@pytest.mark.model
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("script", ["bot", WINDOWS], ids=["bot", "windows"])
async def test_told_to_stop_it_ends_cleanly(
    tmp_path: Path, script: str, name: signal.Signals
) -> None:
    compile_models()  # which can't be stopped
    async with Discord() as discord:
        discord.guild("Library").text("general")
        bot = await discord.start(script, env=environment(tmp_path, starter="false"))
        bot.process.send_signal(name)
        assert await bot.ends(PATIENCE) == 0
        assert discord.gateway.sessions == {}
        assert "Traceback" not in bot.log
        assert "failure" not in bot.log
        assert discord.violations == []
