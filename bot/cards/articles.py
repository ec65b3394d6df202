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
    AnyItem,
    Card,
    button,
    day,
    pager,
    place,
    row,
    rule,
    scores,
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
from index.records import Ranked
from index.store.library import Entry

FOUND_A_PAGE = 5
LISTED_A_PAGE = 10

_QUERY = Room(120, 300)
_FOUND_TITLE = Room(90, 240)
_FOUND_SECTION = Room(60, 160)
_FOUND_TEXT = Room(280, 800)
_FOUND_LINK = 160
_FACT = Room(200, 500)
_LIST = Room(3_000, 8_000)
_OPENING = Room(1_500, 4_000)


def pages_of(count: int, a_page: int) -> int:
    """Return how many pages a list takes; an empty one takes one too."""
    return max(1, -(-count // a_page))


def search_card(
    query: str,
    found: Sequence[Ranked],
    *,
    key: str,
    page: int = 0,
    article: str | None = None,
) -> Card:
    """Return a page of the passages found; ``key`` names the search, ``article`` its limits."""
    scope = f" in {bold(article, _FOUND_TITLE, otherwise=UNTITLED)}" if article is not None else ""
    heading = f"### {plural(len(found), 'passage')} for “{inline(query, _QUERY)}”"
    if not found:
        return Card(
            text(heading), text(f"Nothing found{scope}. Try other words, or ask a question.")
        )
    pages = pages_of(len(found), FOUND_A_PAGE)
    page = within(page, pages)
    first = page * FOUND_A_PAGE
    chosen = found[first : first + FOUND_A_PAGE]
    items = [text(heading, small(f"The best match comes first{scope}."))]
    items += [_found(rank, item) for rank, item in enumerate(chosen, first + 1)]
    if pages > 1:
        items.append(pager("s", key, page, pages))
    return Card(*items)


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


def _found(rank: int, item: Ranked) -> AnyItem:
    passage = item.passage
    where = place(passage, title=_FOUND_TITLE, section=_FOUND_SECTION, longest=_FOUND_LINK)
    return text(
        f"{rank}\\. {where}",
        quoted(passage.text, _FOUND_TEXT),
        small(scores(item)),
    )


def _entry_line(entry: Entry) -> str:
    parts = [
        bold(entry.title, TITLE, otherwise=UNTITLED),
        plural(entry.passages, "passage"),
        day(entry.published),
    ]
    return "- " + " · ".join(part for part in parts if part)
