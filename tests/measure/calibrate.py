"""Fit the constants of ``index.answer.calibration`` and say how well they serve each set.

``make calibrate``.  Every scenario weighs the same, however many questions it has, and asks
nothing that the reader learnt from; the calibration error of each is also taken with
constants fitted without it.  Confidences are fitted to passages in the order that they have
now: where ``RANKING`` changes, run it again.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from index.answer.reader import Reader
from index.answer.sentence_reader import SentenceReader
from index.answer.signals import (
    RankingGrounds,
    RankingWeights,
    RetrievalSignals,
    RetrievalWeights,
    SentenceWeights,
    SpanWeights,
)
from index.answer.span_reader import SpanReader
from index.evaluate import Evaluation, QuestionResult, auroc
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from index.models.load_reader import DEFAULT_READER, load_span_model
from tests.measure.sets import (
    Kind,
    Remembering,
    Scenario,
    halved,
    held_out,
    model_store,
    offtopic_split,
    questions_of,
    small_libraries,
    unanswerable,
    whole,
)

_RIDGE = 1e-6
_STEPS = 50
_DAMPED = 0.8
_MOST = 1_200  # questions of a scenario
_LIBRARIES = 20  # small ones of each size

Rows = NDArray[np.float64]
Weights = RankingWeights | RetrievalWeights | SentenceWeights

_RETRIEVAL = len(fields(RetrievalSignals))  # of the columns of SpanSignals; they stand first


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's outcome, and what the question is to the passages."""

    outcome: QuestionResult
    kind: Kind


Groups = Mapping[str, Sequence[Asked]]


