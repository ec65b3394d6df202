"""Train the reader further on all sets: ``python -m training.further --out FOLDER``.

Goes on from the weights of a folder (by default those that ship), with a third output for
the evidence of sentences.  The learning rate is held and falls, and rises and falls again, so
that it comes down to nothing at each of ``--ends``; what is made of it is their mean.  Stopped,
it goes on from its last checkpoint with the same examples.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from platformdirs import user_cache_path

from index.models.compiled import ModelStore
from training.examples import Pair
from training.export import TARGET
from training.mixture import SHARES, mixture
from training.reading import EvidenceReader, loss, opened, said
from training.train import DECAY, Mean

RATE, HEAD_RATE, WARM, FALL = 6e-5, 1e-3, 30, 0.6
"""Peak learning rate, that of the third output, steps that warm up, and the share of the steps
up to an end over which it falls."""

ENDS = (600, 1_200, 1_800)


def main() -> None:
    """Train from the last checkpoint on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, default=TARGET, help="folder of the first weights")
    parser.add_argument("--ends", type=int, nargs="+", default=ENDS, help="in steps, ascending")
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--seed", default="3")
    parser.add_argument("--dropout", type=float, default=0.0, help="of the hidden states")
    parser.add_argument("--own", type=float, default=1.0, help="rounds of own words in a round")
    parser.add_argument("--share", nargs="*", default=[], help="NAME=N: questions of a round")
    given = vars(parser.parse_args())
    changed = dict(share.split("=") for share in given.pop("share"))
    shares = {name: int(changed.get(name, share)) for name, share in SHARES.items()}
    run(**given, shares=shares)


def run(
    out: Path,
    start: Path,
    ends: Sequence[int],
    every: int,
    minutes: float,
    seed: str,
    dropout: float,
    own: float,
    shares: Mapping[str, int],
) -> None:
    """Train until the last of ``ends`` or until ``minutes`` are over."""
    out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    made = opened(start, dropout=dropout).to(device)
    optimizer = torch.optim.AdamW(groups(made), fused=True)
    done, mean = _resume(out, made, optimizer, device)
    store = ModelStore(user_cache_path("passage") / "models")
    source = mixture(out.parent / "kept", store, seed, shares, own)
    started, ran = time.monotonic(), done
    lost: list[float] = []
    for step, batch in source.after(done):
        if step >= ends[-1] or time.monotonic() - started > 60 * minutes:
            break
        share = slope(step, ends)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share
        lost.append(_learn(made, optimizer, batch, device))
        done = step + 1
        if done % 20 == 0:
            pace = (time.monotonic() - started) / (done - ran)
            now = time.strftime("%H:%M:%S")
            print(f"{now} step {done} loss {np.mean(lost):.4f} {pace:.2f} s a step", flush=True)
            lost.clear()
        if done in ends:
            mean.add(made.state_dict())
        if done % every == 0 or done in ends:
            _checkpoint(out, made, optimizer, mean, done)
    if done > ran:
        _checkpoint(out, made, optimizer, mean, done)


def groups(made: EvidenceReader) -> list[dict[str, Any]]:
    """Return what is learnt, with weight decay and peak learning rate."""
    new = {id(p) for p in made.evidence.parameters()}
    free = [p for p in made.parameters() if p.requires_grad and id(p) not in new]
    return [
        {"params": [p for p in free if p.ndim > 1], "weight_decay": DECAY, "peak": RATE},
        {"params": [p for p in free if p.ndim <= 1], "weight_decay": 0.0, "peak": RATE},
        {"params": list(made.evidence.parameters()), "weight_decay": 0.0, "peak": HEAD_RATE},
    ]


def slope(step: int, ends: Sequence[int]) -> float:
    """Return the share of the peak learning rate: up, level, and down to nothing at an end."""
    before = max((end for end in ends if end <= step), default=0)
    end = next(end for end in ends if step < end)
    up = (step - before + 1) / WARM
    down = (end - step) / (FALL * (end - before))
    return min(1.0, up, down)


def _learn(
    made: EvidenceReader,
    optimizer: torch.optim.Optimizer,
    batch: Sequence[Pair],
    device: torch.device,
) -> float:
    examples = [pair.yes for pair in batch] + [pair.no for pair in batch]
    lost = loss(said(made, examples, device), examples)
    optimizer.zero_grad(set_to_none=True)
    lost.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_([p for p in made.parameters() if p.requires_grad], 1.0)
    optimizer.step()
    return float(lost.detach())


def _resume(
    out: Path, made: EvidenceReader, optimizer: torch.optim.Optimizer, device: torch.device
) -> tuple[int, Mean]:
    if not (out / "checkpoint.pt").is_file():
        return 0, Mean()
    kept: Mapping[str, Any] = torch.load(
        out / "checkpoint.pt", map_location=device, weights_only=True
    )
    made.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    return int(kept["done"]), Mean(kept["mean"], int(kept["averaged"]))


def _checkpoint(
    out: Path, made: EvidenceReader, optimizer: torch.optim.Optimizer, mean: Mean, done: int
) -> None:
    """Keep what a run goes on from, and the weights of this moment for measuring."""
    weights = made.state_dict()
    kept = {
        "model": weights,
        "optimizer": optimizer.state_dict(),
        "mean": mean.weights,
        "averaged": mean.count,
        "done": done,
    }
    torch.save(kept, out / "checkpoint.new")
    (out / "checkpoint.new").replace(out / "checkpoint.pt")
    torch.save({name: t.half() for name, t in weights.items()}, out / f"step-{done:05}.pt")


if __name__ == "__main__":
    main()
