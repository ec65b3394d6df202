"""Train the reader: ``python -m training.train --out FOLDER [--ends N ...] [--minutes M]``.

A BERT for extractive question answering (Devlin et al., 2019) from the weights of the
default embedding model; position 0 means "no answer here", as for SQuAD 2.0.  Every
passage is judged by itself, so that scores can be compared between passages (Clark &
Gardner, 2018), and of each pair the one that answers must have the more evidence.

A run that was stopped goes on from its last checkpoint.  The learning rate is held and falls,
and rises and falls again, so that it comes down to nothing at each of ``--ends``.  What is made
of it is the mean of the weights there (Izmailov et al., "Averaging Weights Leads to Wider
Optima", 2018), which finds more than the last of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AutoTokenizer, BertForQuestionAnswering

from index.models.load_embedder import base_folder
from index.models.torch.spans import TorchReader
from training.corpus import Corpus, load
from training.examples import Encoder, Example, Examples, Pair, batches
from training.measure import given_the_passage
from training.negatives import Siblings, mined

SEED = 2
RATE, WARM, FALL, DECAY = 1e-4, 0.04, 0.5, 0.01
"""Peak learning rate, shares of the steps up to an end that warm up and fall, weight decay."""

ENDS = (2_700, 4_800, 5_850)
"""Steps at which the learning rate is down; a fourth was not tried."""

TOKENS = 6_144
"""In a batch, padding included."""

ORDER = 0.3
"""What the order within a pair counts beside the spans."""

STAGES = ((0, 3), (1_500, 12))
"""From which step on a round sees the questions of squad2, the only ones with misses by
people, how often.  They are few; seen so often from the start, they would be learnt by heart.
"""

MEASURED = 1_250
"""Held-out questions that are asked at each checkpoint."""

OFF = -1e4
"""The logit of a place where no answer can be."""


def main() -> None:
    """Train from the last checkpoint on, measuring now and then."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ends", type=int, nargs="+", default=ENDS, help="in steps, ascending")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--every", type=int, default=250, help="steps between checkpoints")
    run(**vars(parser.parse_args()))


def run(out: Path, ends: Sequence[int], minutes: float, every: int) -> None:
    """Train until the last of ``ends`` or until ``minutes`` are over."""
    torch.manual_seed(SEED)
    out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = fresh()
    model.to(device)  # type: ignore[arg-type]
    optimizer = torch.optim.AdamW(_groups(model), lr=RATE, fused=True)
    done, mean = _resume(out, model, optimizer, device)
    source = Stream(out)
    started, ran = time.monotonic(), done
    lost: list[float] = []
    for step, batch in source.after(done):
        if step >= ends[-1] or time.monotonic() - started > 60 * minutes:
            break
        for group in optimizer.param_groups:
            group["lr"] = RATE * _slope(step, next(end for end in ends if step < end))
        lost.append(_learn(model, optimizer, batch, device))
        done = step + 1
        if done % 25 == 0:
            pace = (time.monotonic() - started) / (done - ran)
            print(f"step {done} loss {np.mean(lost):.4f} {pace:.2f} s a step", flush=True)
            lost.clear()
        if done in ends:
            mean.add(model.state_dict())
        if done % every == 0 or done in ends:
            _checkpoint(out, model, optimizer, mean, done)
            _report(out, model, done)
    if done > ran and done % every and done not in ends:
        _checkpoint(out, model, optimizer, mean, done)


