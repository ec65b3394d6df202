"""Figures over questions on articles: finding, showing, daring to answer, knowing how surely.

What is right is told twice: by the passage put first, and by the sentence that is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from index.evaluation.asking import ArticleResult
from index.evaluation.measures import (
    RiskPoint,
    aurc,
    auroc,
    calibration_gap,
    mean,
    risk_coverage,
    state_shares,
)


def article_figures(results: Sequence[ArticleResult]) -> dict[str, Any]:
    """Return the figures of ``passage eval`` on articles, rounded to four places.

    ``answered_right`` is a share of the answerable; ``precision`` one of all that was called
    ``answer``, where a near miss is wrong whatever is shown.  ``auroc`` is that of the
    confidence, answerable against near misses.  None stands where there was nothing to count.
    """
    answerable = [result for result in results if result.answerable]
    misses = [result for result in results if not result.answerable]
    answered = [result for result in results if result.state == "answer"]
    sure = [result.confidence for result in results]
    by_passage = [result.first_right for result in results]
    by_sentence = [result.sentence_right for result in results]
    return {
        "n": len(results),
        "answerable": len(answerable),
        "near_misses": len(misses),
        "passage_first": _share([r.first_right for r in answerable]),
        "passage_in_three": _share([r.among_first for r in answerable]),
        "sentence": _share([r.sentence_right for r in answerable]),
        "overlap": mean([r.overlap for r in answerable]) if answerable else None,
        "answered_right_by_sentence": _share([_answered(r, r.sentence_right) for r in answerable]),
        "answered_right_by_passage": _share([_answered(r, r.first_right) for r in answerable]),
        "precision_by_sentence": _share([r.sentence_right for r in answered]),
        "precision_by_passage": _share([r.first_right for r in answered]),
        "none_of_answerable": _share([r.state == "none" for r in answerable]),
        "near_misses_answered": _share([r.state == "answer" for r in misses]),
        "auroc": auroc([r.confidence for r in answerable], [r.confidence for r in misses]),
        "calibration_error_by_passage": calibration_gap(sure, by_passage),
        "calibration_error_by_sentence": calibration_gap(sure, by_sentence),
        "aurc": aurc(sure, by_sentence),
        "states": {
            "answerable": state_shares([r.state for r in answerable]),
            "unanswerable": state_shares([r.state for r in misses]),
        },
    }


def by_style(results: Sequence[ArticleResult]) -> dict[str, dict[str, Any]]:
    """Return the same figures for each style of question, the most frequent first."""
    styles: dict[str, list[ArticleResult]] = {}
    for result in results:
        styles.setdefault(result.style, []).append(result)
    ordered = sorted(styles, key=lambda style: (-len(styles[style]), style))
    return {style: article_figures(styles[style]) for style in ordered}


def averaged(figures: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the mean of each figure over several kinds; each kind weighs alike.

    A kind without a figure is left out of the mean of that figure; counts are means, too.
    """
    found: dict[str, float | None] = {}
    for name in (name for name in (figures[0] if figures else ()) if name != "states"):
        values = [row[name] for row in figures if row[name] is not None]
        found[name] = mean(values) if values else None
    return found


def risk_points(results: Sequence[ArticleResult]) -> list[RiskPoint]:
    """Return the curve of risk over coverage, where wrong is what shows a wrong sentence."""
    return risk_coverage([r.confidence for r in results], [r.sentence_right for r in results])


def _answered(result: ArticleResult, right: bool) -> bool:
    return result.state == "answer" and right


def _share(flags: Sequence[bool]) -> float | None:
    return mean([float(flag) for flag in flags]) if flags else None
