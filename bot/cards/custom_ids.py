"""What a button or select carries, so that it still works after a restart.

    custom_id = "p1" ":" action [":" key [":" number]]

``p1`` is the version of this grammar; ``action`` one of ``ACTIONS``; ``key`` names what the
action is about (an answer, a search, an article); ``number`` counts from 0.  Which of the two
an action carries is fixed, so that a forged or outdated custom_id parses to None.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

VERSION = "p1"
MOST = 9_999
"""The highest number that a custom_id carries."""

ACTIONS: dict[str, tuple[bool, bool]] = {
    # action: whether it carries a key, and a number
    "prev": (True, True),  # an answer; the passage to show
    "next": (True, True),
    "at": (True, True),  # an answer; says which passage is shown, and can't be pressed
    "near": (True, True),  # an answer; the passage whose neighbours to show
    "good": (True, True),  # an answer; the passage that was shown
    "bad": (True, True),
    "complaint": (True, True),  # the form that asks what was bad
    "share": (True, True),
    "tell": (True, False),  # an answer; tell a manager that the library lacks it
    "sprev": (True, True),  # a search; the page to show
    "snext": (True, True),
    "sat": (True, True),
    "lprev": (False, True),  # the list of articles; the page to show
    "lnext": (False, True),
    "lat": (False, True),
    "remove": (True, False),  # an article
    "keep": (True, False),
    "paste": (False, False),  # the form for an article's text
    "role": (False, False),  # settings
    "channels": (False, False),
    "private": (False, True),  # 1 turns it on
    "rate": (False, False),
    "days": (False, False),
    "data": (False, False),  # privacy
    "forget": (False, False),
    "forgetyes": (False, False),
    "forgetno": (False, False),
}

FORMS = frozenset({"complaint", "paste"})
"""The actions that a form is sent with; all others are pressed or chosen."""

_KEY = re.compile(r"[0-9A-Za-z_-]{1,64}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,3}")
_DIGEST = 20  # hexadecimal digits that stand for a name which is no key itself


@dataclass(frozen=True, slots=True)
class ComponentId:
    """What somebody pressed, chose or filled in."""

    action: str
    key: str = ""
    number: int = 0


def build(action: str, key: str = "", number: int = 0) -> str:
    """Return the custom_id of an action; raises ValueError for what ``parse`` would refuse."""
    has_key, has_number = ACTIONS[action]
    parts = [VERSION, action, *([key] * has_key), *([str(number)] * has_number)]
    custom_id = ":".join(parts)
    if parse(custom_id) != ComponentId(action, key, number):
        raise ValueError(f"{action!r} can't carry the key {key!r} and the number {number}")
    return custom_id


def parse(custom_id: str) -> ComponentId | None:
    """Return what a custom_id says, or None where it is not one that ``build`` returns."""
    version, _, rest = custom_id.partition(":")
    action, *values = rest.split(":")
    if version != VERSION or action not in ACTIONS:
        return None
    has_key, has_number = ACTIONS[action]
    if len(values) != has_key + has_number:
        return None
    key = values[0] if has_key else ""
    number = values[-1] if has_number else "0"
    if has_key and not _KEY.fullmatch(key):
        return None
    return ComponentId(action, key, int(number)) if _NUMBER.fullmatch(number) else None


def key_of(name: str) -> str:
    """Return the key that stands for an article's id, which may be any text.

    Whoever gets a key back looks for the article whose id has it.
    """
    if _KEY.fullmatch(name) and not name.startswith("_"):
        return name
    return f"_{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:_DIGEST]}"
