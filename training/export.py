"""Put a trained reader where Passage loads it from: ``python -m training.export --out FOLDER``.

Weights are stored in half precision, beside what they learnt from and what they showed.
``--mean`` takes the mean of some checkpoints of ``training.further`` instead, whose third output
has a file of its own, and ``--figures`` the lines that ``training.judge`` printed of it.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from index.models.load_embedder import base_folder
from training.corpus import FILES, digests
from training.own_words import KINDS
from training.reading import mean_of, saved
from training.sets import NEXT
from training.train import fresh

TARGET = Path(__file__).parents[1] / "index" / "models" / "reader"
FILES_OF_ALL = (
    *FILES,
    "squad2-train-unans/questions.jsonl.gz",
    *(f"{name}/{part}.jsonl.gz" for name in NEXT for part in ("passages", "questions")),
    *(f"own-words/{k}/{part}.jsonl.gz" for k in KINDS for part in ("articles", "questions")),
)
"""What ``training.further`` learns from."""

_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    taken = parser.add_mutually_exclusive_group(required=True)
    taken.add_argument("--out", type=Path, help="folder of the checkpoints")
    taken.add_argument("--mean", type=Path, nargs="+", help="checkpoints of training.further")
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    if arguments.out:
        export(arguments.out, arguments.target)
    else:
        export_mean(arguments.mean, arguments.figures, arguments.target)


def export(out: Path, target: Path) -> None:
    """Write what the last checkpoint in ``out`` has averaged, or else its model, to ``target``."""
    kept = torch.load(out / "checkpoint.pt", map_location="cpu", weights_only=True)
    model = fresh()
    model.load_state_dict(kept["mean"] or kept["model"])
    model.config.name_or_path = "passage-reader"
    model.half().save_pretrained(target)  # type: ignore[no-untyped-call]
    _describe(target, digests(), kept["averaged"], out / "figures.jsonl")


def export_mean(
    checkpoints: Sequence[Path], figures: Path | None, target: Path, start: Path = TARGET
) -> None:
    """Write the mean of some checkpoints of ``training.further``, the third output beside it."""
    saved(mean_of(checkpoints, start), target)
    _describe(target, digests(FILES_OF_ALL), len(checkpoints), figures)


def _describe(target: Path, data: Mapping[str, str], averaged: int, figures: Path | None) -> None:
    for name in _TOKENIZER:
        shutil.copyfile(base_folder() / name, target / name)
    lines = figures.read_text("utf-8").splitlines() if figures else []
    record = {
        "data": data,
        "averaged": averaged,
        "figures": [json.loads(line) for line in lines],
    }
    (target / "training.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
