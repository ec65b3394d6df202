"""LlamaIndex: a FAISS vector index and its BM25 retriever, fused by reciprocal rank.

The ``QueryFusionRetriever`` asks the question alone, without a language model; both
halves are persisted to the folder as its guides show.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.faiss import FaissVectorStore
from numpy.typing import NDArray

_DEPTH = 10


class Entry:
    def __init__(self, folder: Path, model: Path) -> None:
        self._folder = str(folder)
        self._words_folder = str(folder / "bm25")
        self._embed = HuggingFaceEmbedding(model_name=str(model))
        if (folder / "docstore.json").exists():
            storage = StorageContext.from_defaults(
                vector_store=FaissVectorStore.from_persist_dir(self._folder),
                persist_dir=self._folder,
            )
            self._index = load_index_from_storage(storage, embed_model=self._embed)
            self._fuse(BM25Retriever.from_persist_dir(self._words_folder))

    def index(
        self, passages: Sequence[tuple[str, str]], vectors: NDArray[np.float32] | None
    ) -> None:
        nodes = [TextNode(id_=name, text=text) for name, text in passages]
        if vectors is not None:
            for node, vector in zip(nodes, vectors, strict=True):
                node.embedding = vector.tolist()
        store = FaissVectorStore(faiss_index=faiss.IndexFlatIP(384))
        storage = StorageContext.from_defaults(vector_store=store)
        self._index = VectorStoreIndex(nodes, storage_context=storage, embed_model=self._embed)
        self._save()

    def ask(self, question: str) -> list[str]:
        return [found.node.node_id for found in self._fused.retrieve(question)]

    def add(self, name: str, text: str) -> None:
        self._index.insert_nodes([TextNode(id_=name, text=text)])
        self._save()

    def _save(self) -> None:
        self._index.storage_context.persist(persist_dir=self._folder)
        words = BM25Retriever.from_defaults(docstore=self._index.docstore, similarity_top_k=_DEPTH)
        words.persist(self._words_folder, show_progress=False)
        self._fuse(words)

    def _fuse(self, words: BM25Retriever) -> None:
        self._fused = QueryFusionRetriever(
            [self._index.as_retriever(similarity_top_k=_DEPTH), words],
            llm=MockLLM(),
            mode="reciprocal_rerank",
            similarity_top_k=5,
            num_queries=1,
            use_async=False,
        )
