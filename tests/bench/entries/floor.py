"""The naive floor: sentence-transformers and a flat FAISS index, dense only, as tutorials begin.

Ids and texts lie in a pickle beside the index, and both files are written anew at each change.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer


class Entry:
    def __init__(self, folder: Path, model: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._vectors_file = folder / "index.faiss"
        self._passages_file = folder / "passages.pkl"
        self._model = SentenceTransformer(str(model))
        if self._vectors_file.exists():
            self._vectors = faiss.read_index(str(self._vectors_file))
            self._passages: list[tuple[str, str]] = pickle.loads(  # noqa: S301
                self._passages_file.read_bytes()
            )

    def index(
        self, passages: Sequence[tuple[str, str]], vectors: NDArray[np.float32] | None
    ) -> None:
        if vectors is None:
            vectors = self._model.encode([text for _, text in passages])
        self._passages = list(passages)
        self._vectors = faiss.IndexFlatL2(vectors.shape[1])
        self._vectors.add(vectors)
        self._save()

    def ask(self, question: str) -> list[str]:
        _, rows = self._vectors.search(self._model.encode([question]), 5)
        return [self._passages[row][0] for row in rows[0] if row >= 0]

    def add(self, name: str, text: str) -> None:
        self._vectors.add(self._model.encode([text]))
        self._passages.append((name, text))
        self._save()

    def _save(self) -> None:
        faiss.write_index(self._vectors, str(self._vectors_file))
        self._passages_file.write_bytes(pickle.dumps(self._passages))
