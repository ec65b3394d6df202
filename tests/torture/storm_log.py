"""The log of a storm, held against the loopback's own record: each fault once."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.loopback import Discord
    from tests.loopback.rest import Call

REQUEST = re.compile(r"WARNING passage: (GET|POST|PUT|PATCH|DELETE) (/\S+): (.*)")
GATEWAY = re.compile(r"WARNING discord\.shard: the gateway connection of shard 0 ended: (.*); ")
NOT_GIVEN = re.compile(
    r"WARNING passage: (?:message|interaction) (\d+)"
    r" (?:has no answer|can't be answered|was gone before its answer|was not told of a failure)"
)
UNSURE = re.compile(r"WARNING passage: (?:message|interaction) (\d+) may have no answer")
_TOKEN = re.compile(r"^/(webhooks|interactions)/(\d+)/[^/]+")
_SLOW = 2.0  # seconds from which an answer is told to be late
_WAYS = {
    "cut": "it broke",
    "closed 4000": "it was closed (code 4000)",
    "op 7": "Discord asked for a new one",
    "op 9": "Discord has ended the session",
    "refused resume": "Discord has ended the session",
    "op 9 resumable": "Discord wants the session resumed",
    "silence": "nothing came over it any more",
}

Trouble = tuple[str, str, str]  # the method, what it was about, what came


def requests_struck(discord: Discord) -> Counter[Trouble]:
    """Return the faults that requests met with, as a log is to name them."""
    return Counter(
        (call.method, _TOKEN.sub(r"/\1/\2/…", call.path), what)
        for call in discord.requests
        if (what := _what(call)) is not None
    )


def requests_told(lines: Iterable[str]) -> Counter[Trouble]:
    """Return the faults of requests that a log names."""
    found = (REQUEST.search(line) for line in lines)
    return Counter((m[1], m[2], _kind(m[3])) for m in found if m)


def ends_struck(discord: Discord) -> Counter[str]:
    """Return how the gateway's connections were ended, in a log's words."""
    return Counter(_WAYS[outage.way] for outage in discord.gateway.outages)


def ends_told(lines: Iterable[str]) -> Counter[str]:
    """Return how the gateway's connections ended by a log."""
    return Counter(m[1] for line in lines if (m := GATEWAY.search(line)))


def not_given(lines: Iterable[str]) -> Counter[int]:
    """Return the messages and interactions of which a log says that they got no answer."""
    return Counter(int(m[1]) for line in lines if (m := NOT_GIVEN.search(line)))


def unsure(lines: Iterable[str]) -> Counter[int]:
    """Return the messages and interactions of which a log says that they may have no answer."""
    return Counter(int(m[1]) for line in lines if (m := UNSURE.search(line)))


def others(lines: Iterable[str]) -> list[str]:
    """Return what else a log has at the level of a warning or above, and any traceback."""
    known = (REQUEST, GATEWAY, NOT_GIVEN, UNSURE)
    loud = re.compile(r" (WARNING|ERROR|CRITICAL) |Traceback|Exception ignored|never retrieved")
    return [line for line in lines if loud.search(line) and not any(k.search(line) for k in known)]


def _what(call: Call) -> str | None:
    fault = call.fault
    if fault is None:
        return None
    if fault.kind == "slow":
        return "slow" if fault.seconds >= _SLOW else None
    if fault.kind in ("429", "banned"):
        return "HTTP 429"
    return f"HTTP {fault.status}" if fault.kind == "status" else "connection lost"


def _kind(told: str) -> str:
    """Return what a line says, without how long it took or what is to be waited."""
    if told.startswith("HTTP"):
        return told[:8]
    slow = told.startswith(("answered after", "no answer within"))
    return "slow" if slow else told.partition(" (")[0]
