"""Passage as one of two processes that serve a shard each."""

from __future__ import annotations

import os
import runpy
from typing import Any

import bot.client


class HalfBot(bot.client.PassageBot):
    """The bot with one of two shards."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shard_ids, self.shard_count = [int(os.environ["HALF_BOT_SHARD"])], 2


if __name__ == "__main__":
    bot.client.PassageBot = HalfBot  # type: ignore[misc]
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
