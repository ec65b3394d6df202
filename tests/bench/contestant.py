"""One contestant in a process of its own: ``python -m tests.bench.contestant``.

Prints a JSON object.  Runs in the environment of the peers too, so it imports nothing of
Passage but through its entry.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.entries import Entry, Passages

FIRST = "Who repaired the clock of the town hall?"
ASKED = 200
ASKERS = 16
_FOR_SECONDS = 8.0
_ADDED = 8


def main() -> None:
    """Do one thing with one contestant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("act", choices=("index", "first", "serve"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--passages", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--vectors", type=Path)
    given = parser.parse_args()
    make = importlib.import_module(f"tests.bench.entries.{given.name}").Entry
    entry: Entry = make(given.folder, given.model)
    if given.act == "first":
        print(json.dumps(entry.ask(FIRST)), flush=True)
        return
    passages = [(row["id"], row["text"]) for row in rows(given.passages)]
    if given.act == "index":
        vectors = np.load(given.vectors) if given.vectors else None
        took, _ = timed(lambda: entry.index(passages, vectors))
        print(json.dumps({"indexed": len(passages) / took}))
        return
    questions = list(rows(given.questions))
    print(json.dumps(serve(entry, passages, questions, given.folder)))


def serve(
    entry: Entry, passages: Passages, questions: Sequence[dict[str, Any]], folder: Path
) -> dict[str, Any]:
    """Measure what an opened index does."""
    texts = [question["text"] for question in questions]
    for text in texts[-5:]:
        entry.ask(text)
    found = [timed(lambda text=text: entry.ask(text)) for text in texts[:ASKED]]
    told: dict[str, Any] = {"p50": 1000 * statistics.median(took for took, _ in found)}
    firsts = zip(found, questions, strict=False)
    told["recall"] = statistics.mean(ids[:1] == q["relevant"][:1] for (_, ids), q in firsts)
    told["one asker"] = rate(entry, texts[ASKED:], 1)
    told["disk"] = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
    # Last, since a contestant may not survive it.
    lasting: dict[str, Callable[[], float]] = {
        "added": lambda: added(entry, passages),
        "askers": lambda: rate(entry, texts[ASKED:], ASKERS),
    }
    for name, act in lasting.items():
        try:
            told[name] = act()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the peer does
            told[name] = None
            told["failure"] = f"{type(error).__name__}: {error}"[:200]
    return told


def added(entry: Entry, passages: Passages) -> float:
    """Return the milliseconds that adding takes; raises where what was added isn't found."""
    chance = random.Random(1)
    took = []
    for number in range(_ADDED):
        words = " ".join(chance.choice(passages)[1] for _ in range(2)).split()[:90]
        name, text = f"new-{number}", f"Olaf {number} painted the lighthouse. {' '.join(words)}"
        started = time.perf_counter()
        entry.add(name, text)
        took.append(time.perf_counter() - started)
        if name not in entry.ask(text):
            raise RuntimeError("what was added is not found")
    return 1000 * statistics.median(took)


def rate(entry: Entry, texts: Sequence[str], askers: int) -> float:
    """Return how many different questions a second are answered, asked from some threads."""
    pending = iter(texts * 20)
    stop = time.perf_counter() + _FOR_SECONDS

    def ask() -> int:
        done = 0
        while time.perf_counter() < stop:
            entry.ask(next(pending))
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(askers) as pool:
        done = sum(result.result() for result in [pool.submit(ask) for _ in range(askers)])
    return done / (time.perf_counter() - started)


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that an act takes, and what it returns."""
    started = time.perf_counter()
    result = act()
    return time.perf_counter() - started, result


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    main()
