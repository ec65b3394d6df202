"""The README's transcript of a channel is what people see there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.scene import PATIENCE, WORTH, playing

README = (ROOT / "README.md").read_text("utf-8")
NUMBER = re.compile(r"\d+\.\d+|\d+%")

pytestmark = pytest.mark.model


async def test_the_readme_shows_what_a_channel_shows(tmp_path: Path) -> None:
    async with playing(tmp_path / "data") as scene:
        ada, general, bot = scene.ada, scene.general, scene.discord.bot
        asked = await ada.slash("ask", general, question=WORTH)
        await asked.response(PATIENCE)
        await general.say(ada, f"<@{bot.id}> and when can they be delivered?", mentions=[bot])
        await general.next_message(PATIENCE)
        await general.say(ada, f"<@{bot.id}> How do I bake sourdough bread?", mentions=[bot])
        await general.next_message(PATIENCE)
        seen = general.transcript(ada)
    (shown,) = re.findall(r"^```text\n(.*?)^```", README, re.M | re.S)
    named = re.sub(r"<@\d+>", "@Passage", seen.strip("\n"))
    lines = "".join(f"{line.rstrip()}\n" for line in named.splitlines())
    assert NUMBER.sub("#", lines) == NUMBER.sub("#", shown)
