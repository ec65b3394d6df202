"""Articles are added and asked as Passage would, together and each by itself."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from index.answer.sentence_reader import SentenceReader
from index.answer.span_reader import SpanReader
from index.errors import EvaluationError
from index.evaluation.articles import ArticleQuestion, LabelledArticle
from index.evaluation.asking import ArticleEvaluation
from index.models.compiled import ModelStore
from index.models.embedder import WindowedEmbedder
from index.models.load_reader import DEFAULT_READER, load_span_model
from tests.support.fakes import BagOfWords

OSLO = LabelledArticle("oslo", "Oslo", "The harbour of Oslo opened in May.")
BERGEN = LabelledArticle("bergen", "Bergen", "The bridge of Bergen is 42 metres long.")
TWIN = LabelledArticle("twin", "Oslo", OSLO.text)

HARBOUR = ArticleQuestion(
    "1",
    "oslo",
    "When was the harbour of Oslo opened?",
    answerable=True,
    answers=("May",),
    evidence=(OSLO.text,),
)
BRIDGE = ArticleQuestion(
    "2", "bergen", "How long is the bridge of Bergen?", answerable=True, answers=("42 metres",)
)
MISS = ArticleQuestion("3", "oslo", "How long is the bridge?", answerable=False)


@pytest.mark.parametrize("each", [False, True])
def test_questions_are_answered_in_the_order_given(embedder: BagOfWords, each: bool) -> None:
    told: list[tuple[int, int]] = []
    reader = SentenceReader(embedder)
    with closing(ArticleEvaluation([OSLO, BERGEN], embedder, reader, each=each)) as made:
        results = made.run([HARBOUR, BRIDGE, MISS], lambda *step: told.append(step))
    assert [result.question for result in results] == [HARBOUR, BRIDGE, MISS]
    harbour, bridge, miss = results
    assert (harbour.first_right, harbour.among_first, harbour.sentence_right) == (True,) * 3
    assert harbour.quote == OSLO.text
    assert harbour.overlap == 1
    assert (bridge.first_right, bridge.sentence_right, bridge.overlap) == (True, True, 0)
    assert (miss.first_right, miss.sentence_right) == (False, False)
    assert told[-1] == (3, 3)


def test_each_article_by_itself_finds_nothing_in_another(embedder: BagOfWords) -> None:
    asked = replace(HARBOUR, text=BERGEN.text, answers=(), evidence=(BERGEN.text,))
    for each in (False, True):
        reader = SentenceReader(embedder)
        with closing(ArticleEvaluation([OSLO, BERGEN], embedder, reader, each=each)) as made:
            (result,) = made.run([asked])
        assert result.first_right is False  # the words are those of another article
        assert (result.quote == BERGEN.text) is not each


def test_the_same_text_under_two_ids_is_found_for_both(embedder: BagOfWords) -> None:
    asked = replace(HARBOUR, article="twin")
    with closing(ArticleEvaluation([OSLO, TWIN], embedder, SentenceReader(embedder))) as made:
        (result,) = made.run([asked])
    assert result.first_right


def test_an_evaluation_of_no_articles_is_a_sentence(embedder: BagOfWords) -> None:
    with pytest.raises(EvaluationError, match=r"There are no articles to index\."):
        ArticleEvaluation([], embedder, SentenceReader(embedder))


@pytest.mark.model
def test_the_models_that_answer_people_find_it(
    default_model: WindowedEmbedder, models: Path
) -> None:
    reader = SpanReader(load_span_model(DEFAULT_READER, ModelStore(models)), default_model)
    with closing(ArticleEvaluation([OSLO, BERGEN], default_model, reader)) as made:
        harbour, bridge, miss = made.run([HARBOUR, BRIDGE, MISS])
    assert (harbour.first_right, harbour.sentence_right) == (True, True)
    assert (bridge.first_right, bridge.sentence_right) == (True, True)
    assert not miss.first_right
    assert min(harbour.confidence, bridge.confidence) > 0.5
