"""The public sets beside SQuAD that the reader learns from, each as a corpus.

Typed questions, forum posts, yes/no questions, negation, marked sentences: what each has
marked (words, sentences, nothing) becomes words or sentences to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from index.language.sentences import TextSpan, sentences
from training.corpus import Corpus, Source, Task, load, places, rows

NEXT = ("nq", "tydi-mlqa", "doqa", "yesno", "selqa", "condaqa", "quoref-contrast", "qamr")
"""The sets that lie beside SQuAD in one layout."""

SENTENCES_ONLY = frozenset({"selqa"})
"""Whose answers are whole sentences: there are no words to learn to mark."""

_WHOLE = 0.7  # evidence that is more of a passage than this points at nothing


@dataclass(frozen=True, slots=True)
class Twinned:
    """A corpus, and for some of its questions the misses that people made of them."""

    corpus: Corpus
    twins: dict[int, list[Task]]


def load_set(name: str) -> Corpus:
    """Return one of ``NEXT``."""
    sources = [_source(row) for row in rows(f"{name}/passages.jsonl.gz")]
    at = {source.id: number for number, source in enumerate(sources)}
    tasks = []
    for row in rows(f"{name}/questions.jsonl.gz"):
        number = at[row["about"]]
        if row.get("title_copy"):
            number = _untitled(number, sources, at)
        task = _task(row, number, sources[number].text, words=name not in SENTENCES_ONLY)
        if task is not None:
            tasks.append(task)
    return Corpus(sources, tasks)


def squad_with_twins() -> Twinned:
    """Return squad-train's questions that have a twin by people, with the other misses.

    Those beside which no miss stands on the same paragraph are left out.
    """
    train = load("squad-train", held_out=False)
    at = {source.id: number for number, source in enumerate(train.sources)}
    names = [r["id"] for r in rows("squad-train/questions.jsonl.gz") if _about(r) in at]
    misses: list[Task] = []
    of: dict[str, list[Task]] = {}
    for row in rows("squad2-train-unans/questions.jsonl.gz"):
        if row["about"] in at:
            miss = Task(row["text"], at[row["about"]], (), ())
            misses.append(miss)
            of.setdefault(row.get("pair", ""), []).append(miss)
    read = {miss.source for miss in misses}
    kept: list[Task] = []
    twins: dict[int, list[Task]] = {}
    for name, task in zip(names, train.tasks, strict=True):
        if task.source in read:
            if name in of:
                twins[len(kept)] = of[name]
            kept.append(task)
    return Twinned(Corpus(train.sources, [*kept, *misses]), twins)


def _about(row: dict[str, Any]) -> str:
    return str(row.get("about") or row["relevant"][0])


def _source(row: dict[str, Any]) -> Source:
    text = row["text"]
    return Source(row["id"], row["doc"], row["title"], text, tuple(sentences(text, language="en")))


def _untitled(number: int, sources: list[Source], at: dict[str, int]) -> int:
    """Return the same passage with its title, which is the question, above the text.

    So a question in a passage is met, and is no answer to itself.
    """
    titled = sources[number]
    name = f"{titled.id}?"
    if name not in at:
        at[name] = len(sources)
        heading = f"{titled.context.strip()}\n\n"
        text = heading + titled.text
        sources.append(
            replace(
                titled,
                id=name,
                context="",
                text=text,
                sentences=tuple(sentences(text, language="en")),
            )
        )
    return at[name]


def _task(row: dict[str, Any], source: int, text: str, *, words: bool) -> Task | None:
    """Return a question as a task; None where what answers it can't be told."""
    answers = tuple(row.get("answers", ()))
    if not row["answerable"]:
        return Task(row["text"], source, (), answers)
    spans = _spans(row, text) if words else ()
    evidence = tuple(span for said in row.get("evidence", ()) for span in places(said, text))
    told = sum(span.end - span.start for span in evidence)
    if not spans and (not evidence or told > _WHOLE * len(text)):
        return None
    return Task(row["text"], source, spans, answers, evidence)


def _spans(row: dict[str, Any], text: str) -> tuple[TextSpan, ...]:
    starts: Sequence[int] = row.get("answer_starts") or ()
    moved = text.find(row["answers"][0], starts[0]) - starts[0] if starts else 0
    found = (
        TextSpan(a + moved, a + moved + len(w))
        for a, w in zip(starts, row["answers"], strict=False)
    )
    return tuple(span for span in found if text[span.start : span.end] in row["answers"])
