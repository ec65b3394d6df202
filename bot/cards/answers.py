"""The card that answers a question, and those that its buttons lead to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from discord import ButtonStyle

from bot.cards.custom_ids import build
from bot.cards.parts import (
    AMBER,
    GREEN,
    GREY,
    PHRASE,
    RED,
    SECTION,
    TITLE,
    UNTITLED,
    AnyItem,
    Card,
    button,
    figure,
    pager,
    percent,
    place,
    row,
    rule,
    scores,
    small,
    text,
    within,
)
from bot.text.markup import (
    Room,
    bold,
    inline,
    listed,
    quoted,
)
from bot.text.reasons import reason_phrase
from index.answer.threshold import DEFAULT
from index.records import Answer, Passage, Quote, Ranked, State

Change = Literal["changed", "removed", "changed or removed"]

QUOTE = Room(1_900, 5_000)
_NEIGHBOUR = Room(950, 2_500)
_MIDDLE = Room(1_100, 2_800)
_NAME = Room(100, 280)
NAMES = 5
"""Titles that are named where the library holds nothing about a question."""
_RANKS = Room(2_900, 7_600)

_COLOURS: dict[State, int] = {"answer": GREEN, "closest": AMBER, "none": RED}
_HEADINGS: dict[State, str] = {
    "answer": "### Answer",
    "closest": "### No passage clearly answers this; here is the closest",
    "none": "### The library has nothing about this",
}
_VERDICTS: dict[State, str] = {
    "answer": "### Why this is shown as an answer",
    "closest": "### Why this is shown as closest only",
    "none": "### Why nothing is shown",
}
_SURENESS = (
    (0.9, "very sure"),
    (0.7, "fairly sure"),
    (0.5, "more likely right than not"),
    (0.1, "not sure"),
    (0.0, "very unlikely"),
)
_CHANGES: dict[Change, str] = {
    "changed": "has been changed since. Ask again to see what it says now.",
    "removed": "has been removed since. Ask again to see what else there is.",
    "changed or removed": "has been changed or removed since. Ask again to see what is there now.",
}


def answer_card(
    answer: Answer,
    *,
    reference: str,
    shown: int = 0,
    left: Sequence[Ranked | None] | None = None,
    private: bool = False,
    names: Sequence[str] = (),
    more: int = 0,
    tell: str = "",
) -> Card:
    """Return an answer with the passage of a rank, counted from 0.

    ``reference`` is the key under which the answer is stored.  ``left`` takes the place of the
    answer's passages later on: None for each that has been changed or removed since.
    ``names`` are titles of articles that can be asked about, ``more`` how many there are beside
    these, and ``tell`` a phrase on whom to turn to, all for state ``none``.
    """
    passages = answer.passages if left is None else left
    if answer.state == "none" or not passages:
        return _nothing_card(answer, reference, private=private, names=names, more=more, tell=tell)
    shown = within(shown, len(passages))
    item = passages[shown]
    turning = [pager("", reference, shown, len(passages))] if len(passages) > 1 else []
    if item is None:
        return Card(text(_question(answer), _changed()), *turning, colour=AMBER)
    quote = _quote_in(item.passage, answer.quote)
    heading = _HEADINGS[answer.state] if shown == 0 else "### Another passage that comes near"
    return Card(
        text(_question(answer), heading),
        text(_quoted(item.passage, quote)),
        text(place(item.passage, quote.text if quote else ""), _why(answer)),
        *turning,
        _actions(reference, shown, private=private),
        colour=_COLOURS[answer.state] if shown == 0 else GREY,
    )


def changed_card(
    what: Change = "changed or removed", *, title: str = "", reference: str = ""
) -> Card:
    """Return what a button says whose passage isn't there any more."""
    return Card(text(_changed(what, title), _reference(reference)), colour=AMBER)


def neighbours_card(passage: Passage, before: str, after: str) -> Card:
    """Return a passage between the text before and after it; empty where the article ends."""
    earlier = quoted(before, _NEIGHBOUR, keep="end") if before.strip() else ""
    later = quoted(after, _NEIGHBOUR) if after.strip() else ""
    return Card(
        text(place(passage)),
        text("**Before**", earlier or "The article begins with this passage."),
        text("**The passage**", quoted(passage.text, _MIDDLE)),
        text("**After**", later or "The article ends with this passage."),
    )


