"""What the reader learns from: examples that are true, and misses that are none."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from index.language.sentences import TextSpan
from tests.support.training_texts import (
    decoded,
)
from training import corpus as corpora
from training.corpus import Corpus
from training.examples import (
    TEXT,
    Encoder,
    Examples,
    batches,
    worded,
)
from training.measure import f1
from training.negatives import MINED, OPPOSITES, Siblings, altered, mined, names_in

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("folder")
def test_articles_that_are_held_out_are_never_learnt_from() -> None:
    for name in ("squad-train", "squad2"):
        kept, held = (corpora.load(name, held_out=held) for held in (False, True))
        docs = {s.doc for s in kept.sources}, {s.doc for s in held.sources}
        assert not docs[0] & docs[1]
        assert "Apple" in docs[1]
        texts = {kept.sources[task.source].text for task in kept.tasks}
        assert texts <= {s.text for s in kept.sources}


@pytest.mark.usefixtures("folder")
def test_every_answer_is_where_its_span_says() -> None:
    for name in ("squad-train", "squad2"):
        loaded = corpora.load(name, held_out=False)
        for task in loaded.tasks:
            text = loaded.sources[task.source].text
            assert [text[a:b] for a, b in task.spans] == list(task.answers)


def test_mined_passages_are_near_and_hold_no_answer(corpus: Corpus) -> None:
    found = mined(corpus)
    assert found.shape == (len(corpus.tasks), MINED)
    for row, task in zip(found, corpus.tasks, strict=True):
        near = [n for n in row if n >= 0]
        assert task.source not in near
        assert not any(task.answers[0] in corpus.sources[n].text for n in near)
    when = [t.question for t in corpus.tasks].index("When did the bridge open?")
    assert corpus.sources[found[when][0]].id == "Bridge#1"


def test_an_altered_question_asks_for_something_else(siblings: Siblings) -> None:
    chance = random.Random(1)
    question = "Did the tower of Karl Holm open first in 1932?"
    made = {
        altered(question, "The tower opened first in 1932.", ["Ida Brandt"], siblings, chance)
        for _ in range(100)
    }
    assert question not in made
    assert made == {
        "Did the castle of Karl Holm open first in 1932?",
        "Did the tower of Karl Holm open first in 1931?",
        "Did the tower of Karl Holm open first in 1958?",
        "Did the tower of Karl Holm open last in 1932?",
        "Did the tower of Karl Holm close first in 1932?",
        "Did the tower of Ida Brandt open first in 1932?",
        "Did not the tower of Karl Holm open first in 1932?",
        "Did never the tower of Karl Holm open first in 1932?",
    }


def test_a_question_without_a_word_to_alter_stays_unaltered(siblings: Siblings) -> None:
    assert altered("Why?", "Text.", ["Ida Brandt"], siblings, random.Random(0)) is None


def test_opposites_go_both_ways() -> None:
    assert (OPPOSITES["first"], OPPOSITES["last"]) == ("last", "first")
    assert all(OPPOSITES[OPPOSITES[word]] for word in OPPOSITES)


def test_names_are_runs_of_capitals_that_begin_no_sentence() -> None:
    text = "Many saw the Tower of London. Few did so with Ida Brandt, or in May."
    assert names_in(text) == {"Tower of London", "Ida Brandt", "May"}


def test_examples_mark_the_answer_and_nothing_in_a_miss(
    corpus: Corpus, tokenizer: Tokenizer, siblings: Siblings
) -> None:
    examples = Examples(corpus, Encoder(tokenizer), siblings, mined(corpus))
    for seed in range(30):
        pairs = list(examples.pairs(str(seed)))
        assert len(pairs) == len(corpus.tasks)
        for pair, task in zip(pairs, corpus.tasks, strict=True):
            assert decoded(tokenizer, pair.yes) == [task.answers[0].lower()]
            assert pair.no.spans == ()
            for example in (pair.yes, pair.no):
                assert example.ids[0] == tokenizer.token_to_id("[CLS]")
                assert example.ids[-1] == tokenizer.token_to_id("[SEP]")
                assert 2 < example.second <= example.text < len(example.ids)


def test_the_same_round_makes_the_same_examples_and_another_one_others(
    corpus: Corpus, tokenizer: Tokenizer, siblings: Siblings
) -> None:
    made = [
        list(Examples(corpus, Encoder(tokenizer), siblings, mined(corpus)).pairs(seed))
        for seed in ("1", "1", "2")
    ]
    assert made[0] == made[1] != made[2]


@pytest.mark.usefixtures("folder")
def test_misses_by_people_are_taken_where_there_are_some(
    tokenizer: Tokenizer, siblings: Siblings
) -> None:
    loaded = corpora.load("squad2", held_out=False)
    pairs = [
        pair
        for seed in range(20)
        for pair in Examples(loaded, Encoder(tokenizer), siblings, None).pairs(str(seed), copies=2)
    ]
    asked = {tokenizer.decode(p.no.ids[1 : p.no.second - 1]) for p in pairs}
    assert "when did the bridge close?" in asked


@given(text=st.text("ab .?!é漢", max_size=900), first=st.integers(0, 400), seed=st.integers(0, 99))
def test_an_example_never_passes_its_limits(
    tokenizer: Tokenizer, text: str, first: int, seed: int
) -> None:
    encoder = Encoder(tokenizer)
    tokens = encoder.tokens([text])[0]
    question = encoder.tokens([worded("Who signed the treaty of Ankara?" * 9, random.Random(seed))])
    window = (min(first, len(tokens.ids)), len(tokens.ids))
    example = encoder.example(question[0].ids, question[0].ids, tokens, window, [TextSpan(0, 5)])
    assert len(example.ids) <= 40 + 40 + TEXT + 3
    assert all(example.text <= a <= b < len(example.ids) - 1 for a, b in example.spans)


def test_batches_hold_every_pair_once_within_their_budget(
    corpus: Corpus, tokenizer: Tokenizer, siblings: Siblings
) -> None:
    examples = Examples(corpus, Encoder(tokenizer), siblings, mined(corpus))
    pairs = list(examples.pairs("0", copies=20))
    made = batches(pairs, 600, "0")
    assert sorted(map(repr, (p for b in made for p in b))) == sorted(map(repr, pairs))
    assert all(2 * len(b) * max(p.length for p in b) <= 600 for b in made)


@pytest.mark.parametrize(
    ("said", "answer", "score"),
    [
        ("the Norman Conquest", "Norman conquest!", 1.0),
        ("in 1932", "1932", 2 / 3),
        ("1932", "1958", 0.0),
        ("", "1932", 0.0),
    ],
)
def test_f1_is_the_official_one(said: str, answer: str, score: float) -> None:
    assert f1(said, answer) == pytest.approx(score)
