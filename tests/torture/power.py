"""Power that goes at any moment: what reached the disk is any part of what was not yet synced.

Between two commits a disk may hold any mixture of old and new sectors of the log; once the log is
synced, any mixture of old and new sectors of the file that a checkpoint is writing.  From each of
them the library opens with all that was committed, and the change under way whole or not at all.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from index.store.library import Library
from tests.support.fakes import drafts, made
from tests.torture.holdings import held_in, text_of

SHORT, LONG = 150, 5_000

_SECTOR = 512
_CHECKPOINT = 12  # pages of log after which SQLite writes them into the file
_FILE, _LOG = "library.db", "library.db-wal"


@dataclass(frozen=True)
class Synced:
    """What is on the disk when a change has been acknowledged, and what it holds."""

    file: bytes
    log: bytes
    held: dict[str, str]


def run(amount: int, seed: int = 0) -> list[str]:
    """Cut the power so often in the middle of changes."""
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    states: list[Synced] = []
    for number in range(amount):
        if len(states) < 2:
            states = history(chance)
        before, after = states[0], states[1]
        where = f"seed {seed}, cut {number}"
        outcomes[cut(before, after, chance, where)] += 1
        if chance.random() < 0.1:
            states.pop(0)
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items()))
    return [f"{amount:,} power cuts: {told}; none lost a committed change or left one half done"]


def history(chance: random.Random) -> list[Synced]:
    """Make some changes, and take down what is on the disk after each."""
    states: list[Synced] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, _FILE)
        with closing(Library(path)) as library:
            with library.database.writing() as db:
                db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
            for _ in range(12):
                _change(library, chance)
                log = path.with_name(_LOG)
                states.append(Synced(path.read_bytes(), log.read_bytes(), held_in(library)))
    return states


def cut(before: Synced, after: Synced, chance: random.Random, where: str) -> str:
    """Open what a power cut left between two states; return what became of the change."""
    writing_the_file = before.file != after.file and chance.random() < 0.5
    file = _mixed(before.file, after.file, chance) if writing_the_file else before.file
    log = after.log if writing_the_file else _mixed(before.log, after.log, chance)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, _FILE)
        path.write_bytes(file)
        path.with_name(_LOG).write_bytes(log)
        with closing(Library(path)) as library:
            assert library.check() == [], where
            held = held_in(library)
    expected = [after.held] if writing_the_file else [before.held, after.held]
    assert held in expected, f"{where}: neither what was before nor what came after"
    if writing_the_file:
        return "while the log was taken over"
    return "before the change was whole" if held == before.held else "after it was"


def _change(library: Library, chance: random.Random) -> None:
    held = sorted(held_in(library))
    if held and chance.random() < 0.3:
        library.remove("shared", chance.choice(held))
        return
    name = chance.choice(held) if held and chance.random() < 0.5 else f"mill-{len(held) + 1}"
    text, pieces = drafts(*text_of(name, chance.randrange(99)).split("\n\n"))
    library.store("shared", made(name, text), pieces)


def _mixed(old: bytes, new: bytes, chance: random.Random) -> bytes:
    """Return a file of which some sectors were written and others not, perhaps cut short."""
    share = chance.choice((0.0, 0.5, 0.9, 0.99, 1.0))
    mixed = bytearray(old)
    for start in range(0, len(new), _SECTOR):
        if chance.random() < share:
            mixed.extend(b"\0" * (start - len(mixed)))
            mixed[start : start + _SECTOR] = new[start : start + _SECTOR]
    return bytes(mixed)
