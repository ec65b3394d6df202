"""Answers, passages and reports as a person reads them on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any
from unicodedata import category

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.text.graphemes import MOST_MARKS
from bot.text.reasons import reason_phrase
from index.ingest import Added, Report
from index.language.dates import in_words
from index.records import Answer, Article, Passage, Quote, Ranked, State
from index.store.entries import Entry

_HEADINGS: dict[State, tuple[str, str]] = {
    "answer": ("Answer", "green"),
    "closest": ("Nothing clearly answers; these come closest", "yellow"),
    "none": ("Not in here", "red"),
}
_OF_A_STYLE = ("n", "passage_first", "sentence", "near_misses_answered", "auroc")
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_DROPPED_BY_RICH = dict.fromkeys((7, 8, 11, 12, 13), "\0")  # what would shift all that follows
_PREVIEW = 110  # characters of a runner-up


def printable(text: str) -> str:
    """Return text without what could move the cursor, colour the terminal or turn its lines.

    Marks that would pile up over the lines above are thinned.
    """
    if text.isascii():
        return _UNPRINTABLE.sub("", text)
    dropped = set(_unprintable(text))
    return "".join(char for at, char in enumerate(text) if at not in dropped)


def show_answer(console: Console, answer: Answer) -> None:
    """Print an answer with its passage and where it stands, then the runners-up."""
    heading, colour = _HEADINGS[answer.state]
    title = f"{heading} · confidence {answer.confidence:.2f}"
    reason = Text(printable(reason_phrase(answer.reason)), style="dim")
    if answer.state == "none" or not answer.passages:
        hint = Text("`passage list` shows what the library holds; `passage add` adds to it.")
        body: RenderableType = Group(reason, hint)
        console.print(Panel(body, title=title, title_align="left", border_style=colour))
        return
    best = answer.passages[0].passage
    quoted = _quoted(best, answer.quote, plain=not console.is_terminal)
    body = Group(quoted, Text(), Text(where(best), style="italic"), reason)
    console.print(Panel(body, title=title, title_align="left", border_style=colour))
    _show_runners_up(console, answer.passages[1:])


def show_passages(console: Console, passages: Sequence[Ranked]) -> None:
    """Print passages whole, with their scores."""
    if not passages:
        console.print("The library is empty; `passage add` adds to it.")
    for rank, item in enumerate(passages, 1):
        scores = f"score {item.score:.3f} · cosine {item.dense:.3f} · BM25 {item.bm25:.1f}"
        console.print(Text(f"{rank}. {where(item.passage)}", style="bold"))
        console.print(Text(f"   {scores}", style="dim"))
        console.print(Padding(Text(printable(item.passage.text)), (0, 0, 1, 3)))


def where(passage: Passage) -> str:
    """Return where a passage stands: article, section, page and date."""
    parts = [
        passage.title,
        passage.section or "",
        f"page {passage.page}" if passage.page else "",
        in_words(passage.published),
        passage.url or "",
    ]
    return printable(" · ".join(part for part in parts if part))


def added_lines(item: Added) -> list[str]:
    """Return what became of one article, a line for each thing worth knowing."""
    title = printable(item.title)
    ending = {
        "added": f"{item.passages} passages",
        "replaced": f"changed, {item.passages} passages",
        "unchanged": "is here already, nothing changed",
        "duplicate": f"has the same text as {printable(item.twin or '')}, skipped",
    }[item.outcome]
    lines = [f"✓ {title} [{printable(item.id)}]: {ending}"]
    if item.empty_pages:
        pages = ", ".join(str(number) for number in item.empty_pages)
        lines.append(f"  pages without text: {pages}")
    return lines + [f"  {printable(warning)}" for warning in item.warnings]


def summary(report: Report) -> str:
    """Return what became of a whole batch, in one line."""
    parts = [
        f"{report.count('added')} added",
        f"{report.count('replaced')} replaced",
        f"{report.count('unchanged')} unchanged",
        f"{report.count('duplicate')} duplicates skipped",
        f"{len(report.errors)} failed",
    ]
    counts = [part for part in parts if not part.startswith("0 ")] or ["nothing to do"]
    return f"{', '.join(counts)}; {report.passages} new passages"


def show_entries(console: Console, entries: Sequence[Entry], collection: str) -> None:
    """Print the articles of a collection as a table."""
    if not entries:
        console.print(Text(f"The collection {collection!r} is empty; `passage add` adds to it."))
        return
    table = Table("id", "title", "published", "passages", box=None, header_style="bold")
    for entry in entries:
        row = (entry.id, entry.title, in_words(entry.published), str(entry.passages))
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)


def show_article(console: Console, entry: Entry, article: Article) -> None:
    """Print an article's details and its text."""
    facts = {
        "id": entry.id,
        "author": entry.author,
        "published": in_words(entry.published),
        "url": entry.url,
        "source": entry.source,
        "passages": str(entry.passages),
        "added": entry.added,
        "updated": entry.updated,
    }
    console.print(Text(printable(entry.title), style="bold"))
    for name, value in facts.items():
        if value:
            console.print(Text(f"{name}: {printable(value)}", style="dim"))
    console.print()
    console.print(Text(printable(article.text)))


