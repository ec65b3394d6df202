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
from tests.support.fakes import BagOfWords
from training import corpus as corpora
from training.corpus import Corpus, Source, Task
from training.examples import (
    TEXT,
    UNTOLD,
    Encoder,
    Example,
    Examples,
    Manner,
    batches,
    sentence_labels,
    worded,
)
from training.measure import f1
from training.mixture import Mixture, Part
from training.negatives import MINED, OPPOSITES, Siblings, altered, mined, names_in
from training.own_words import kept_kind, load_kind
from training.sets import load_set, squad_with_twins

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


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(json.dumps(row) for row in rows)
    path.write_bytes(gzip.compress(lines.encode(), mtime=0))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out the two sets that training reads, small, with articles to hold out."""
    for name in ("squad-train", "squad2"):
        texts = {"Apple#0": "Apples grow on trees. Ann eats them.", **TEXTS}
        write(
            tmp_path / name / "passages.jsonl.gz",
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
        write(tmp_path / name / "questions.jsonl.gz", asked + (missed if name == "squad2" else []))
    monkeypatch.setenv("PASSAGE_EVAL_DATA", str(tmp_path))
    return tmp_path


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


def test_misses_that_people_made_of_a_question_are_its_twins(
    folder: Path, tokenizer: Tokenizer, siblings: Siblings
) -> None:
    row = {"relevant": [], "answers": [], "answerable": False}
    write(
        folder / "squad2-train-unans" / "questions.jsonl.gz",
        [
            {**row, "id": "a", "text": "Who painted it?", "about": "Bridge#0", "pair": "1"},
            {**row, "id": "b", "text": "When did it sink?", "about": "Bridge#0"},
            {**row, "id": "c", "text": "Who sells apples?", "about": "Apple#0"},
        ],
    )
    found = squad_with_twins()
    about = [found.corpus.sources[t.source].id for t in found.corpus.tasks]
    assert about == ["Bridge#0"] * 4  # its two questions and their misses; no held-out article
    assert {n: [t.question for t in ts] for n, ts in found.twins.items()} == {
        1: ["Who painted it?"]
    }
    manner = Manner(by_people=1.0, twins=found.twins)
    examples = Examples(found.corpus, Encoder(tokenizer), siblings, None, manner)
    for seed in range(9):
        first, second = examples.pairs(str(seed))
        assert asked_in(tokenizer, second.no).startswith("who painted it")
        assert asked_in(tokenizer, first.no).startswith(("who painted it", "when did it sink"))


def asked_in(tokenizer: Tokenizer, example: Example) -> str:
    return tokenizer.decode(example.ids[1 : example.second - 1])


def test_a_paragraph_that_is_kept_apart_is_not_learnt_from(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder
    monkeypatch.setattr(corpora, "LEFT_OUT", frozenset({"Tower#0"}))
    assert "Tower#0" not in {s.id for s in corpora.load("squad-train", held_out=False).sources}


FORUM = {
    "id": "f1",
    "doc": "f1",
    "title": "Can I grill duck?",
    "text": "Yes. Use low heat. Rest it.",
}


def forum(folder: Path, name: str, *questions: dict[str, Any]) -> Corpus:
    write(folder / name / "passages.jsonl.gz", [FORUM])
    rows = [
        {"text": "Can I grill duck?", "about": "f1", "relevant": ["f1"], "answerable": True, **q}
        for q in questions
    ]
    write(folder / name / "questions.jsonl.gz", rows)
    return load_set(name)


def test_a_question_that_repeats_the_title_meets_it_in_the_text_instead(folder: Path) -> None:
    found = forum(
        folder,
        "doqa",
        {"answers": ["Use low heat"], "answer_starts": [5], "title_copy": True},
        {"answers": ["Rest it"], "answer_starts": [19], "title_copy": False},
    )
    (moved, plain) = found.tasks
    assert found.sources[moved.source].context == ""
    assert found.sources[moved.source].text == f"{FORUM['title']}\n\n{FORUM['text']}"
    assert sentence_labels(found.sources[moved.source], moved) == [0, 0, 1, 0]
    assert found.sources[plain.source].context == FORUM["title"]
    for task in found.tasks:
        text = found.sources[task.source].text
        assert [text[a:b] for a, b in task.spans] == list(task.answers)


def test_marked_sentences_are_learnt_from_where_no_words_are(
    folder: Path, tokenizer: Tokenizer, siblings: Siblings
) -> None:
    found = forum(
        folder,
        "yesno",
        {"answers": ["yes"], "evidence": ["Use low heat."]},
        {"answers": ["yes"], "evidence": [FORUM["text"]]},
    )
    (task,) = found.tasks  # evidence that is the whole passage points at nothing
    assert (task.spans, task.answerable) == ((), True)
    (pair,) = Examples(found, Encoder(tokenizer), siblings, None, Manner(trimmed=0)).pairs("1")
    assert pair.yes.labels == (0, 1, 0)
    first, behind = pair.yes.sentences[1]
    assert tokenizer.decode(pair.yes.ids[first:behind]) == "use low heat."
    assert pair.yes.places(0) == pair.yes.places(1) == list(range(first, behind))
    assert set(pair.no.labels) == {0}
    assert pair.no.places(0) == [0]


def test_whole_sentences_are_no_words_to_mark(folder: Path) -> None:
    said = {"answers": ["Use low heat."], "answer_starts": [5], "evidence": ["Use low heat."]}
    (task,) = forum(folder, "selqa", said).tasks
    assert (task.spans, task.evidence) == ((), (TextSpan(5, 18),))


GUIDE = """Setting up

