"""Articles of which no two say the same, and whether a library answers from just those it holds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

from index.answer.reader import Reader
from index.answer.span_reader import SpanReader
from index.collection_names import SHARED
from index.engine import Engine
from index.models.compiled import ModelStore
from index.models.embedder import Embedder, Vectors
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from index.models.load_reader import DEFAULT_READER, load_span_model
from index.records import Answer
from index.store.library import Library
from tests.support.fakes import made

_GOODS = ("wheat", "oats", "salt", "chalk", "amber", "copper", "linen", "barley", "cedar", "wool")


def text_of(name: str, version: int) -> str:
    """Return what a version of an article says: some sentences that no other has."""
    number = int(name.rpartition("-")[2])
    return "\n\n".join(
        f"In {1700 + number} the mill of district {number} took in {version * 100 + line} sacks of "
        f"{goods}, as the {line}th page of its book {version} has it. The miller signed for them."
        for line, goods in enumerate(_GOODS)
    )


def question_about(name: str) -> str:
    """Return a question that an article answers."""
    number = int(name.rpartition("-")[2])
    goods = _GOODS[number % len(_GOODS)]
    return f"How many sacks of {goods} did the mill of district {number} take in?"


class Remembering:
    """The real model, which embeds no passage twice, so that many libraries can be compared."""

    def __init__(self, model: Embedder) -> None:
        self._model = model
        self.identity, self.dimension = model.identity, model.dimension
        self.passage_tokens = model.passage_tokens
        self._known: dict[str, Vectors] = {}

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._model.count_tokens(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._model.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        for text in texts:
            if text not in self._known:
                self._known[text] = self._model.embed_passages([text])[0]
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return np.stack([self._known[text] for text in texts])


@cache
def models() -> tuple[Remembering, Reader]:
    """Return the models that answer people, loaded once."""
    store = ModelStore(Path(os.environ["PASSAGE_MODELS"]))
    model = Remembering(load_embedder(DEFAULT_MODEL, store))
    return model, SpanReader(load_span_model(DEFAULT_READER, store), model)


@contextmanager
def opened(data: Path) -> Iterator[Engine]:
    """Open a library as another process beside those under attack, and leave its index alone."""
    model, reader = models()
    engine = Engine(data, lambda: model, reader=lambda _: reader)
    try:
        yield engine
    finally:
        engine.library.close()


def told(engine: Engine, names: Sequence[str], collection: str = SHARED) -> list[object]:
    """Return what a library answers about articles, ids and times left out."""
    asked = [question_about(name) for name in names]
    return [_essence(answer) for answer in engine.ask_all(asked, [collection], 5)]


def told_afresh(
    held: Mapping[str, str], names: Sequence[str], collection: str = SHARED
) -> list[object]:
    """Return what a library answers that was built of these articles in one go."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as engine:
        for name, text in held.items():
            engine.add_article(made(name, text), collection)
        return told(engine, names, collection)


def held_in(library: Library, collection: str = SHARED) -> dict[str, str]:
    """Return the text of every article, in the order in which they were first added."""
    entries = reversed(library.listing.entries(collection))
    return {e.title: library.article(collection, e.id).text for e in entries}


def _essence(answer: Answer) -> object:
    quote = answer.quote and (answer.quote.text, answer.quote.marked)
    passages = [
        (ranked.passage.title, ranked.passage.text, round(ranked.score, 4))
        for ranked in answer.passages
    ]
    return answer.state, round(answer.confidence, 4), quote, passages
