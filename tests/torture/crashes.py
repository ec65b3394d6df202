"""``kill -9`` at random moments of adding, replacing, removing, asking and rebuilding.

Two thirds of the kills strike the command line, the others the bot.  After each, every change
that was acknowledged is there and whole, every other one whole or not at all, and the library
answers like one that is built afresh.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from index.collection_names import SHARED, server_collection
from index.data_folder import LIBRARY
from index.store.jobs import Jobs
from index.store.sqlite.database import Database
from tests.loopback import Interaction
from tests.support.managers import jsonl
from tests.support.scene import (
    PATIENCE,
    Scene,
    compile_models,
    playing,
)
from tests.torture.holdings import held_in, opened, question_about, text_of, told, told_afresh

SHORT, LONG = 9, 300

_KINDS = ("add", "replace", "remove", "ask", "rebuild")
_EARLY = 0.2  # of the kills strike at any moment from the start on; the others after a change
_AT_ONCE = 5  # articles of one command
_MOST = 25  # articles held, so that answers can be compared in time
_ASKED = 2  # questions after each kill
_COMMAND = Path(sys.executable).with_name("passage")


@dataclass
class Ledger:
    """What a library must hold, and for what was under way, what it may hold instead.

    Texts by title; None stands for "not there".
    """

    seed: int
    chance: random.Random
    held: dict[str, str] = field(default_factory=dict)
    pending: dict[str, str | None] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    starts: list[float] = field(default_factory=list)

    def write(self, name: str) -> str:
        """Return the next version of an article's text."""
        self.versions[name] += 1
        return text_of(name, self.versions[name])

    def some(self, most: int) -> list[str]:
        return self.chance.sample(sorted(self.held), min(most, len(self.held)))

    def acknowledged(self, name: str) -> None:
        """Take down that a change is promised."""
        text = self.pending.pop(name)
        if text is None:
            self.held.pop(name, None)
        else:
            self.held[name] = text

    def settle(self, found: dict[str, str], where: str) -> None:
        """Compare with what is there, and take what was under way as it came out."""
        for name in {*self.held, *self.pending, *found}:
            allowed: list[str | None] = [self.held.get(name)]
            if name in self.pending:
                allowed.append(self.pending[name])
            assert found.get(name) in allowed, f"{where}: {name} is neither old nor new"
        self.survived["acknowledged"] += len(self.held)
        for name, text in self.pending.items():
            done = found.get(name) == text
            self.survived["under way, done" if done else "under way, not done"] += 1
        self.held = found
        self.pending = {}


def run(amount: int, seed: int = 0) -> list[str]:
    """Kill so often; return what was killed and what survived."""
    compile_models()
    on_discord = amount // 3
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(seed, random.Random(seed))
        of_commands(Path(folder), ledger, amount - on_discord)
    with tempfile.TemporaryDirectory() as folder:
        bots = Ledger(seed, random.Random(seed + 1))
        asyncio.run(of_the_bot(Path(folder), bots, on_discord))
    return [*_lines("command line", ledger), *_lines("Discord", bots)]


def of_commands(data: Path, ledger: Ledger, amount: int) -> None:
    """Kill commands in the middle, after one that may end."""
    step = 0
    while ledger.kills.total() < amount:
        kind = ledger.chance.choice(_KINDS) if ledger.held else "add"
        arguments = _prepared(kind, data, ledger)
        early = step > 0 and ledger.chance.random() < _EARLY
        delay = 2 * ledger.chance.random() if early else 10 ** ledger.chance.uniform(-3.0, -0.3)
        killed, lines = _run_and_kill(arguments, data, delay if step else 60.0, early=early)
        ledger.kills[kind] += killed
        for line in lines:
            _acknowledge(line, ledger)
        _check(data, ledger, SHARED, f"seed {ledger.seed}, step {step}, {kind}")
        step += 1


def _prepared(kind: str, data: Path, ledger: Ledger) -> list[str]:
    """Write the files of a command, note what it may change, and return its arguments."""
    if kind == "remove" or len(ledger.held) > _MOST:
        names = ledger.some(_AT_ONCE)
        ledger.pending = dict.fromkeys(names)
        return ["remove", "--yes", *names]
    if kind == "ask":
        return ["ask", question_about(ledger.some(1)[0])]
    if kind == "rebuild":
        shutil.rmtree(data / "index", ignore_errors=True)
        return ["setup"]
    fresh = [f"mill-{len(ledger.versions) + 1 + n}" for n in range(_AT_ONCE)]
    names = ledger.some(_AT_ONCE) if kind == "replace" else fresh
    files = [data / "files" / f"{name}.md" for name in names]
    for name, file in zip(names, files, strict=True):
        text = ledger.write(name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"# {name}\n\n{text}\n", "utf-8")
        ledger.pending[name] = f"{name}\n\n{text}"
    return ["add", *map(str, files)]


