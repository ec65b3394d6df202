"""The cards of the library: what is in it, and what a search finds in it."""

from __future__ import annotations

from collections.abc import Sequence

from discord import ButtonStyle

from bot.cards.custom_ids import build, key_of
from bot.cards.parts import (
    OPEN,
    RED,
    TITLE,
    UNTITLED,
    Card,
    button,
    day,
    pager,
    row,
    rule,
    small,
    text,
    within,
)
from bot.text.counts import plural
from bot.text.links import passage_url
from bot.text.markup import (
    Room,
    bold,
    inline,
    link,
    listed,
    quoted,
)
from index.store.entries import Entry

LISTED_A_PAGE = 10

_FACT = Room(200, 500)
_LIST = Room(3_000, 8_000)
_OPENING = Room(1_500, 4_000)


def pages_of(count: int, a_page: int) -> int:
    """Return how many pages a list takes; an empty one takes one too."""
    return max(1, -(-count // a_page))


def articles_card(entries: Sequence[Entry], *, page: int = 0, shared: int = 0) -> Card:
    """Return a page of the articles kept here; ``shared`` says how many more everyone has."""
    also = small(f"{plural(shared, 'more article')} can be asked about everywhere.")
    if not entries:
        nothing = "No articles yet. A manager can add one with **/article add**."
        return Card(text("### The library is empty", nothing, also if shared else ""))
    pages = pages_of(len(entries), LISTED_A_PAGE)
    page = within(page, pages)
    first = page * LISTED_A_PAGE
    chosen = entries[first : first + LISTED_A_PAGE]
    items = [
        text(f"### {plural(len(entries), 'article')} in the library"),
        text(listed(chosen, _entry_line, _LIST), also if shared else ""),
    ]
    if pages > 1:
        items.append(pager("l", "", page, pages))
    return Card(*items)


def article_card(entry: Entry, opening: str) -> Card:
    """Return what is known of an article, and how it begins."""
    address = passage_url(entry.url, "")
    facts = {
        "Author": inline(entry.author or "", _FACT, otherwise=""),
        "Published": day(entry.published),
        "Source": inline(entry.source, _FACT, otherwise=""),
        "Added": day(entry.added),
        "Changed": day(entry.updated) if entry.updated != entry.added else "",
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    size = f"{plural(entry.passages, 'passage')} · {plural(entry.characters, 'character')}"
    return Card(
        text(f"### {inline(entry.title, TITLE, otherwise=UNTITLED)}", *lines, small(size)),
        rule(),
        text("**How it begins**", quoted(opening, _OPENING)),
        *([text(link(OPEN, address))] if address else []),
    )


def remove_card(entry: Entry) -> Card:
    """Ask whether an article is really to be removed."""
    key = key_of(entry.id)
    title = bold(entry.title, TITLE, otherwise=UNTITLED)
    return Card(
        text(
            f"Remove {title} ({plural(entry.passages, 'passage')}) from the library?",
            "It will no longer be used for answers. This can't be undone.",
        ),
        row(
            button("Yes, remove it", build("remove", key), style=ButtonStyle.danger),
            button("No, keep it", build("keep", key)),
        ),
        colour=RED,
    )


def _entry_line(entry: Entry) -> str:
    parts = [
        bold(entry.title, TITLE, otherwise=UNTITLED),
        plural(entry.passages, "passage"),
        day(entry.published),
    ]
    return "- " + " · ".join(part for part in parts if part)
