"""How a request is refused, and how a broken rule is remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .constants import ERRORS


@dataclass(frozen=True)
class Violation:
    """A rule of Discord that the bot broke."""

    rule: str
    detail: str
    request: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}" + (f" ({self.request})" if self.request else "")


class Refused(Exception):  # noqa: N818 - it is an answer, not a failure
    """A request that Discord answers with an error.

    `rule` names the rule that was broken; it is None where a blameless bot can meet the error
    too, for instance because somebody deleted the message meanwhile.
    """

    def __init__(
        self, status: int, code: int, detail: str = "", *, rule: str | None = None
    ) -> None:
        super().__init__(detail or ERRORS.get(code, ""))
        self.status, self.code, self.rule = status, code, rule
        self.detail = detail or ERRORS.get(code, "")

    def body(self) -> dict[str, Any]:
        """Return the error object of the API."""
        body: dict[str, Any] = {"message": ERRORS.get(self.code, self.detail), "code": self.code}
        if self.code == 50035:
            problem = {"code": "INVALID", "message": self.detail}
            body["errors"] = {"_errors": [problem]}
        return body


def unknown(code: int) -> Refused:
    """Something that doesn't exist (any more): 404, and nobody's fault."""
    return Refused(404, code)


def invalid(rule: str, detail: str) -> Refused:
    """A request body that breaks a documented limit."""
    return Refused(400, 50035, detail, rule=rule)


def forbidden(code: int, detail: str = "") -> Refused:
    """A request that the bot's permissions don't cover."""
    return Refused(403, code, detail, rule="permission")


def need(condition: object, rule: str, detail: str) -> None:
    """Refuse the request unless the condition holds."""
    if not condition:
        raise invalid(rule, detail)


def length(value: object, low: int, high: int, rule: str, what: str) -> str:
    """Refuse the request unless the value is a text of a length within the limits."""
    need(isinstance(value, str), rule, f"{what} must be a text, not {value!r}")
    assert isinstance(value, str)
    need(
        low <= len(value) <= high,
        rule,
        f"{what} must have {low} to {high} characters, not {len(value)}",
    )
    return value
