"""Milvus Lite: dense vectors and its BM25 function in one collection, fused by ``RRFRanker``.

The schema and the indexes are those of its guides to hybrid and to full text search.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pymilvus import AnnSearchRequest, DataType, Function, FunctionType, MilvusClient, RRFRanker
from sentence_transformers import SentenceTransformer

_NAME = "passages"
_DEPTH = 10
_BATCH = 1000


class Entry:
    def __init__(self, folder: Path, model: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._model = SentenceTransformer(str(model))
        self._client = MilvusClient(str(folder / "milvus.db"))
        if self._client.has_collection(_NAME):
            self._client.load_collection(_NAME)

    def index(
        self, passages: Sequence[tuple[str, str]], vectors: NDArray[np.float32] | None
    ) -> None:
        if vectors is None:
            vectors = self._model.encode([text for _, text in passages])
        self._client.drop_collection(_NAME)
        self._create()
        for start in range(0, len(passages), _BATCH):
            self._insert(passages[start : start + _BATCH], vectors[start : start + _BATCH])
        self._client.flush(_NAME)

    def ask(self, question: str) -> list[str]:
        dense = self._model.encode([question])
        requests = [
            AnnSearchRequest(dense, "dense", {"metric_type": "IP"}, _DEPTH),
            AnnSearchRequest([question], "sparse", {"metric_type": "BM25"}, _DEPTH),
        ]
        found = self._client.hybrid_search(_NAME, requests, RRFRanker(), limit=5)
        return [hit["id"] for hit in found[0]]

    def add(self, name: str, text: str) -> None:
        self._insert([(name, text)], self._model.encode([text]))

    def _insert(self, passages: Iterable[tuple[str, str]], vectors: NDArray[np.float32]) -> None:
        rows = zip(passages, vectors, strict=True)
        data = [{"id": name, "text": text, "dense": vector} for (name, text), vector in rows]
        self._client.insert(_NAME, data)

    def _create(self) -> None:
        schema = self._client.create_schema()
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=512)
        schema.add_field("text", DataType.VARCHAR, max_length=65535, enable_analyzer=True)
        schema.add_field("dense", DataType.FLOAT_VECTOR, dim=384)
        schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(Function("bm25", FunctionType.BM25, "text", "sparse"))
        indexes = self._client.prepare_index_params()
        indexes.add_index("dense", index_type="AUTOINDEX", metric_type="IP")
        indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
        self._client.create_collection(_NAME, schema=schema, index_params=indexes)
