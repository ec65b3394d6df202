"""Take every figure of the README anew: ``make eval``.

``python -m tests.measure.suite [--limit N]`` asks N questions of each kind at the most;
``--precision float32`` asks models that are not quantised.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from index.answer.reader import Reader
from index.answer.sentence_reader import SentenceReader
from index.answer.span_reader import SpanReader
from index.engine import Engine
from index.evaluate import Evaluation, QuestionResult, calibration_error, figures, recall
from index.models.embedder import Embedder
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from index.models.load_reader import DEFAULT_READER, load_span_model
from index.models.recipe import PRECISIONS
from index.models.spans import SpanModel
from index.records import Answer, Article
from tests.measure.own_words import report_own_words
from tests.measure.sets import (
    KINDS,
    Kind,
    Remembering,
    Scenario,
    folder,
    held_out,
    model_store,
    offtopic_split,
    on_article,
    whole,
)
from tests.measure.speed import report_speed
from training.measure import f1, given_the_passage

BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
"""Edges of the rows of the reliability table."""

Readers = Mapping[str, Callable[[], Reader]]


def main() -> None:
    """Print the figures of each set, without and with the reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=800, help="questions of each set")
    parser.add_argument("--precision", choices=PRECISIONS, default="int8", help="of the models")
    given = parser.parse_args()
    limit, precision = given.limit, given.precision
    if not folder().is_dir():
        sys.exit(
            f"There are no labelled sets in {folder()}; name their folder in PASSAGE_EVAL_DATA."
        )
    store = model_store()
    model = load_span_model(DEFAULT_READER, store, precision)
    embedder = Remembering(load_embedder(DEFAULT_MODEL, store, precision))
    # A reader remembers passages by their ids, so each library gets one of its own.
    readers: Readers = {
        "without a reader": lambda: SentenceReader(embedder),
        "with the reader": lambda: SpanReader(model, embedder),
    }
    report_speed(model)
    _report_given(model, limit)
    answered: list[tuple[QuestionResult, Kind]] = []
    for scenario in (held_out(), whole("stackfaq"), whole("clapnq"), offtopic_split()):
        answered.extend(_report(scenario, embedder, readers, limit))
    _report_reliability(answered)
    for name, reader in readers.items():
        _report_article(name, embedder, reader())
    report_own_words(embedder, readers["with the reader"], limit)


def _report_given(model: SpanModel, limit: int) -> None:
    found = given_the_passage(model, limit)
    print(f"\nsquad2, the right passage given: {found.questions} held-out questions")
    print(f"  F1 on the answerable  {found.f1:.4f}   exact {found.exact:.4f}")
    print(f"  AUROC of the evidence, answerable against adversarial  {found.auroc:.4f}")


def _report(
    scenario: Scenario, embedder: Embedder, readers: Readers, limit: int
) -> list[tuple[QuestionResult, Kind]]:
    """Print a set's figures for each reader; return the outcomes with the last of them."""
    pairs = list(zip(scenario.questions, scenario.kinds(), strict=True))
    if len(pairs) > limit:
        pairs = random.Random(0).sample(pairs, limit)
    outcomes: list[QuestionResult] = []
    for number, (name, reader) in enumerate(readers.items()):
        evaluation = Evaluation(scenario.passages, embedder, reader())
        outcomes = evaluation.run([question for question, _ in pairs])
        evaluation.close()
        answerable = [outcome for outcome in outcomes if outcome.question.answerable]
        if number == 0:
            dense = recall([outcome.dense_rank for outcome in answerable], 1)
            bm25 = recall([outcome.bm25_rank for outcome in answerable], 1)
            print(f"\n{scenario.name}: {len(answerable)} answerable of {len(outcomes)} questions")
            print(f"  recall@1 of the vectors alone {dense:.4f}, of BM25 alone {bm25:.4f}")
        print(f"  {name}")
        _report_outcomes(outcomes, [kind for _, kind in pairs])
    return list(zip(outcomes, [kind for _, kind in pairs], strict=True))


