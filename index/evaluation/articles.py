"""Articles with questions on them, as people have both: no passage is named, only words.

Articles: {"id", "title", "text", "url", "published"}.  Questions: {"id", "article", "text",
"answerable", "answers", "evidence", "style"}; ``evidence`` are sentences, lines or rows of
the article, word by word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import EvaluationError
from index.evaluation.rows import Row, rows
from index.extract.sources import extract_bytes
from index.records import Article

NO_STYLE = "any"


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """An article to add, as its text was published."""

    id: str
    title: str
    text: str
    url: str | None = None
    published: str | None = None
    split: str | None = None

    def as_file(self) -> Article:
        """Return the article as a file of text brings it in, whose headings become sections."""
        data = f"{self.title}\n\n{self.text}".encode()
        (found,) = extract_bytes(data, name=f"{self.id}.txt", content_type="text/plain")
        if not isinstance(found, Article):
            raise EvaluationError(f"The article {self.id!r} can't be taken in: {found}")
        return replace(found, id=self.id, title=self.title, url=self.url, published=self.published)


@dataclass(frozen=True, slots=True)
class ArticleQuestion:
    """A question, the article that it is about, and what there answers it.

    A question that isn't answerable is a near miss: about the article, which doesn't say.
    """

    id: str
    article: str
    text: str
    answerable: bool
    answers: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    style: str = NO_STYLE
    split: str | None = None


def read_articles(path: Path) -> list[LabelledArticle]:
    """Read a JSONL file of articles, plain or .gz.  Raises EvaluationError."""
    found: dict[str, LabelledArticle] = {}
    for row in rows(path):
        article = LabelledArticle(
            id=row.text("id"),
            title=row.text("title", ""),
            text=row.text("text"),
            url=row.text("url", "") or None,
            published=row.text("published", "") or None,
            split=row.text("split", "") or None,
        )
        if article.id in found:
            raise EvaluationError(f"{row.place}: a second article with the id {article.id!r}.")
        found[article.id] = article
    return list(found.values())


def read_article_questions(
    path: Path, articles: Iterable[LabelledArticle]
) -> list[ArticleQuestion]:
    """Read a JSONL file of questions on these articles.  Raises EvaluationError."""
    known = {article.id for article in articles}
    return [_question(row, known) for row in rows(path)]


def asks_on_articles(path: Path) -> bool:
    """Say whether a file's questions are on articles: the first of them names its "article"."""
    first = next(rows(path), None)
    return first is not None and "article" in first.values


def of_split(
    articles: Sequence[LabelledArticle], questions: Sequence[ArticleQuestion], split: str
) -> tuple[list[LabelledArticle], list[ArticleQuestion]]:
    """Return the articles and questions that are kept for one use, as for measuring."""
    return (
        [article for article in articles if article.split == split],
        [question for question in questions if question.split == split],
    )


def _question(row: Row, known: set[str]) -> ArticleQuestion:
    question = ArticleQuestion(
        id=row.text("id"),
        article=row.text("article"),
        text=row.text("text"),
        answerable=row.flag("answerable"),
        answers=row.texts("answers"),
        evidence=row.texts("evidence"),
        style=row.text("style", "") or NO_STYLE,
        split=row.text("split", "") or None,
    )
    if question.article not in known:
        raise EvaluationError(f"{row.place}: there is no article {question.article!r}.")
    if question.answerable and not (question.answers or question.evidence):
        raise EvaluationError(
            f"{row.place}: an answerable question needs 'answers' or 'evidence' to be judged by."
        )
    return question
