"""Words that belong to somebody, and whoever may see each of them in what the bot sends."""

from __future__ import annotations

import gzip
import json
import random
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

from tests.loopback import Channel, Discord, Guild, Interaction, Message, Permission, User
from tests.loopback.constants import Callback, Flag
from tests.loopback.messages import walk
from tests.loopback.rest import Call

Kind = Literal["article", "question", "comment", "setting", "name"]

_WORD = re.compile("zq[a-z]{5,10}")
_MARKS = re.compile("[\\\\\u200b\u2068\u2069]|\\*\\*|__")
_SHORTEST = 7  # letters by which a word that was cut off is known


@dataclass(eq=False)
class Canary:
    """A word and whose it is: of a server's or a person's collection, and of whoever wrote it.

    ``private`` is what only ``person`` is to see, ``told`` what a vote has told the keepers;
    ``quoted_by`` are those who had a message answered that holds it, or went on from the
    question that does, which is the one ``before`` theirs.
    """

    word: str
    kind: Kind
    owner: Guild | User
    person: User | None = None
    private: bool = False
    told: bool = False
    quoted_by: set[User] = field(default_factory=set)
    before: Canary | None = None

    def goes_on_from(self, before: Canary | None) -> None:
        """Note which question this one was asked in reply to; its words may be told of it."""
        self.before = before
        while before is not None and self.person is not None:
            before.quoted_by.add(self.person)
            before = before.before


@dataclass(eq=False)
class Sent:
    """Something that the bot sent: what is in it, where, and to whom."""

    call: Call
    text: str
    channel: Channel | None = None
    only: User | None = None
    message: Message | None = None
    interaction: Interaction | None = None
    components: list[Any] = field(default_factory=list)

    @property
    def is_file(self) -> bool:
        """Whether it carries what is kept about somebody."""
        return bool(self.call.files)

    def readers(self) -> list[User]:
        """Return everybody who sees it."""
        if self.only is not None:
            return [self.only]
        if self.channel is None:
            return []
        people = self.channel.discord.world.users.values()
        return [p for p in people if not p.bot and _sees(p, self.channel)]


class Canaries:
    """All words that are out there, and what of the world decides who may see them."""

    def __init__(self, rng: random.Random, manager_role: Callable[[Guild], int | None]) -> None:
        self._rng = rng
        self._manager_role = manager_role
        self.all: dict[str, Canary] = {}
        self.shown: set[Message] = set()  # messages that somebody has chosen to show to all
        self.ever: dict[Guild, set[User]] = {}  # everybody who was a member once
        self.sightings: dict[Kind, int] = {}

    def new(self, kind: Kind, owner: Guild | User, person: User | None = None) -> Canary:
        """Return a word that nobody has used."""
        word = "zq" + "".join(self._rng.choices(string.ascii_lowercase, k=10))
        canary = self.all[word] = Canary(word, kind, owner, person)
        return canary

    def found(self, text: str) -> set[Canary]:
        """Return the words that stand in a text, whole or cut off at the end."""
        plain = _MARKS.sub("", unquote(text)).casefold()
        parts = {part for part in _WORD.findall(plain) if len(part) >= _SHORTEST}
        return {canary for part in parts for canary in self._meant(part)}

    def _meant(self, part: str) -> Iterator[Canary]:
        if part in self.all:
            yield self.all[part]
        else:
            yield from (one for word, one in self.all.items() if word.startswith(part))

    def leaks(self, sent: Sent) -> list[str]:
        """Return what somebody sees there who must not, a sentence each."""
        wrong = [
            f"{reader.name} sees a {canary.kind} of {canary.owner.name}: {_around(sent, canary)!r}"
            for canary in self.found(sent.text)
            for reader in self._readers(sent, canary)
            if not self._may(canary, reader, sent)
        ]
        return wrong + list(self._foreign_settings(sent))

    def _readers(self, sent: Sent, canary: Canary) -> list[User]:
        readers = sent.readers()
        self.sightings[canary.kind] = self.sightings.get(canary.kind, 0) + bool(readers)
        return readers or [canary.owner.discord.bot]  # what nobody is known to see is for nobody

    def _may(self, canary: Canary, reader: User, sent: Sent) -> bool:
        if sent.only is reader and sent.interaction and canary.word in str(sent.interaction.data):
            return True  # nobody learns anything from their own words
        if sent.is_file:
            return self._may_have(canary, reader)
        if canary.kind == "name":
            return False
        if isinstance(canary.owner, User):
            return reader is canary.owner or sent.message in self.shown
        return self._may_on_server(canary, canary.owner, reader, sent)

    def _may_have(self, canary: Canary, reader: User) -> bool:
        """Say whether a word may be in the file of what is kept about somebody."""
        if canary.kind == "article" and isinstance(canary.owner, Guild):
            return reader in self.ever[canary.owner]  # quoted to them when they asked
        return reader in (canary.person, canary.owner) or reader in canary.quoted_by

    def _may_on_server(self, canary: Canary, guild: Guild, reader: User, sent: Sent) -> bool:
        if sent.channel is None or sent.channel.guild is not guild:
            return False
        if canary.kind == "question" and not canary.private and sent.message in self.shown:
            return True  # what somebody's own library says to it, even where the bot has left
        if not guild.has_bot:
            return False
        keeper = sent.only is reader and self.keeps(reader, sent.channel)
        if canary.kind in ("comment", "setting"):
            return keeper
        if canary.private:
            return reader is canary.person or (canary.told and keeper)
        return True

    def keeps(self, person: User, channel: Channel) -> bool:
        """Say whether somebody keeps the library of the place that a channel is in."""
        guild = channel.guild
        if guild is None or not guild.has_bot:
            return True
        member = guild.members.get(person.id)
        if member is None:
            return False
        if channel.permissions_of(person) & Permission.MANAGE_GUILD:
            return True
        roles = {role.id for role in member.roles}
        return not member.timed_out and self._manager_role(guild) in roles

    def _foreign_settings(self, sent: Sent) -> Iterator[str]:
        """Yield a sentence for each chosen role or channel that is not the server's own."""
        for menu in walk(sent.components):
            for value in menu.get("default_values") or []:
                guild = sent.channel.guild if sent.channel else None
                own = guild is not None and int(value["id"]) in {*guild.roles, *guild.channels}
                if not own or sent.only is None or not self.keeps(sent.only, sent.channel):  # type: ignore[arg-type]
                    yield f"{sent.only} sees the setting {value} in {sent.channel}"


