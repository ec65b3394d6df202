"""The world of a walk between servers: who is where, and the words that each collection holds."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

from index.store.servers import Servers
from index.store.sqlite.database import Database
from tests.loopback import Channel, File, Guild, Interaction, Message, User
from tests.loopback.constants import Callback, ChannelType
from tests.support.canaries import Canaries, Canary, read
from tests.support.scene import PATIENCE, Scene

_SUBJECTS = ("lighthouse", "granary", "observatory", "tannery", "foundry", "orangery", "brewery")
_SETTLED = ("### Adding", "### Waiting")
_ROOMS = (ChannelType.TEXT, ChannelType.PUBLIC_THREAD)
SEEN = 60
"""Messages at the end of the walk so far that people still press."""


class World:
    """Servers and people, what there is to find, and who has seen what so far."""

    def __init__(self, scene: Scene, rng: random.Random) -> None:
        self.scene, self.rng, self.discord = scene, rng, scene.discord
        self.database = Database(scene.data / "library.db")
        self.settings = Servers(self.database)
        self.canaries = Canaries(rng, lambda guild: self.settings.get(guild.id).manager_role)
        self.counts: Counter[str] = Counter()
        self.read = 0  # requests of the bot that have been looked at
        self.asked: dict[str, Canary] = {}  # questions by the key of their answer
        self.answered: dict[Message, Canary] = {}
        self.custom_ids: list[str] = ["p1:next:AAAAAAAAAAAA:1"]
        self.keys: list[str] = ["nowhere"]  # of articles
        self.interactions: list[Interaction] = []
        self.said: list[Message] = []
        self._populate()

    # The world.

    def _populate(self) -> None:
        make = self.discord.user
        self.people = [
            make(f"{name} {self._word('name')}", installed=installed)
            for name, installed in (
                ("Ada", False), ("Bob", False), ("Cat", False), ("Dan", True),
                ("Eve", True), ("Fay", True), ("Gus", True), ("Hal", False),
            )
        ]  # fmt: skip
        ada, bob, cat, dan, eve, fay, gus, hal = self.people
        self.servers = [
            self.discord.guild(f"{name} {self._word('name')}", owner=owner)
            for name, owner in (("Aspen", ada), ("Birch", bob), ("Cedar", dan))
        ]
        self.foreign = self.discord.guild("Foreign", owner=fay, bot=False)
        aspen, birch, cedar = self.servers
        members = {aspen: [bob, cat, hal], birch: [ada, cat, eve], cedar: [cat, eve, ada]}
        for guild, joining in (members | {self.foreign: [eve, ada]}).items():
            self.canaries.ever[guild] = {guild.owner, *joining}
            for person in joining:
                guild.join(person)
            self._furnish(guild)
        self.roles = {guild: guild.role("Keepers") for guild in self.servers}
        self.group = self.discord.group("friends", eve, fay, gus)
        self.twins = [self.discord.guild(name, owner=hal).text("hall") for name in ("One", "Two")]

    def _furnish(self, guild: Guild) -> None:
        for name in ("general", "answered"):
            guild.text(f"{name}-{self.canaries.new('setting', guild).word}")
        guild.forum(f"forum-{self.canaries.new('setting', guild).word}")
        next(iter(guild.channels.values())).thread("thread", guild.owner)

    def _word(self, kind: Any) -> str:
        return self.canaries.new(kind, self.discord.application.owner).word

    async def settle(self) -> None:
        """Give every collection articles, and every server its settings."""
        for guild in self.servers:
            _, answered, forum = list(guild.channels.values())[:3]
            self.settings.change(
                guild.id,
                per_minute=600,
                answered_channels=frozenset({answered.id, forum.id}),
                manager_role=self.roles[guild].id,
            )
            await self._adds(guild.owner, self._hall(guild), self._dump(guild, 4))
        for person in self.people:
            if person.has_installed:
                await self._adds(person, person.dm, self._dump(person, 3))
        for hall in self.twins:
            assert hall.guild is not None
            self.settings.change(hall.guild.id, per_minute=600)
            lines = [{"title": f"The {s}", "text": _text(s, ["Mr Twin"])} for s in _SUBJECTS]
            file = File("same.jsonl", "\n".join(map(json.dumps, lines)).encode())
            await self._adds(hall.guild.owner, hall, file)

    async def restart(self) -> None:
        """End the bot as a crash would, and start it again."""
        await self.scene.restart(kill=True)

    # Whom and where, by chance.

    def _hall(self, guild: Guild) -> Channel:
        return next(iter(guild.channels.values()))

    def _person(self) -> User:
        return self.rng.choice(self.people)

    def _guild(self) -> Guild:
        return self.rng.choice(self.servers)

    def _place(self, person: User) -> Channel:
        """Return somewhere that a person can use commands."""
        guilds = [
            guild
            for guild in (*self.servers, self.foreign)
            if person.id in guild.members and (guild.has_bot or person.has_installed)
        ]
        rooms = [c for g in guilds for c in list(g.channels.values())[:4] if c.type in _ROOMS]
        places = [*rooms, *rooms, person.dm]
        if person in self.group.group:
            places += [self.group] * 2
        return self.rng.choice(places)

    def _home(self, person: User, channel: Channel) -> Guild | User:
        """Return whose collection a person uses in a channel."""
        guild = channel.guild
        return guild if guild is not None and guild.has_bot else person

    def _subject(self) -> str:
        return self.rng.choice(_SUBJECTS)

    def _name(self) -> str:
        """Return what an article may be meant by: any of any collection, near misses, nonsense."""
        key = self.rng.choice(self.keys)
        return self.rng.choice([key, key, f"the {self._subject()}", f"zx{key[2:]}", ""]) or "x"

    def _messages(self, person: User | None = None) -> list[Message]:
        """Return the bot's messages that somebody can press something on."""
        found = [
            m
            for m in list(self.discord.world.messages.values())[-SEEN * 4 :]
            if m.author is self.discord.bot and m.buttons and not m.deleted and not m.loading
        ][-SEEN:]
        return [m for m in found if person is None or m.visible_to(person)]

    # What there is to find.

    def _article(self, owner: Guild | User) -> dict[str, str]:
        subject = self._subject()
        words = [self.canaries.new("article", owner).word for _ in range(7)]
        self.keys.append(words[0])
        return {
            "id": words[0],
            "title": f"The {subject} {words[1]}",
            "text": _text(subject, words[2:4]),
            "author": f"Ms {words[4]}",
            "url": f"https://{words[5]}.example/{words[6]}",
        }

    def _dump(self, owner: Guild | User, articles: int) -> File:
        lines = [json.dumps(self._article(owner)) for _ in range(articles)]
        return File(f"{self.canaries.new('article', owner).word}.jsonl", "\n".join(lines).encode())

    def _markdown(self, owner: Guild | User) -> File:
        words = [self.canaries.new("article", owner).word for _ in range(4)]
        subject = self._subject()
        text = f"# The {subject} {words[0]}\n\n## Part {words[1]}\n\n{_text(subject, words[2:3])}"
        return File(f"{words[3]}.md", text.encode())

    def _question(self, person: User, channel: Channel) -> Canary:
        return self.canaries.new("question", self._home(person, channel), person)

    def _written(self, person: User, channel: Channel) -> Canary:
        """Return a word for a message, which all see who are there, whether or not the bot is."""
        return self.canaries.new("question", channel.guild or person, person)

    # Waiting, and looking at what came.

    async def _done(self, interaction: Interaction) -> Interaction:
        """Wait until an interaction is answered, with a report where something is added."""
        self.interactions.append(interaction)
        await interaction.acknowledged(PATIENCE)

        def probe() -> bool | None:
            original = interaction.original
            if interaction.callback == Callback.DEFERRED_UPDATE:
                return interaction.updated or None
            if original is None:
                return True
            return None if original.loading or original.text.startswith(_SETTLED) else True

        await self.discord.until(probe, PATIENCE, f"the end of {interaction.name}")
        return interaction

    async def _adds(self, person: User, where: Channel, file: File) -> None:
        await self._done(await person.slash("article add", where, force=True, file=file))

    def check(self) -> None:
        """Read all that the bot has sent since, and fail where somebody sees what they must not."""
        fresh = self.discord.requests[self.read :]
        self.read += len(fresh)
        for call in fresh:
            sent = read(self.discord, call)
            if sent is None:
                continue
            self.counts["things sent"] += 1
            leaks = self.canaries.leaks(sent)
            assert not leaks, leaks
        for message in self._messages()[-5:]:
            self.custom_ids += [b["custom_id"] for b in message.buttons]

    def _remember(self, canary: Canary, message: Message | None) -> None:
        """Note which answer a question got, so that votes and sharing are known to be on it."""
        if message is None:
            return
        self.answered[message] = canary  # whatever forged presses make of it later
        for button in message.buttons:
            parts = button["custom_id"].split(":")
            if len(parts) > 2:
                self.asked[parts[2]] = canary


def _text(subject: str, words: list[str]) -> str:
    keepers = "\n\n".join(
        f"The {subject} is looked after by {word}, who has the keys of the {subject} and opens it "
        "every morning to visitors from near and far."
        for word in words
    )
    return f"{keepers}\n\nIts roof is mended after each storm by people of the town."
