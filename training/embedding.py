"""Train the embedding model further: ``python -m training.embedding --out FOLDER``.

Questions in people's own words and of public sets are drawn to the passages that answer them,
away from those of the others in a batch and from what Passage's own ranking, or BM25,
puts beside (multiple negatives ranking: Henderson et al., arXiv:1705.00652).  What is written is
the mean of the weights before and after, which keeps most of the gain and loses next to nothing of
what was known before (Wortsman et al., arXiv:2109.01903).  Word embeddings stay as they are.
"""

from __future__ import annotations

import argparse
import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from platformdirs import user_cache_path
from sentence_transformers import SentenceTransformer
from torch.nn import functional

from index.digests import embedded_text
from index.models.compiled import ModelStore
from index.models.load_embedder import BASE_MODEL, base_folder, load_embedder
from training.corpus import Corpus, Source
from training.corpus import load as load_squad
from training.mixture import mined_passages
from training.own_words import KINDS, kept_kind
from training.sets import load_set

SHARES = {"squad-train": 3_000, "nq": 3_000, "tydi-mlqa": 1_500, "doqa": 1_000}
"""How many questions of each set are learnt from; of own words all, in both forms."""

BATCH, RATE, WARM, TOKENS = 32, 2e-5, 15, 160
"""Questions in a batch, peak learning rate, steps that warm up, and tokens read of a passage."""

TEMPERATURE, REVERSE = 0.05, 0.5
"""By which cosines are divided, and what it counts to find the question of a passage."""

SHARE = 0.5
"""Of the weights after training in what is written."""

MISSES = 4
"""Of how many passages ranked beside the right one a miss is drawn, for every other question."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question, the text that it is to be near to, and texts that it is to be far from."""

    question: str
    passage: str
    misses: Sequence[str]


def main() -> None:
    """Train, once through all questions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=100_000, help="questions learnt from")
    arguments = parser.parse_args()
    store = ModelStore(user_cache_path("passage") / "models")
    wanted = pairs(arguments.out.parent / "kept", store)
    random.Random(0).shuffle(wanted)
    train(wanted[: arguments.limit], arguments.out)


def pairs(kept: Path, store: ModelStore) -> list[Wanted]:
    """Return all that is learnt from; what takes minutes is kept in a folder."""
    embedder = load_embedder(BASE_MODEL, store)
    found = [
        wanted
        for form in ("dump", "file")
        for kind in KINDS
        for ranking in [kept_kind(kind, "train", form, embedder, kept)]
        for wanted in _of(ranking.corpus, ranking.near)
    ]
    for name, share in SHARES.items():
        squad = name == "squad-train"
        corpus = load_squad(name, held_out=False) if squad else load_set(name)
        near = None if squad else mined_passages(name, corpus, kept)
        every = list(_of(corpus, near))
        found.extend(random.Random(1).sample(every, min(share, len(every))))
    return found


def train(wanted: Sequence[Wanted], out: Path) -> None:
    """Train on from ``BASE_MODEL``, and write the mean of both in half precision."""
    torch.manual_seed(0)
    model = SentenceTransformer(str(base_folder()), device="cpu")
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    longest, model.max_seq_length = int(model.max_seq_length or TOKENS), TOKENS
    model.train()
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    learnt = [p for name, p in model.named_parameters() if "word_embeddings" not in name]
    optimizer = torch.optim.AdamW(learnt, lr=RATE)
    draw, steps = random.Random(2), len(wanted) // BATCH
    for step in range(steps):
        rate = RATE * min(1.0, (step + 1) / WARM, (steps - step) / steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        lost = loss(model, wanted[step * BATCH : (step + 1) * BATCH], draw)
        optimizer.zero_grad(set_to_none=True)
        lost.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimizer.step()
        if step % 20 == 0:
            now = time.strftime("%H:%M:%S")
            print(f"{now} step {step} of {steps} loss {float(lost.detach()):.4f}", flush=True)
    write(model, before, longest, out)


def write(
    model: SentenceTransformer, before: Mapping[str, torch.Tensor], longest: int, out: Path
) -> None:
    """Write the mean of a model's weights and those ``before``, to read ``longest`` tokens."""
    for name, weights in model.state_dict().items():
        if weights.is_floating_point():
            weights.copy_(SHARE * weights + (1 - SHARE) * before[name])
    model.max_seq_length = longest
    model.half().eval().save(str(out), create_model_card=False)
    shutil.copyfile(base_folder() / "tokenizer.json", out / "tokenizer.json")


def loss(model: SentenceTransformer, batch: Sequence[Wanted], draw: random.Random) -> torch.Tensor:
    """Return how far the questions of a batch are from finding their passages, and these them."""
    passages = [wanted.passage for wanted in batch]
    misses = [
        draw.choice(wanted.misses) for wanted in batch if wanted.misses and draw.random() < 0.5
    ]
    texts = [*passages, *misses]
    asked = _embedded(model, [wanted.question for wanted in batch])
    cosines = asked @ _embedded(model, texts).T
    same = torch.tensor(
        [
            [right == text and row != at for at, text in enumerate(texts)]
            for row, right in enumerate(passages)
        ]
    )
    scores = (cosines / TEMPERATURE).masked_fill(same, -torch.inf)
    own = torch.arange(len(batch))
    found = functional.cross_entropy(scores, own)
    return found + REVERSE * functional.cross_entropy(scores[:, : len(batch)].T, own)


def _embedded(model: SentenceTransformer, texts: Sequence[str]) -> torch.Tensor:
    said = model(model.preprocess(list(texts)))["sentence_embedding"]
    return functional.normalize(said, dim=-1)


def _of(corpus: Corpus, near: np.ndarray | None) -> Iterator[Wanted]:
    for number, task in enumerate(corpus.tasks):
        if task.answerable:
            beside = [] if near is None else [n for n in near[number] if n >= 0][:MISSES]
            misses = [_text(corpus.sources[n]) for n in beside]
            yield Wanted(task.question, _text(corpus.sources[task.source]), misses)


def _text(source: Source) -> str:
    return embedded_text(source.context, source.text)


if __name__ == "__main__":
    main()
