"""Passage beside its peers, in one run: ``python -m tests.bench.contest``.

Every contestant indexes the same passages, in processes of its own; a peer that isn't
installed is left out by name.  Read the ratios: times are of the machine and the moment.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.models.compiled import ModelStore
from index.models.load_embedder import BASE_MODEL, base_folder, load_embedder
from tests.bench.contestant import FIRST
from tests.bench.picture import draw
from training.corpus import folder as data

PEERS = ("floor", "txtai", "langchain", "llamaindex", "haystack", "milvus")
SMALL, LARGE = 2_067, 20_000
QUESTIONS = 1_500
COLD = 3  # starts from cold, of which the median counts
ROOT = Path(__file__).parents[2]

COLUMNS = {
    "cold": "cold process to first answer, s",
    "memory": "memory at first answer, MB",
    "indexed": "passages indexed/s",
    "p50": "question p50, ms",
    "askers": "questions/s, 16 threads",
    "recall": "recall@1",
    "large p50": "20k: question p50, ms",
    "large added": "20k: add one durably, ms",
    "large disk": "20k: disk, MB",
}
MORE_IS_BETTER = ("indexed", "askers", "recall")

_BETWEEN = """
import os, subprocess, sys, time
started = time.perf_counter()
nowhere = subprocess.DEVNULL
_, status, usage = os.wait4(subprocess.Popen(sys.argv[1:], stdout=nowhere, stderr=nowhere).pid, 0)
print(time.perf_counter() - started, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a run keeps its files, and the environment of the peers."""

    folder: Path
    peers: Path

    def python(self, name: str) -> Path:
        """Return the interpreter that a contestant runs in."""
        return Path(sys.executable) if name == "passage" else self.peers

    def installed(self, name: str) -> bool:
        """Say whether a contestant can run here."""
        code = f"import tests.bench.entries.{name}"
        return self._run([str(self.python(name)), "-c", code]).returncode == 0

    def contestant(self, name: str, act: str, size: str, *more: str) -> Any:
        """Return what a contestant says."""
        command = [str(self.python(name)), "-m", "tests.bench.contestant", name, act]
        command += ["--folder", str(self.folder / f"{name}-{size}")]
        command += ["--model", str(base_folder()), *more]
        done = self._run(command)
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip().splitlines()
            raise RuntimeError(told[-1][:300] if told else f"ended with {done.returncode}")
        return json.loads(done.stdout.decode().strip().splitlines()[-1])

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        return subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, check=False)


def main() -> None:
    """Run all that are installed, print the table and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--peers", type=Path, help="python of the environment of the peers")
    parser.add_argument("--only", nargs="*", default=["passage", *PEERS])
    given = parser.parse_args()
    bench = Bench(given.folder, given.peers or given.folder / "venv" / "bin" / "python")
    vectors = prepare(bench.folder)
    results: dict[str, Figures] = {}
    for name in given.only:
        if not bench.installed(name):
            print(f"{name} is not installed, and left out", flush=True)
            continue
        results[name] = measure(bench, name, vectors)
        print(name, json.dumps(results[name]), flush=True)
    (bench.folder / "results.json").write_text(json.dumps(results, indent=1))
    print(table(results))
    draw(results, COLUMNS, ROOT / "docs" / "bench.svg")


def prepare(folder: Path) -> Path:
    """Write the passages and questions; return a file of vectors, which spare peers an hour."""
    folder.mkdir(parents=True, exist_ok=True)
    passages = [*_rows("squad2", "passages"), *_rows("squad-train", "passages")]
    for name, count in (("small", SMALL), ("large", LARGE)):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in passages[:count])
    asked = [q for q in _rows("squad2", "questions") if q["relevant"]]
    step = max(1, len(asked) // QUESTIONS)
    with gzip.open(folder / "questions.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in asked[::step])
    embedder = load_embedder(BASE_MODEL, ModelStore(folder / "models"))
    vectors = folder / f"vectors {embedder.identity}.npy"
    if not vectors.is_file():
        np.save(vectors, embedder.embed_passages([row["text"] for row in passages[:LARGE]]))
    return vectors


def measure(bench: Bench, name: str, vectors: Path) -> Figures:
    """Take every figure of one contestant; one that can't be had is its failure."""
    figures: Figures = {}
    for size in ("small", "large"):
        shutil.rmtree(bench.folder / f"{name}-{size}", ignore_errors=True)
        (bench.folder / f"{name}-{size}").mkdir()
        files = ["--passages", str(bench.folder / f"{size}.jsonl.gz")]
        spared = ["--vectors", str(vectors)] if size == "large" else []
        asked = ["--questions", str(bench.folder / "questions.jsonl.gz")]
        try:
            indexed = bench.contestant(name, "index", size, *files, *spared)
            if size == "small":
                figures |= indexed | first(bench, name)
            told = bench.contestant(name, "serve", size, *files, *asked)
        except RuntimeError as error:
            figures[f"{size} failure"] = str(error)
            continue
        prefix = "large " if size == "large" else ""
        figures |= {f"{prefix}{key}": value for key, value in told.items()}
    return figures


def first(bench: Bench, name: str) -> Figures:
    """Start from cold and ask once; Passage as its users do, without and with its reader."""
    if name != "passage":
        return _cold(bench, name, {})
    figures = _cold(bench, name, {"PASSAGE_READER": "none"})
    with_reader = _cold(bench, name, {})
    return figures | {f"{key}, with the reader": value for key, value in with_reader.items()}


def _cold(bench: Bench, name: str, settings: Mapping[str, str]) -> Figures:
    folder = bench.folder / f"{name}-small"
    command = [str(bench.python(name)), "-m", "tests.bench.contestant", name, "first"]
    command += ["--folder", str(folder), "--model", str(base_folder())]
    if name == "passage":
        command = [str(Path(sys.executable).with_name("passage")), "ask", FIRST, "--json"]
        settings = {
            **settings,
            "PASSAGE_MODEL": BASE_MODEL,
            "PASSAGE_DATA": str(folder / "data"),
            "PASSAGE_MODELS": str(bench.folder / "models"),
            "PASSAGE_STARTER": "false",
        }
    measured(command, settings)  # files into the cache, models compiled
    runs = [measured(command, settings) for _ in range(COLD)]
    return {key: statistics.median(run[key] for run in runs) for key in ("cold", "memory")}


def measured(command: Sequence[str], settings: Mapping[str, str]) -> Figures:
    """Run a command; return its seconds and the most memory that it held, in MB.

    From a small process between, since Linux counts the memory of whoever starts one.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", **settings}
    between = [sys.executable, "-S", "-c", _BETWEEN, *command]
    done = subprocess.run(between, capture_output=True, cwd=ROOT, env=environment, check=True)
    seconds, kilobytes = done.stdout.split()
    return {"cold": float(seconds), "memory": float(kilobytes) * 1024 / 1e6}


def table(results: Mapping[str, Figures]) -> str:
    """Return the figures of all, a line each, with how the first compares with each."""
    names = list(results)
    lines = [f"| | {' | '.join(COLUMNS.values())} |", f"|---|{'---|' * len(COLUMNS)}"]
    for name in names:
        cells = [_cell(results[name].get(key), results[names[0]].get(key)) for key in COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(value: Any, ours: Any) -> str:
    if not isinstance(value, int | float):
        return "failed"
    shown = f"{value:.3g}" if value < 1_000 else f"{value:,.0f}"
    ratio = f" ({ours / value:.2f})" if isinstance(ours, int | float) and value != ours else ""
    return f"{shown}{ratio}"


def _rows(name: str, what: str) -> list[dict[str, Any]]:
    with gzip.open(data() / name / f"{what}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    main()