class Mean:
    """The mean of the weights of a model at several moments."""

    def __init__(self, weights: Mapping[str, torch.Tensor] | None = None, count: int = 0) -> None:
        self.weights = dict(weights or {})
        self.count = count

    def add(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take one more moment into the mean."""
        self.count += 1
        for name, tensor in weights.items():
            # In a place of its own: training changes the tensors that it hands out.
            before = self.weights.get(name, torch.zeros_like(tensor))
            self.weights[name] = before + (tensor - before) / self.count


def fresh() -> BertForQuestionAnswering:
    """Return the embedding model with a new head; its word embeddings stay as they are.

    Without dropout: no example is seen often, and on a processor it costs a third.
    """
    model = BertForQuestionAnswering.from_pretrained(
        str(base_folder()),
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
        local_files_only=True,
    )
    model.bert.embeddings.word_embeddings.weight.requires_grad = False
    return model


class Stream:
    """Batches without end, the same ones for the same seed."""

    def __init__(self, out: Path) -> None:
        folder = base_folder()
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.encoder = Encoder(tokenizer)
        words = (folder / "vocab.txt").read_text("utf-8").splitlines()
        vectors = fresh().bert.embeddings.word_embeddings.weight.detach().numpy()
        siblings = Siblings(words, vectors)
        train, people = load("squad-train", held_out=False), load("squad2", held_out=False)
        self._train = Examples(train, self.encoder, siblings, _mined(train, out))
        self._people = Examples(people, self.encoder, siblings, None)

    def after(self, done: int) -> Iterator[tuple[int, list[Pair]]]:
        """Yield the batches that come after ``done``, with their numbers."""
        ends = [*(begin for begin, _ in STAGES[1:]), None]
        for number, ((begin, copies), end) in enumerate(zip(STAGES, ends, strict=True)):
            if end is None or done < end:
                numbered = enumerate(self._stage(number, copies), begin)
                yield from (one for one in islice(numbered, end and end - begin) if one[0] >= done)

    def _stage(self, stage: int, copies: int) -> Iterator[list[Pair]]:
        """Yield batches without end, round after round."""
        for round_ in count():
            seed = f"{SEED} {round_}" if stage == 0 else f"{SEED} {stage} {round_}"
            pairs = [*self._train.pairs(seed), *self._people.pairs(seed, copies)]
            yield from batches(pairs, TOKENS, seed)


def _mined(corpus: Corpus, out: Path) -> NDArray[np.int32]:
    """Return the mined passages, kept beside the checkpoints since they take minutes."""
    kept = out / "mined.npy"
    if not kept.is_file():
        np.save(kept, mined(corpus))
    found: NDArray[np.int32] = np.load(kept)
    return found


def _groups(model: BertForQuestionAnswering) -> list[dict[str, Any]]:
    free = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in free if p.ndim > 1], "weight_decay": DECAY},
        {"params": [p for p in free if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _slope(step: int, end: int) -> float:
    """Return the share of the peak learning rate: up, level, and down to nothing at the end."""
    up = (step + 1) / max(1.0, WARM * end)
    down = (end - step) / max(1.0, FALL * end)
    return min(1.0, up, down)


def _learn(
    model: BertForQuestionAnswering,
    optimizer: torch.optim.Optimizer,
    batch: Sequence[Pair],
    device: torch.device,
) -> float:
    examples = [pair.yes for pair in batch] + [pair.no for pair in batch]
    start, end = logits(model, examples, device)
    loss = _loss(start, end, examples)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
    optimizer.step()
    return float(loss.detach())


def logits(
    model: BertForQuestionAnswering, examples: Sequence[Example], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits of where an answer starts and ends; only position 0 and text count.

    Each of shape (examples, tokens), in float32.
    """
    longest = max(len(e.ids) for e in examples)
    ids = torch.zeros((len(examples), longest), dtype=torch.long)
    kinds, mask, legal = torch.zeros_like(ids), torch.zeros_like(ids), torch.zeros_like(ids)
    for row, e in enumerate(examples):
        ids[row, : len(e.ids)] = torch.tensor(e.ids)
        kinds[row, e.second : len(e.ids)] = 1
        mask[row, : len(e.ids)] = 1
        legal[row, e.text : len(e.ids) - 1] = 1
    legal[:, 0] = 1
    with torch.autocast(device.type, dtype=torch.bfloat16):
        out = model(
            input_ids=ids.to(device),
            token_type_ids=kinds.to(device),
            attention_mask=mask.to(device),
        )
    closed = (legal == 0).to(device)
    return (
        out.start_logits.float().masked_fill(closed, OFF),
        out.end_logits.float().masked_fill(closed, OFF),
    )


def _loss(start: torch.Tensor, end: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Return what is to be made small: the surprise at the spans, and at the order."""
    weights = torch.tensor([e.weight for e in examples], device=start.device)
    both = [
        surprise(side, [e.places(at) for e in examples]) for at, side in enumerate((start, end))
    ]
    spans = (weights * (both[0] + both[1]) / 2).mean()
    yes, no = (evidence(start) + evidence(end)).chunk(2)
    order = (weights.chunk(2)[1] * functional.softplus(no - yes)).mean()
    return spans + ORDER * order


def surprise(side: torch.Tensor, places: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return the negative log likelihood that one of the right places is meant."""
    right = torch.full_like(side, OFF)
    for row, at in enumerate(places):
        right[row, list(at)] = 0.0
    return torch.logsumexp(side, 1) - torch.logsumexp(side + right, 1)


def evidence(side: torch.Tensor) -> torch.Tensor:
    """Return the log odds of any place in the text against none."""
    return torch.logsumexp(side[:, 1:], 1) - side[:, 0]


def _resume(
    out: Path, model: Any, optimizer: torch.optim.Optimizer, device: torch.device
) -> tuple[int, Mean]:
    if not (out / "checkpoint.pt").is_file():
        return 0, Mean()
    kept = torch.load(out / "checkpoint.pt", map_location=device, weights_only=True)
    model.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    return int(kept["done"]), Mean(kept["mean"], int(kept["averaged"]))


def _checkpoint(
    out: Path, model: Any, optimizer: torch.optim.Optimizer, mean: Mean, done: int
) -> None:
    kept = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "mean": mean.weights,
        "averaged": mean.count,
        "done": done,
    }
    torch.save(kept, out / "checkpoint.new")
    (out / "checkpoint.new").replace(out / "checkpoint.pt")


def _report(out: Path, model: Any, done: int) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(base_folder()), local_files_only=True)
    with torch.autocast(model.device.type, dtype=torch.bfloat16):
        given = given_the_passage(TorchReader(model, tokenizer, "training").served(), MEASURED)
    found = {"step": done, **asdict(given)}
    print(json.dumps(found), flush=True)
    with (out / "figures.jsonl").open("a") as file:
        file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
