"""LangChain: a FAISS store and a BM25 retriever, fused by its ``EnsembleRetriever``.

Words are split as its BM25 page advises; that retriever cannot grow, so it is built anew.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

os.environ["LANGSMITH_TRACING"] = "false"

import numpy as np
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_community.vectorstores import FAISS
from langchain_huggingface import HuggingFaceEmbeddings
from nltk.tokenize import word_tokenize
from numpy.typing import NDArray

# Splitting into sentences first, its default, needs a download and hardly alters the words.
_words = partial(word_tokenize, preserve_line=True)
_DEPTH = 10


class Entry:
    def __init__(self, folder: Path, model: Path) -> None:
        self._folder = str(folder)
        self._embeddings = HuggingFaceEmbeddings(model_name=str(model))
        if (folder / "index.faiss").exists():
            self._store = FAISS.load_local(
                self._folder, self._embeddings, allow_dangerous_deserialization=True
            )
            self._fuse()

    def index(
        self, passages: Sequence[tuple[str, str]], vectors: NDArray[np.float32] | None
    ) -> None:
        ids = [name for name, _ in passages]
        texts = [text for _, text in passages]
        metadatas = [{"name": name} for name in ids]
        if vectors is None:
            self._store = FAISS.from_texts(texts, self._embeddings, metadatas, ids=ids)
        else:
            self._store = FAISS.from_embeddings(
                zip(texts, vectors, strict=True), self._embeddings, metadatas, ids=ids
            )
        self._store.save_local(self._folder)
        self._fuse()

    def ask(self, question: str) -> list[str]:
        return [found.metadata["name"] for found in self._fused.invoke(question)[:5]]

    def add(self, name: str, text: str) -> None:
        self._store.add_texts([text], [{"name": name}], ids=[name])
        self._store.save_local(self._folder)
        self._fuse()

    def _fuse(self) -> None:
        documents = self._store.get_by_ids(list(self._store.index_to_docstore_id.values()))
        words = BM25Retriever.from_documents(documents, k=_DEPTH, preprocess_func=_words)
        meaning = self._store.as_retriever(search_kwargs={"k": _DEPTH})
        self._fused = EnsembleRetriever(
            retrievers=[words, meaning], weights=[0.5, 0.5], id_key="name"
        )