Before you begin, read the whole of this guide once, and then keep it beside you while you work.

Limits of the service

These limits hold for every account of the service, whatever it pays and wherever it may be:

Plan | Storage | Seats
Free | 5 GB | 1
Team | 50 GB | 10

Are there refunds?
Refunds are paid within 14 days of the purchase, to the card that was charged for the plan."""


@pytest.fixture
def guides(folder: Path) -> Path:
    """Lay out a kind of own words with one article to learn from and one to measure on."""
    kind = folder / "own-words" / "docs"
    facts = {"url": None, "published": None}
    other = "Seats can be bought by themselves. A team of 10 may have 3 guests for nothing."
    write(
        kind / "articles.jsonl.gz",
        [
            {"id": "g1", "title": "The guide", "text": GUIDE, "split": "train", **facts},
            {"id": "g2", "title": "Seats", "text": other, "split": "train", **facts},
            {"id": "g3", "title": "Other", "text": "Something else.", "split": "fit", **facts},
        ],
    )
    row = {"answerable": True, "style": "casual", "miss": None, "article": "g1", "split": "train"}
    lines = ["Team | 50 GB | 10", "Plan | Storage | Seats"]
    write(
        kind / "questions.jsonl.gz",
        [
            {**row, "id": "1", "text": "storage team", "answers": ["50 GB"], "evidence": lines},
            {
                **row,
                "id": "2",
                "text": "can i get my money back",
                "answers": ["within 14 days"],
                "evidence": [GUIDE.splitlines()[-1]],
            },
            {
                **row,
                "id": "3",
                "text": "how many seats for schools",
                "answerable": False,
                "answers": [],
                "evidence": [],
            },
            {**row, "id": "4", "text": "x", "answers": [], "evidence": [], "split": "fit"},
        ],
    )
    return folder


def test_own_words_are_cut_and_ranked_as_served(guides: Path) -> None:
    assert guides
    found = load_kind("docs", "train", "file", BagOfWords(passage_tokens=80))
    sources, tasks = found.corpus.sources, found.corpus.tasks
    assert {s.doc for s in sources} == {"g1", "g2"}
    assert all(s.text[a:b].strip() for s in sources for a, b in s.sentences)
    assert any(s.context.endswith("Limits of the service") for s in sources)
    (table,) = [t for t in tasks if t.question == "storage team"]
    held = sources[table.source]
    assert [held.text[a:b] for a, b in table.spans] == ["50 GB"]
    labelled = zip(held.sentences, sentence_labels(held, table), strict=True)
    labels = {held.text[a:b]: label for (a, b), label in labelled}
    assert labels["Team | 50 GB | 10"] == 1
    assert labels["Plan | Storage | Seats"] == UNTOLD
    assert labels["Free | 5 GB | 1"] == 0
    for task, near, own in zip(tasks, found.near, found.own, strict=True):
        assert {sources[n].doc for n in own} == {"g1"}
        for n in near[near >= 0]:
            assert not any(answer in sources[n].text for answer in task.answers)
    misses = [t for t in tasks if not t.answerable]
    assert {t.question for t in misses} == {"how many seats for schools"}
    assert {sources[t.source].doc for t in misses} == {"g1"}


def test_a_ranking_is_kept_as_it_was_made(guides: Path) -> None:
    embedder = BagOfWords(passage_tokens=80)
    made = kept_kind("docs", "train", "dump", embedder, guides / "kept")
    asked = len(embedder.embedded)
    read = kept_kind("docs", "train", "dump", embedder, guides / "kept")
    assert len(embedder.embedded) == asked
    assert (read.corpus, read.own, list(read.rows)) == (made.corpus, made.own, list(made.rows))
    assert np.array_equal(read.near, made.near)
    assert not any("\nLimits" in s.context for s in read.corpus.sources)


def test_a_mixture_goes_on_where_it_was_and_takes_its_shares(
    corpus: Corpus, tokenizer: Tokenizer, siblings: Siblings
) -> None:
    examples = Examples(corpus, Encoder(tokenizer), siblings, None)
    parts = [Part("many", examples, 8), Part("few", examples, 2)]
    made = Mixture(parts, "1", tokens=400)
    turns = [parts[1].numbers(round_, "1") for round_ in range(5)]
    assert sorted(n for turn in turns for n in turn) == sorted([*range(5)] * 2)
    whole = [batch for _, batch in zip(range(20), made.after(0), strict=False)]
    rest = [batch for _, batch in zip(range(8), made.after(12), strict=False)]
    assert rest == whole[12:]
    assert [number for number, _ in whole] == list(range(20))
    assert sum(len(batch) for batch in made.round(0)) == 10


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store a reader of a few weights, as one that ships is stored."""
    import shutil

    import torch
    from transformers import BertConfig, BertForQuestionAnswering

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    reader = BertForQuestionAnswering(BertConfig(intermediate_size=16, **sizes))
    target = tmp_path_factory.mktemp("reader")
    reader.save_pretrained(target)
    for path in default_folder().glob("*token*.json"):
        shutil.copy(path, target)
    return target


