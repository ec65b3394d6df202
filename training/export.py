"""Put a trained reader where Passage loads it from: ``python -m training.export --out FOLDER``.

Weights are stored in half precision, beside what they learnt from and what they showed.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch

from index.models.load_embedder import default_folder
from training.corpus import digests
from training.train import fresh

TARGET = Path(__file__).parents[1] / "index" / "models" / "reader"
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoints")
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    export(arguments.out, arguments.target)


def export(out: Path, target: Path) -> None:
    """Write what the last checkpoint in ``out`` has averaged, or else its model, to ``target``."""
    kept = torch.load(out / "checkpoint.pt", map_location="cpu", weights_only=True)
    model = fresh()
    model.load_state_dict(kept["mean"] or kept["model"])
    model.config.name_or_path = "passage-reader"
    model.half().save_pretrained(target)  # type: ignore[no-untyped-call]
    for name in _TOKENIZER:
        shutil.copyfile(default_folder() / name, target / name)
    figures = (out / "figures.jsonl").read_text("utf-8").splitlines()
    record = {
        "data": digests(),
        "averaged": kept["averaged"],
        "figures": [json.loads(line) for line in figures],
    }
    (target / "training.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
