"""Hostile texts in every place that takes one, shown through every card and on a terminal.

Nothing of them pings, formats, links elsewhere, turns what follows, piles up, changes what a card
is made of, passes a limit of Discord's, or reaches the terminal as anything but text.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import random
import re
import subprocess
import sys
import tempfile
import termios
from collections import Counter
from pathlib import Path
from typing import Any

from index.store.servers import Servers
from index.store.sqlite.database import Database
from tests.loopback import Channel, File, Guild, Interaction, Message, User
from tests.loopback.messages import walk
from tests.support.scene import (
    NOWHERE,
    PATIENCE,
    Scene,
    playing,
)
from tests.torture.hostile_words import (
    ADDRESSES,
    faults,
    shape,
    steering,
    unreadable,
    weapon,
)

SHORT, LONG = 4, 120
"""Articles full of hostile texts, each with everything that can be done with it."""

_COMPARED = 3  # articles of harmless texts, after which cards have been seen in all their shapes
_MODAL = 9  # how an interaction is answered with a form
_NO_NAME = r"[\x00/\ud800-\udfff]"  # what no file's name holds
_COMMAND = (sys.executable, "-c", "from bot.cli.app import main; main()")
_LOCAL = 3  # where the modes of a terminal say what it echoes
_TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "100", "LC_ALL": "C.UTF-8"}


class Armoury:
    """Where the texts come from: a seed, or harmless words to compare with."""

    def __init__(self, rng: random.Random, *, harmless: bool = False) -> None:
        self._rng, self._harmless = rng, harmless
        self.made = 0

    def text(self, longest: int = 4_000) -> str:
        """Return a text for some place."""
        self.made += 1
        plain = " ".join(self._rng.choices(["oak", "mill", "weir", "lamp"], k=30))
        return plain[:longest] if self._harmless else weapon(self._rng, longest)

    def address(self) -> str:
        """Return the address of an article."""
        return ADDRESSES[0] if self._harmless else self._rng.choice(ADDRESSES)

    def file(self, ending: str) -> str:
        """Return a file's name."""
        return re.sub(_NO_NAME, "", self.text(60)) + ending


