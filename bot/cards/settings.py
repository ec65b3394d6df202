"""The card on which a server's settings are shown and changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from discord import (
    ChannelType,
    SelectDefaultValue,
    SelectDefaultValueType,
    SelectOption,
    ui,
)

from bot.cards.custom_ids import build
from bot.cards.parts import Card, button, row, text
from bot.text.counts import plural
from index.store.servers import ServerSettings

RATES = (2, 5, 10, 20, 60)
"""Questions a minute that a manager can choose from for each person."""


DAYS = (7, 30, 90, 365)
"""For how many days a manager can choose to have questions kept, beside not at all."""


MOST_CHANNELS = 25


def settings_card(settings: ServerSettings) -> Card:
    """Return a server's settings, each with what changes it."""
    private = settings.private_by_default
    return Card(
        text("### Settings"),
        text("**Who manages the library**, beside those who manage the server"),
        row(_role_select(settings.manager_role)),
        text("**Where I answer without being asked**, when I have a clear answer"),
        row(_channel_select(sorted(settings.answered_channels))),
        text("**How many questions a minute** each person may ask"),
        row(_number_select("rate", settings.per_minute, RATES, "question")),
        text("**How long questions are kept**"),
        row(_number_select("days", settings.keep_questions_days, (0, *DAYS), "day")),
        text(
            "**Who sees the answers to /ask**: "
            + ("only the person who asks, until they share it." if private else "everyone.")
        ),
        row(
            button(
                "Show answers to everyone" if private else "Make answers private",
                build("private", number=0 if private else 1),
            )
        ),
    )


def _role_select(role: int | None) -> ui.RoleSelect[Any]:
    chosen = [_preset(role, SelectDefaultValueType.role)] if role else []
    return ui.RoleSelect(
        custom_id=build("role"), placeholder="No extra role", min_values=0, default_values=chosen
    )


def _channel_select(channels: Sequence[int]) -> ui.ChannelSelect[Any]:
    chosen = [_preset(channel, SelectDefaultValueType.channel) for channel in channels]
    return ui.ChannelSelect(
        custom_id=build("channels"),
        placeholder="Nowhere",
        channel_types=[ChannelType.text, ChannelType.news, ChannelType.forum],
        min_values=0,
        max_values=MOST_CHANNELS,
        default_values=chosen[:MOST_CHANNELS],
    )


def _preset(number: int, kind: SelectDefaultValueType) -> SelectDefaultValue:
    """Return what a select shows as chosen, its id a text, as Discord's schema wants it.

    discord.py would send the number that its types ask for.
    """
    return SelectDefaultValue(id=cast("int", str(number)), type=kind)


def _number_select(action: str, chosen: int, offered: Sequence[int], unit: str) -> ui.Select[Any]:
    options = [
        SelectOption(
            label=plural(number, unit) if number else "Not at all",
            value=str(number),
            default=number == chosen,
        )
        for number in sorted({*offered, chosen})
    ]
    return ui.Select(custom_id=build(action), options=options)
