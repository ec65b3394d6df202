"""What the cards are made of.

The rooms of a card's texts add up to less than Discord takes in a message: 4,000 characters,
and 10,170 bytes with 12 for each text display.
"""

from __future__ import annotations

from typing import Any

from discord import ButtonStyle, ui

from bot.cards.custom_ids import MOST, build
from bot.text.links import passage_url
from bot.text.markup import (
    Room,
    bold,
    inline,
    link,
)
from index.language.dates import in_words
from index.records import Passage, Ranked

GREEN, AMBER, RED, GREY = 0x2E9E6B, 0xD9A441, 0xC8553D, 0x7A8290

TITLE = Room(160, 400)
SECTION = Room(120, 300)
DATE = Room(40, 100)
PHRASE = Room(300, 700)
OPEN = "Open the article"
UNTITLED = "(untitled)"

AnyItem = ui.Item[Any]
AnyButton = ui.Button[Any]


class Card(ui.LayoutView):
    """A message in one coloured frame.

    Nothing waits for its buttons: whoever presses one is answered by its custom_id, before
    and after a restart.  It calls itself finished so that discord.py doesn't keep it for ever.
    """

    def __init__(self, *items: AnyItem, colour: int = GREY) -> None:
        super().__init__(timeout=None)
        self.add_item(ui.Container(*items, accent_colour=colour))

    def is_finished(self) -> bool:
        """Return True: there is nothing to wait for."""
        return True


def text(*lines: str) -> AnyItem:
    """Return a text of finished lines, leaving out empty ones."""
    return ui.TextDisplay("\n".join(line for line in lines if line))


def rule() -> AnyItem:
    """Return a thin line between two parts of a card."""
    return ui.Separator()


def row(*items: AnyItem) -> AnyItem:
    """Return buttons side by side, or one select."""
    return ui.ActionRow(*items)


def small(line: str) -> str:
    """Return a finished line in small letters."""
    return f"-# {line}"


def button(
    label: str | None,
    custom_id: str,
    *,
    style: ButtonStyle = ButtonStyle.secondary,
    emoji: str | None = None,
    disabled: bool = False,
) -> AnyButton:
    """Return a button."""
    return ui.Button(label=label, custom_id=custom_id, style=style, emoji=emoji, disabled=disabled)


def pager(prefix: str, key: str, shown: int, count: int) -> AnyItem:
    """Return buttons to the previous and next of some pages, counted from 0, between them where.

    The buttons carry the page that they lead to.
    """
    last = min(count - 1, MOST)
    before, after = max(0, shown - 1), min(last, shown + 1)
    return row(
        button("Previous", build(f"{prefix}prev", key, before), disabled=shown <= 0),
        button(f"{shown + 1} of {count}", build(f"{prefix}at", key, shown), disabled=True),
        button("Next", build(f"{prefix}next", key, after), disabled=shown >= last),
    )


def within(number: int, count: int) -> int:
    """Return the nearest number that a list of this length has, and that a custom_id carries."""
    return max(0, min(number, count - 1, MOST))


def place(
    passage: Passage,
    quote: str = "",
    *,
    title: Room = TITLE,
    section: Room = SECTION,
    longest: int = 512,
) -> str:
    """Return where a passage stands, in one line, with a link to the quoted words."""
    address = passage_url(passage.url, quote or passage.text, longest)
    parts = [
        bold(passage.title, title, otherwise=UNTITLED),
        inline(passage.section, section, otherwise="") if passage.section else "",
        f"page {passage.page}" if passage.page else "",
        day(passage.published),
        link(OPEN, address) if address else "",
    ]
    return " · ".join(part for part in parts if part)


def day(published: str | None) -> str:
    """Return a date as people write it."""
    return inline(in_words(published), DATE, otherwise="")


def scores(ranked: Ranked) -> str:
    """Return what a passage was ranked by, as the command line says it."""
    return (
        f"score {figure(ranked.score, 3)} · cosine {figure(ranked.dense, 3)}"
        f" · BM25 {figure(ranked.bm25, 1)}"
    )


def figure(value: float, digits: int = 2) -> str:
    """Return a number that is short however large it is."""
    return f"{value:.{digits}f}" if abs(value) < 1_000 else f"{value:.2e}"


def percent(share: float) -> str:
    """Return a probability as people say it; nothing is ever quite certain or impossible."""
    return f"{max(1, min(99, round(100 * share)))}%"
