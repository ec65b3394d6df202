"""How well readers do on people's own words, and on squad2: ``python -m training.judge``.

Each reader given, a folder or a checkpoint or the mean of several (joined by +), is asked the
questions of split ``fit``, kind by kind: with the passage that answers, with the first passages
of the article (is there an answer at all?), and among those that Passage's ranking puts beside
the right one.  Everything is told by the words (start and end) and by the evidence of sentences.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from platformdirs import user_cache_path

from index.evaluation.measures import auroc
from index.models.compiled import ModelStore
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from index.models.spans import LONGEST
from training.corpus import Corpus, Task, load
from training.examples import Encoder, Example, sentence_edges, sentence_labels
from training.export import TARGET
from training.measure import f1
from training.mixture import encoder
from training.own_words import KINDS, Ranking, kept_kind
from training.reading import EvidenceReader, mean_of, opened, said, sentence_scores

TOKENS = 4_096
"""Read together, padding included."""

LONG = 340
"""The most tokens of a passage that are read, about as many as are served at once."""

READ, BESIDE = 3, 4
"""How many of the first passages of an article are read, and how many beside the right one."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """What a reader makes of a passage: log odds of the whole, and of each sentence two ways."""

    odds: float
    spans: Floats
    evidence: Floats
    words: str

    @property
    def by_evidence(self) -> float:
        """The evidence of the best sentence."""
        return float(self.evidence.max(initial=-99.0))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with a passage to read, by number."""

    question: str
    source: int


class Judge:
    """Reads passages of a corpus with one reader."""

    def __init__(self, made: EvidenceReader, encoder: Encoder) -> None:
        self._made = made.eval()
        self._encoder = encoder

    def read(self, corpus: Corpus, asked: Sequence[Asked]) -> list[Look]:
        """Return what the reader makes of each."""
        examples = [self._example(corpus, one) for one in asked]
        order = sorted(range(len(asked)), key=lambda n: len(examples[n].ids))
        looks: dict[int, Look] = {}
        for batch in _batches(order, examples):
            chosen = [examples[n] for n in batch]
            with torch.inference_mode():
                told = said(self._made, chosen, torch.device("cpu"))
                scores = sentence_scores(told.evidence, chosen).double().numpy()
            for at, n in enumerate(batch):
                start, end = told.start[at].double().numpy(), told.end[at].double().numpy()
                text = corpus.sources[asked[n].source].text
                looks[n] = self._look(examples[n], start, end, scores[at], text)
        return [looks[n] for n in range(len(asked))]

    def _example(self, corpus: Corpus, one: Asked) -> Example:
        source = corpus.sources[one.source]
        question, context, text = self._encoder.tokens([one.question, source.context, source.text])
        labelled = [(edge, 0) for edge in sentence_edges(text, source)]
        window = (0, len(text.ids))
        return self._encoder.example(question.ids, context.ids, text, window, (), 1.0, labelled)

    def _look(
        self, example: Example, start: Floats, end: Floats, scores: Floats, text: str
    ) -> Look:
        left, right = start - start[0], end - end[0]
        inside = slice(example.text, len(example.ids) - 1)
        odds = (np.logaddexp.reduce(left[inside]) + np.logaddexp.reduce(right[inside])) / 2
        found = [_best(left, right, a, b) for a, b in example.sentences]
        spans = np.asarray([value for value, _, _ in found])
        _, first, last = max(found, default=(0.0, example.text, example.text))
        tokens = self._encoder.tokens([text])[0]
        begin = tokens.starts[min(first - example.text, len(tokens.starts) - 1)]
        behind = tokens.ends[min(last - example.text, len(tokens.ends) - 1)]
        words = text[begin:behind]
        return Look(float(odds), spans, scores[: len(example.sentences)], words)


def _best(left: Floats, right: Floats, first: int, behind: int) -> tuple[float, int, int]:
    """Return the log odds of the likeliest words of a sentence, and where they stand."""
    together = left[first:behind, None] + right[None, first:behind]
    length = behind - first
    distance = np.arange(length)[None, :] - np.arange(length)[:, None]
    at = int(np.where((distance >= 0) & (distance < LONGEST), together, -np.inf).argmax())
    start, end = divmod(at, length)
    return float(together[start, end]) / 2, first + start, first + end


def _batches(order: Sequence[int], examples: Sequence[Example]) -> Iterator[list[int]]:
    batch: list[int] = []
    for n in order:
        if batch and len(examples[n].ids) * (len(batch) + 1) > TOKENS:
            yield batch
            batch = []
        batch.append(n)
    if batch:
        yield batch


def on_own_words(judge: Judge, ranking: Ranking, every: int) -> dict[str, list[float]]:
    """Return what is to be averaged, and the odds to tell answerable from not, of a kind."""
    corpus = ranking.corpus
    first = _first_of_each(ranking)[::every]
    asked, owner = [], []
    for number in first:
        for source in _to_read(ranking, number):
            asked.append(Asked(corpus.tasks[number].question, source))
            owner.append(number)
    looks: dict[int, dict[int, Look]] = {number: {} for number in first}
    for number, one, look in zip(owner, asked, judge.read(corpus, asked), strict=True):
        looks[number][one.source] = look
    found: dict[str, list[float]] = {}
    for number in first:
        for name, value in _figures(ranking, number, looks[number]):
            found.setdefault(name, []).append(value)
    return found


