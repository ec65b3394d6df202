"""Files of articles and questions, and the sentence for each that is malformed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from index.errors import EvaluationError
from index.evaluation.articles import (
    ArticleQuestion,
    LabelledArticle,
    asks_on_articles,
    of_split,
    read_article_questions,
    read_articles,
)

ARTICLE = LabelledArticle("a", "Talks", "They met.", "https://example.org", "2020-01-02", "fit")
QUESTION = {"id": "1", "article": "a", "text": "Who?", "answerable": True, "answers": ["they"]}


def written(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


def test_articles_and_questions_are_read_with_what_may_be_missing(tmp_path: Path) -> None:
    articles = read_articles(
        written(
            tmp_path / "a.jsonl",
            {
                "id": "a",
                "title": "Talks",
                "text": "They met.",
                "url": "https://example.org",
                "published": "2020-01-02",
                "split": "fit",
            },
            {"id": 2, "text": "x", "url": None},
        )
    )
    assert articles == [ARTICLE, LabelledArticle("2", "", "x")]
    file = written(
        tmp_path / "q.jsonl",
        QUESTION | {"evidence": ["They met."], "style": "casual", "split": "fit"},
        {"id": "2", "article": "2", "text": "Why?", "answerable": False, "style": None},
    )
    questions = read_article_questions(file, articles)
    assert questions == [
        ArticleQuestion(
            "1",
            "a",
            "Who?",
            answerable=True,
            answers=("they",),
            evidence=("They met.",),
            style="casual",
            split="fit",
        ),
        ArticleQuestion("2", "2", "Why?", answerable=False),
    ]
    assert of_split(articles, questions, "fit") == (articles[:1], questions[:1])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"article": "b"}, "there is no article 'b'."),
        ({"article": None}, "expected an object with a text in 'article'."),
        ({"answerable": None}, "expected true or false in 'answerable'."),
        ({"answerable": "no"}, "expected true or false in 'answerable'."),
        ({"evidence": "They met."}, "expected a list of texts in 'evidence'."),
        (
            {"answers": []},
            "an answerable question needs 'answers' or 'evidence' to be judged by.",
        ),
    ],
)
def test_a_malformed_question_is_a_sentence_with_its_line(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    file = written(tmp_path / "q.jsonl", QUESTION, QUESTION | change)
    with pytest.raises(EvaluationError) as caught:
        read_article_questions(file, [ARTICLE])
    assert str(caught.value) == f"{file}, line 2: {sentence}"


def test_an_article_that_comes_twice_is_a_sentence(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", {"id": "a", "text": "x"}, {"id": "a", "text": "y"})
    with pytest.raises(EvaluationError, match="line 2: a second article with the id 'a'"):
        read_articles(file)


def test_the_first_question_tells_the_layout(tmp_path: Path) -> None:
    labelled = {"id": "1", "text": "Who?", "relevant": []}
    assert asks_on_articles(written(tmp_path / "q.jsonl", QUESTION))
    assert not asks_on_articles(written(tmp_path / "r.jsonl", labelled))
    assert not asks_on_articles(written(tmp_path / "empty.jsonl"))


def test_an_article_comes_as_a_file_of_text_with_its_headings() -> None:
    text = "Before all.\n\nThe harbour\n===========\n\nIt opened in May."
    taken = LabelledArticle("a", "Oslo", text, published="2020-01-02").as_file()
    assert (taken.id, taken.title, taken.published) == ("a", "Oslo", "2020-01-02")
    assert "It opened in May." in taken.text
