"""Each file of the data folder truncated, emptied, zeroed, bit-flipped, swapped, and gone.

What is derived is rebuilt without a wrong answer in between; the library itself damaged is one
plain sentence that names the newest good backup, and from that it comes back.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from index.data_folder import LIBRARY
from index.engine import Engine
from index.errors import LibraryError
from index.store.sqlite.backups import Backups
from tests.support.fakes import made
from tests.torture.holdings import models, opened, text_of, told

SHORT, LONG = 30, 400

_COLLECTIONS = {"shared": range(1, 4), "guild:1": range(11, 13), "guild:2": range(21, 23)}
_SECTOR = 512

Damage = Callable[[Path, random.Random], None]


def run(amount: int, seed: int = 0) -> list[str]:
    """Damage so many copies of a data folder; return what became of them."""
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole")
        expected = make(whole)
        files = [file.relative_to(whole) for file in sorted(whole.rglob("*")) if file.is_file()]
        ways = list(WAYS)
        for number in range(amount):
            file, way = files[number % len(files)], ways[number // len(files) % len(ways)]
            where = f"seed {seed}, case {number}: {file} {way}"
            data = Path(folder, "damaged")
            shutil.copytree(whole, data)
            WAYS[way](data / file, chance)
            outcomes[outcome(data, expected, where)] += 1
            shutil.rmtree(data)
    told_of = ", ".join(f"{count} {what}" for what, count in sorted(outcomes.items()))
    return [f"{amount} cases over {len(files)} files: {told_of}; no wrong answer"]


def make(data: Path) -> list[dict[str, list[object]]]:
    """Make a library whose last changes are only in its log, with indexes and a backup.

    Return what it answers, by collection, as it was when the log began and after each change:
    a log that is damaged in the middle leaves one of these.
    """
    model, reader = models()
    engine = Engine(data, lambda: model, reader=lambda _: reader)
    for _ in _changes(engine, 1):
        pass
    Backups(data / LIBRARY).make(data / "backups" / "daily-2001-01-01.db")
    engine.library.database.read("PRAGMA wal_checkpoint(TRUNCATE)")
    states = [_answers(engine)]
    states += [_answers(engine) for _ in _changes(engine, 2)]
    engine.save()
    for path in (data / LIBRARY, data / f"{LIBRARY}-wal"):
        shutil.copyfile(path, f"{path}.kept")
    engine.close()
    for path in (data / LIBRARY, data / f"{LIBRARY}-wal"):
        Path(f"{path}.kept").rename(path)
    return states


def outcome(data: Path, expected: list[dict[str, list[object]]], where: str) -> str:
    """Ask a damaged library, and say what became of it."""
    try:
        with opened(data) as engine:
            found = _answers(engine)
            healthy = engine.library.check() == []
    except LibraryError as error:
        _restored(data, str(error), expected[0], where)
        return "told in a sentence, and restored"
    assert found in expected, f"{where}: a wrong answer"
    if not healthy:
        return "answered right, damage elsewhere that the doctor finds"
    return "answered right" if found == expected[-1] else "answered right, as before what was lost"


def _restored(data: Path, sentence: str, expected: dict[str, list[object]], where: str) -> None:
    """Check the sentence about a damaged library, and do what it says."""
    backups = Backups(data / LIBRARY)
    good = backups.newest_good()
    assert good is not None, where
    assert "passage restore" in sentence, f"{where}: {sentence}"
    assert good.name in sentence, f"{where}: {sentence}"
    assert "\n" not in sentence, f"{where}: {sentence}"
    backups.restore(good)
    with opened(data) as engine:
        assert _answers(engine) == expected, f"{where}: restored to something else"


def _changes(engine: Engine, version: int) -> Iterator[None]:
    for collection, numbers in _COLLECTIONS.items():
        for number in numbers:
            name = f"mill-{number}"
            engine.add_article(made(name, text_of(name, version)), collection)
            yield


def _answers(engine: Engine) -> dict[str, list[object]]:
    return {
        collection: told(engine, [f"mill-{number}" for number in numbers], collection)
        for collection, numbers in _COLLECTIONS.items()
    }


def _truncated(file: Path, chance: random.Random) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: chance.randrange(1, max(2, len(data)))])


def _emptied(file: Path, _chance: random.Random) -> None:
    file.write_bytes(b"")


def _zeroed(file: Path, _chance: random.Random) -> None:
    file.write_bytes(b"\0" * file.stat().st_size)


def _hole(file: Path, chance: random.Random) -> None:
    """Zero some sectors, as a disk does that lost them."""
    data = bytearray(file.read_bytes())
    start = chance.randrange(0, max(1, len(data))) // _SECTOR * _SECTOR
    end = min(len(data), start + _SECTOR * chance.randrange(1, 9))
    data[start:end] = b"\0" * (end - start)
    file.write_bytes(data)


def _flipped(file: Path, chance: random.Random) -> None:
    data = bytearray(file.read_bytes())
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def _swapped(file: Path, chance: random.Random) -> None:
    """Put another collection's file of this name in its place, or any other file."""
    root = next(folder for folder in file.parents if (folder / LIBRARY).exists())
    others = [f for f in sorted(root.rglob("*")) if f.is_file() and f != file]
    alike = [other for other in others if other.name == file.name]
    shutil.copyfile(chance.choice(alike or others), file)


def _gone(file: Path, _chance: random.Random) -> None:
    file.unlink()


WAYS: dict[str, Damage] = {
    "flipped": _flipped,
    "truncated": _truncated,
    "swapped": _swapped,
    "zeroed": _zeroed,
    "with a hole": _hole,
    "emptied": _emptied,
    "gone": _gone,
}
