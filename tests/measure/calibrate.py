"""Fit the constants of ``index.calibration`` and say how well they serve each set.

``make calibrate``.  Every scenario weighs the same, however many questions it has; the
calibration error of each is also taken with constants fitted without it.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from index.embed import DEFAULT_MODEL, load_embedder
from index.evaluate import Evaluation, Outcome, auroc
from index.read import SentenceReader
from tests.measure.sets import (
    Remembering,
    Scenario,
    halved,
    offtopic_split,
    questions_of,
    small_libraries,
    unanswerable,
    whole,
)

_RIDGE = 1e-6
_STEPS = 50
_MOST = 2_500  # questions of a scenario


def scenarios() -> Iterable[Scenario]:
    """Yield what to fit on: full sets, halves, and small libraries, each with misses."""
    small_talk = questions_of("offtopic")
    yield whole("squad2")
    yield offtopic_split()
    for name in ("stackfaq", "clapnq"):
        full = whole(name)
        strange = [unanswerable(q) for q in questions_of("squad2")[:: len(small_talk) // 300]]
        yield Scenario(name, full.passages, [*full.questions, *small_talk[::4], *strange[:700]])
        yield halved(name, seed=1)
    for size in (6, 20):
        yield from small_libraries(size, count=25, seed=size)


def design(outcomes: Sequence[Outcome]) -> NDArray[np.float64]:
    """Return for each outcome the row of signals that ``index.read.confidence`` weighs."""
    signals = np.asarray([outcome.signals for outcome in outcomes], np.float64)
    dense, sentence, coverage, phrase = signals.T
    both = np.maximum(dense, sentence) * coverage
    return np.column_stack([np.ones(len(signals)), dense, sentence, coverage, both, phrase])


def fit(groups: Iterable[Sequence[Outcome]]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression, by iteratively reweighted least squares."""
    kept = [group for group in groups if group]
    rows = np.concatenate([design(group) for group in kept])
    right = np.concatenate([[float(o.right) for o in group] for group in kept])
    share = np.concatenate([np.full(len(group), 1 / len(group)) for group in kept])
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        sure = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (right - sure)) - _RIDGE * weights
        curve = (rows * (share * sure * (1 - sure))[:, None]).T @ rows
        weights += np.linalg.solve(curve + _RIDGE * np.eye(len(weights)), slope)
    return weights


def error(outcomes: Sequence[Outcome], weights: NDArray[np.float64], bins: int = 10) -> float:
    """Return the expected calibration error that these weights would have."""
    sure = 1 / (1 + np.exp(-design(outcomes) @ weights))
    right = np.asarray([float(o.right) for o in outcomes])
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs((sure[place == b] - right[place == b]).sum()) for b in range(bins)]
    return float(sum(gaps) / len(outcomes))


def main() -> None:
    """Print the constants and the figures."""
    embedder = Remembering(load_embedder(DEFAULT_MODEL, user_cache_path("passage")))
    groups: dict[str, list[Outcome]] = {}
    for scenario in scenarios():
        evaluation = Evaluation(scenario.passages, embedder, SentenceReader(embedder))
        questions = list(scenario.questions)
        asked = random.Random(0).sample(questions, min(_MOST, len(questions)))
        groups.setdefault(scenario.name, []).extend(evaluation.run(asked))
        evaluation.close()
        print(f"asked {len(asked)} of {scenario.name}", file=sys.stderr)
    weights = fit(groups.values())
    print("WEIGHTS =", tuple(round(float(w), 2) for w in weights))
    print(f"{'':22}  auroc  error  error without  quantiles of the confidence")
    for name, outcomes in groups.items():
        _report(name, outcomes, weights, fit(g for n, g in groups.items() if n != name))


def _report(
    name: str,
    outcomes: Sequence[Outcome],
    weights: NDArray[np.float64],
    without: NDArray[np.float64],
) -> None:
    sure = 1 / (1 + np.exp(-design(outcomes) @ weights))
    yes = [float(s) for s, o in zip(sure, outcomes, strict=True) if o.question.answerable]
    no = [float(s) for s, o in zip(sure, outcomes, strict=True) if not o.question.answerable]
    low = " ".join(f"{q:.2f}" for q in np.quantile(yes, (0.03, 0.1, 0.25, 0.5)))
    high = " ".join(f"{q:.2f}" for q in np.quantile(no, (0.5, 0.9, 0.95, 0.98))) if no else "-"
    areas = auroc(yes, no)
    errors = f"{error(outcomes, weights):5.3f}  {error(outcomes, without):13.3f}"
    print(f"{name:22}  {areas or '-':5}  {errors}  answerable {low}; not {high}")


if __name__ == "__main__":
    main()