def show_figures(console: Console, figures: Mapping[str, Any]) -> None:
    """Print what an evaluation found, a figure a line."""
    for name, value in figures.items():
        if name != "states":
            console.print(f"{name:10} {'-' if value is None else value}")
    _show_states(console, figures["states"])


def show_article_figures(console: Console, figures: Mapping[str, Any]) -> None:
    """Print what an evaluation on articles found: a figure a line, then a table by style."""
    for name, value in figures.items():
        if name not in ("states", "styles"):
            console.print(f"{name:30} {'-' if value is None else value}")
    _show_states(console, figures["states"])
    table = Table("style", *_OF_A_STYLE, box=None, header_style="dim")
    for style, found in figures["styles"].items():
        values = ("-" if found[name] is None else str(found[name]) for name in _OF_A_STYLE)
        table.add_row(Text(printable(style)), *values)
    console.print(table)


def _show_states(console: Console, states: Mapping[str, Mapping[State, float]]) -> None:
    for kind, shares in states.items():
        written = ", ".join(f"{state} {share:.1%}" for state, share in shares.items())
        console.print(f"{kind}: {written}")


def show_checks(console: Console, checks: Iterable[tuple[bool, str]]) -> None:
    """Print what a check-up found."""
    for good, sentence in checks:
        style = "green" if good else "red"
        mark = ("✓ " if good else "✗ ", style)
        console.print(Text.assemble(mark, printable(sentence)), soft_wrap=True)


def _quoted(passage: Passage, quote: Quote | None, *, plain: bool) -> Text:
    """Return a passage with the answering sentence in bold and the exact words underlined.

    Where nothing can be bold, as in a pipe, the sentence stands between asterisks and the words
    between underscores.
    """
    text = Text(passage.text.translate(_DROPPED_BY_RICH))
    if quote is None:
        return _without_unprintable(text)
    start, end = quote.start - passage.start, quote.end - passage.start
    text.stylize("bold", start, end)
    words = [at - passage.start for at in quote.words or ()]
    if words:
        text.stylize("underline", *words)
    if plain:
        marks = ["**", *["__" for _ in words], "**", ""]
        cuts = pairwise([0, start, *words, end, len(passage.text)])
        pieces = [text[a:b].append(mark) for (a, b), mark in zip(cuts, marks, strict=True)]
        text = Text.assemble(*pieces)
    return _without_unprintable(text)


def _without_unprintable(text: Text) -> Text:
    printable_text = Text()
    position = 0
    for at in _unprintable(text.plain):
        printable_text.append_text(text[position:at])
        position = at + 1
    printable_text.append_text(text[position:])
    return printable_text


def _unprintable(text: str) -> Iterator[int]:
    """Yield where a text holds what is not to be printed."""
    marks = 0
    for at, char in enumerate(text):
        if _UNPRINTABLE.match(char):
            yield at
        elif category(char)[0] == "M":
            marks += 1
            if marks > MOST_MARKS:
                yield at
        elif category(char) != "Cf":  # an invisible character is no base of its own
            marks = 0


def _show_runners_up(console: Console, passages: Sequence[Ranked]) -> None:
    if not passages:
        return
    console.print(Text("Also near", style="bold"))
    for rank, item in enumerate(passages, 2):
        preview = " ".join(item.passage.text.split())
        if len(preview) > _PREVIEW:
            preview = preview[:_PREVIEW].rsplit(" ", 1)[0] + " …"
        console.print(Text(f"{rank}. {where(item.passage)}", style="italic"))
        console.print(Padding(Text(printable(preview), style="dim"), (0, 0, 0, 3)))
