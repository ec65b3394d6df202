"""Passage itself: retrieval by vectors and terms, as ``passage search`` has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.collection_names import SHARED
from index.digests import text_digest
from index.engine import Engine
from index.models.compiled import ModelStore
from index.models.load_embedder import BASE_MODEL, load_embedder
from index.records import Article


class Entry:
    """The engine without a reader; ``model`` is not needed, since it knows where its own is."""

    def __init__(self, folder: Path, model: Path) -> None:
        del model
        store = ModelStore(folder.parent / "models")  # compiled once for all runs
        embedder = load_embedder(BASE_MODEL, store)
        self.engine = Engine(folder / "data", lambda: embedder)

    def index(
        self, passages: Sequence[tuple[str, str]], vectors: NDArray[np.float32] | None
    ) -> None:
        """Add each passage as an article, as a dump of short articles is."""
        if vectors is not None:
            kept = {text_digest(t): v for (_, t), v in zip(passages, vectors, strict=True)}
            self.engine.library.vectors.store(self.engine.embedder.identity, kept)
        articles = (Article(source=name, title="", text=text, id=name) for name, text in passages)
        for _ in self.engine.add_articles(articles, SHARED):
            pass
        self.engine.index(SHARED)
        self.engine.close()

    def ask(self, question: str) -> list[str]:
        """Search, and name the articles that the passages are of."""
        found = self.engine.search(question, [SHARED], 5)
        return [ranked.passage.article_id for ranked in found]

    def add(self, name: str, text: str) -> None:
        """Add an article."""
        self.engine.add_article(Article(source=name, title="", text=text, id=name), SHARED)
        self.engine.index(SHARED)
