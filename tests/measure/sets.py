"""The labelled sets, and the questions that each can't answer.

Read from the folder that ``PASSAGE_EVAL_DATA`` names, else ``../shared/data``.  Of the sets
that the reader learns from, only questions on articles that it never saw are asked.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from config.settings import default_models
from index.evaluate import LabelledPassage, LabelledQuestion, read_passages, read_questions
from index.models.compiled import ModelStore
from index.models.embedder import Embedder, Vectors
from training.corpus import folder, held_out_docs

QUESTIONS = Path(__file__).parent.parent / "questions"

Kind = Literal["answerable", "near miss", "off topic"]
KINDS: tuple[Kind, ...] = ("answerable", "near miss", "off topic")


@dataclass(frozen=True, slots=True)
class Scenario:
    """Passages to index, and questions of one kind or several to put to them."""

    name: str
    passages: Sequence[LabelledPassage]
    questions: Sequence[LabelledQuestion]

    def kinds(self) -> list[Kind]:
        """Return of each question what it is to these passages."""
        held = {passage.id for passage in self.passages}
        docs = {passage.doc for passage in self.passages}

        def kind(question: LabelledQuestion) -> Kind:
            if question.answerable:
                return "answerable"
            about = question.about or ""
            return "near miss" if about in held or about.split("#")[0] in docs else "off topic"

        return [kind(question) for question in self.questions]


def model_store() -> ModelStore:
    """Return where compiled models are kept between measurements."""
    return ModelStore(default_models())


def passages_of(name: str) -> list[LabelledPassage]:
    """Return the passages of a set."""
    return read_passages(folder() / name / "passages.jsonl.gz")


def questions_of(name: str) -> list[LabelledQuestion]:
    """Return the questions of a set."""
    return read_questions(folder() / name / "questions.jsonl.gz")


def whole(name: str) -> Scenario:
    """Return a set as it is."""
    return Scenario(name, passages_of(name), questions_of(name))


def held_out() -> Scenario:
    """Return all of squad2's passages with the questions on the articles that are held out."""
    passages, kept = passages_of("squad2"), held_out_docs("squad2")
    ids = {passage.id for passage in passages if passage.doc in kept}
    return Scenario("squad2", passages, [q for q in questions_of("squad2") if q.about in ids])


def offtopic_split() -> Scenario:
    """Return squad2's held-out articles with the questions on all of it, and small talk."""
    passages, kept = passages_of("squad2"), held_out_docs("squad2")
    indexed = [passage for passage in passages if passage.doc in kept]
    ids = {passage.id for passage in indexed}
    inside = [q for q in questions_of("squad2") if q.answerable and q.relevant <= ids]
    outside = [unanswerable(q) for q in questions_of("squad2") if q.about not in ids]
    return Scenario("off-topic split", indexed, [*inside, *outside, *questions_of("offtopic")])


def halved(name: str, seed: int) -> Scenario:
    """Return a random half of a set's articles with the answerable questions on both halves."""
    passages = passages_of(name)
    docs = sorted({passage.doc for passage in passages})
    kept = set(random.Random(seed).sample(docs, len(docs) // 2))
    indexed = [passage for passage in passages if passage.doc in kept]
    ids = {passage.id for passage in indexed}
    asked = [q for q in questions_of(name) if q.answerable]
    inside = [replace(q, relevant=q.relevant & ids) for q in asked if q.relevant & ids]
    outside = [unanswerable(q) for q in asked if not q.relevant & ids]
    return Scenario(f"{name}, half", indexed, [*inside, *outside])


def small_libraries(size: int, count: int, seed: int) -> Iterator[Scenario]:
    """Yield libraries of a few passages of one article, as a newcomer has them.

    Asked are the questions on these passages, those on the article's other passages (near
    misses), and as many on anything else.
    """
    chance = random.Random(seed)
    passages, asked = passages_of("squad-train"), questions_of("squad-train")
    on: dict[str, list[LabelledQuestion]] = {}
    for question in asked:
        on.setdefault(next(iter(question.relevant)), []).append(question)
    small_talk = questions_of("offtopic")
    for doc in chance.sample(sorted(held_out_docs("squad-train")), count):
        article = [passage for passage in passages if passage.doc == doc]
        kept = chance.sample(article, min(size, len(article) * 2 // 3))
        inside = [q for passage in kept for q in on.get(passage.id, [])]
        rest = [passage for passage in article if passage not in kept]
        near = [unanswerable(q) for passage in rest for q in on.get(passage.id, [])]
        inside = chance.sample(inside, min(25, len(inside)))
        near = chance.sample(near, min(25, len(near)))
        other = [unanswerable(q) for q in chance.sample(asked, 12) if q not in inside]
        yield Scenario(
            f"small library of {size}",
            kept,
            [*inside, *near, *other, *chance.sample(small_talk, 13)],
        )


def unanswerable(question: LabelledQuestion) -> LabelledQuestion:
    """Return a question as one whose answer is not indexed, but lies elsewhere."""
    about = question.about or next(iter(sorted(question.relevant)), None)
    return replace(question, relevant=frozenset(), about=about)


def on_article() -> list[dict[str, str | bool | list[str] | None]]:
    """Return the questions on the first article, by their evidence."""
    lines = (QUESTIONS / "article.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


class Remembering:
    """An embedder that embeds no text twice: scenarios share passages and questions."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[tuple[str, str], Vectors] = {}
        self.identity = embedder.identity
        self.dimension = embedder.dimension
        self.passage_tokens = embedder.passage_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens."""
        return self._embedder.count_tokens(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of questions."""
        return self._embed("query", texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages."""
        return self._embed("passage", texts)

    def _embed(self, kind: str, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if (kind, text) not in self._known]
        if new:
            embedder = self._embedder
            embed = embedder.embed_queries if kind == "query" else embedder.embed_passages
            self._known.update({(kind, t): v for t, v in zip(new, embed(new), strict=True)})
        rows = [self._known[kind, text] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimension), np.float32)