def scenarios() -> Iterable[Scenario]:
    """Yield what to fit on: full sets, halves, and small libraries, each with misses."""
    small_talk = questions_of("offtopic")
    yield held_out()
    yield offtopic_split()
    for name in ("stackfaq", "clapnq"):
        full = whole(name)
        strange = [unanswerable(q) for q in questions_of("squad2")[:: len(small_talk) // 300]]
        yield Scenario(name, full.passages, [*full.questions, *small_talk[::4], *strange[:700]])
        yield halved(name, seed=1)
    for size in (6, 20):
        yield from small_libraries(size, count=_LIBRARIES, seed=size)


def ask_all(embedder: Remembering, reader: Callable[[], Reader]) -> dict[str, list[Asked]]:
    """Ask every scenario; small libraries of one size are one group."""
    groups: dict[str, list[Asked]] = {}
    for scenario in scenarios():
        evaluation = Evaluation(scenario.passages, embedder, reader())
        pairs = list(zip(scenario.questions, scenario.kinds(), strict=True))
        asked = random.Random(0).sample(pairs, min(_MOST, len(pairs)))
        outcomes = evaluation.run([question for question, _ in asked])
        evaluation.close()
        kinds = [kind for _, kind in asked]
        groups.setdefault(scenario.name, []).extend(map(Asked, outcomes, kinds))
        print(f"asked {len(asked)} of {scenario.name}", file=sys.stderr)
    return groups


def fit(groups: Iterable[tuple[Rows, NDArray[np.float64]]]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression, by iteratively reweighted least squares.

    A group is its rows of signals and, for each, whether it is so (1.0) or not (0.0).
    """
    filled = [(rows, so) for rows, so in groups if len(rows)]
    rows = np.concatenate([_with_constant(rows) for rows, _ in filled])
    so = np.concatenate([so for _, so in filled])
    share = np.concatenate([np.full(len(so), 1 / len(so)) for _, so in filled])
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        sure = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (so - sure)) - _RIDGE * weights
        curve = (rows * (share * sure * (1 - sure))[:, None]).T @ rows
        weights += np.linalg.solve(curve + _RIDGE * np.eye(len(weights)), slope)
    return weights


def fit_order(groups: Iterable[Sequence[QuestionResult]]) -> NDArray[np.float64]:
    """Return the weights of a conditional logit of which passage answers, the first being 1.

    McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior" (1974); where
    several answer, any of them may be chosen.  By Newton's method, damped.
    """
    choices = [
        (np.asarray([astuple(read.grounds) for read in o.grounds]), right, 1 / len(group))
        for group in groups
        for o in group
        if (right := np.asarray([float(read.relevant) for read in o.grounds])).any()
        and not right.all()
    ]
    weights = np.zeros(len(fields(RankingGrounds)))
    for _ in range(_STEPS):
        slope, curve = -_RIDGE * weights, _RIDGE * np.eye(len(weights))
        for rows, right, share in choices:
            chosen = np.exp(rows @ weights - (rows @ weights).max())
            chosen /= chosen.sum()
            answers = chosen * right / (chosen @ right)
            slope += share * (answers - chosen) @ rows
            mean = chosen @ rows
            curve += share * ((rows * chosen[:, None]).T @ rows - np.outer(mean, mean))
        weights += _DAMPED * np.linalg.solve(curve, slope)
    return weights / weights[0]


def right(asked: Sequence[Asked]) -> tuple[Rows, NDArray[np.float64]]:
    """Return the signals of all questions, and whether the passage put first answers."""
    return _signals(asked), np.asarray([float(a.outcome.right) for a in asked])


def about(asked: Sequence[Asked]) -> tuple[Rows, NDArray[np.float64]]:
    """Return retrieval's signals, and whether the library is about the question at all.

    Near misses are neither here nor there, and left out.
    """
    clear = [a for a in asked if a.kind != "near miss"]
    if len({a.kind for a in clear}) < 2:
        return np.zeros((0, _RETRIEVAL)), np.zeros(0)
    return _signals(clear)[:, :_RETRIEVAL], np.asarray(
        [float(a.kind != "off topic") for a in clear]
    )


def error(probability: Rows, so: NDArray[np.float64], bins: int = 10) -> float:
    """Return the expected calibration error of probabilities of what is so (1.0) or not."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [abs((probability[place == b] - so[place == b]).sum()) for b in range(bins)]
    return float(sum(gaps) / len(so))


def main() -> None:
    """Print the constants and the figures, with the reader and without."""
    store = model_store()
    embedder = Remembering(load_embedder(DEFAULT_MODEL, store))
    model = load_span_model(DEFAULT_READER, store)
    read = ask_all(embedder, lambda: SpanReader(model, embedder))
    outcomes = [[asked.outcome for asked in group] for group in read.values()]
    print("RANKING =", _named(RankingWeights, fit_order(outcomes)))
    _report("BY_SPANS", SpanWeights, read)
    near = fit(about(asked) for asked in read.values())
    print("BY_NEARNESS =", _named(RetrievalWeights, near))
    _report_nearness(read, near)
    sentences = ask_all(embedder, lambda: SentenceReader(embedder))
    _report("BY_SENTENCES", SentenceWeights, sentences)


def _report(name: str, kind: type[Weights], groups: Groups) -> None:
    weights = fit(right(asked) for asked in groups.values())
    print(f"\n{name} =", _named(kind, weights))
    print(f"{'':22}  auroc  error  error without  quantiles of the confidence")
    for group, asked in groups.items():
        rows, so = right(asked)
        sure = _probability(rows, weights)
        without = fit(right(others) for n, others in groups.items() if n != group)
        errors = f"{error(sure, so):5.3f}  {error(_probability(rows, without), so):13.3f}"
        yes = [p for p, a in zip(sure, asked, strict=True) if a.kind == "answerable"]
        no = [p for p, a in zip(sure, asked, strict=True) if a.kind != "answerable"]
        quantiles = f"answerable {_quantiles(yes, (0.03, 0.1, 0.25, 0.5))}"
        quantiles += f"; not {_quantiles(no, (0.5, 0.9, 0.95, 0.98))}"
        print(f"{group:22}  {auroc(yes, no) or '-':5}  {errors}  {quantiles}")


def _report_nearness(groups: Groups, weights: Rows) -> None:
    for group, asked in groups.items():
        near = _probability(_signals(asked)[:, :_RETRIEVAL], weights)
        parts = []
        for kind, places in (
            ("answerable", (0.01, 0.02, 0.05)),
            ("near miss", (0.1, 0.5)),
            ("off topic", (0.5, 0.9, 0.95)),
        ):
            some = [p for p, a in zip(near, asked, strict=True) if a.kind == kind]
            parts.append(f"{kind} {_quantiles(some, places)}")
        print(f"{group:22}  {'; '.join(parts)}")


def _signals(asked: Sequence[Asked]) -> Rows:
    signals = [a.outcome.signals for a in asked]
    return np.asarray([astuple(s) for s in signals if s is not None], np.float64)


def _with_constant(rows: Rows) -> Rows:
    return np.column_stack([np.ones(len(rows)), rows])


def _probability(rows: Rows, weights: Rows) -> Rows:
    sure: Rows = 1 / (1 + np.exp(-_with_constant(rows) @ weights))
    return sure


def _quantiles(values: Sequence[float], places: Sequence[float]) -> str:
    return " ".join(f"{q:.2f}" for q in np.quantile(values, places)) if values else "-"


def _named(kind: type[Weights], weights: Rows) -> Weights:
    """Return fitted weights as ``index.answer.calibration`` holds them, to two places."""
    return kind(*(round(float(w), 2) for w in weights))


if __name__ == "__main__":
    main()
