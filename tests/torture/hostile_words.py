"""Texts as weapons: what they are made of, and what must not be left of them in anything shown."""

from __future__ import annotations

import random
import re
from typing import Any
from unicodedata import category
from urllib.parse import urlsplit

from bot.cards.parts import OPEN
from tests.bot.text.test_markup import HOSTILE
from tests.loopback.constants import Component
from tests.loopback.messages import walk
from tests.support.discord_markdown import acts, render

HOST = "a.example"
"""The only host that cards may link to."""

ADDRESSES = (
    f"https://{HOST}/page",
    f"https://{HOST}/a)b](https://evil.example)",
    f"https://{HOST}@evil.example/",
    f"https://{HOST}/\u202egnp",
    f"https://{HOST}\\@evil.example/",
    "javascript:alert(1)",
    "https://evil.example\\[Passage](https://evil.example)",
    f"https://{HOST}/{'x' * 600}",
    f"HTTPS://{HOST}:443/#:~:text=@everyone",
)

_MOST_MARKS = 5  # on one base; real writing needs up to four
_OURS = {"heading", "subtext", "list", "link", "raw https://"}
_OPENING = frozenset("\u202a\u202b\u202d\u202e")
_ISOLATING = frozenset("\u2066\u2067\u2068")
_POP, _POP_ISOLATE = "\u202c", "\u2069"
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:?<=>]*[ -/]*[@-~]|.)?", re.DOTALL)
_STYLE = r"(?:[0-4]|2[2-4]|3[0-79]|38;5;[0-9]+|38;2(?:;[0-9]+){3}|9[0-7])"
_OWN_ESCAPE = re.compile(rf"\x1b\[(?:\?25[lh]|2?K|1?A|(?:{_STYLE}(?:;{_STYLE})*)?m)")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def weapon(rng: random.Random, longest: int = 4_000) -> str:
    """Return some tricks joined in some way."""
    pieces = rng.choices(HOSTILE, k=rng.randint(1, 5))
    text = rng.choice(["", " ", "\n", "\u200b", "\\", "`", "**", "\u202e"]).join(pieces)
    fence = rng.choice(["", "", "", "```", "`", "||", "> ", "# ", "-# ", "[", "\u2067"])
    return f"{fence}{text}{fence}"[:longest]


def faults(components: list[Any]) -> list[str]:
    """Return what a card's texts do, or leave open, that they must not."""
    found = []
    for text in texts(components):
        found += [f"it acts: {act}" for act in acts(text) - _OURS if "discord" not in act]
        quoted = "\n".join(line for line in text.split("\n") if line.startswith("> "))
        found += [f"a quote acts: {act}" for act in acts(quoted)]
        found += [f"a link called {n!r} to {u}" for n, u in render(text).links if not _fine(n, u)]
        found += [f"{fault} in {text[:200]!r}" for fault in unreadable(text)]
    return found


def texts(components: list[Any]) -> list[str]:
    """Return the texts of a card."""
    return [c["content"] for c in walk(components) if c["type"] == Component.TEXT_DISPLAY]


def _fine(name: str, url: str) -> bool:
    return name == OPEN and urlsplit(url).hostname == HOST


def unreadable(text: str) -> list[str]:
    """Return what of a text nobody can see, or turns or covers what stands beside it."""
    found = [f"{c!r}" for c in set(text) if c != "\n" and category(c) in ("Cc", "Cs")]
    found += ["unbalanced direction" for line in text.split("\n") if not balanced(line)]
    if most_marks(text) > _MOST_MARKS:
        found.append(f"{most_marks(text)} marks on one base")
    return found


def balanced(line: str) -> bool:
    """Say whether a line turns no direction that it does not turn back."""
    still: list[str] = []
    for char in line:
        if char in _OPENING:
            return False  # embeddings and overrides have no place anywhere
        if char in _ISOLATING:
            still.append(char)
        elif char == _POP or (char == _POP_ISOLATE and not still):
            return False
        elif char == _POP_ISOLATE:
            still.pop()
    return not still


def most_marks(text: str) -> int:
    """Return how many marks stand on one base at the most, whatever is invisible between them."""
    most = marks = 0
    for char in text:
        kind = category(char)
        if kind[0] == "M":
            marks += 1
        elif kind != "Cf":
            marks = 0
        most = max(most, marks)
    return most


def shape(components: list[Any]) -> str:
    """Return what a card is made of: kinds in a row are one, and numbers of pages any number."""
    kinds: list[str] = []
    for part in walk(components):
        label = part.get("label") or (part.get("emoji") or {}).get("name") or ""
        kind = f"{part['type']}{re.sub('[0-9]+', '#', label)}"
        if kinds[-1:] != [kind]:
            kinds.append(kind)
    return " ".join(kinds)


def steering(output: str) -> list[str]:
    """Return what in a terminal's output steers it otherwise than styles and progress do."""
    escapes = (match.group() for match in _ESCAPE.finditer(output))
    found = [repr(escape) for escape in escapes if not _OWN_ESCAPE.fullmatch(escape)]
    found += [repr(match.group()) for match in _CONTROLS.finditer(output)]
    found += [repr(match.group()) for match in _BIDI.finditer(output)]
    if most_marks(output) > _MOST_MARKS:
        found.append(f"{most_marks(output)} marks on one base")
    return found
