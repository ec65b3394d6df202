"""How well a model reads articles that it never learnt from, the right passage given."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from index.evaluation.measures import auroc
from index.models.spans import Evidence, Excerpt, SpanModel
from training.corpus import load

_TOGETHER = 64  # excerpts that are read together


@dataclass(frozen=True, slots=True)
class Given:
    """How the questions on held-out articles of squad2 went.

    ``f1`` and ``exact`` are over the answerable ones, ``auroc`` is that of the log odds,
    answerable against adversarial.
    """

    questions: int
    f1: float
    exact: float
    auroc: float


def given_the_passage(model: SpanModel, most: int) -> Given:
    """Ask ``most`` questions, evenly chosen, each with the passage that it was written on."""
    corpus = load("squad2", held_out=True)
    tasks = corpus.tasks[:: max(1, len(corpus.tasks) // most)]
    excerpts = [
        Excerpt(task.question, source.context, source.text, source.sentences)
        for task in tasks
        for source in [corpus.sources[task.source]]
    ]
    read: list[Evidence] = []
    for at in range(0, len(excerpts), _TOGETHER):
        read.extend(model.read(excerpts[at : at + _TOGETHER]))
    pairs = list(zip(tasks, excerpts, read, strict=True))
    scores = [
        max(f1(_words_found(excerpt, evidence), answer) for answer in task.answers)
        for task, excerpt, evidence in pairs
        if task.spans
    ]
    yes, no = ([e.odds for task, _, e in pairs if bool(task.spans) == so] for so in (True, False))
    return Given(
        questions=len(pairs),
        f1=round(sum(scores) / max(1, len(scores)), 4),
        exact=round(sum(score == 1.0 for score in scores) / max(1, len(scores)), 4),
        auroc=auroc(yes, no) or 0.0,
    )


def _words_found(excerpt: Excerpt, evidence: Evidence) -> str:
    spans = [span for span in evidence.spans if span is not None]
    best = max(spans, key=lambda span: span.odds, default=None)
    return excerpt.text[best.start : best.end] if best else ""


def f1(said: str, answer: str) -> float:
    """Return the overlap of words, as the official evaluation of SQuAD takes it."""
    left, right = _words(said), _words(answer)
    both = sum((Counter(left) & Counter(right)).values())
    if not both:
        return float(left == right)
    return 2 * both / (len(left) + len(right))


def _words(text: str) -> Sequence[str]:
    bare = "".join(c for c in text.casefold() if c not in string.punctuation)
    return re.sub(r"\b(?:a|an|the)\b", " ", bare).split()