class Stage:
    """A server with hostile names, where everything is done with one article after the other."""

    def __init__(self, scene: Scene, armoury: Armoury) -> None:
        self.scene, self.armoury, self.discord = scene, armoury, scene.discord
        name = armoury.text
        self.owner: User = self.discord.user(name(30))
        self.guild: Guild = self.discord.guild(name(90), owner=self.owner)
        self.hall: Channel = self.guild.text(name(90))
        self.guild.role(name(90))
        self.guild.members[self.owner.id].nick = name(30)
        self.subject = ""
        self.done = 0

    async def case(self) -> None:
        """Do everything once, with texts of its own in every place."""
        self.done += 1
        self.subject = f"Vlina{self.done:03}"
        await self._add()
        await self._paste()
        await self._look_after()
        await self._ask()
        await self._speak()

    async def _use(self, line: str, **options: Any) -> Interaction:
        used = await self.owner.slash(line, self.hall, **options)
        return await self._ended(used)

    async def _ended(self, used: Interaction) -> Interaction:
        await used.acknowledged(PATIENCE)

        def probe() -> bool | None:
            original = used.original
            if original is None:
                return True
            busy = original.loading or original.text.startswith(("### Adding", "### Waiting"))
            return None if busy else True

        await self.discord.until(probe, PATIENCE, f"the end of {used.name}")
        return used

    async def _click(self, message: Message, *wanted: str) -> None:
        for label in wanted:
            button = next((b for b in message.buttons if label in str(b)), None)
            if button is not None and not button.get("disabled"):
                await self._ended(await self.owner.click(message, button["custom_id"]))

    async def _add(self) -> None:
        text = self.armoury.text
        about = f"The {self.subject} is kept by Ida Lund. {text()}\n\n{text()}"
        article = {
            "id": text(60) or "x",
            "title": f"{self.subject} {text(300)}",
            "text": about,
            "author": text(),
            "url": self.armoury.address(),
            "published": text(60),
        }
        dump = File(self.armoury.file(".jsonl"), json.dumps(article).encode())
        await self._use("article add", file=dump)
        page = f"# {self.subject} {text()}\n\n## {text()}\n\n{about} {text()}"
        page = page.encode(errors="replace").decode()
        await self._use("article add", file=File(self.armoury.file(".md"), page.encode()))
        await self._use("article add", file=File(self.armoury.file(".png"), b"\x89PNG\r\n"))

    async def _paste(self) -> None:
        text = self.armoury.text
        form = await self._use("article paste")
        fields = {"Title": text(200) or "x", "Text": text(4_000) or "x", "Date": text(40)}
        await self._ended(await self.owner.submit(form, {**fields, "Address": text(300)}))
        fields |= {"Date": "2019-05-03", "Address": f"https://a.example/{text(20)}"}
        await self._ended(await self.owner.submit(form, fields))
        await self._ended(await self.owner.submit(form, {**fields, "Address": ""}))

    async def _look_after(self) -> None:
        listed = await self._use("article list")
        assert listed.original is not None
        await self._click(listed.original, "Next")
        choices = await self.owner.autocomplete("article show", self.hall, article="")
        for choice in choices:
            assert 0 < len(choice.name.encode("utf-16-le")) // 2 <= 100
            assert not unreadable(choice.name), choice
        for choice in choices[:3]:
            await self._use("article show", article=choice.value)
            asks = await self._use("article remove", article=choice.value)
            assert asks.original is not None
            await self._click(asks.original, "No, keep it")
        await self._use("article show", article=self.armoury.text(200) or "x")
        await self._use("settings answer-in", channel=self.hall)
        await self._use("settings show")

    async def _ask(self) -> None:
        text = self.armoury.text
        for question in (
            f"Who keeps the {self.subject}? {text(3_000)}",
            f"Who keeps the {self.subject}?",
            f"{NOWHERE} {text(300)}",
            NOWHERE,
        ):
            asked = await self._use("ask", question=question)
            assert asked.original is not None
            await self._click(asked.original, "Next", "Before / after", "Tell a manager")
            await self._complain(asked.original)
        found = await self._use("search", query=f"{self.subject} {text(3_000)}")
        assert found.original is not None
        await self._click(found.original, "Next")
        await self._use("why", question=f"Who keeps the {self.subject}? {text(900)}")
        await self._use("missed")
        await self._use("help")
        card = await self._use("privacy")
        assert card.original is not None
        await self._click(card.original, "Send me everything")

    async def _complain(self, answer: Message) -> None:
        button = next((b for b in answer.buttons if ":bad:" in b["custom_id"]), None)
        if button is None:
            return
        form = await (await self.owner.click(answer, button["custom_id"])).acknowledged()
        if form.modal is not None:
            fields = {"What was wrong?": "wrong", "In your words": self.armoury.text(500)}
            await self._ended(await self.owner.submit(form, fields))

    async def _speak(self) -> None:
        bot = self.discord.bot
        said = await self.hall.say(
            self.owner, f"Who keeps the {self.subject}? {self.armoury.text(1_800)}", mentions=[bot]
        )
        answer = await self.hall.next_message(PATIENCE)
        assert answer.reply_to is said
        await said.edit(f"{bot.mention} {self.subject} {self.armoury.text(1_000)}")


class Inspection:
    """Reads all that the bot sends."""

    def __init__(self, scene: Scene) -> None:
        self._discord = scene.discord
        self._read = 0
        self.counts: Counter[str] = Counter()

    def shapes(self) -> set[str]:
        """Read what was sent since the last time, and return what its cards are made of."""
        fresh = self._discord.requests[self._read :]
        self._read += len(fresh)
        shapes = set()
        for call in fresh:
            body = call.body if isinstance(call.body, dict) else {}
            components = (body.get("data") or body).get("components")
            if not components or body.get("type") == _MODAL:
                continue
            assert call.status in (200, 204), f"{call.line} was refused: {call.status}"
            found = faults(components)
            assert not found, found
            shapes.add(shape(components))
            self.counts["cards"] += 1
            self.counts["parts"] += sum(1 for _ in walk(components))
        pinging = [m for m in self._discord.world.messages.values() if self._pings(m)]
        assert not pinging, pinging
        return shapes

    def _pings(self, message: Message) -> bool:
        return message.author is self._discord.bot and bool(message.pings)


async def shown(cases: int, seed: int, folder: Path) -> list[str]:
    """Show hostile texts on every card, and compare with the cards of harmless ones."""
    rng = random.Random(seed)
    async with playing(folder, lifetime=180.0 + 20.0 * cases, starter="false") as scene:
        inspection = Inspection(scene)
        quiet = Stage(scene, Armoury(rng, harmless=True))
        armed = Stage(scene, Armoury(rng))
        _unlimited(scene, quiet, armed)
        known: set[str] = set()
        for _ in range(_COMPARED):
            await quiet.case()
            known |= inspection.shapes()
        for number in range(cases):
            await armed.case()
            odd = inspection.shapes() - known
            assert not odd, f"seed {seed}, case {number}: cards are made otherwise: {odd}"
        assert "Traceback" not in scene.bot.log, scene.bot.log[-3_000:]
        cards, parts = inspection.counts["cards"], f"{inspection.counts['parts']:,} parts"
        made = f"{armed.armoury.made:,} texts in {cases} articles, questions, names and comments"
        return [f"hostile text: {made} (seed {seed}), on {cards:,} cards of {parts}: none acted"]


