"""All the sets -> batches of pairs, in rounds to which each gives its share.

A round takes of each set the next so many questions of an order that chance decides; the
articles in people's own words, which are nearest to what Passage is for, come whole in each.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import BertForQuestionAnswering

from index.models.compiled import ModelStore
from index.models.embedder import Embedder
from index.models.load_embedder import DEFAULT_MODEL, base_folder, load_embedder
from training.corpus import Corpus, Source, Task, load
from training.examples import TEXT, Encoder, Examples, Manner, Pair, batches
from training.negatives import Siblings, mined
from training.own_words import KINDS, Form, kept_kind
from training.sets import load_set, squad_with_twins

TOKENS = 6_144
"""In a batch, padding included."""

SHARES = {
    "squad-train": 3_000,
    "squad2": 500,
    "nq": 900,
    "tydi-mlqa": 500,
    "doqa": 700,
    "yesno": 450,
    "selqa": 350,
    "condaqa": 350,
    "quoref-contrast": 150,
    "qamr": 250,
}
"""How many questions of each set a round has; of own words it has all."""

NO_ALTERING = {"mined": 0.6, "cut": 0.38, "strange": 0.02}
"""A yes/no question altered in a word is answered still, by the other one."""

SERVED = Manner({"mined": 0.75, "altered": 0.23, "strange": 0.02}, by_people=0.45, trimmed=0.1)
"""Passages as served are read whole, and what Passage ranks beside the right one is the miss."""


@dataclass(frozen=True, slots=True)
class Part:
    """A set, and how many of its questions a round has."""

    name: str
    examples: Examples
    share: int

    def numbers(self, round_: int, seed: str) -> Sequence[int]:
        """Return the questions of a round: the next ones of an order, begun anew at its end."""
        numbers = self.examples.answerable()
        start = round_ * self.share
        found: list[int] = []
        while len(found) < self.share:
            turn, at = divmod(start + len(found), len(numbers))
            order = random.Random(f"{seed} {self.name} {turn}").sample(numbers, len(numbers))
            found.extend(order[at : at + self.share - len(found)])
        return found


class Mixture:
    """Batches without end, the same ones for the same seed."""

    def __init__(self, parts: Sequence[Part], seed: str, tokens: int = TOKENS) -> None:
        self._parts = parts
        self._seed = seed
        self._tokens = tokens

    def after(self, done: int) -> Iterator[tuple[int, list[Pair]]]:
        """Yield the batches that come after ``done``, with their numbers."""
        step = 0
        for round_ in count():
            made = self.round(round_)
            yield from ((step + n, batch) for n, batch in enumerate(made) if step + n >= done)
            step += len(made)

    def round(self, round_: int) -> list[list[Pair]]:
        """Return the batches of a round."""
        seed = f"{self._seed} {round_}"
        pairs = [
            pair
            for part in self._parts
            for pair in part.examples.some(seed, part.numbers(round_, self._seed))
        ]
        return batches(pairs, self._tokens, seed)


def encoder(longest: int = TEXT) -> Encoder:
    """Return what puts questions and passages together."""
    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Encoder(tokenizer, longest)


def mixture(
    kept: Path, store: ModelStore, seed: str, shares: Mapping[str, int], own: float = 1.0
) -> Mixture:
    """Return all the sets, mined and ranked; what takes minutes is kept in a folder.

    Of own words a round has all questions ``own`` times, half of them in each form.
    """
    made, siblings = encoder(), _siblings()
    embedder = load_embedder(DEFAULT_MODEL, store)
    parts = [
        Part(name, _examples(name, made, siblings, kept), share) for name, share in shares.items()
    ]
    for form in ("dump", "file"):
        examples = _own_words(form, made, siblings, embedder, kept)
        share = round(own * len(examples.answerable()) / 2)
        parts.append(Part(f"own-words {form}", examples, share))
    return Mixture(parts, seed)


def _siblings() -> Siblings:
    folder = base_folder()
    model = BertForQuestionAnswering.from_pretrained(str(folder), local_files_only=True)
    words = (folder / "vocab.txt").read_text("utf-8").splitlines()
    return Siblings(words, model.bert.embeddings.word_embeddings.weight.detach().numpy())


def _examples(name: str, made: Encoder, siblings: Siblings, kept: Path) -> Examples:
    if name == "squad-train":
        twinned = squad_with_twins()
        near = mined_passages(name, twinned.corpus, kept)
        return Examples(twinned.corpus, made, siblings, near, Manner(twins=twinned.twins))
    if name == "squad2":
        return Examples(load(name, held_out=False), made, siblings, None)
    corpus = load_set(name)
    manner = Manner(NO_ALTERING) if name in ("yesno", "condaqa") else Manner()
    return Examples(corpus, made, siblings, mined_passages(name, corpus, kept), manner)


def mined_passages(name: str, corpus: Corpus, kept: Path) -> NDArray[np.int32]:
    """Return the mined passages, kept since they take minutes.

    Where only sentences are marked, none of the same article is taken: it might answer.
    """
    path = kept / f"{name}-mined.npy"
    if not path.is_file():
        found = mined(corpus)
        for row, task in zip(found, corpus.tasks, strict=True):
            doc = corpus.sources[task.source].doc
            if not task.spans:
                own = [n >= 0 and corpus.sources[n].doc == doc for n in row]
                row[own] = -1
        kept.mkdir(parents=True, exist_ok=True)
        np.save(path, found)
    loaded: NDArray[np.int32] = np.load(path)
    return loaded


def _own_words(
    form: Form, made: Encoder, siblings: Siblings, embedder: Embedder, kept: Path
) -> Examples:
    """Return all kinds as one corpus, the passages of each near only to its own questions."""
    sources: list[Source] = []
    tasks: list[Task] = []
    near: list[NDArray[np.int32]] = []
    for kind in KINDS:
        ranking = kept_kind(kind, "train", form, embedder, kept)
        base = len(sources)
        sources.extend(ranking.corpus.sources)
        tasks.extend(replace(task, source=base + task.source) for task in ranking.corpus.tasks)
        near.append(np.where(ranking.near >= 0, ranking.near + base, -1).astype(np.int32))
    corpus = Corpus(sources, tasks)
    return Examples(corpus, made, siblings, np.concatenate(near), SERVED)
