"""Texts and questions for tests of training, and how to look at what is made of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from index.language.sentences import sentences
from training.corpus import Corpus, Source
from training.examples import (
    Encoder,
    Example,
    Examples,
)
from training.negatives import Siblings
from training.sets import load_set

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


def source(name: str, text: str) -> Source:
    doc = name.split("#", maxsplit=1)[0]
    return Source(name, doc, doc, text, tuple(sentences(text, language="en")))


def decoded(tokenizer: Tokenizer, example: Example) -> list[str]:
    return [tokenizer.decode(example.ids[a : b + 1]) for a, b in example.spans]


def asked_in(tokenizer: Tokenizer, example: Example) -> str:
    return tokenizer.decode(example.ids[1 : example.second - 1])


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


def encoded(corpus: Corpus, tokenizer: Tokenizer, siblings: Siblings) -> list[Example]:
    pairs = list(Examples(corpus, Encoder(tokenizer), siblings, None).pairs("1"))
    return [pair.yes for pair in pairs] + [pair.no for pair in pairs]
