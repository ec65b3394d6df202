"""What reading adds to a question's time, next to the time of its embedding."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

from index.answer.reader import READ
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from index.models.spans import Excerpt, SpanModel
from tests.measure.sets import model_store
from training.corpus import load

_QUESTIONS = 60


def report_speed(model: SpanModel) -> None:
    """Print the median times of embedding a question and of reading passages for it."""
    embedder = load_embedder(DEFAULT_MODEL, model_store())
    corpus = load("squad2", held_out=True)
    chance = random.Random(0)
    questions = [task.question for task in chance.sample(corpus.tasks, _QUESTIONS)]
    sources = [chance.sample(corpus.sources, READ) for _ in questions]
    excerpts = [
        [Excerpt(question, s.context, s.text, s.sentences) for s in some]
        for question, some in zip(questions, sources, strict=True)
    ]
    embed = _median([lambda q=q: embedder.embed_queries([q]) for q in questions])
    read = _median([lambda e=e: model.read(e) for e in excerpts])
    print(
        f"one question at a time: embedding {embed:.1f} ms, reading {READ} passages {read:.1f} ms"
    )


def _median(acts: list[Callable[[], object]]) -> float:
    """Return the median time of the acts in milliseconds, each done once before to warm up."""
    acts[0]()
    times = []
    for act in acts:
        started = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)
