"""Buttons, selects and forms: each press goes to whoever has announced its action.

Presses are told by their custom_id alone, so they work after a restart; and one that nobody
should have been able to make is answered too, with a plain sentence.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot.cards import sentence_card
from bot.cards.custom_ids import FORMS, ComponentId, parse
from bot.wire.deduplicate import Deduplicator
from bot.wire.delivery import Interaction, respond
from bot.wire.failures import answer_failure
from bot.wire.in_time import set_deadline
from bot.wire.lateness import Lateness
from index.errors import PassageError

Handler = Callable[[Interaction, ComponentId], Awaitable[None]]

_KINDS = (discord.InteractionType.component, discord.InteractionType.modal_submit)
_NUMBER = re.compile(r"[0-9]{1,20}")
_NOT_OFFERED = "That was not among the choices: open the card again, and choose there."
_UNKNOWN = "This button is from another version of me. Ask again, and use the new ones."


class ComponentRouter:
    """The actions of all cards, each with who sees to it."""

    def __init__(self, deduplicator: Deduplicator, lateness: Lateness) -> None:
        self._deduplicator = deduplicator
        self._lateness = lateness
        self._handlers: dict[str, Handler] = {}

    def on(self, handler: Handler, *actions: str) -> None:
        """Have some actions seen to."""
        for action in actions:
            self._handlers[action] = handler

    async def handle(self, interaction: Interaction) -> None:
        """See to a press; other interactions are none of ours, and what comes again is done."""
        if interaction.type not in _KINDS or not self._deduplicator.first(interaction.id):
            return
        set_deadline(interaction, self._lateness)
        data: Any = interaction.data or {}
        press = parse(str(data.get("custom_id", "")))
        if press is not None and (press.action in FORMS) != _is_form(interaction):
            press = None
        handler = self._handlers.get(press.action) if press else None
        try:
            if press is None or handler is None:
                await respond(interaction, sentence_card(_UNKNOWN), private=True)
            else:
                await handler(interaction, press)
        except Exception as error:  # noqa: BLE001 - the place where a press's failures end
            await answer_failure(interaction, error)


def _is_form(interaction: Interaction) -> bool:
    return interaction.type is discord.InteractionType.modal_submit


def filled_in(interaction: Interaction) -> dict[str, str]:
    """Return what was filled into a form, by custom_id; the first of several choices."""
    fields: dict[str, Any] = {}
    data: Any = interaction.data or {}
    for part in data.get("components", []):
        field = part.get("component") or {}
        values = field.get("values") or []
        fields[field.get("custom_id", "")] = field.get("value") or (values[0] if values else "")
    return fields


def numbers(interaction: Interaction) -> list[int]:
    """Return the numbers, or ids, that were chosen.  Raises PassageError for what is none."""
    values = chosen(interaction)
    if not all(_NUMBER.fullmatch(value) for value in values):
        raise PassageError(_NOT_OFFERED)
    return [int(value) for value in values]


def number(interaction: Interaction) -> int:
    """Return the one number that was chosen.  Raises PassageError where there is none."""
    found = numbers(interaction)
    if len(found) != 1:
        raise PassageError(_NOT_OFFERED)
    return found[0]


def chosen(interaction: Interaction) -> list[str]:
    """Return what was chosen in a select: values, or the ids of channels and roles."""
    data: Any = interaction.data or {}
    return [str(value) for value in data.get("values") or []]
