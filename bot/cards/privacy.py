"""The card around the file of what is kept about somebody."""

from __future__ import annotations

from discord import (
    ButtonStyle,
    ui,
)

from bot.cards.custom_ids import build
from bot.cards.parts import RED, Card, button, row, text
from bot.text.counts import plural


def export_card(name: str) -> ui.LayoutView:
    """Return what comes with a file of this name, which is to be attached."""
    return Card(text("This is everything that is kept about you."), ui.File(f"attachment://{name}"))


def privacy_card(
    *, questions: int, searches: int = 0, ratings: int, articles: int = 0, days: int
) -> Card:
    """Return what is kept about the person who asks; ``days`` is 0 where questions aren't."""
    rated = f"{plural(ratings, 'rating')} (👍 or 👎)"
    asked = plural(questions, "question")
    if searches:
        asked += f", {plural(searches, 'search', 'searches')}"
    own = f", and {plural(articles, 'article')} of your own" if articles else ""
    kept = (
        f"Questions and searches are kept for {plural(days, 'day')}, then deleted."
        if days
        else "Questions and searches are not kept here: their buttons work for 15 minutes."
    )
    return Card(
        text("### What is kept about you"),
        text(
            f"{asked}, {rated}{own}.",
            kept,
            "Nobody on another server sees them.",
        ),
        row(
            button("Send me everything", build("data")),
            button("Forget me", build("forget"), style=ButtonStyle.danger),
        ),
    )


def forget_card() -> Card:
    """Ask whether everything about a person is really to be deleted."""
    return Card(
        text(
            "Delete your questions, your searches, your ratings and your own articles? "
            "This can't be undone.",
            "What you added to a server's library stays: it is the server's.",
            "Backups that whoever runs me keeps may hold it for some days more.",
        ),
        row(
            button("Yes, forget me", build("forgetyes"), style=ButtonStyle.danger),
            button("No, keep them", build("forgetno")),
        ),
        colour=RED,
    )