def _run_and_kill(
    arguments: list[str], data: Path, delay: float, *, early: bool
) -> tuple[bool, list[str]]:
    """Run a command, kill it so many seconds after its start or after its first change on the disk.

    Return whether it was still running, and its lines.
    """
    environment = {**os.environ, "PASSAGE_DATA": str(data), "PASSAGE_STARTER": "false"}
    before = _on_disk(data)
    with subprocess.Popen(
        [str(_COMMAND), *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        while not early and process.poll() is None and _on_disk(data) == before:
            time.sleep(0.001)
        try:
            out, err = process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
    killed = process.returncode == -9
    assert killed or process.returncode == 0, f"{arguments[0]} failed: {err}"
    return killed, out.splitlines()


def _on_disk(data: Path) -> list[tuple[str, int]]:
    """Return what tells that a command has begun to change something."""
    found = []
    for file in (data / f"{LIBRARY}-wal", *data.glob("index/*")):
        with suppress(FileNotFoundError):
            if (status := file.stat()).st_size:  # a log is empty until something is written
                found.append((file.name, status.st_mtime_ns))
    return found


def _acknowledge(line: str, ledger: Ledger) -> None:
    """Take down the change that a line of output promises; the last one may be cut off."""
    if line.startswith("✓ ") and line.endswith(("passages", " removed")):
        name = line.split()[1]
        if name in ledger.pending:
            ledger.acknowledged(name)


def _check(data: Path, ledger: Ledger, collection: str, where: str) -> None:
    started = time.perf_counter()
    with opened(data) as engine:
        engine.index(collection)
        ledger.starts.append(time.perf_counter() - started)
        assert engine.library.check() == [], where
        ledger.settle(held_in(engine.library, collection), where)
        asked = ledger.some(_ASKED)
        answers = told(engine, asked, collection)
    assert answers == told_afresh(ledger.held, asked, collection), f"{where}: another answer"


async def of_the_bot(data: Path, ledger: Ledger, amount: int) -> None:
    """Kill the bot while it is asked to add, replace and remove, and to answer."""
    async with playing(data, starter="false", lifetime=7200.0) as scene:
        scene.set(per_minute=600)
        collection = server_collection(scene.guild.id)
        for step in range(amount):
            where = f"seed {ledger.seed}, bot's step {step}"
            added, removed = await _ordered(scene, ledger)
            await asyncio.sleep(ledger.chance.uniform(0.0, 2.0))
            scene.bot.kill()
            ledger.kills["bot"] += 1
            for interaction in scene.discord.interactions:
                interaction.excused |= interaction.callback is None  # nobody is there to answer
            done = [name for order, names in added.items() if _is_promised(order) for name in names]
            done += [name for order, name in removed.items() if order.updated]
            for name in done:
                ledger.acknowledged(name)
            await scene.restart()
            await _until_nothing_waits(scene, where)
            _check(data, ledger, collection, where)


async def _ordered(
    scene: Scene, ledger: Ledger
) -> tuple[dict[Interaction, list[str]], dict[Interaction, str]]:
    """Ask for changes and answers; return what was asked to be added, and to be removed."""
    ada, general = scene.ada, scene.general
    going = ledger.some(3 if len(ledger.held) > _MOST else 1)
    cards = {
        name: await (await ada.slash("article remove", general, article=name)).response(PATIENCE)
        for name in going
    }
    added = {}
    staying = [name for name in ledger.some(2) if name not in going]
    for names in (staying, [f"mill-{len(ledger.versions) + n}" for n in (1, 2, 3)]):
        texts = {name: ledger.write(name) for name in names}
        ledger.pending |= texts
        if names:
            file = jsonl(texts.items(), f"{names[0]}.jsonl")
            added[await ada.slash("article add", general, file=file)] = names
    ledger.pending |= dict.fromkeys(going)
    removed = {await ada.click(card, "Yes, remove it"): name for name, card in cards.items()}
    for name in ledger.some(2):
        await ada.slash("ask", general, question=question_about(name))
    return added, removed


def _is_promised(order: Interaction) -> bool:
    """Say whether the bot has told that something is going to be added, or was."""
    return order.original is not None and not order.original.loading


async def _until_nothing_waits(scene: Scene, where: str) -> None:
    """Wait until a restarted bot has done what an earlier one left undone."""
    with closing(Database(scene.data / LIBRARY)) as database:
        deadline = time.monotonic() + PATIENCE
        while Jobs(database).pending():
            assert time.monotonic() < deadline, f"{where}: a promised change never came"
            await asyncio.sleep(0.05)


def _lines(what: str, ledger: Ledger) -> list[str]:
    kills = ", ".join(f"{count} of {kind}" for kind, count in sorted(ledger.kills.items()))
    came = ", ".join(f"{count:,} {how}" for how, count in sorted(ledger.survived.items()))
    opened = f"{1000 * statistics.median(ledger.starts):.0f} ms (median)"
    return [
        f"{what}: {ledger.kills.total()} kills ({kills}); articles looked at: {came}",
        f"{what}: opened after {opened}, {1000 * max(ledger.starts):.0f} ms at most",
    ]
