"""Events that come twice or out of order, and the record of when the gateway was out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .people import Json
    from .server import Discord
    from .sessions import Session

_OVERTAKEN = 0.3  # seconds after which an event goes that nothing has overtaken


@dataclass
class Outage:
    """A time for which events did not arrive; those of before are replayed only if resumed."""

    way: str
    begun: float
    over: float | None = None
    resumed: bool = False


@dataclass
class Disorder:
    """What a test orders: how many of the next events of a name come twice, or late.

    Discord gives a second delivery a number of its own; a resume may bring what had arrived.
    """

    discord: Discord = field(repr=False)
    twice: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    repeats_on_resume: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    _kept: dict[Session, tuple[str, Json]] = field(default_factory=dict, repr=False)

    def dispatch(self, session: Session, name: str, data: Json) -> None:
        """Send an event to a session, as it was ordered."""
        if self.late[name] > 0 and session not in self._kept:
            self.late[name] -= 1
            self.struck[f"{name} late"] += 1
            self._kept[session] = (name, data)
            self.discord.later(_OVERTAKEN, lambda: self._let_go(session))
            return
        session.dispatch(name, data)
        if self.twice[name] > 0:
            self.twice[name] -= 1
            self.struck[f"{name} twice"] += 1
            session.dispatch(name, data)
        self._let_go(session)

    def _let_go(self, session: Session) -> None:
        if session in self._kept:
            name, data = self._kept.pop(session)
            session.dispatch(name, data)
