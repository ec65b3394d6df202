"""The cards around the library: settings, help, privacy, and single sentences."""

from __future__ import annotations

from typing import Literal

from bot.cards.parts import AMBER, GREEN, GREY, RED, Card, small, text
from bot.text.markup import Room, inline

Tone = Literal["fine", "plain", "warning", "error"]


_SENTENCE = Room(1_500, 4_500)
_COLOURS: dict[Tone, int] = {"fine": GREEN, "plain": GREY, "warning": AMBER, "error": RED}


def sentence_card(sentence: str, *, reference: str = "", tone: Tone = "error") -> Card:
    """Return one plain sentence, in the colour of its tone.

    ``reference`` is what a person quotes when asking for help, and what the log has too.
    """
    told = small(f"Reference: {inline(reference, Room(60, 160))}") if reference else ""
    return Card(text(inline(sentence, _SENTENCE), told), colour=_COLOURS[tone])


def getting_ready_card() -> Card:
    """Return what is shown while the models are made, until the answer takes its place."""
    return sentence_card("Getting ready, about a minute; your answer follows.", tone="plain")