def encoded(corpus: Corpus, tokenizer: Tokenizer, siblings: Siblings) -> list[Example]:
    pairs = list(Examples(corpus, Encoder(tokenizer), siblings, None).pairs("1"))
    return [pair.yes for pair in pairs] + [pair.no for pair in pairs]


def test_a_sentence_is_judged_by_the_mean_of_its_tokens() -> None:
    import torch

    from training.reading import sentence_losses, sentence_scores

    example = Example(
        (1, 2, 3, 4, 5, 6, 7), 1, 2, (), 1.0, ((2, 4), (4, 5), (5, 6)), (0, 1, UNTOLD)
    )
    blank = Example((1, 2, 3), 1, 2, (), 1.0, (), ())
    third = torch.tensor([[9.0, 9.0, -1.0, -3.0, 4.0, 50.0, 9.0], [9.0] * 7])
    assert sentence_scores(third, [example, blank])[0].tolist() == [-2.0, 4.0, 50.0]
    judged, chosen = sentence_losses(third, [example, blank])
    soft = [float(np.log1p(np.exp(x))) for x in (-2.0, -4.0)]
    assert judged.tolist() == pytest.approx([sum(soft) / 2, 0.0], abs=1e-5)
    assert chosen.tolist() == pytest.approx([float(np.log1p(np.exp(-6.0))), 0.0], abs=1e-5)


def test_a_third_output_leaves_the_other_two_as_transformers_has_them(
    tiny: Path, tmp_path: Path, corpus: Corpus, tokenizer: Tokenizer, siblings: Siblings
) -> None:
    import torch
    from transformers import BertForQuestionAnswering

    from training.reading import EVIDENCE, opened, said, saved

    made = opened(tiny)
    made.evidence.bias.data += 0.5
    saved(made, tmp_path)
    assert (tmp_path / EVIDENCE).is_file()
    plain, found = BertForQuestionAnswering.from_pretrained(
        str(tmp_path), dtype=torch.float32, output_loading_info=True
    )
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    examples = encoded(corpus, tokenizer, siblings)[:1]
    again = opened(tmp_path, trained=False)
    ids = torch.tensor([examples[0].ids])
    kinds = (torch.arange(ids.shape[1]) >= examples[0].second).long()[None]
    with torch.inference_mode():
        told = said(again, examples, torch.device("cpu"))
        expected = plain.eval()(input_ids=ids, token_type_ids=kinds)
    inside = slice(examples[0].text, len(examples[0].ids) - 1)
    assert torch.allclose(told.start[:, inside], expected.start_logits[:, inside], atol=1e-5)
    assert torch.allclose(told.end[:, inside], expected.end_logits[:, inside], atol=1e-5)
    assert again.evidence.bias.tolist() == [0.5]


