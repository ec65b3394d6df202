"""The cards around the library: settings, help, privacy, and single sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

from discord import (
    ButtonStyle,
    ChannelType,
    SelectDefaultValue,
    SelectDefaultValueType,
    SelectOption,
    ui,
)

from bot.cards.custom_ids import build
from bot.cards.parts import AMBER, GREEN, GREY, RED, Card, button, row, rule, small, text
from bot.text.counts import plural
from bot.text.markup import Room, inline
from index.store.servers import GuildSettings

Tone = Literal["fine", "plain", "warning", "error"]

RATES = (2, 5, 10, 20, 60)
"""Questions a minute that a manager can choose from for each person."""

DAYS = (7, 30, 90, 365)
"""For how many days a manager can choose to have questions kept, beside not at all."""

MOST_CHANNELS = 25
_SENTENCE = Room(1_500, 4_500)
_COLOURS: dict[Tone, int] = {"fine": GREEN, "plain": GREY, "warning": AMBER, "error": RED}

_ASKING = (
    "**/ask** answers a question in the words of the library's articles.",
    "**/search** lists the passages that come nearest.",
    "**/privacy** shows what is kept about you, and forgets it.",
    "You can also mention me with a question, reply with a ping to one of my answers,",
    "send me a direct message, or choose **Apps › Answer this** on any message.",
)
_KEEPING = (
    "**/article add** and **/article paste** add articles: files, links or plain text.",
    "**/article list**, **show**, **remove** and **refresh** look after them.",
    "**/why** shows how an answer was chosen, **/missed** what was asked in vain.",
    "**/settings show** chooses who manages the library and where I answer without being asked.",
)
_STATES = (
    "Green: an answer, with the answering words in bold.",
    "Amber: no passage clearly answers; the closest one is shown.",
    "Red: the library has nothing about it.",
)


def sentence_card(sentence: str, *, reference: str = "", tone: Tone = "error") -> Card:
    """Return one plain sentence, in the colour of its tone.

    ``reference`` is what a person quotes when asking for help, and what the log has too.
    """
    told = small(f"Reference: {inline(reference, Room(60, 160))}") if reference else ""
    return Card(text(inline(sentence, _SENTENCE), told), colour=_COLOURS[tone])


def getting_ready_card() -> Card:
    """Return what is shown while the models are made, until the answer takes its place."""
    return sentence_card("Getting ready, about a minute; your answer follows.", tone="plain")


def howto_card() -> Card:
    """Return the short answer to a mention without a question."""
    return Card(
        text(
            "Ask me a question in the same message, and I look for the passage that answers it.",
            small("**/help** tells more."),
        )
    )


def help_card(*, manager: bool = False) -> Card:
    """Return what I can do; the keepers' commands only for those who keep the library."""
    keeping = [rule(), text("**For managers**", *_KEEPING)] if manager else []
    return Card(
        text("### I answer questions from a library of articles, in the articles' own words"),
        text(*_ASKING),
        *keeping,
        rule(),
        text("**What the colours mean**", *_STATES),
    )


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


def settings_card(settings: GuildSettings) -> Card:
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
