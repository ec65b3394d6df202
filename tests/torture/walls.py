"""A random walk over servers, people, direct messages and groups: no word of one shows in another.

Every collection holds words of its own, in its articles' texts, titles, sections, authors,
addresses and files, in its questions, comments and channels.  After each step all that the bot
has sent since is read, whoever it was sent to, and in the end its log.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.loopback import Guild, Intent, Message, NotOffered, Permission, User, forms
from tests.support.canaries import Canary
from tests.support.scene import PATIENCE, playing
from tests.torture.walls_presses import QUIET, Pressing
from tests.torture.walls_world import SEEN

SHORT, LONG = 120, 2_500
"""Steps of a walk."""

_TIMEOUT = 5.0  # seconds for which somebody is silenced
_RESTARTS = 600  # steps between two restarts of the bot

Step = Callable[[], Awaitable[None]]


class Walk(Pressing):
    """What may happen next."""

    # Asking.

    async def ask(self) -> None:
        person = self._person()
        where = self._place(person)
        question = self._question(person, where)
        text = self.rng.choice(
            [
                f"Who looks after the {self._subject()}, {question.word}?",
                f"Is {question.word} the keeper of the {self._subject()}?",
                f"How did {question.word} boil tungsten?",
                f"and who is {question.word}?",
                f"Who is {self._name().replace('zq', 'zx')}?",
            ]
        )
        private = self.rng.choice([None, True, True, False])
        guild = question.owner if isinstance(question.owner, Guild) else None
        question.private = (
            private
            if private is not None
            else guild is None or self.settings.get(guild.id).private_by_default
        )
        options = {"question": text} | ({} if private is None else {"private": private})
        asked = await person.slash("ask", where, **options)
        await asked.acknowledged(PATIENCE)
        if private is False and asked.original is not None:
            self.canaries.shown.add(asked.original)
        await self._done(asked)
        if private is False and asked.original is not None:
            self.canaries.shown.add(asked.original)
        self._remember(question, asked.original)

    async def search(self) -> None:
        person = self._person()
        where = self._place(person)
        query = self._question(person, where)
        guild = query.owner if isinstance(query.owner, Guild) else None
        query.private = guild is None or self.settings.get(guild.id).private_by_default
        options = {"query": f"{self._subject()} {query.word}"}
        if self.rng.random() < 0.5:
            options["article"] = self._name()
        found = await self._done(await person.slash("search", where, **options))
        self._remember(query, found.original)

    async def speak(self) -> None:
        """Ask in a message: by a mention, in reply to an answer, or directly."""
        person = self._person()
        where = self._place(person)
        if where is self.group or where.guild is self.foreign:
            where = person.dm
        question = self._written(person, where)
        text = f"Who looks after the {self._subject()}, {question.word}?"
        answers = [m for m in person.sees(where) if m.author is self.discord.bot and not m.only_for]
        reply = self.rng.choice(answers) if answers and self.rng.random() < 0.4 else None
        text = self.rng.choice([text, f"and why {question.word}?"]) if reply else text
        question.goes_on_from(self.answered.get(reply) if reply else None)
        said = await where.say(person, text, mentions=[self.discord.bot], reply_to=reply)
        self.said.append(said)
        if where.guild is None or where.guild.has_bot:
            await self._answered(said, question)

    async def _answered(self, said: Message, question: Canary, within: float = PATIENCE) -> None:
        def probe() -> Message | None:
            return next((m for m in said.channel.messages if m.reply_to is said), None)

        answer = await self.discord.until(probe, within, f"an answer to {said.content!r}")
        self._remember(question, answer)

    async def mumble(self) -> None:
        """Ask nobody in particular, where that is answered and where it isn't."""
        guild = self._guild()
        person = self.rng.choice([m.user for m in guild.members.values() if not m.user.bot])
        question = self.canaries.new("question", guild, person)
        text = f"Who looks after the {self._subject()} {question.word}?"
        _, answered, forum, *_ = guild.channels.values()
        if self.rng.random() < 0.5:
            thread = await forum.post(person, f"Who looks after the {self._subject()}?", text)
            said = thread.messages[0]
        else:
            said = await answered.say(person, text)
        self.said.append(said)
        with suppress(TimeoutError):
            await self._answered(said, question, QUIET)

    async def answer_this(self) -> None:
        person = self._person()
        seen = [m for m in self.said[-SEEN:] if m.visible_to(person) and m.content.strip()]
        if seen:
            message = self.rng.choice(seen)
            for canary in self.canaries.found(message.content):
                canary.quoted_by.add(person)
            asked = await person.context_menu("Answer this", message)
            await self._done(asked)

    async def change_message(self) -> None:
        """Edit or delete what was asked."""
        said = [m for m in self.said[-20:] if not m.deleted]
        if not said:
            return
        message = self.rng.choice(said)
        if self.rng.random() < 0.3:
            await message.delete()
        else:
            question = self._written(message.author, message.channel)
            bot = self.discord.bot.mention
            answer = next((m for m in message.channel.messages if m.reply_to is message), None)
            before = self.answered.get(answer) if answer else None
            question.goes_on_from(before.before if before else None)
            self._remember(question, answer)
            await message.edit(f"{bot} Who looks after the {self._subject()}, {question.word}?")
        await asyncio.sleep(QUIET)

    # Keeping.

    async def add(self) -> None:
        person = self._person()
        where = self._place(person)
        home = self._home(person, where)
        file = self._dump(home, 1) if self.rng.random() < 0.5 else self._markdown(home)
        options: dict[str, Any] = {"file": file}
        if self.rng.random() < 0.2:
            word = self.canaries.new("article", home).word
            options = {"url": f"http://127.0.0.1:9/{word}.html"}
        await self._done(await person.slash("article add", where, force=True, **options))

    async def paste(self) -> None:
        person = self._person()
        opened = await person.slash("article paste", self._place(person), force=True)
        await self._done(opened)
        if opened.modal is not None:
            await self._fill_in(opened)

    async def keep(self) -> None:
        """Use what is for keepers, whoever may, on articles of any collection."""
        person = self._person()
        where = self._place(person)
        line = self.rng.choice(
            ["article list", "article show", "article remove", "article refresh", "why", "missed",
             "settings show", "help", "privacy"]
        )  # fmt: skip
        options = {"article": self._name()} if line[8:] in ("show", "remove", "refresh") else {}
        if line == "why":
            question = self._question(person, where)
            question.private = True
            options = {"question": f"Who looks after the {self._subject()} {question.word}?"}
        used = await self._done(await person.slash(line, where, force=True, **options))
        if line == "settings show" and used.original is not None and used.original.menus:
            await self._choose(person, used.original)

    async def _choose(self, person: User, card: Message) -> None:
        menu = self.rng.choice(["p1:role", "p1:channels", "p1:private:1", "p1:private:0"])
        guild = card.channel.guild
        assert guild is not None
        if "private" in menu:
            await self._pressed(await person.click(card, menu, force=True))
            return
        _, answered, forum, *_ = guild.channels.values()
        values = [self.roles[guild]] if menu == "p1:role" else [answered, forum]
        values = values if values[0].id in {*guild.roles, *guild.channels} else []
        await self._pressed(forms.select(person, card, menu, tuple(values)))

    async def answer_in(self) -> None:
        guild = self._guild()
        person = self.rng.choice([m.user for m in guild.members.values() if not m.user.bot])
        room = list(guild.channels.values())[1]
        options = {"channel": room, "on": self.rng.random() < 0.7}
        hall = self._hall(guild)
        if guild.has_bot:
            used = await person.slash("settings answer-in", hall, force=True, **options)
            await self._done(used)

    async def own_data(self) -> None:
        """Get the file of what is kept, and now and then have it deleted."""
        person = self._person()
        where = self._place(person)
        used = await self._done(await person.slash("privacy", where, force=True))
        card = used.original
        if card is None or not card.buttons:
            return
        if self.rng.random() < 0.93:
            await self._done(await person.click(card, "Send me everything"))
            return
        asks = await self._done(await person.click(card, "Forget me"))
        if asks.original is not None and asks.original.buttons:
            await self._done(await person.click(asks.original, "Yes, forget me"))

    # The world turns.

    async def leave_and_return(self) -> None:
        """Have the bot removed from a server, or asked back."""
        left = [guild for guild in self.servers if not guild.has_bot]
        guild = left[0] if left else self._guild()
        gone = guild.has_bot
        if gone:
            await guild.remove_bot()
        else:
            await guild.add_bot()
        for _ in range(400):
            if self.settings.is_hidden(guild.id) == gone:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{guild.name} is{' not' if gone else ''} hidden")

    async def turn_roles(self) -> None:
        """Change who somebody is on a server: roles, a timeout, gone, back."""
        guild = self._guild()
        gone = [p for p in self.people if p.id not in guild.members]
        person = self.rng.choice([*gone, self._person()])
        if person is guild.owner:
            return
        member = guild.members.get(person.id)
        if member is None:
            guild.join(person)
            self.canaries.ever[guild].add(person)
            return
        kind = self.rng.choice(["give", "give", "take", "manage", "silence", "leave", "delete"])
        if kind == "give":
            await member.give(self.roles[guild])
        elif kind == "take":
            await member.take(*member.roles)
        elif kind == "manage":
            await member.give(guild.role("Managers", Permission.MANAGE_GUILD))
        elif kind == "silence":
            await member.time_out(_TIMEOUT)
        elif kind == "leave":
            await guild.leave(person)
        else:
            await self.roles[guild].delete()
            self.roles[guild] = guild.role("Keepers")

    async def compare(self) -> None:
        """Ask two servers that hold the same: whatever others hold, they get the same answer."""
        line = self.rng.choice(["ask", "why"])
        question = f"Who looks after the {self._subject()} in {self.rng.randrange(1800, 2000)}?"
        texts = []
        for hall in self.twins:
            assert hall.guild is not None
            used = await hall.guild.owner.slash(line, hall, question=question)
            await self._done(used)
            assert used.original is not None
            texts.append(used.original.text.split("-# Took")[0])
        assert texts[0] == texts[1], texts

    def steps(self) -> dict[Step, int]:
        """Return what may happen next, and how often of a hundred times."""
        return {
            self.ask: 13, self.search: 6, self.speak: 9, self.mumble: 3, self.answer_this: 3,
            self.change_message: 3, self.press: 14, self.forge: 9, self.pry: 8, self.replay: 3,
            self.complete: 6, self.add: 4, self.paste: 3, self.keep: 9, self.answer_in: 2,
            self.own_data: 3, self.leave_and_return: 3, self.turn_roles: 4, self.compare: 2,
        }  # fmt: skip


