"""What the bot can do, in words for askers and for managers."""

from __future__ import annotations

from bot.cards.parts import Card, rule, small, text

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


def howto_card() -> Card:
    """Return the short answer to a mention without a question."""
    return Card(
        text(
            "Ask me a question in the same message, and I look for the passage that answers it.",
            small("**/help** tells more."),
        )
    )


def help_card(*, manager: bool = False) -> Card:
    """Return what I can do; the managers' commands only for them."""
    keeping = [rule(), text("**For managers**", *_KEEPING)] if manager else []
    return Card(
        text("### I answer questions from a library of articles, in the articles' own words"),
        text(*_ASKING),
        *keeping,
        rule(),
        text("**What the colours mean**", *_STATES),
    )
