"""The card of what was asked in vain, for a library's managers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from discord import ui

from bot.cards.parts import GREEN, GREY, Card, day, small, text
from bot.text.counts import plural
from bot.text.markup import Room, inline, listed
from index.store.feedback import Complaint, Missed

_QUESTION = Room(200, 500)
_COMMENT = Room(160, 400)
_COMMENTS = 3  # complaints told of one question
_LIST = Room(3_200, 8_000)
_STATES = {"answer": "answered", "closest": "only something near", "none": "nothing found"}


def missed_card(missed: Sequence[Missed], *, days: int) -> ui.LayoutView:
    """Return the questions that the library did not answer; ``days`` is how far back it goes."""
    if not days:
        return Card(text("Questions are not kept here, so none can be shown."), colour=GREY)
    if not missed:
        return Card(text("No question was asked in vain."), colour=GREEN)
    return Card(
        text("### Asked in vain", small(f"Within {plural(days, 'day')}, most often first.")),
        text(listed(list(missed), _line, _LIST)),
    )


def _line(one: Missed) -> str:
    last = day(datetime.fromtimestamp(one.last, UTC).date().isoformat())
    facts = [plural(one.times, "time"), _STATES[one.state], f"last on {last}"]
    lines = [f"- {inline(one.question, _QUESTION)}", f"  - {' · '.join(facts)}"]
    return "\n".join([*lines, *(_complaint(said) for said in one.complaints[:_COMMENTS])])


def _complaint(said: Complaint) -> str:
    comment = inline(said.comment, _COMMENT, otherwise="")
    return f"  - 👎 {': '.join(part for part in (said.reason or '', comment) if part)}".rstrip()