async def walk(steps: int, seed: int, folder: Path) -> list[str]:
    """Take that many steps and return what was seen."""
    rng = random.Random(seed)
    playing_ = playing(
        folder,
        privileged=Intent.MESSAGE_CONTENT,
        message_content="true",
        lifetime=120.0 + 3.0 * steps,
    )
    async with playing_ as scene:
        walk = Walk(scene, rng)
        await walk.settle()
        walk.check()
        choices = walk.steps()
        for number in range(steps):
            if number % _RESTARTS == _RESTARTS - 1:
                await walk.restart()
            (step,) = rng.choices(list(choices), list(choices.values()))
            try:
                await step()
                walk.check()
            except NotOffered:
                walk.counts["not offered"] += 1
            except (AssertionError, TimeoutError, sqlite3.Error) as error:
                raise AssertionError(
                    f"seed {seed}, step {number} ({step.__name__}): {error}"
                ) from error
            walk.counts[step.__name__] += 1
        await asyncio.sleep(QUIET)
        walk.check()
        walk.database.close()
        await scene.bot.stop()
        log = "\n".join(bot.log for bot in scene.discord.bots)
        told = [word for word in walk.canaries.all if word in log.casefold()]
        assert not told, f"seed {seed}: the log holds {told}"
        assert "Traceback" not in log, f"seed {seed}: {log[-3_000:]}"
        return _figures(walk, steps, seed)


def _figures(walk: Walk, steps: int, seed: int) -> list[str]:
    seen = walk.canaries.sightings
    for kind in ("article", "question", "comment") if steps >= LONG else ("article", "question"):
        assert seen.get(kind), f"seed {seed}: no {kind} was ever seen, so nothing was tried"
    done = ", ".join(f"{n} {name}" for name, n in walk.counts.most_common() if " " not in name)
    rightly = ", ".join(f"{count:,} {kind}" for kind, count in sorted(seen.items()))
    sent, words = walk.counts["things sent"], len(walk.canaries.all)
    return [
        f"walls: {steps:,} steps (seed {seed}): {done}",
        f"walls: {sent:,} things sent, read for {words:,} words; seen by their own: {rightly}",
        "walls: seen by anybody else, or in the log: 0",
    ]


def run(amount: int, seed: int = 0) -> list[str]:
    """Walk that many steps.  Raises AssertionError where something shows where it must not."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(walk(amount, seed, Path(folder)))
