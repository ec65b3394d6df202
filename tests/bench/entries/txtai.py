"""txtai: an ``Embeddings`` database that keeps its content, with its built-in hybrid search.

Dense and BM25 scores are weighed by its defaults; an addition is ``upsert`` and ``save``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from txtai import Embeddings


class Entry:
    def __init__(self, folder: Path, model: Path) -> None:
        self._folder = str(folder)
        self._config = {"path": str(model), "hybrid": True, "content": True}
        if Embeddings().exists(self._folder):
            self._embeddings = Embeddings().load(self._folder)
        else:
            self._embeddings = Embeddings(self._config)

    def index(
        self, passages: Sequence[tuple[str, str]], vectors: NDArray[np.float32] | None
    ) -> None:
        if vectors is None:
            self._embeddings.index(passages)
        else:
            self._embeddings = self._with_given(passages, vectors)
        self._embeddings.save(self._folder)

    def ask(self, question: str) -> list[str]:
        return [found["id"] for found in self._embeddings.search(question, 5)]

    def add(self, name: str, text: str) -> None:
        self._embeddings.upsert([(name, text)])
        self._embeddings.save(self._folder)

    def _with_given(
        self, passages: Sequence[tuple[str, str]], vectors: NDArray[np.float32]
    ) -> Embeddings:
        given = {text: vector for (_, text), vector in zip(passages, vectors, strict=True)}
        external = {
            "method": "external",
            "transform": lambda texts: np.stack([given[text] for text in texts]),
        }
        embeddings = Embeddings({**self._config, **external})
        embeddings.index(passages)
        # From here on texts go to the model, also when the folder is opened again.
        for name in external:
            del embeddings.config[name]
        embeddings.model = self._embeddings.model
        return embeddings
