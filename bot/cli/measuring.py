"""Measuring on labelled questions: on passages that are named, or on whole articles."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import terminal
from bot.cli.console import AsJson, err, out, print_json
from bot.cli.progress import batch_progress, waiting
from bot.compose import build_embedder, build_reader
from config.settings import load
from index.answer.reader import Reader
from index.evaluate import Evaluation, figures, read_passages, read_questions
from index.evaluation.article_figures import article_figures, by_style
from index.evaluation.articles import asks_on_articles, read_article_questions, read_articles
from index.evaluation.asking import ArticleEvaluation
from index.models.embedder import Embedder


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eval")(evaluate)


def evaluate(
    articles: Annotated[
        Path | None,
        typer.Argument(
            metavar="ARTICLES", help="JSONL of articles, plain or .gz.", show_default=False
        ),
    ] = None,
    asked: Annotated[
        Path | None,
        typer.Argument(metavar="QUESTIONS", help="JSONL of questions on them.", show_default=False),
    ] = None,
    passages: Annotated[
        Path | None, typer.Option(help="JSONL of passages, plain or .gz.", metavar="FILE")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(help="JSONL of labelled questions, plain or .gz.", metavar="FILE")
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="Each article in a library of its own.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure on labelled questions, in an index of its own; the library is not touched.

    Articles: {"id", "title", "text"}; questions on them: {"id", "article", "text",
    "answerable", "answers", "evidence", "style"}, evidence being lines of the article.

    Passages: {"id", "title", "text"}; questions: {"id", "text", "relevant"}, the ids
    of passages, none where the passages don't hold the answer.

    Which of them a file has is told by its first question: on articles if it names an "article".
    """
    library, labelled = _files(articles, asked, passages, questions)
    if asks_on_articles(labelled):
        found = _on_articles(library, labelled, each=each)
    elif each:
        raise typer.BadParameter('--each is for questions that name an "article".')
    else:
        found = _on_passages(library, labelled)
    if as_json:
        print_json(found)
    elif "styles" in found:
        terminal.show_article_figures(out, found)
    else:
        terminal.show_figures(out, found)


def _files(
    articles: Path | None, asked: Path | None, passages: Path | None, questions: Path | None
) -> tuple[Path, Path]:
    """Return what is to be indexed and what is to be asked, however they were given."""
    given = [path for path in (articles, asked, passages, questions) if path is not None]
    if len(given) == 2 and (articles is None) == (asked is None):
        return given[0], given[1]
    raise typer.BadParameter(
        "name two files: ARTICLES QUESTIONS, or --passages FILE --questions FILE."
    )


def _on_passages(passages: Path, questions: Path) -> dict[str, Any]:
    labelled, asked = read_passages(passages), read_questions(questions)
    embedder, reader = _models()
    with batch_progress(err, "indexing") as progress:
        evaluation = Evaluation(labelled, embedder, reader, progress)
    with closing(evaluation), batch_progress(err, "asking") as progress:
        return figures(evaluation.run(asked, progress))


def _on_articles(articles: Path, questions: Path, *, each: bool) -> dict[str, Any]:
    labelled = read_articles(articles)
    asked = read_article_questions(questions, labelled)
    embedder, reader = _models()
    with batch_progress(err, "indexing") as progress:
        evaluation = ArticleEvaluation(labelled, embedder, reader, each=each, progress=progress)
    with closing(evaluation), batch_progress(err, "asking") as progress:
        results = evaluation.run(asked, progress)
    return {**article_figures(results), "styles": by_style(results)}


def _models() -> tuple[Embedder, Reader]:
    settings = load()
    with waiting(err, "loading the models"):
        embedder = build_embedder(settings)
        return embedder, build_reader(settings, embedder)