def _unlimited(scene: Scene, *stages: Stage) -> None:
    database = Database(scene.data / "library.db")
    for stage in stages:
        Servers(database).change(stage.guild.id, per_minute=600)
    database.close()


def printed(cases: int, seed: int, folder: Path) -> list[str]:
    """Have the command line show hostile texts on a terminal."""
    rng = random.Random(seed)
    env = os.environ | _TERMINAL | {"PASSAGE_DATA": str(folder / "data"), "PASSAGE_STARTER": "no"}
    dump, names = _written(rng, folder, 8 * cases)
    output = on_terminal(["add", str(dump), *names], env)
    for arguments, typed in _sessions(rng, env):
        output += on_terminal(arguments, env, typed)
    found = steering(output)
    assert not found, f"seed {seed}: the terminal got {found[:9]}"
    assert "Traceback" not in output, f"seed {seed}: {output[-3_000:]}"
    return [f"hostile text: {len(output):,} characters reached a terminal (seed {seed}), all text"]


def _written(rng: random.Random, folder: Path, articles: int) -> tuple[Path, list[str]]:
    """Write a dump of hostile articles, and files with hostile names; return their paths."""
    rows = []
    for number in range(articles):
        about = f"The Vlina{number} is kept by Ida Lund. {weapon(rng)}\n{weapon(rng)}"
        article = {"id": f"{number} {weapon(rng, 60)}", "title": weapon(rng) or "x", "text": about}
        rows.append({**article, "author": weapon(rng), "url": rng.choice(ADDRESSES)})
        rows.append({**article, "id": f"twin {number} {weapon(rng, 60)}"})
    dump = folder / "dump.jsonl"
    dump.write_text("\n".join(map(json.dumps, rows)))
    names = []
    for number in range(articles):
        name = re.sub(_NO_NAME, "", weapon(rng, 40))
        raw = os.fsencode(f"{folder}/{number}{name}") + b"\xff" * (number % 2) + b".txt"
        Path(os.fsdecode(raw)).write_text(f"File {number}. {weapon(rng)}", "utf-8", "replace")
        names.append(os.fsdecode(raw))
    return dump, [*names, f"{folder}/\x1b]0;missing\x07.txt"]


def _sessions(rng: random.Random, env: dict[str, str]) -> list[tuple[list[str], list[str]]]:
    """Return what is run, and what is typed into it."""
    listed = subprocess.run([*_COMMAND, "list", "--json"], env=env, capture_output=True, check=True)
    ids = [one["id"].replace("\x00", "") for one in json.loads(listed.stdout)["articles"]]
    typed = [re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "", weapon(rng, 200)) for _ in range(4)]
    return [
        (["list"], []),
        (["show", "--", rng.choice(ids)], []),
        (["show", "--", "\x1b]0;nothing\x07\udcff"], []),
        (["remove", "--", *rng.choices(ids, k=2)], ["n"]),
        (["list", "--collection", "[/x] \x1b[2J\u202e"], []),
        (["search", "Who keeps the Vlina0?"], []),
        (["ask", "--nothing\x1b]0;x\x07"], []),
        (["ask"], [f"Who keeps the Vlina{n}? {words}" for n, words in enumerate(typed)] + [""]),
    ]


def on_terminal(arguments: list[str], env: dict[str, str], typed: list[str] | None = None) -> str:
    """Run the command on a terminal of its own, and return all that came out of it."""
    ours, theirs = pty.openpty()
    modes = termios.tcgetattr(theirs)
    modes[_LOCAL] &= ~termios.ECHO  # what is typed is not to come back as output
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    running = subprocess.Popen(
        [*_COMMAND, *arguments], env=env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, "".join(f"{line}\n" for line in typed or []).encode())
    output = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # how a terminal says that nobody holds its other end
            break
        output += part
    os.close(ours)
    running.wait()
    return output.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def run(amount: int, seed: int = 0) -> list[str]:
    """Attack with that many articles.  Raises AssertionError where a text does anything."""
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(shown(amount, seed, Path(folder, "bot")))
        return told + printed(amount, seed, Path(folder))
