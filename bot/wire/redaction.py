"""What this process says, without the tokens in it: of the bot, and of interactions.

It is done where words leave the process, and not where they are logged, since tracebacks,
warnings and whatever a library prints leave it there too.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from typing import TextIO, cast

_INSTEAD = "[redacted]"
_INTERACTIONS = re.compile(
    # Each begins with "interaction:" in base64; in any other form it is known by its place,
    # where our own log has "…" instead.
    r"aW50ZXJhY3Rpb246[\w=-]*"
    r"|(?P<place>/(?:webhooks|interactions)/\d+/|[\"']token\\*[\"']\s*:\s*\\*[\"'])[^…/?#\s\"'\\]+"
)


def redacting(*secrets: str) -> Callable[[str], str]:
    """Return what takes these secrets, and the tokens of interactions, out of a text."""
    known = re.compile("|".join(re.escape(secret) for secret in secrets if secret) or r"(?!)")

    def redacted(text: str) -> str:
        return _INTERACTIONS.sub(_without, known.sub(_INSTEAD, text))

    return redacted


def _without(found: re.Match[str]) -> str:
    return (found["place"] or "") + _INSTEAD


class RedactedStream(io.TextIOBase):
    """A text stream that lets no secret through, and leaves no way around."""

    def __init__(self, stream: TextIO, redacted: Callable[[str], str]) -> None:
        self._stream = stream
        self._redacted = redacted

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """How the text will be written."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """What becomes of characters that can't be."""
        return self._stream.errors

    def write(self, text: str) -> int:
        """Write a text without its secrets."""
        self._stream.write(self._redacted(text))
        return len(text)

    def flush(self) -> None:
        """Have what was written leave the process."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Say whether a person is looking."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the number under which the system knows the stream."""
        return self._stream.fileno()


def redact_output(*secrets: str) -> None:
    """Let nothing out of this process any more but without these secrets."""
    redacted = redacting(*secrets)
    sys.stdout = cast("TextIO", RedactedStream(sys.stdout, redacted))
    sys.stderr = cast("TextIO", RedactedStream(sys.stderr, redacted))
