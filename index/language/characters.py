"""Text that any database, file or model takes."""

from __future__ import annotations

import re
import unicodedata

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_NAME = 200


def without_surrogates(text: str) -> str:
    """Replace each lone surrogate, which has no UTF-8, by U+FFFD; offsets stay as they are."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def folded(title: str) -> str:
    """Return a title as it is compared: whatever its case, with one space between words."""
    return " ".join(without_surrogates(title).casefold().split())


def shown(name: str) -> str:
    """Return a name as a sentence can hold it: on one line, of bounded length, left to right.

    A shortened one keeps both ends, since a path's says what it is about.
    """
    if not name.isprintable():
        name = " ".join("".join(map(_printable, name[:5_000] + name[5_000:][-5_000:])).split())
    if len(name) > _LONGEST_NAME:
        half = _LONGEST_NAME // 2
        name = f"{name[: half - 1]}…{name[-half:]}"
    return name or "A source without a name"


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    kind = unicodedata.category(character)
    return {"Cf": "", "Cs": "\ufffd", "Co": "\ufffd", "Cn": "\ufffd"}.get(kind, " ")