def _first_of_each(ranking: Ranking) -> list[int]:
    """Return of each question the task on the passage that Passage ranks first of those."""
    first: dict[str, int] = {}
    for number, row in enumerate(ranking.rows):
        first.setdefault(row["id"], number)
    return list(first.values())


def _to_read(ranking: Ranking, number: int) -> list[int]:
    task = ranking.corpus.tasks[number]
    own = ranking.own[number][:READ]
    beside = [int(n) for n in ranking.near[number][:BESIDE] if n >= 0] if task.answerable else []
    right = [task.source] if task.answerable else []
    return list(dict.fromkeys([*right, *own, *beside]))


def _figures(
    ranking: Ranking, number: int, looks: Mapping[int, Look]
) -> Iterator[tuple[str, float]]:
    task = ranking.corpus.tasks[number]
    article = [looks[n] for n in dict.fromkeys([*ranking.own[number][:READ]])]
    side = "yes" if task.answerable else "no"
    if task.answerable:
        article.append(looks[task.source])
    yield f"{side} words", max(look.odds for look in article)
    yield f"{side} evidence", max(look.by_evidence for look in article)
    yield f"{side} both", max(look.odds + look.by_evidence for look in article)
    given = looks[task.source if task.answerable else ranking.own[number][0]]
    yield f"{side} words, passage given", given.odds
    if not task.answerable:
        return
    look = looks[task.source]
    yield "f1", max(f1(look.words, answer) for answer in task.answers)
    labels = np.asarray(sentence_labels(ranking.corpus.sources[task.source], task))
    labels = labels[: len(look.spans)]
    for name, scores in (
        ("words", look.spans),
        ("evidence", look.evidence),
        ("both", look.spans + look.evidence),
    ):
        yield f"sentence by {name}", float(labels[scores.argmax()] == 1)
    beside = [looks[int(n)] for n in ranking.near[number][:BESIDE] if n >= 0]
    for name in ("words", "evidence", "both"):
        yield f"passage by {name}", float(_by(look, name) > max(_by(b, name) for b in beside))


def _by(look: Look, name: str) -> float:
    return {"words": look.odds, "evidence": look.by_evidence}.get(
        name, look.odds + look.by_evidence
    )


def on_squad2(judge: Judge, most: int) -> dict[str, float]:
    """Return F1, and the AUROC of answerable against adversarial, on held-out articles."""
    corpus = load("squad2", held_out=True)
    tasks = corpus.tasks[:: max(1, len(corpus.tasks) // most)]
    looks = judge.read(corpus, [Asked(task.question, task.source) for task in tasks])
    scores = [_overlap(task, look) for task, look in zip(tasks, looks, strict=True) if task.spans]
    sides = {
        name: [
            [_by(k, name) for t, k in zip(tasks, looks, strict=True) if bool(t.spans) == so]
            for so in (True, False)
        ]
        for name in ("words", "evidence", "both")
    }
    return {
        "f1": round(float(np.mean(scores)), 4),
        **{f"auroc by {name}": auroc(*both) or 0.0 for name, both in sides.items()},
    }


def _overlap(task: Task, look: Look) -> float:
    return max(f1(look.words, answer) for answer in task.answers)


def averaged(found: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the figures of a kind: means, and of the odds how well they tell."""
    telling = {
        f"auroc by {name}": auroc(found[f"yes {name}"], found[f"no {name}"]) or 0.0
        for name in ("words", "evidence", "both", "words, passage given")
    }
    means = {
        name: round(float(np.mean(values)), 4)
        for name, values in found.items()
        if not name.startswith(("yes ", "no "))
    }
    return {**means, **telling}


def reader_of(named: str) -> EvidenceReader:
    """Return a reader of a folder, of a checkpoint's file, or the mean of several."""
    parts = [Path(part) for part in named.split("+")]
    return opened(parts[0], trained=False) if parts[0].is_dir() else mean_of(parts, TARGET)


def judged(named: str, kept: Path, every: int, most: int) -> dict[str, Any]:
    """Return all figures of a reader; kinds weigh the same in their mean."""
    judge = Judge(reader_of(named), encoder(LONG))
    embedder = load_embedder(DEFAULT_MODEL, ModelStore(user_cache_path("passage") / "models"))
    kinds = {
        kind: averaged(on_own_words(judge, kept_kind(kind, "fit", "dump", embedder, kept), every))
        for kind in KINDS
    }
    names = next(iter(kinds.values()))
    mean = {n: round(float(np.mean([found[n] for found in kinds.values()])), 4) for n in names}
    return {"reader": named, "squad2": on_squad2(judge, most), "mean": mean, "kinds": kinds}


def main() -> None:
    """Print a line of figures for each reader."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readers", nargs="+")
    parser.add_argument("--kept", type=Path, required=True, help="folder of kept rankings")
    parser.add_argument("--every", type=int, default=4, help="of so many questions one is asked")
    parser.add_argument("--squad2", type=int, default=800, help="questions of squad2")
    arguments = parser.parse_args()
    for named in arguments.readers:
        found = judged(named, arguments.kept, arguments.every, arguments.squad2)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
