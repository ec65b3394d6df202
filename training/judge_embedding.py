"""Measure an embedding model: ``python -m training.judge_embedding --kept FOLDER MODEL...``.

Prints recall@1 by cosine alone, in 32 bits: of questions in people's own words (split
``fit``) among all the passages of their kind, and of the older sets.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch
from platformdirs import user_cache_path
from sentence_transformers import SentenceTransformer

from index.digests import embedded_text
from index.models.compiled import ModelStore
from index.models.load_embedder import BASE_MODEL, base_folder, load_embedder
from training.corpus import rows
from training.own_words import KINDS, kept_kind

MOST = 800
"""Questions of an older set."""

OLDER = ("stackfaq", "clapnq", "squad2")


def main() -> None:
    """Print the figures of some models."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", help=f"folders of models, or {BASE_MODEL}")
    parser.add_argument("--kept", type=Path, required=True, help="folder of kept rankings")
    arguments = parser.parse_args()
    for name in arguments.models:
        folder = base_folder() if name == BASE_MODEL else Path(name)
        model = SentenceTransformer(
            str(folder), device="cpu", model_kwargs={"dtype": torch.float32}
        )
        kinds = [own_words(model, kind, arguments.kept) for kind in KINDS]
        told = " ".join(f"{k} {share:.3f}" for k, share in zip(KINDS, kinds, strict=True))
        print(f"{name}\n  own words {np.mean(kinds):.3f} ({told})", flush=True)
        for older in OLDER:
            print(f"  {older} {older_set(model, older):.3f}", flush=True)


def own_words(model: SentenceTransformer, kind: str, kept: Path) -> float:
    """Return recall@1 of a kind's questions; any passage that answers is right."""
    embedder = load_embedder(BASE_MODEL, ModelStore(user_cache_path("passage") / "models"))
    ranking = kept_kind(kind, "fit", "dump", embedder, kept)
    asked: dict[str, tuple[str, set[int]]] = {}
    for task, row in zip(ranking.corpus.tasks, ranking.rows, strict=True):
        if row["answerable"]:
            asked.setdefault(row["id"], (task.question, set()))[1].add(task.source)
    texts = [embedded_text(source.context, source.text) for source in ranking.corpus.sources]
    return recall(model, list(asked.values()), texts)


def older_set(model: SentenceTransformer, name: str) -> float:
    """Return recall@1 of some questions of a set among all its passages."""
    passages = list(rows(f"{name}/passages.jsonl.gz"))
    at = {row["id"]: number for number, row in enumerate(passages)}
    asked = [r for r in rows(f"{name}/questions.jsonl.gz") if r["relevant"]]
    some = random.Random(0).sample(asked, min(MOST, len(asked)))
    texts = [embedded_text(row["title"], row["text"]) for row in passages]
    return recall(model, [(r["text"], {at[name] for name in r["relevant"]}) for r in some], texts)


def recall(
    model: SentenceTransformer, asked: Sequence[tuple[str, Collection[int]]], texts: Sequence[str]
) -> float:
    """Return the share of questions whose nearest text is one of the right ones."""
    questions, passages = (
        model.encode(list(some), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        for some in ([question for question, _ in asked], texts)
    )
    nearest = (questions @ passages.T).argmax(1)
    return float(np.mean([at in right for at, (_, right) in zip(nearest, asked, strict=True)]))


if __name__ == "__main__":
    main()
