"""Haystack: its hybrid pipeline over an in-memory store, joined by reciprocal rank fusion.

The store goes to the disk as a whole with ``save_to_disk``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

import numpy as np
from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from numpy.typing import NDArray


class Entry:
    def __init__(self, folder: Path, model: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "store.json"
        self._model = str(model)
        self._embed = SentenceTransformersDocumentEmbedder(model=self._model, progress_bar=False)
        self._embed.warm_up()
        if self._file.exists():
            self._open(InMemoryDocumentStore.load_from_disk(str(self._file)))

    def index(
        self, passages: Sequence[tuple[str, str]], vectors: NDArray[np.float32] | None
    ) -> None:
        if vectors is None:
            documents = [Document(id=name, content=text) for name, text in passages]
            documents = self._embed.run(documents)["documents"]
        else:
            documents = [
                Document(id=name, content=text, embedding=vector.tolist())
                for (name, text), vector in zip(passages, vectors, strict=True)
            ]
        self._open(InMemoryDocumentStore())
        self._write(documents)

    def ask(self, question: str) -> list[str]:
        inputs = {"embed": {"text": question}, "words": {"query": question}}
        return [found.id for found in self._pipeline.run(inputs)["join"]["documents"]]

    def add(self, name: str, text: str) -> None:
        self._write(self._embed.run([Document(id=name, content=text)])["documents"])

    def _write(self, documents: list[Document]) -> None:
        self._store.write_documents(documents)
        self._store.save_to_disk(str(self._file))

    def _open(self, store: InMemoryDocumentStore) -> None:
        embed = SentenceTransformersTextEmbedder(model=self._model, progress_bar=False)
        self._store, self._pipeline = store, Pipeline()
        self._pipeline.add_component("embed", embed)
        self._pipeline.add_component("meaning", InMemoryEmbeddingRetriever(store))
        self._pipeline.add_component("words", InMemoryBM25Retriever(store))
        joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=5)
        self._pipeline.add_component("join", joiner)
        self._pipeline.connect("embed.embedding", "meaning.query_embedding")
        self._pipeline.connect("meaning", "join")
        self._pipeline.connect("words", "join")
        self._pipeline.warm_up()
