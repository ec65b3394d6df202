"""Fit the constants of ``index.answer.calibration``, and say what they are worth where not fitted.

``make calibrate``.  Fitted on questions that the reader did not learn from: people's own words
(split ``fit``), kind by kind, the articles of a kind as one library and each by itself, with
off-topic questions; and the older sets.  Every kind weighs the same, however many questions it
has.  What is printed first is what counts: each kind decided by constants fitted without it.
Confidences are fitted to passages in the order that they have now, and to the sentences chosen
now: where ``RANKING`` or the choice changes, run it again.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.answer.calibration import ANSWER, NEAR
from index.answer.reader import Reader, state_of
from index.answer.sentence_reader import SentenceReader
from index.answer.signals import (
    EvidenceWeights,
    LibraryWeights,
    RankingWeights,
    SentenceSignals,
    SentenceWeights,
    SpanSignals,
)
from index.answer.span_reader import SpanReader
from index.evaluate import Evaluation, QuestionResult
from index.evaluation.asking import ArticleResult
from index.evaluation.evidence import folded
from index.evaluation.measures import state_shares
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from index.models.load_reader import DEFAULT_READER, load_span_model
from tests.measure.own_words import OFF_TOPIC, asked, table
from tests.measure.regression import Rows, fit, fit_order, probability
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
from training.own_words import KINDS

_MOST = 300  # questions of an older set
_LIBRARIES = 12  # small ones of each size

Weights = RankingWeights | LibraryWeights | EvidenceWeights | SentenceWeights
Labels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """The signals of a question, whether what was chosen answers, and what the question is."""

    signals: SpanSignals | SentenceSignals
    right: bool
    kind: Kind
    result: ArticleResult | None = None
    """Of a question in people's own words."""


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that weigh as much as any other group's; ``kind`` is left out as a whole."""

    kind: str
    asked: Sequence[Asked]
    each: bool = False


def scenarios() -> Iterable[Scenario]:
    """Yield the older sets: full, halved, and small libraries, each with misses."""
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


def ask_all(
    embedder: Remembering, reader: Callable[[], Reader], most: int
) -> tuple[list[Group], list[list[QuestionResult]]]:
    """Ask everything; return what to fit confidences on, and of the older sets the outcomes."""
    groups = []
    for kind in KINDS:
        for each in (False, True):
            results = asked(kind, embedder, reader(), most, each=each, off_topic=True)
            groups.append(Group(kind, list(map(_of_article, results)), each))
        print(f"asked {kind}", file=sys.stderr)
    older: dict[str, list[Asked]] = {}
    outcomes: dict[str, list[QuestionResult]] = {}
    for scenario in scenarios():
        evaluation = Evaluation(scenario.passages, embedder, reader())
        pairs = list(zip(scenario.questions, scenario.kinds(), strict=True))
        some = random.Random(0).sample(pairs, min(_MOST, len(pairs)))
        found = evaluation.run([question for question, _ in some])
        evaluation.close()
        outcomes.setdefault(scenario.name, []).extend(found)
        older.setdefault(scenario.name, []).extend(
            _of_passage(outcome, kind) for outcome, (_, kind) in zip(found, some, strict=True)
        )
    print("asked the older sets", file=sys.stderr)
    return [*groups, *(Group(n, a) for n, a in older.items())], list(outcomes.values())


def _of_article(result: ArticleResult) -> Asked:
    kind: Kind = "answerable" if result.answerable else "near miss"
    kind = "off topic" if result.style == OFF_TOPIC else kind
    assert result.signals is not None  # no library here is empty
    return Asked(result.signals, result.sentence_right, kind, result)


def _of_passage(outcome: QuestionResult, kind: Kind) -> Asked:
    question, shown = outcome.question, folded(outcome.quote or "")
    told = [folded(words) for words in (*question.answers, *question.evidence)]
    held = not told or any(words in shown or (shown and shown in words) for words in told if words)
    assert outcome.signals is not None  # no library here is empty
    return Asked(outcome.signals, outcome.right and held, kind)


def about(asked: Sequence[Asked]) -> tuple[Rows, Labels]:
    """Return the first stage's signals, and whether the library is about the question.

    Near misses are neither here nor there, and left out.
    """
    clear = [a for a in asked if a.kind != "near miss"]
    if len({a.kind for a in clear}) < 2:
        return _rows([]), np.zeros(0)
    signals = [a.signals.library for a in clear if isinstance(a.signals, SpanSignals)]
    return _rows(signals), np.asarray([float(a.kind != "off topic") for a in clear])


