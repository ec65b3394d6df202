"""What each who asked is owed and got, by the loopback's own record."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.wire.request_log import HASTE
from tests.loopback.constants import Callback

if TYPE_CHECKING:
    from tests.loopback import Channel, Discord, Interaction, Message
    from tests.loopback.faults import Fault
    from tests.loopback.rest import Call

_IN_TIME = 1.5  # seconds of a gateway's outage that leave an acknowledgement in time
_LEFT = 1.6  # seconds of faults that do
_PAUSES = (0.2, 1.0, 3.0)  # seconds before a further try after all but a rate limit
_TRIED = 30.0  # seconds for which it is tried to say something before it is given up


@dataclass(frozen=True)
class Question:
    """A question, and words that its answer can't do without."""

    text: str
    expected: str


@dataclass(eq=False)
class Asked:
    """Something that somebody is owed an answer to: a question or a press."""

    kind: str
    channel: Channel
    question: Question | None
    said: Message | None = None
    interaction: Interaction | None = None
    at: float = field(default_factory=time.monotonic)
    silenced: bool = False  # the bot lost the channel, or its voice there, before it had answered

    @property
    def id(self) -> int:
        """The id by which a log names it."""
        owed = self.said or self.interaction
        assert owed is not None
        return owed.id


class Ledger:
    """Finds answers and faults by what they are about, however many there are."""

    def __init__(self, discord: Discord) -> None:
        self._discord = discord
        self._messages = self._requests = 0
        self._answers: dict[int, list[Message]] = defaultdict(list)
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._tries: dict[str, list[Call]] = defaultdict(list)

    def answers(self, asked: Asked) -> list[Message]:
        """Return what the bot has answered, without what is only promised."""
        self._take_down()
        return [message for message in self._answers[asked.id] if not message.loading]

    def count(self, asked: Asked) -> int:
        """Return how many answers there are; a form or a changed card counts as one."""
        quiet = (Callback.UPDATE, Callback.MODAL)
        changed = asked.interaction is not None and asked.interaction.callback in quiet
        return len(self.answers(asked)) + changed

    def why_impossible(self, asked: Asked) -> str | None:
        """Return why Discord left no way to answer, None where it did."""
        gateway, interaction = self._discord.gateway, asked.interaction
        if interaction is None and gateway.lost(asked.at):
            return "never delivered"
        if interaction is not None and not interaction.heard:
            return "never delivered"
        if interaction is not None and gateway.lost(interaction.created, within=_IN_TIME):
            return "never delivered"
        if asked.silenced:
            return "its channel is gone, or the voice there"
        self._take_down()
        if interaction is None:
            tries = self._tries[f"messages {asked.id}"]
            return "no try got through" if _all_struck(tries) else None
        if _wait(self._faults[f"interactions {interaction.id}"]) > _LEFT:
            return "no acknowledgement got through"
        outlasts = self._discord.limits.token_s
        limits = self._faults[f"webhooks {interaction.token}"]
        if any(fault.kind == "429" and fault.seconds > outlasts for fault in limits):
            return "its token expired"
        tries = self._tries[f"webhooks {interaction.token}"]
        return "no try got through" if _all_struck(tries) else None

    def is_known(self, asked: Asked) -> bool:
        """Return whether the bot was told by the gateway that its answer is there."""
        ago = (time.time() - message.created for message in self.answers(asked) if asked.said)
        return any(not self._discord.gateway.lost(time.monotonic() - since) for since in ago)

    def _take_down(self) -> None:
        """Take in what has come since the last time."""
        bot, world = self._discord.bot, self._discord.world
        for message in itertools.islice(world.messages.values(), self._messages, None):
            self._messages += 1
            if message.interaction is not None:
                self._answers[message.interaction.id].append(message)
            elif message.author is bot and message.reply_to is not None:
                self._answers[message.reply_to.id].append(message)
        for call in self._discord.requests[self._requests :]:
            self._requests += 1
            if call.path.startswith(("/interactions/", "/webhooks/")):
                _, kind, number, token, *_ = call.path.split("/")
                about = f"{kind} {number if kind == 'interactions' else token}"
            elif isinstance(call.body, dict) and "nonce" in call.body:
                about = f"messages {call.body['nonce']}"
            else:
                continue
            self._tries[about].append(call)
            if call.fault is not None:
                self._faults[about].append(call.fault)


def _all_struck(tries: list[Call]) -> bool:
    """Return whether faults met every try, for as long as it is tried."""
    struck = all(call.fault is not None and call.fault.kind != "slow" for call in tries)
    return struck and bool(tries) and tries[-1].at - tries[0].at >= _TRIED


def _wait(faults: list[Fault]) -> float:
    """Return the seconds for which faults kept an interaction from being acknowledged."""
    limits = sum(fault.seconds for fault in faults if fault.kind in ("429", "banned"))
    slow = sum(min(fault.seconds, HASTE) for fault in faults if fault.kind == "slow")
    again = sum(fault.kind != "429" for fault in faults)
    return limits + slow + sum(_PAUSES[:again])
