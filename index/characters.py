"""Text that any database, file or model takes."""

from __future__ import annotations

import re

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """Replace each lone surrogate, which has no UTF-8, by U+FFFD; offsets stay as they are."""
    return _LONE_SURROGATE.sub("\ufffd", text)
