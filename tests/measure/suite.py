"""Take every figure of the README anew: ``make eval``.

``python -m tests.measure.suite [--limit N]`` asks N questions of each kind at the most.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_cache_path

from index.embed import DEFAULT_MODEL, Embedder, load_embedder
from index.engine import Engine
from index.evaluate import Evaluation, Outcome, calibration_error, figures, recall
from index.read import SentenceReader
from index.records import Answer, Article
from tests.measure.sets import (
    SETS,
    Remembering,
    Scenario,
    folder,
    offtopic_split,
    on_article,
    whole,
)


def main() -> None:
    """Print the figures of each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=100_000, help="questions of each set")
    limit = parser.parse_args().limit
    if not folder().is_dir():
        sys.exit(
            f"There are no labelled sets in {folder()}; name their folder in PASSAGE_EVAL_DATA."
        )
    embedder = Remembering(load_embedder(DEFAULT_MODEL, user_cache_path("passage")))
    for name in SETS:
        outcomes = _ask(whole(name), embedder, limit)
        _report_retrieval(name, outcomes)
    _report_decision("off-topic split", _ask(offtopic_split(), embedder, limit))
    _report_article(embedder)


def _ask(scenario: Scenario, embedder: Embedder, limit: int) -> list[Outcome]:
    questions = list(scenario.questions)
    if len(questions) > limit:
        questions = random.Random(0).sample(questions, limit)
    evaluation = Evaluation(scenario.passages, embedder, SentenceReader(embedder))
    try:
        return evaluation.run(questions)
    finally:
        evaluation.close()


def _report_retrieval(name: str, outcomes: Sequence[Outcome]) -> None:
    answerable = [outcome for outcome in outcomes if outcome.question.answerable]
    dense = recall([outcome.dense_rank for outcome in answerable], 1)
    bm25 = recall([outcome.bm25_rank for outcome in answerable], 1)
    found = figures(outcomes)
    print(f"\n{name}: {len(answerable)} answerable of {len(outcomes)} questions")
    print(f"  recall@1   {found['recall@1']:.4f}   (vectors alone {dense:.4f}, BM25 {bm25:.4f})")
    for key in ("recall@3", "recall@5", "recall@10", "mrr@10"):
        print(f"  {key:9}  {found[key]:.4f}")
    quoted = [o for o in answerable if o.right and o.quote and o.question.evidence]
    if quoted:
        hits = sum(any(_same(o.quote or "", e) for e in o.question.evidence) for o in quoted)
        print(f"  sentence shown is one of the evidence  {hits / len(answerable):.4f}")
    _report_states(outcomes)


def _report_decision(name: str, outcomes: Sequence[Outcome]) -> None:
    answerable = sum(outcome.question.answerable for outcome in outcomes)
    print(f"\n{name}: {answerable} answerable of {len(outcomes)} questions")
    _report_states(outcomes)


def _report_states(outcomes: Sequence[Outcome]) -> None:
    found = figures(outcomes)
    if found["auroc"] is not None:
        print(f"  AUROC of the confidence  {found['auroc']:.4f}")
    print(f"  calibration error        {calibration_error(outcomes):.4f}")
    for kind, shares in found["states"].items():
        if any(shares.values()):
            told = ", ".join(f"{state} {share:.1%}" for state, share in shares.items())
            print(f"  {kind:12}  {told}")


def _report_article(embedder: Embedder) -> None:
    """Ask our own questions on the first article, as it came, through the whole engine."""
    file = folder() / "article" / "turkish-russian-relations.txt"
    with tempfile.TemporaryDirectory() as data:
        engine = Engine(Path(data), lambda: embedder)
        for item in engine.add([str(file)], "article"):
            if isinstance(item, Exception):
                raise item
        asked = on_article()
        answers = engine.ask_all([str(row["text"]) for row in asked], ["article"], 5)
        text = engine.library.article("article", answers[0].passages[0].passage.article_id)
        engine.close()
    pairs = list(zip(asked, answers, strict=True))
    yes = [(str(row["evidence"]), answer) for row, answer in pairs if row["answerable"]]
    no = [answer for row, answer in pairs if not row["answerable"]]
    print(f"\nthe first article: {len(yes)} answerable questions, {len(no)} near misses")
    for depth in (1, 3):
        found = sum(_among(evidence, answer, text, depth) for evidence, answer in yes)
        print(f"  right passage among the first {depth}  {found} of {len(yes)}")
    _count_states("answerable", [answer for _, answer in yes])
    _count_states("near misses", no)


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
