"""The card of a search: the passages found, five a page."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.articles import pages_of
from bot.cards.parts import (
    UNTITLED,
    AnyItem,
    Card,
    pager,
    place,
    scores,
    small,
    text,
    within,
)
from bot.text.counts import plural
from bot.text.markup import Room, bold, inline, quoted
from index.records import Ranked

FOUND_A_PAGE = 5


_QUERY = Room(120, 300)


_FOUND_TITLE = Room(90, 240)


_FOUND_SECTION = Room(60, 160)


_FOUND_TEXT = Room(280, 800)


_FOUND_LINK = 160


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


def _found(rank: int, item: Ranked) -> AnyItem:
    passage = item.passage
    where = place(passage, title=_FOUND_TITLE, section=_FOUND_SECTION, longest=_FOUND_LINK)
    return text(
        f"{rank}\\. {where}",
        quoted(passage.text, _FOUND_TEXT),
        small(scores(item)),
    )