def answering(asked: Sequence[Asked]) -> tuple[Rows, Labels]:
    """Return the second stage's signals, and whether the sentence chosen answers.

    Off-topic questions are the first stage's, and left out.
    """
    near = [a for a in asked if a.kind != "off topic"]
    signals = [a.signals.answer for a in near if isinstance(a.signals, SpanSignals)]
    return _rows(signals), np.asarray([float(a.right) for a in near])


def by_sentences(asked: Sequence[Asked]) -> tuple[Rows, Labels]:
    """Return the signals without a reader, and whether the sentence chosen answers."""
    return _rows([a.signals for a in asked]), np.asarray([float(a.right) for a in asked])


@dataclass(frozen=True, slots=True)
class Stages:
    """The fitted weights of both stages."""

    library: Rows
    answer: Rows

    @classmethod
    def fitted(cls, groups: Sequence[Group]) -> Stages:
        """Fit both stages to groups."""
        return cls(
            fit(about(group.asked) for group in groups),
            fit(answering(group.asked) for group in groups),
        )

    def decided(self, asked: Sequence[Asked]) -> list[ArticleResult]:
        """Return what questions in people's own words would have got from these weights."""
        signals = [a.signals for a in asked if isinstance(a.signals, SpanSignals)]
        near = probability(_rows([s.library for s in signals]), self.library)
        sure = near * probability(_rows([s.answer for s in signals]), self.answer)
        return [
            replace(
                a.result, confidence=float(p), state=state_of(p, 1.0 if s.held else max(n, p), NEAR)
            )
            for a, s, n, p in zip(asked, signals, near, sure, strict=True)
            if a.result is not None
        ]


def main() -> None:
    """Print the figures on kinds left out, and the constants."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=100_000, help="questions of each kind")
    limit = parser.parse_args().limit
    store = model_store()
    embedder = Remembering(load_embedder(DEFAULT_MODEL, store))
    model = load_span_model(DEFAULT_READER, store)
    groups, outcomes = ask_all(embedder, lambda: SpanReader(model, embedder), limit)
    _report_left_out(groups)
    stages = Stages.fitted(groups)
    print("\nRANKING =", _named(RankingWeights, fit_order(outcomes)))
    print("BY_LIBRARY =", _named(LibraryWeights, stages.library))
    print("BY_EVIDENCE =", _named(EvidenceWeights, stages.answer))
    groups, _ = ask_all(embedder, lambda: SentenceReader(embedder), limit)
    sentences = fit(by_sentences(group.asked) for group in groups)
    print("BY_SENTENCES =", _named(SentenceWeights, sentences))
    for kind in ("answerable", "off topic"):
        some = [a for group in groups for a in group.asked if a.kind == kind]
        sure = probability(_rows([a.signals for a in some]), sentences)
        print(f"{kind}: confidence below which lie", _quantiles(sure))


def _report_left_out(groups: Sequence[Group]) -> None:
    """Print what each kind gets from constants that were fitted without it."""
    without = {k: Stages.fitted([g for g in groups if g.kind != k]) for k in KINDS}
    for each in (False, True):
        print(f"\n{'each article by itself' if each else 'all articles of a kind together'}")
        print(f"each kind decided by constants fitted without it, answer from {ANSWER} on")
        decided = {
            g.kind: without[g.kind].decided(g.asked)
            for g in groups
            if g.kind in KINDS and g.each == each
        }
        print("\n".join(table({k: [r for r in v if not _off(r)] for k, v in decided.items()})))
        strange = [r.state for v in decided.values() for r in v if _off(r)]
        print("  off topic:", state_shares(strange))


def _off(result: ArticleResult) -> bool:
    return result.style == OFF_TOPIC


def _rows(signals: Sequence[object]) -> Rows:
    return np.asarray([astuple(s) for s in signals], np.float64)  # type: ignore[call-overload]


def _quantiles(values: Rows) -> str:
    shares = (0.01, 0.03, 0.1, 0.5, 0.9, 0.95)
    return ", ".join(
        f"{s:.0%} {q:.3f}" for s, q in zip(shares, np.quantile(values, shares), strict=True)
    )


def _named(kind: type[Weights], weights: Rows) -> Weights:
    """Return fitted weights as ``index.answer.calibration`` holds them, to two places."""
    return kind(*(round(float(w), 2) for w in weights))


if __name__ == "__main__":
    main()
