"""The sets that the reader learns from: where their answers are, and what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from index.language.sentences import TextSpan
from tests.support.fakes import BagOfWords
from tests.support.training_texts import (
    FORUM,
    asked_in,
    forum,
    write,
)
from training import corpus as corpora
from training.examples import (
    UNTOLD,
    Encoder,
    Examples,
    Manner,
    sentence_labels,
)
from training.negatives import Siblings
from training.own_words import kept_kind, load_kind
from training.sets import squad_with_twins

pytestmark = pytest.mark.slow


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


def test_a_paragraph_that_is_kept_apart_is_not_learnt_from(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder
    monkeypatch.setattr(corpora, "LEFT_OUT", frozenset({"Tower#0"}))
    assert "Tower#0" not in {s.id for s in corpora.load("squad-train", held_out=False).sources}


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
