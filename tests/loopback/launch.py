"""Runs an unchanged bot against the loopback Discord: `python launch.py MODULE|SCRIPT [ARG…]`.

discord.py's addresses are turned here, from outside, so that the bot needs no hook for tests.
LOOPBACK_DISCORD and LOOPBACK_GATEWAY say where to; LOOPBACK_LIFETIME ends a forgotten process;
LOOPBACK_CENSUS names a file for what census.py counts.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
from pathlib import Path

EXIT_FORGOTTEN = 70


def redirect(rest: str, gateway: str) -> None:
    """Point discord.py at another Discord."""
    import discord.asset
    import discord.gateway
    import discord.http
    import yarl

    discord.http.Route.BASE = f"{rest}/api/v{discord.http.INTERNAL_API_VERSION}"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    discord.asset.Asset.BASE = rest


def main() -> None:
    """Redirect, then run the bot as `python -m MODULE` or `python SCRIPT` would."""
    if counted := os.environ.get("LOOPBACK_CENSUS"):
        import census

        census.begin(Path(counted))
    target, sys.argv = sys.argv[1], sys.argv[1:]
    sys.path[0] = os.getcwd()  # noqa: PTH109 - instead of this folder, as `python -m` does
    timer = threading.Timer(
        float(os.environ["LOOPBACK_LIFETIME"]), os._exit, args=(EXIT_FORGOTTEN,)
    )
    timer.daemon = True
    timer.start()
    redirect(os.environ["LOOPBACK_DISCORD"], os.environ["LOOPBACK_GATEWAY"])
    if target.endswith(".py"):
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
