"""Troubles made to order: rate limits, server errors, lost connections, slow answers."""

from __future__ import annotations

import re
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["429", "status", "drop", "slow", "broken", "banned"]


@dataclass
class Fault:
    """What happens to the next `times` requests that match."""

    kind: Kind
    pattern: re.Pattern[str]
    times: int
    status: int = 0
    seconds: float = 0.0
    everywhere: bool = False  # a global rate limit
    applied: bool = False  # the request takes effect before things go wrong
    hits: int = 0

    def wants(self, request: str) -> bool:
        """Whether it strikes a request, written as `METHOD /path`."""
        return self.hits < self.times and self.pattern.search(request) is not None


@dataclass
class Bucket:
    """A real rate limit: so many requests in so many seconds."""

    pattern: re.Pattern[str]
    limit: int
    per: float
    everywhere: bool = False  # the global limit, which announces itself only when it is hit
    seen: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> tuple[bool, int, float]:
        """Return whether one more fits, how many are left, and the seconds until the reset."""
        while self.seen and self.seen[0] <= now - self.per:
            self.seen.popleft()
        fits = len(self.seen) < self.limit
        if fits:
            self.seen.append(now)
        reset = self.seen[0] + self.per - now if self.seen else 0.0
        return fits, self.limit - len(self.seen), reset


class Faults:
    """The troubles that a test has ordered. `method` and `route` are regular expressions.

    Routes are matched against the path after `/api/v10`, for instance
    `faults.fail("POST", "/channels/.*/messages", status=502, times=2)`.
    """

    def __init__(self) -> None:
        self.ordered: list[Fault] = []
        self.buckets: list[Bucket] = []
        self.struck: dict[str, int] = defaultdict(int)

    def rate_limit(
        self,
        method: str = ".*",
        route: str = ".*",
        *,
        times: int = 1,
        retry_after: float = 0.2,
        everywhere: bool = False,
    ) -> Fault:
        """Answer 429, with Retry-After; `everywhere` makes it the global limit."""
        return self._add(
            "429", method, route, times=times, seconds=retry_after, everywhere=everywhere
        )

    def fail(
        self,
        method: str,
        route: str,
        *,
        status: int = 502,
        times: int = 1,
        applied: bool = False,
    ) -> Fault:
        """Answer with a server error, before or after the request took effect."""
        return self._add("status", method, route, times=times, status=status, applied=applied)

    def drop(self, method: str, route: str, *, times: int = 1, applied: bool = False) -> Fault:
        """Reset the connection instead of answering."""
        return self._add("drop", method, route, times=times, applied=applied)

    def broken(self, method: str, route: str, *, times: int = 1) -> Fault:
        """Act on the request, and break off in the middle of the answer."""
        return self._add("broken", method, route, times=times, applied=True)

    def ban(self, method: str, route: str, *, times: int = 1, retry_after: float = 1.0) -> Fault:
        """Answer 429 as what stands before Discord does: in HTML, and without Via."""
        return self._add("banned", method, route, times=times, seconds=retry_after)

    def slow(
        self, method: str, route: str, seconds: float, *, times: int = 1, applied: bool = True
    ) -> Fault:
        """Answer late, having acted at once (`applied`) or only then."""
        return self._add("slow", method, route, times=times, seconds=seconds, applied=applied)

    def limit(self, method: str, route: str, *, limit: int, per: float) -> Bucket:
        """Set up a real rate limit, with its headers, and 429 for whoever ignores them."""
        bucket = Bucket(_pattern(method, route), limit, per)
        self.buckets.append(bucket)
        return bucket

    def limit_globally(self, limit: int = 50, per: float = 1.0) -> Bucket:
        """Enforce the global limit, from which interactions and their webhooks are free."""
        route = "(?!/interactions/|/webhooks/).*"
        bucket = Bucket(_pattern(".*", route), limit, per, everywhere=True)
        self.buckets.append(bucket)
        return bucket

    def clear(self) -> None:
        """Call everything off."""
        self.ordered.clear()
        self.buckets.clear()

    def strike(self, request: str) -> Fault | None:
        """Return the trouble that a request runs into."""
        for fault in self.ordered:
            if fault.wants(request):
                fault.hits += 1
                self.struck[fault.kind] += 1
                return fault
        return None

    def take(self, request: str) -> tuple[Bucket | None, dict[str, str], float]:
        """Count a request; return the limit that it exceeds, the headers to send, the wait."""
        said: dict[str, str] = {}
        for bucket in self.buckets:
            if bucket.pattern.search(request):
                fits, left, reset = bucket.take(time.monotonic())
                if not bucket.everywhere:
                    said = headers(bucket.limit, left, reset)
                if not fits:
                    return bucket, said, reset
        return None, said, 0.0

    def _add(self, kind: Kind, method: str, route: str, **options: float) -> Fault:
        fault = Fault(kind, _pattern(method, route), **options)  # type: ignore[arg-type]
        self.ordered.append(fault)
        return fault


def _pattern(method: str, route: str) -> re.Pattern[str]:
    return re.compile(f"^(?:{method}) (?:{route})$")


def headers(limit: int, left: int, reset: float) -> dict[str, str]:
    """Return the headers of a rate limit."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(max(0, left)),
        "X-RateLimit-Reset": f"{time.time() + reset:.3f}",
        "X-RateLimit-Reset-After": f"{reset:.3f}",
        "X-RateLimit-Bucket": f"{limit:032x}",
    }
