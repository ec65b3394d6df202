"""The sets that the reader learns from, and the articles that it is never shown.

Read from the folder that ``PASSAGE_EVAL_DATA`` names, else ``../shared/data``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.language.sentences import TextSpan, sentences

HELD_OUT_OF_TRAIN = 11
"""Every so many-th article of squad-train is kept for measuring and calibrating."""

LEFT_OUT = frozenset({"Florida#3", "Immunology#13", "Immunology#14"})
"""Paragraphs of squad-train that also stand in sets kept apart."""

FILES = tuple(
    f"{name}/{part}.jsonl.gz"
    for name in ("squad-train", "squad2")
    for part in ("passages", "questions")
)


def folder() -> Path:
    """Return the folder of the labelled sets."""
    named = os.environ.get("PASSAGE_EVAL_DATA")
    return Path(named) if named else Path(__file__).parents[2] / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Source:
    """A passage to read, with its title as context and the places of its sentences."""

    id: str
    doc: str
    context: str
    text: str
    sentences: tuple[TextSpan, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A question, the passage it was asked of, and where that answers; nowhere if it doesn't.

    ``spans`` are characters of the passage's text; ``answers`` what people gave as answers.
    ``evidence`` are the stretches whose sentences answer, where people marked them; of
    those in ``aside``, a row's head or a list's lead-in, nobody said whether they do.
    """

    question: str
    source: int
    spans: tuple[TextSpan, ...]
    answers: tuple[str, ...]
    evidence: tuple[TextSpan, ...] = ()
    aside: tuple[TextSpan, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the passage answers, be it in words or in sentences."""
        return bool(self.spans or self.evidence)

    @property
    def told(self) -> tuple[TextSpan, ...]:
        """What is known to answer: the evidence, or else the words."""
        return self.evidence or self.spans


@dataclass(frozen=True, slots=True)
class Corpus:
    """Passages and the questions on them."""

    sources: Sequence[Source]
    tasks: Sequence[Task]


def held_out_docs(name: str) -> frozenset[str]:
    """Return the articles of a set that the reader never learns from.

    Of squad2 every other one, the half that the off-topic split indexes.
    """
    docs = sorted({str(row["doc"]) for row in rows(f"{name}/passages.jsonl.gz")})
    return frozenset(docs[::2] if name == "squad2" else docs[::HELD_OUT_OF_TRAIN])


def load(name: str, *, held_out: bool) -> Corpus:
    """Return the part of a set to learn from, or the part that is held out."""
    kept = held_out_docs(name)
    kept_rows = [r for r in rows(f"{name}/passages.jsonl.gz") if (r["doc"] in kept) == held_out]
    kept_rows = [r for r in kept_rows if r["id"] not in LEFT_OUT]
    sources = [
        Source(r["id"], r["doc"], r["title"], r["text"], tuple(sentences(r["text"], language="en")))
        for r in kept_rows
    ]
    at = {source.id: number for number, source in enumerate(sources)}
    tasks = []
    for row in rows(f"{name}/questions.jsonl.gz"):
        about = row.get("about") or row["relevant"][0]
        if about in at:
            tasks.append(_task(row, at[about], sources[at[about]].text))
    return Corpus(sources, tasks)


def digests(names: Sequence[str] = FILES) -> dict[str, str]:
    """Return the SHA-256 of each file that the reader learns from."""
    return {name: hashlib.sha256((folder() / name).read_bytes()).hexdigest() for name in names}


def _task(row: dict[str, Any], source: int, text: str) -> Task:
    answers = tuple(row.get("answers", ()))
    starts = row.get("answer_starts")
    if starts is None:
        found = [at for answer in answers for at in places(answer, text)]
        spans = tuple(dict.fromkeys(found))
    else:
        spans = tuple(TextSpan(a, a + len(w)) for a, w in zip(starts, answers, strict=True))
    return Task(row["text"], source, spans if row["answerable"] else (), answers)


def places(answer: str, text: str) -> Iterator[TextSpan]:
    """Yield where an answer stands; a later place of a short one may mean something else."""
    at = text.find(answer)
    if at >= 0 and answer:
        yield TextSpan(at, at + len(answer))


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of the labelled sets."""
    with gzip.open(folder() / name, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