def why_card(answer: Answer) -> Card:
    """Return the ranks, scores and the threshold that led to an answer's state."""
    least = answer.threshold or DEFAULT
    moved = (
        f" here, moved from {figure(DEFAULT.value)} by {least.votes:,} votes" if least.votes else ""
    )
    ranks = listed(list(enumerate(answer.passages, 1)), _ranked, _RANKS)
    return Card(
        text(_question(answer), _VERDICTS[answer.state], _why(answer)),
        text(
            f"An answer needs a confidence of {figure(least.value)}{moved}; this one has"
            f" {figure(answer.confidence)}. Where the library is about something else"
            " altogether, nothing is shown."
        ),
        rule(),
        text(ranks or "No passage comes near the question."),
        text(small(f"Took {figure(answer.timing.total, 0)} ms.")),
        colour=_COLOURS[answer.state],
    )


def _nothing_card(
    answer: Answer,
    reference: str,
    *,
    private: bool,
    names: Sequence[str],
    more: int,
    tell: str,
) -> Card:
    """Return what is said where the library holds nothing about a question."""
    can_ask = [bold(name, _NAME, otherwise=UNTITLED) for name in names[:NAMES]]
    more += max(0, len(names) - NAMES)
    beside = f" and {more:,} more" if more else ""
    share = [_share(reference, 0)] if private else []
    return Card(
        text(_question(answer), _HEADINGS["none"]),
        text(
            f"You can ask about {', '.join(can_ask)}{beside}." if can_ask else "",
            inline(tell, PHRASE, otherwise="") or "Should it be in here? Tell a manager.",
            _why(answer, sure=False),
        ),
        row(button("Tell a manager", build("tell", reference)), *share),
        colour=_COLOURS["none"],
    )


def _actions(reference: str, shown: int, *, private: bool) -> AnyItem:
    share = [_share(reference, shown)] if private else []
    return row(
        button("Before / after", build("near", reference, shown)),
        button(None, build("good", reference, shown), emoji="👍"),
        button(None, build("bad", reference, shown), emoji="👎"),
        *share,
    )


def _share(reference: str, shown: int) -> AnyItem:
    return button("Share", build("share", reference, shown), style=ButtonStyle.primary)


def _changed(what: Change = "changed or removed", title: str = "") -> str:
    article = bold(title, TITLE, otherwise=UNTITLED) if title else "The article of this passage"
    return f"{article} {_CHANGES[what]}"


def _question(answer: Answer) -> str:
    """Return the question in small letters, if it is known: not every server keeps them."""
    question = inline(answer.question, PHRASE, otherwise="")
    return small(f"Question: {question}") if question else ""


def _why(answer: Answer, *, sure: bool = True) -> str:
    """Return how sure the answer is and the reason, in small letters."""
    words = next((word for least, word in _SURENESS if answer.confidence >= least), "not sure")
    confidence = f"Confidence {percent(answer.confidence)}, {words}" if sure else ""
    reason = inline(reason_phrase(answer.reason), PHRASE, otherwise="")
    return small(" · ".join(part for part in (confidence, reason) if part) or "No reason given")


def _reference(reference: str) -> str:
    return small(f"Reference {inline(reference, Room(60, 120))}") if reference else ""


def _quote_in(passage: Passage, quote: Quote | None) -> Quote | None:
    """Return the answering words if they stand in this passage."""
    if quote is None or quote.article_id != passage.article_id:
        return None
    return quote if passage.start <= quote.start < quote.end <= passage.end else None


def _quoted(passage: Passage, quote: Quote | None) -> str:
    """Return a passage with the answering sentence in bold and the exact words underlined."""
    if quote is None:
        return quoted(passage.text, QUOTE)
    start, end = quote.start - passage.start, quote.end - passage.start
    words = [(at - passage.start, to - passage.start) for at, to in filter(None, [quote.words])]
    return quoted(passage.text, QUOTE, bold=[(start, end)], underlined=words)


def _ranked(ranked: tuple[int, Ranked]) -> str:
    """Return a passage's rank and everything it was ranked by."""
    rank, item = ranked
    passage = item.passage
    parts = [
        bold(passage.title, _NAME, otherwise=UNTITLED),
        inline(passage.section, SECTION, otherwise="") if passage.section else "",
        f"page {passage.page}" if passage.page else "",
    ]
    shares = (
        f"match by words {_share_of(item.strength)} · words of the question held"
        f" {_share_of(item.coverage)} · in the same order {_share_of(item.phrase)}"
    )
    read = "" if item.evidence is None else f" · the reader {percent(item.evidence)}"
    head = " · ".join(part for part in parts if part)
    return f"{rank}\\. {head}\n{small(f'{scores(item)} · {shares}{read}')}"


def _share_of(share: float) -> str:
    """Return a share that was measured, not estimated: it may be nothing or all."""
    return f"{figure(100 * share, 0)}%"
