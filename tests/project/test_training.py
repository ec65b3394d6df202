"""What the reader learns from: examples that are true, misses that are none, runs that resume."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from index.language.sentences import TextSpan, sentences
from index.models.load_embedder import default_folder
from training import corpus as corpora
from training.corpus import Corpus, Source, Task
from training.examples import TEXT, Encoder, Example, Examples, batches, worded
from training.measure import f1
from training.negatives import MINED, OPPOSITES, Siblings, altered, mined, names_in

pytestmark = pytest.mark.slow

TEXTS = {
    "Bridge#0": "The bridge opened in 1932. Ida Brandt designed it. It has four arches of stone.",
    "Bridge#1": "Trams crossed the bridge until 1958. Since then it has carried cars and walkers.",
    "Tower#0": "The tower was built by Karl Holm in 1901. It burnt down in May 1944.",
    "Tower#1": "Visitors climb 212 steps to the top of the tower, where Ida Brandt hung a bell.",
}
QUESTIONS = [
    ("Bridge#0", "When did the bridge open?", "1932"),
    ("Bridge#0", "Who designed the bridge?", "Ida Brandt"),
    ("Bridge#1", "Until when did trams cross the bridge?", "1958"),
    ("Tower#0", "Who built the tower?", "Karl Holm"),
    ("Tower#1", "How many steps lead to the top of the tower?", "212"),
]
MISSES = [("Bridge#0", "When did the bridge close?"), ("Tower#0", "Who painted the tower?")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay out the two sets that training reads, small, with articles to hold out."""

    def write(name: str, rows: Sequence[dict[str, Any]]) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        lines = "\n".join(json.dumps(row) for row in rows)
        (tmp_path / name).write_bytes(gzip.compress(lines.encode(), mtime=0))

    for name in ("squad-train", "squad2"):
        texts = {"Apple#0": "Apples grow on trees. Ann eats them.", **TEXTS}
        write(
            f"{name}/passages.jsonl.gz",
            [
                {"id": i, "doc": i.split("#")[0], "title": i.split("#")[0], "text": text}
                for i, text in texts.items()
            ],
        )
        asked = [
            {
                "id": str(number),
                "text": question,
                "relevant": [about],
                "about": about,
                "answers": [answer],
                "answerable": True,
                **({"answer_starts": [texts[about].index(answer)]} if name != "squad2" else {}),
            }
            for number, (about, question, answer) in enumerate(
                [*QUESTIONS, ("Apple#0", "Who eats apples?", "Ann")]
            )
        ]
        missed = [
            {
                "id": f"m{number}",
                "text": question,
                "relevant": [],
                "about": about,
                "answers": [],
                "answerable": False,
            }
            for number, (about, question) in enumerate([*MISSES, ("Apple#0", "Who sells apples?")])
        ]
        write(f"{name}/questions.jsonl.gz", asked + (missed if name == "squad2" else []))
    monkeypatch.setenv("PASSAGE_EVAL_DATA", str(tmp_path))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    made = Tokenizer.from_file(str(default_folder() / "tokenizer.json"))
    made.no_truncation()
    made.no_padding()
    return made


@pytest.fixture(scope="module")
def siblings() -> Siblings:
    """Know that 1932 could be 1931 or 1958, and that a tower could be a castle."""
    words = ["1932", "1931", "1958", "tower", "castle", "bridge", "trams"]
    angles = np.asarray([0.0, 0.3, 0.5, 1.57, 2.6, 3.9, 5.2])
    return Siblings(words, np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32))


def source(name: str, text: str) -> Source:
    doc = name.split("#", maxsplit=1)[0]
    return Source(name, doc, doc, text, tuple(sentences(text, language="en")))


@pytest.fixture
def corpus() -> Corpus:
    names = list(TEXTS)
    tasks = [
        Task(question, names.index(about), (TextSpan(at, at + len(answer)),), (answer,))
        for about, question, answer in QUESTIONS
        for at in [TEXTS[about].index(answer)]
    ]
    return Corpus([source(name, text) for name, text in TEXTS.items()], tasks)


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


def decoded(tokenizer: Tokenizer, example: Example) -> list[str]:
    return [tokenizer.decode(example.ids[a : b + 1]) for a, b in example.spans]


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


@pytest.mark.model
@pytest.mark.usefixtures("folder")
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from training import train

    monkeypatch.setattr(train, "TOKENS", 300)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train.run(whole, ends=[2, 3], minutes=5, every=100)
    train.run(parts, ends=[2, 3], minutes=0, every=100)
    slope = train._slope
    monkeypatch.setattr(train, "_slope", lambda step, _: slope(step, 2 if step < 2 else 3))
    for done in (1, 2, 3):
        train.run(parts, ends=[done], minutes=5, every=100)
    kept, pieced = (torch.load(out / "checkpoint.pt", weights_only=True) for out in (whole, parts))
    assert all(torch.equal(kept["model"][name], pieced["model"][name]) for name in kept["model"])
    assert kept["averaged"] == 2
    figures = [json.loads(line) for line in (whole / "figures.jsonl").read_text().splitlines()]
    assert figures[-1]["step"] == 3
    assert figures[-1]["questions"] > 0


def test_the_mean_of_weights_is_that_of_all_moments_and_keeps_to_itself() -> None:
    import torch

    from training.train import Mean

    weights = {"layer": torch.tensor([1.0, 4.0])}
    mean = Mean()
    mean.add(weights)
    mean = Mean(mean.weights, mean.count)  # as after a stop
    for _ in range(2):
        weights["layer"] += 3.0
        mean.add(weights)
    assert mean.count == 3
    assert mean.weights["layer"].tolist() == pytest.approx([4.0, 7.0])
