"""What a feature may refuse, beside the errors of the index."""

from __future__ import annotations

from index.errors import PassageError


class NotAllowedError(PassageError):
    """Somebody used what is for the managers of the library."""


class SlowDownError(PassageError):
    """Somebody asked more than a minute's share."""


class StoppingError(PassageError):
    """The bot was told to stop before it could answer."""
