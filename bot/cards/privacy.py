"""The card around the file of what is kept about somebody."""

from __future__ import annotations

from discord import ui

from bot.cards.parts import Card, text


def export_card(name: str) -> ui.LayoutView:
    """Return what comes with a file of this name, which is to be attached."""
    return Card(text("This is everything that is kept about you."), ui.File(f"attachment://{name}"))
