"""Questions in people's own words on whole articles: tables by kind and by style.

Each kind is measured as one library of all its articles, and with each article in a library
of its own, as someone has it who asks about the one article they were sent.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from index.answer.reader import Reader
from index.evaluation.article_figures import article_figures, averaged, by_style, risk_points
from index.evaluation.articles import (
    ArticleQuestion,
    of_split,
    read_article_questions,
    read_articles,
)
from index.evaluation.asking import ArticleEvaluation, ArticleResult
from index.models.embedder import Embedder
from tests.measure.sets import questions_of
from tests.support.paths import ROOT
from training.corpus import folder
from training.own_words import KINDS

POINTS = ROOT / "build" / "risk-coverage.json"
"""Where the curves of risk over coverage are left for ``tests.measure.risk_coverage``."""

COLUMNS = {
    "n": "n",
    "passage_first": "first",
    "passage_in_three": "in 3",
    "sentence": "sentence",
    "overlap": "overlap",
    "answered_right_by_sentence": "ans+sent",
    "answered_right_by_passage": "ans+pass",
    "precision_by_sentence": "prec sent",
    "precision_by_passage": "prec pass",
    "none_of_answerable": "none",
    "near_misses_answered": "misses",
    "auroc": "auroc",
    "calibration_error_by_passage": "ece pass",
    "calibration_error_by_sentence": "ece sent",
    "aurc": "aurc",
}
"""The figures of the tables, and what stands above them."""

OFF_TOPIC = "off topic"
"""The style of questions that have nothing to do with any article."""

_STRANGE = 5  # of so many questions one more is off topic, where such are asked too

_LIBRARIES = {"all articles of a kind together": False, "each article by itself": True}


def report_own_words(embedder: Embedder, reader: Callable[[], Reader], limit: int) -> None:
    """Print the tables, and keep the curves of risk over coverage."""
    curves: dict[str, list[dict[str, float]]] = {}
    for name, each in _LIBRARIES.items():
        kinds = {kind: asked(kind, embedder, reader(), limit, each=each) for kind in KINDS}
        together = [result for results in kinds.values() for result in results]
        print(f"\nown words, split fit, {name}")
        print("\n".join(table(kinds)))
        print("  by style, over all kinds")
        print("\n".join(rows(by_style(together))))
        curves[name] = [asdict(point) for point in risk_points(together)]
    POINTS.parent.mkdir(exist_ok=True)
    POINTS.write_text(json.dumps(curves), "utf-8")
    print(f"\nrisk over coverage is in {POINTS.relative_to(ROOT)}")


def asked(
    kind: str,
    embedder: Embedder,
    reader: Reader,
    limit: int,
    *,
    each: bool,
    off_topic: bool = False,
) -> list[ArticleResult]:
    """Return what the questions of a kind got, of so many at the most drawn by chance."""
    files: Path = folder() / "own-words" / kind
    articles = read_articles(files / "articles.jsonl.gz")
    questions = read_article_questions(files / "questions.jsonl.gz", articles)
    articles, questions = of_split(articles, questions, "fit")
    if len(questions) > limit:
        questions = random.Random(0).sample(questions, limit)
    if off_topic:
        questions = [*questions, *_strange(kind, [q.article for q in questions[::_STRANGE]])]
    evaluation = ArticleEvaluation(articles, embedder, reader, each=each)
    try:
        return evaluation.run(questions)
    finally:
        evaluation.close()


def _strange(kind: str, articles: Sequence[str]) -> list[ArticleQuestion]:
    """Return an off-topic question for each of some articles, others for each kind."""
    chosen = random.Random(kind).sample(questions_of("offtopic"), len(articles))
    return [
        ArticleQuestion(q.id, article, q.text, answerable=False, style=OFF_TOPIC)
        for q, article in zip(chosen, articles, strict=True)
    ]


def table(kinds: Mapping[str, Sequence[ArticleResult]]) -> list[str]:
    """Return a line for each kind, and one of their mean, in which each weighs alike."""
    figures = {kind: article_figures(results) for kind, results in kinds.items()}
    return rows({**figures, "mean of kinds": averaged(list(figures.values()))})


def rows(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the lines of a table of figures, with a head."""
    heads = " ".join(f"{head:>9}" for head in COLUMNS.values())
    lines = [f"  {'':14}{heads}"]
    for name, found in figures.items():
        values = " ".join(f"{_written(column, found[column]):>9}" for column in COLUMNS)
        lines.append(f"  {name:14}{values}")
    return lines


def _written(column: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if column == "n" else f"{value:.3f}"
