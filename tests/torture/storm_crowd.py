"""Twenty people who ask in every way there is, and the record of what each is owed."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from typing import TYPE_CHECKING

from index.records import Article
from tests.torture.storm_ledger import Asked, Ledger, Question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.loopback import Channel, Message, User
    from tests.support.scene import Scene

PEOPLE = 20
_DM_PAUSE = 20.0  # seconds between two private questions of a person, who may ask ten a minute
_NAMES = (
    *("Velmora", "Tasinbeck", "Orrindal", "Quenby", "Haskeroy", "Lutterwick", "Marenfeld"),
    *("Pollowhat", "Gristane", "Umberleigh", "Dunnavar", "Eskermere", "Fallowick", "Jorvendale"),
    *("Kestrelhurst", "Nantersby", "Ravelock", "Sithermoor", "Thornaby", "Wexcombe"),
)
_FIRST = ("Jonas", "Mirela", "Tobias", "Agneta", "Casper", "Ottilie", "Bruno", "Petra", "Judith")
_LAST = ("Hartwell", "Osterby", "Lindqvist")
_WAYS = ("{}", "Please tell me: {}", "Does anybody know? {}", "{} Thanks!")


def articles() -> list[Article]:
    """Return an article about each bridge."""
    found = []
    for number, name in enumerate(_NAMES):
        text = (
            f"The {name} Bridge was opened in {_year(number)}. "
            f"The {name} Bridge is {_length(number)} metres long. "
            f"The {name} Bridge was designed by {_designer(number)}."
        )
        found.append(Article(source=f"bridge {name}", title=f"The {name} Bridge", text=text))
    return found


def questions() -> list[Question]:
    """Return every question that the articles answer."""
    return [
        question
        for number, name in enumerate(_NAMES)
        for question in (
            Question(f"When was the {name} Bridge opened?", _year(number)),
            Question(f"How long is the {name} Bridge?", _length(number)),
            Question(f"Who designed the {name} Bridge?", _designer(number)),
        )
    ]


def _year(number: int) -> str:
    return str(1801 + 7 * number)


def _length(number: int) -> str:
    return str(211 + 13 * number)


def _designer(number: int) -> str:
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[number // len(_FIRST)]}"


class Crowd:
    """People who ask at random, by a seed, until told to stop."""

    def __init__(self, scene: Scene, rooms: list[Channel], listening: Channel, seed: int) -> None:
        self.scene = scene
        self.rooms = rooms
        self.listening = listening
        self.asked: list[Asked] = []
        self.ledger = Ledger(scene.discord)
        self.avoided: set[Channel] = set()  # that are gone, or where the bot has lost its voice
        self._random = random.Random(f"crowd {seed}")
        self._questions = questions()
        self.people = [scene.person(f"Person {number}") for number in range(PEOPLE)]
        self._private: dict[int, float] = {}

    async def go(self, until: float, *, pause: float) -> None:
        """Let everybody ask till then, each every few seconds."""
        await asyncio.gather(*(self._live(person, until, pause) for person in self.people))

    async def _live(self, person: User, until: float, pause: float) -> None:
        chance = random.Random(self._random.random())
        await asyncio.sleep(chance.uniform(0, pause))
        while time.monotonic() < until:
            await self.act(person, chance)
            await asyncio.sleep(chance.uniform(0.4, 1.6) * pause)

    async def act(self, person: User, chance: random.Random) -> None:
        """Have a person do one thing."""
        ways: dict[str, float] = {"slash": 3, "private": 1, "mention": 3, "unasked": 2}
        answers = list(itertools.islice(self._answers(person), 5))
        if answers:
            ways |= {"reply": 1, "press": 3}
        if time.monotonic() - self._private.get(person.id, 0.0) > _DM_PAUSE:
            ways |= {"dm": 2, "slash in dm": 1}
        way = chance.choices(list(ways), list(ways.values()))[0]
        if way == "press":
            await self._press(person, chance.choice(answers), chance)
        elif way == "reply":
            public = [answer for answer in answers if not answer.ephemeral]
            if public:  # nobody can reply to what only they see
                await self._reply(person, chance.choice(public), chance)
        else:
            await self.ask(person, way, chance)

    async def ask(self, person: User, way: str, chance: random.Random) -> Asked:
        """Have a person ask a question."""
        room = chance.choice(self.rooms)
        if "dm" in way:
            self._private[person.id] = time.monotonic()
            room = person.dm
        return await self.ask_in(room, person, way, chance)

    async def ask_in(self, room: Channel, person: User, way: str, chance: random.Random) -> Asked:
        """Have a person ask in a channel of one's choice; "unasked" has its own."""
        question = self._question(chance)
        if way == "unasked":
            room = self.listening
        asked = Asked(way, room, question)
        # What is asked is on the record before the bot can answer it.
        self.asked.append(asked)
        if way in ("slash", "private", "slash in dm"):
            private = {"private": True} if way == "private" else {}
            asked.interaction = await person.slash("ask", room, question=question.text, **private)
        elif way == "mention":
            mentions = [self.scene.discord.bot]
            asked.said = await room.say(person, question.text, mentions=mentions)
        else:
            asked.said = await room.say(person, question.text)
        return asked

    async def _reply(self, person: User, answer: Message, chance: random.Random) -> None:
        question = self._question(chance)
        asked = Asked("reply", answer.channel, question)
        self.asked.append(asked)
        asked.said = await answer.channel.say(person, question.text, reply_to=answer)

    async def _press(self, person: User, answer: Message, chance: random.Random) -> None:
        ids = [b["custom_id"] for b in answer.buttons if "custom_id" in b and not b.get("disabled")]
        if not ids:
            return
        chosen = chance.choice(ids)
        asked = Asked(f"press {chosen.split(':')[1]}", answer.channel, None)
        asked.interaction = await person.click(answer, chosen)
        self.asked.append(asked)

    def _question(self, chance: random.Random) -> Question:
        question = chance.choice(self._questions)
        way = chance.choice(_WAYS)
        return Question(way.format(question.text), question.expected)

    def _answers(self, person: User) -> Iterator[Message]:
        """Yield the latest answers that somebody can see, to reply to and to press buttons of."""
        for asked in reversed(self.asked[-60:]):
            left = asked.channel.exists and asked.channel not in self.avoided
            if left and asked.question is not None:
                for message in self.ledger.answers(asked):
                    if message.visible_to(person) and message.buttons:
                        yield message

    def pending(self, among: list[Asked]) -> list[Asked]:
        """Return what has not been answered yet."""
        return [asked for asked in among if not self.ledger.count(asked)]
