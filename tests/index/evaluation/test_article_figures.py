"""Figures over questions on articles, worked out on paper and what must hold of any results."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.evaluation.article_figures import article_figures, averaged, by_style, risk_points
from index.evaluation.articles import ArticleQuestion
from index.evaluation.asking import ArticleResult
from index.records import State


def result(
    state: State,
    confidence: float,
    right: str = "",
    *,
    answerable: bool = True,
    style: str = "casual",
) -> ArticleResult:
    """Return a result; ``right`` names what of it holds the answer."""
    question = ArticleQuestion("q", "a", "?", answerable, style=style)
    first, shown = ("passage" in right) and answerable, ("sentence" in right) and answerable
    return ArticleResult(question, state, confidence, first, first, shown, 0.5 * shown)


FOUR = [
    result("answer", 0.9, "passage, sentence"),
    result("answer", 0.8, "passage"),
    result("none", 0.1, "sentence"),
    result("answer", 0.6, answerable=False, style="why"),
    result("closest", 0.3, answerable=False, style="why"),
]

RESULTS = st.lists(
    st.builds(
        result,
        st.sampled_from(["answer", "closest", "none"]),
        st.floats(0, 1),
        st.sampled_from(["", "passage", "sentence", "passage, sentence"]),
        answerable=st.booleans(),
        style=st.sampled_from(["casual", "why"]),
    ),
    min_size=1,
)


def test_each_figure_is_as_counted_by_hand() -> None:
    assert article_figures(FOUR) == {
        "n": 5,
        "answerable": 3,
        "near_misses": 2,
        "passage_first": 0.6667,
        "passage_in_three": 0.6667,
        "sentence": 0.6667,
        "overlap": 0.3333,
        "answered_right_by_sentence": 0.3333,
        "answered_right_by_passage": 0.6667,
        "precision_by_sentence": 0.3333,  # a near miss is wrong
        "precision_by_passage": 0.6667,
        "none_of_answerable": 0.3333,
        "near_misses_answered": 0.5,
        "auroc": 0.6667,  # 4 of 6 pairs
        "calibration_error_by_passage": 0.26,  # (0.1 + 0.2 + 0.1 + 0.6 + 0.3) / 5
        "calibration_error_by_sentence": 0.54,  # (0.1 + 0.8 + 0.9 + 0.6 + 0.3) / 5
        "aurc": round((0 + 1 / 2 + 2 / 3 + 3 / 4 + 3 / 5) / 5, 4),
        "states": {
            "answerable": {"answer": 0.6667, "closest": 0.0, "none": 0.3333},
            "unanswerable": {"answer": 0.5, "closest": 0.5, "none": 0.0},
        },
    }


def test_what_cannot_be_counted_is_none() -> None:
    figures = article_figures([result("none", 0.1, answerable=False)])
    empty = ["passage_first", "sentence", "overlap", "precision_by_sentence", "auroc"]
    assert [figures[name] for name in empty] == [None] * len(empty)
    assert article_figures([])["aurc"] is None


def test_styles_are_told_apart_the_most_frequent_first() -> None:
    styles = by_style(FOUR)
    assert [(name, figures["n"]) for name, figures in styles.items()] == [("casual", 3), ("why", 2)]
    assert styles["why"]["sentence"] is None


def test_each_kind_weighs_alike_in_the_mean() -> None:
    kinds = [article_figures(FOUR), article_figures(FOUR[:1])]
    means = averaged(kinds)
    assert means["sentence"] == round((0.6667 + 1) / 2, 4)
    assert means["near_misses_answered"] == 0.5  # the other kind has no near miss
    assert "states" not in means
    assert averaged([]) == {}


@given(RESULTS)
def test_what_is_answered_rightly_is_right(results: list[ArticleResult]) -> None:
    figures = article_figures(results)
    if figures["answerable"]:
        assert figures["answered_right_by_sentence"] <= figures["sentence"]
        assert figures["answered_right_by_passage"] <= figures["passage_first"]
        assert figures["passage_first"] <= figures["passage_in_three"]
        assert figures["none_of_answerable"] == figures["states"]["answerable"]["none"]
    shares = [v for name, v in figures.items() if name not in ("n", "answerable", "near_misses")]
    assert all(0 <= v <= 1 for v in shares if isinstance(v, float))


@given(RESULTS)
def test_styles_add_up_to_all(results: list[ArticleResult]) -> None:
    assert sum(figures["n"] for figures in by_style(results).values()) == len(results)


@given(RESULTS)
def test_the_curve_covers_every_question(results: list[ArticleResult]) -> None:
    assert len(risk_points(results)) == len(results)
