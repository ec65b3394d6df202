"""What of a text can be seen, and where it may be cut.

Text from articles and people carries characters that nobody sees and that turn lines
around, hide words or pile up over the lines above.  They are taken out here, once, before
anything is measured, marked or escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, Literal
from unicodedata import category

VisibleCharacter = tuple[int, str]
"""A character that is shown, with its place in the text it comes from."""

MOST_MARKS = 5
"""Combining marks on one base; real writing needs up to four, more only climb over the lines."""

_NEWLINES = frozenset("\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
_JOINERS = frozenset("\u200c\u200d")  # Persian, Indic scripts and joined emoji need them
_SEEN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2065\u3164\uffa0")
_TAGS = range(0xE0000, 0xE0100)
_REMEMBERED = 8_192  # characters whose nature needn't be looked up again


def visible(text: str) -> str:
    """Return what a reader sees of a text; blank lines are at most one in a row."""
    return "".join(char for _, char in visible_characters(text))


def visible_characters(text: str) -> list[VisibleCharacter]:
    """Return the visible characters of a text with their places in it."""
    kept = _unjoined(_spaced(_uncovered(text)))
    while kept and kept[-1][1].isspace():
        kept.pop()
    return kept


def grapheme_starts(text: str) -> Iterator[int]:
    """Yield where each grapheme cluster (UAX #29), a character as readers count them, starts."""
    if text.isascii() and "\r" not in text:
        yield from range(len(text))
        return
    for cluster in _clusters().finditer(text):
        yield cluster.start()


@cache
def _clusters() -> Any:
    import regex  # the command line, which cuts nothing, starts without it

    return regex.compile(r"\X")


def _uncovered(text: str) -> Iterator[VisibleCharacter]:
    """Yield all but what is invisible and what is piled too high."""
    marks = 0
    based = False
    for at, char in enumerate(text):
        if char in _NEWLINES:
            based = False
            if not (char == "\r" and text[at + 1 : at + 2] == "\n"):
                yield at, "\n"
        elif char == "\t":
            based = False
            yield at, " "
        elif char in _JOINERS:
            yield at, char
        elif (kind := _kind(char)) == "mark":
            marks += 1
            if based and marks <= MOST_MARKS:
                yield at, char
        elif kind == "seen":
            based, marks = not char.isspace(), 0
            yield at, char


@lru_cache(_REMEMBERED)
def _kind(char: str) -> Literal["seen", "mark", "hidden"]:
    if char in _FILLERS or ord(char) in _TAGS:
        return "hidden"
    if category(char)[0] == "M":
        return "mark"
    seen = category(char) not in {"Cc", "Cf", "Cs"} or char in _SEEN_FORMATS
    return "seen" if seen else "hidden"


def _spaced(found: Iterator[VisibleCharacter]) -> list[VisibleCharacter]:
    """Drop space before the first word and at the ends of lines, and all but one blank line."""
    kept: list[VisibleCharacter] = []
    for at, char in found:
        if char == "\n":
            while kept and kept[-1][1] != "\n" and kept[-1][1].isspace():
                kept.pop()
            if [letter for _, letter in kept[-2:]] == ["\n", "\n"]:
                continue
        if kept or not char.isspace():
            kept.append((at, char))
    return kept


def _unjoined(found: list[VisibleCharacter]) -> list[VisibleCharacter]:
    """Drop joiners that join nothing: they have work only inside scripts other than Latin."""
    kept: list[VisibleCharacter] = []
    for number, (at, char) in enumerate(found):
        if char in _JOINERS:
            after = found[number + 1][1] if number + 1 < len(found) else ""
            if not kept or not (_joinable(kept[-1][1]) and _joinable(after)):
                continue
        kept.append((at, char))
    return kept


def _joinable(char: str) -> bool:
    return bool(char) and not char.isascii() and category(char)[0] in "LMS"
