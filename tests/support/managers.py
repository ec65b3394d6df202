"""What keepers of a library do in the loopback Discord, and how they see that it is done."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.loopback import File, Interaction, Message
from tests.support.scene import PATIENCE, Scene

if TYPE_CHECKING:
    from tests.loopback import Channel, User

_ENDS = ("### Done", "### Nothing")


async def ended(scene: Scene, notice: Message) -> Message:
    """Wait until a notice has become the report."""

    def probe() -> Message | None:
        return notice if notice.text.startswith(_ENDS) else None

    return await scene.discord.until(probe, PATIENCE, f"a report in the place of {notice.text!r}")


async def reported(scene: Scene, asked: Interaction) -> Message:
    """Wait for the report that ends an adding."""
    return await ended(scene, await asked.response())


async def add(
    scene: Scene, file: File, *, by: User | None = None, where: Channel | None = None
) -> Message:
    """Add a file, and return the report."""
    asked = await (by or scene.ada).slash("article add", where or scene.general, file=file)
    return await reported(scene, asked)


async def said(asked: Interaction) -> str:
    """Return the text that answers an interaction, as it is read."""
    return plain((await asked.response()).text)


def plain(text: str) -> str:
    """Return a text as Discord shows it, without what it is marked up with."""
    return re.sub(r"\\(.)", r"\1", text.replace("**", "").replace("__", "").replace("\u200b", ""))


def jsonl(articles: Iterable[tuple[str, str]], name: str = "articles.jsonl") -> File:
    """Return a file of articles, by title and text."""
    lines = [json.dumps({"id": t, "title": t, "text": x}) for t, x in articles]
    return File(name, "\n".join(lines).encode())


def long_text(subject: str, sentences: int) -> str:
    """Return a text that takes a while to embed: no two sentences are the same."""
    return "\n\n".join(
        f"{subject} number {n} was measured in {1700 + n} with {n * 7 % 97} turns of the wheel, "
        f"and {n * 13 % 89} people of the {n}th district wrote down what they had seen that day."
        for n in range(sentences)
    )