def test_what_is_judged_is_what_is_served(tiny: Path, corpus: Corpus, tokenizer: Tokenizer) -> None:
    from transformers import AutoTokenizer, BertForQuestionAnswering

    from index.models.spans import Excerpt
    from index.models.torch.spans import TorchReader
    from training.judge import Asked, Judge
    from training.reading import opened

    plain = BertForQuestionAnswering.from_pretrained(str(tiny)).eval()
    served = TorchReader(plain, AutoTokenizer.from_pretrained(str(tiny)), "tiny").served()
    judge = Judge(opened(tiny, trained=False), Encoder(tokenizer))
    asked = [Asked(task.question, task.source) for task in corpus.tasks]
    for one, look in zip(asked, judge.read(corpus, asked), strict=True):
        held = corpus.sources[one.source]
        excerpt = Excerpt(one.question, held.context, held.text, held.sentences)
        (expected,) = served.read([excerpt])
        spans = [span for span in expected.spans if span is not None]
        assert look.odds == pytest.approx(expected.odds, abs=1e-4)
        assert look.spans.tolist() == pytest.approx([span.odds for span in spans], abs=1e-4)
        best = max(spans, key=lambda span: span.odds)
        assert look.words == held.text[best.start : best.end]


def test_the_learning_rate_is_down_at_every_end() -> None:
    from training.further import slope

    rates = [slope(step, (100, 300)) for step in range(300)]
    assert max(rates) == 1.0
    assert (rates[99], rates[299]) == (pytest.approx(1 / 60), pytest.approx(1 / 120))
    assert rates[100] == pytest.approx(1 / 30)
    assert all(0 < rate <= 1 for rate in rates)


def test_learning_further_goes_on_as_if_it_had_not_been_stopped(
    tiny: Path,
    tmp_path: Path,
    corpus: Corpus,
    tokenizer: Tokenizer,
    siblings: Siblings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    from training import further

    part = Part("corpus", Examples(corpus, Encoder(tokenizer), siblings, None), 5)
    monkeypatch.setattr(further, "mixture", lambda *_: Mixture([part], "1", tokens=300))
    given: dict[str, Any] = {"start": tiny, "every": 2, "minutes": 5, "seed": "1", "shares": {}}
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    further.run(whole, ends=[2, 4], **given)
    slope = further.slope
    monkeypatch.setattr(further, "slope", lambda step, _: slope(step, (2, 4)))
    for done in ([1], [2], [3], [4]):
        further.run(parts, ends=done, **given)
    kept, pieced = (torch.load(out / "checkpoint.pt", weights_only=True) for out in (whole, parts))
    assert (kept["done"], kept["averaged"]) == (4, 2)
    assert all(torch.equal(kept["model"][name], pieced["model"][name]) for name in kept["model"])
    assert (whole / "step-00002.pt").is_file()


def test_the_mean_of_checkpoints_is_put_where_readers_are_loaded_from(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from index.models.source import Source as Weights
    from index.models.torch.spans import load_torch_reader
    from training import export
    from training.reading import opened

    monkeypatch.setattr(export, "digests", lambda _: {})
    target, files = tmp_path / "reader", [tmp_path / "1.pt", tmp_path / "2.pt"]
    state = opened(tiny).state_dict()
    for number, path in enumerate(files):
        torch.save({name: (tensor + number).half() for name, tensor in state.items()}, path)
    export.export_mean(files, None, target, start=tiny)
    read = opened(target, trained=False).state_dict()
    assert all(torch.allclose(read[name], state[name] + 0.5, atol=2e-2) for name in state)
    served = load_torch_reader(Weights("tiny", str(target), "tiny@1"))
    assert served.served().identity == "tiny@1"
    assert json.loads((target / "training.json").read_text())["averaged"] == 2


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
