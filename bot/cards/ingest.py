"""The cards that follow articles into the library."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.parts import AMBER, GREEN, GREY, PHRASE, RED, TITLE, UNTITLED, Card, text
from bot.text.counts import plural
from bot.text.markup import (
    Room,
    bold,
    inline,
    listed,
)
from index.ingest import Added, Outcome, Report

_STEPS = 20  # characters of the bar
_NAME = Room(100, 260)
_WARNING = Room(120, 300)
_WARNINGS = 3
_PAGES = 10
_FAILED = Room(800, 1_900)
_FULL = Room(1_000, 2_300)  # articles with what is worth knowing of them
_BRIEF = Room(350, 900)


def queued_card(ahead: int) -> Card:
    """Return what is said while others' articles are being added."""
    waiting = f"{plural(ahead, 'request')} {'comes' if ahead == 1 else 'come'} first."
    return Card(text("### Waiting to add your articles", waiting), colour=GREY)


def progress_card(title: str, done: int, total: int, *, number: int = 1, of: int = 1) -> Card:
    """Return how far adding is: which of how many sources, and how many passages are ready.

    ``total`` is 0 while an article is being read and its passages aren't known yet.
    """
    which = f" ({number:,} of {of:,})" if of > 1 else ""
    state = f"{_bar(done, total)} {done:,} of {plural(total, 'passage')}" if total else "Reading …"
    name = bold(title, TITLE, otherwise=UNTITLED)
    return Card(text(f"### Adding articles{which}", name, state), colour=GREY)


def report_card(report: Report) -> Card:
    """Return what became of everything that was to be added, failures first."""
    colour = AMBER if report.errors else GREEN
    if not report.added:
        colour = RED
    parts = [
        _part("Failed", listed(report.errors, _error, _FAILED)),
        _articles("Added", report, "added", _FULL),
        _articles("Replaced", report, "replaced", _FULL),
        _articles("Skipped, the text is here already", report, "duplicate", _BRIEF),
        _articles("Unchanged", report, "unchanged", _BRIEF),
    ]
    return Card(
        text(_heading(report), _summary(report)), *map(text, filter(None, parts)), colour=colour
    )


def _heading(report: Report) -> str:
    if not report.added:
        return "### Nothing was added"
    return "### Done, but not everything worked" if report.errors else "### Done"


def _summary(report: Report) -> str:
    counts = (
        (report.count("added"), "added"),
        (report.count("replaced"), "replaced"),
        (report.count("unchanged"), "unchanged"),
        (report.count("duplicate"), "skipped"),
        (len(report.errors), "failed"),
    )
    told = [f"{count:,} {ending}" for count, ending in counts if count]
    return f"{', '.join(told) or 'Nothing to do'} · {plural(report.passages, 'new passage')}"


def _articles(heading: str, report: Report, outcome: Outcome, room: Room) -> str:
    chosen = [item for item in report.added if item.outcome == outcome]
    return _part(heading, listed(chosen, _block, room))


def _part(heading: str, below: str) -> str:
    return f"**{heading}**\n{below}" if below else ""


def _error(sentence: str) -> str:
    return f"- {inline(sentence, PHRASE)}"


def _block(item: Added) -> str:
    """Return what is worth knowing of one article, a line each."""
    name = inline(item.title, _NAME, otherwise=UNTITLED)
    lines = [f"- {name}: {plural(item.passages, 'passage')}" if item.passages else f"- {name}"]
    if item.twin:
        lines[0] += f", same as {inline(item.twin, Room(60, 160))}"
    if item.empty_pages:
        lines.append(f"  - pages without text: {_numbers(item.empty_pages)}")
    lines += [f"  - {inline(warning, _WARNING)}" for warning in item.warnings[:_WARNINGS]]
    if len(item.warnings) > _WARNINGS:
        lines.append(f"  - and {len(item.warnings) - _WARNINGS:,} more")
    return "\n".join(lines)


def _numbers(pages: Sequence[int]) -> str:
    told = ", ".join(str(page) for page in pages[:_PAGES])
    return f"{told} and {len(pages) - _PAGES:,} more" if len(pages) > _PAGES else told


def _bar(done: int, total: int) -> str:
    full = max(0, min(_STEPS, _STEPS * done // total))
    return "▰" * full + "▱" * (_STEPS - full)