def _report_outcomes(outcomes: Sequence[QuestionResult], kinds: Sequence[Kind]) -> None:
    found = figures(outcomes)
    recalls = "  ".join(f"@{k} {found[f'recall@{k}']:.4f}" for k in (1, 3, 5, 10))
    print(f"    recall {recalls}   mrr@10 {found['mrr@10']:.4f}")
    answerable = [outcome for outcome in outcomes if outcome.question.answerable]
    shown = [o for o in answerable if o.question.evidence and o.quote]
    if shown:
        hits = sum(any(_same(o.quote or "", e) for e in o.question.evidence) for o in shown)
        print(f"    sentence shown is one of the evidence  {hits / len(answerable):.4f}")
    if found["auroc"] is not None:
        print(f"    AUROC of the confidence  {found['auroc']:.4f}")
    print(f"    calibration error        {calibration_error(outcomes):.4f}")
    for kind in KINDS:
        some = [o for o, k in zip(outcomes, kinds, strict=True) if k == kind]
        if some:
            counted = [(s, sum(o.state == s for o in some)) for s in ("answer", "closest", "none")]
            shares = ", ".join(f"{state} {count / len(some):.1%}" for state, count in counted)
            print(f"    {kind:10}  {shares}")


def _report_reliability(answered: Sequence[tuple[QuestionResult, Kind]]) -> None:
    """Print what confidences were worth, over all sets."""
    outcomes = [outcome for outcome, _ in answered]
    print(f"\nconfidence over all sets, with the reader: {len(answered)} questions")
    print(f"  calibration error  {calibration_error(outcomes):.4f}")
    print(f"  {'confidence':10}  questions  mean confidence  right   of these: {', '.join(KINDS)}")
    for low, high in pairwise(BINS):
        some = [
            (o, k) for o, k in answered if low <= o.confidence < high or o.confidence == high == 1
        ]
        if some:
            mean = sum(o.confidence for o, _ in some) / len(some)
            right = sum(o.right for o, _ in some) / len(some)
            kinds = ", ".join(str(sum(k == kind for _, k in some)) for kind in KINDS)
            print(f"  {low:.1f} - {high:.1f}  {len(some):9}  {mean:15.3f}  {right:.3f}   {kinds}")


def _report_article(name: str, embedder: Embedder, reader: Reader) -> None:
    """Ask our own questions on the first article, as it came, through the whole engine."""
    file = folder() / "article" / "turkish-russian-relations.txt"
    with tempfile.TemporaryDirectory() as data:
        engine = Engine(Path(data), lambda: embedder, reader=lambda _: reader)
        for item in engine.add([str(file)], "article"):
            if isinstance(item, Exception):
                raise item
        asked = on_article()
        answers = engine.ask_all([str(row["text"]) for row in asked], ["article"], 5)
        text = engine.library.article("article", answers[0].passages[0].passage.article_id)
        engine.close()
    pairs = list(zip(asked, answers, strict=True))
    yes = [(row, answer) for row, answer in pairs if row["answerable"]]
    no = [answer for row, answer in pairs if not row["answerable"]]
    print(f"\nthe first article, {name}: {len(yes)} answerable questions, {len(no)} near misses")
    for depth in (1, 3):
        found = _count(yes, lambda row, a, d=depth: _among(str(row["evidence"]), a, text, d))
        print(f"  right passage among the first {depth}  {found} of {len(yes)}")
    marked = [(row, answer) for row, answer in yes if answer.quote and answer.quote.marked]
    print(f"  marked words right  {_count(marked, _marks)} of {len(marked)} that are marked")
    _count_states("answerable", [answer for _, answer in yes])
    _count_states("near misses", no)


Row = dict[str, str | bool | list[str] | None]


def _count(pairs: Sequence[tuple[Row, Answer]], so: Callable[[Row, Answer], bool]) -> int:
    return sum(so(row, answer) for row, answer in pairs)


def _marks(row: Row, answer: Answer) -> bool:
    """Say whether the marked words are an accepted answer, or share most of their words."""
    accepted = row["answers"]
    words = answer.quote.marked if answer.quote else None
    return isinstance(accepted, list) and any(f1(words or "", a) >= 0.5 for a in accepted)


def _among(evidence: str, answer: Answer, article: Article, depth: int) -> bool:
    """Say whether one of the first passages holds the words that mark the answer."""
    at = article.text.index(evidence)
    shown = [ranked.passage for ranked in answer.passages[:depth]]
    return any(p.start <= at and at + len(evidence) <= p.end for p in shown)


def _count_states(kind: str, answers: Sequence[Answer]) -> None:
    counts = {s: sum(a.state == s for a in answers) for s in ("answer", "closest", "none")}
    print(f"  {kind:12}  " + ", ".join(f"{state} {count}" for state, count in counts.items()))


def _same(quote: str, evidence: str) -> bool:
    """Compare sentences that two splitters have cut."""
    left, right = " ".join(quote.split()), " ".join(evidence.split())
    return left in right or right in left


if __name__ == "__main__":
    main()
