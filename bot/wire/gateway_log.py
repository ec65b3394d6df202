"""The gateway's troubles in the log: one line for each, that says why a connection ended.

discord.py tells why in debug messages and at other levels not at all, or with a traceback for
each try to connect and each list of choices that comes too late; of rate limits it tells beside
`bot.wire.request_log`.  Its own records are turned into our lines, or dropped.
"""

from __future__ import annotations

import logging
from collections import deque

from bot.wire.delivery import TROUBLE
from bot.wire.failures import error_name

BROKE = "Websocket closed with %s, attempting a reconnect."
ASKED = "Received RECONNECT opcode."
SILENT = "Timed out receiving packet. Attempting a reconnect."
STOPPED = "Shard ID %s has stopped responding to the gateway. Closing and restarting."
INVALID = "Shard ID %s session has been invalidated."
ENDED = "Got a request to %s the websocket at Shard ID %s."
UNREACHED = "Attempting a reconnect for shard ID %s in %.2fs"
UNLAUNCHED = "Failed to connect for shard_id: %s. Retrying..."
UNOFFERED = "Ignoring exception in autocomplete for %r (Guild: %s, User: %s)"
LIMITED = (
    "We are being rate limited. %s %s responded with 429. Retrying in %.2f seconds.",
    "Global rate limit has been hit. Retrying in %.2f seconds.",
    "Webhook ID %s is rate limited. Retrying in %.2f seconds.",
)
"""Templates of discord.py's own messages, which a test looks for in its source."""

_REASONS = {
    ASKED: "Discord asked for a new one",
    SILENT: "nothing came over it any more",
    STOPPED: "nothing came over it any more",
    INVALID: "Discord has ended the session",
}
_BROKEN = "it broke"
_ABNORMAL = (None, 1006)  # no close frame came
_RESUMABLE = "Discord wants the session resumed"  # told of without a reason
_GATEWAY, _SHARD = "discord.gateway", "discord.shard"
_OTHERS = ("discord.http", "discord.webhook.async_", "discord.app_commands.tree")
_MOST = 64  # reasons that wait to be told; a shard has one, or two where it fails in between


class OneLineEach(logging.Filter):
    """Turns the records of discord.py's loggers into one line for each trouble."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self._least = least
        self._reasons: deque[str] = deque(maxlen=_MOST)

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is to be told, having put it into our words."""
        said = str(record.msg)
        if said in _REASONS:
            self._reasons.append(_REASONS[said])
        elif said == BROKE and not self._reasons:  # else it was closed for a reason known by now
            code = record.args[0] if isinstance(record.args, tuple) else None
            self._reasons.append(_BROKEN if code in _ABNORMAL else f"it was closed (code {code})")
        elif said == ENDED and isinstance(record.args, tuple):
            reason = self._reasons.popleft() if self._reasons else _RESUMABLE
            how = "resuming" if record.args[0] == "RESUME" else "beginning a new session"
            told = "the gateway connection of shard %s ended: %s; %s"
            return _put(record, told, record.args[1], reason, how)
        elif said in (UNREACHED, UNLAUNCHED) and isinstance(record.args, tuple):
            told = "the gateway can't be reached for shard %s (%s); trying again"
            return _put(record, told, record.args[0], _error(record))
        elif said == UNOFFERED and isinstance(record.args, tuple) and _is_trouble(record):
            told = "choices for %s could not be offered: %s"
            return _put(record, told, record.args[0], _error(record))
        elif said not in (BROKE, *LIMITED):
            return record.levelno >= self._least
        return False


def install(least: int = logging.INFO) -> None:
    """Have discord.py's loggers tell each trouble once, and what is at ``least`` of that level."""
    one_line = OneLineEach(least)
    for name in (_GATEWAY, _SHARD, *_OTHERS):
        logging.getLogger(name).addFilter(one_line)
    for name in (_GATEWAY, _SHARD):  # where the reasons are told at this level
        logging.getLogger(name).setLevel(logging.DEBUG)


def _is_trouble(record: logging.LogRecord) -> bool:
    return record.exc_info is not None and isinstance(record.exc_info[1], TROUBLE)


def _error(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return "?" if error is None else error_name(error)


def _put(record: logging.LogRecord, told: str, *arguments: object) -> bool:
    record.msg, record.args = told, arguments
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    record.exc_info = record.exc_text = None
    return True