def _around(sent: Sent, canary: Canary) -> str:
    """Return the text around a word, for whoever reads of a leak."""
    at = max(0, sent.text.find(canary.word))
    return f"{sent.call.line}: … {sent.text[max(0, at - 300) : at + 200]} …"


def _sees(person: User, channel: Channel) -> bool:
    return bool(channel.permissions_of(person) & Permission.VIEW_CHANNEL)


def read(discord: Discord, call: Call) -> Sent | None:
    """Return what a request of the bot shows, and to whom; None where it shows nothing."""
    if not 200 <= call.status < 300 or call.body is None:
        return None
    parts = call.path.strip("/").split("/")
    if parts[0] == "interactions":
        return _answer(discord, call, int(parts[1]))
    body = call.body
    text = json.dumps(body, ensure_ascii=False) + _unpacked(call)
    result = call.result if isinstance(call.result, dict) else {}
    message = discord.world.messages.get(int(result.get("id") or 0))
    if message is None:
        return Sent(call, text)
    asked = [i for i in discord.interactions if len(parts) > 2 and i.token == parts[2]]
    components = body.get("components") or []
    return Sent(
        call,
        text,
        message.channel,
        message.only_for,
        message,
        asked[0] if asked else message.interaction,
        components,
    )


def _answer(discord: Discord, call: Call, number: int) -> Sent | None:
    interaction = next(i for i in reversed(discord.interactions) if i.id == number)
    kind, data = Callback(call.body["type"]), call.body.get("data") or {}
    if kind in (Callback.DEFERRED_MESSAGE, Callback.DEFERRED_UPDATE):
        return None
    message = interaction.message if kind == Callback.UPDATE else interaction.original
    only: User | None = interaction.user
    if kind == Callback.UPDATE:
        only = message.only_for if message else None
    elif kind == Callback.MESSAGE and not Flag(data.get("flags") or 0) & Flag.EPHEMERAL:
        only = None
    return Sent(
        call,
        json.dumps(data, ensure_ascii=False) + _unpacked(call),
        interaction.channel,
        only,
        message,
        interaction,
        data.get("components") or [],
    )


def _unpacked(call: Call) -> str:
    """Return the text of the files that go with a request."""
    found = []
    for name, data in call.files.values():
        content = gzip.decompress(data) if name.endswith(".gz") else data
        found.append(f"{name}\n{content.decode(errors='replace')}")
    return "\n".join(found)
