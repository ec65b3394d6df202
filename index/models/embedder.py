"""Texts -> unit vectors.

The default model comes as a package from the package registry, weights and all, and is
trusted by its hash; any other sentence-transformers model is loaded by name or path.  It is
compiled once and served by ONNX Runtime; one that can't be compiled is served by torch.
Vectors are normalised here and nowhere else, so an inner product is a cosine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.models.compiled import Compiled
from index.models.network import Network, Row

Vectors = NDArray[np.float32]
"""Shape (texts, dimension), each row of length 1."""

TextKind = Literal["query", "document"]
"""What a text is to the model, as sentence-transformers names its prompts."""

_TOGETHER = 256  # texts tokenised together; their tokens take far more room than they
_LITTLE = 2_000  # characters that are tokenised sooner than other threads wake up to help


class Embedder(Protocol):
    """What the index needs of a model."""

    @property
    def identity(self) -> str:
        """Name and revision: vectors are comparable only where this is equal."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def passage_tokens(self) -> int:
        """How many tokens a passage may have, context included, before it would be cut."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens, special tokens not counted."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of questions."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages, or of sentences to compare with a question."""


class WindowedEmbedder(ABC):
    """Embeds a text beyond the model's maximum as the mean of its windows.

    So no part of it is dropped, as a model by itself would do.
    """

    def __init__(self, identity: str, dimension: int, passage_tokens: int) -> None:
        self.identity = identity
        self.dimension = dimension
        self.passage_tokens = passage_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens, special tokens not counted."""
        parts = (texts[n : n + _TOGETHER] for n in range(0, len(texts), _TOGETHER))
        return [len(ids) for part in parts for ids in self._tokenize(part)]

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of questions, with the model's query prompt if it has one."""
        return self._windowed("query", texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages, with the model's document prompt if it has one."""
        return self._windowed("document", texts)

    @abstractmethod
    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of each text, special ones left out."""

    @abstractmethod
    def _encode(self, kind: TextKind, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector of any length for each text, of which there is at least one."""

    def _windowed(self, kind: TextKind, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        # An ASCII character makes one token at the most; some models put another one first.
        unsure = [t for t in texts if len(t) >= self.passage_tokens or not t.isascii()]
        lengths = dict(zip(unsure, self.count_tokens(unsure), strict=True))
        windows = [
            [text] if lengths.get(text, 0) <= self.passage_tokens else self._windows(text)
            for text in texts
        ]
        flat = _unit(self._encode(kind, [w for ws in windows for w in ws]))
        if len(flat) == len(texts):
            return flat
        edges = np.cumsum([len(ws) for ws in windows])[:-1]
        return _unit(np.stack([part.mean(axis=0) for part in np.split(flat, edges)]))

    def _windows(self, text: str) -> list[str]:
        """Halve an over-long text, at white space where there is any, until each part fits."""
        if self.count_tokens([text])[0] <= self.passage_tokens or len(text) < 2:
            return [text]
        middle = len(text) // 2
        space = text.rfind(" ", len(text) // 4, middle)
        cut = space if space > 0 else middle
        return [*self._windows(text[:cut]), *self._windows(text[cut:])]


class CompiledEmbedder(WindowedEmbedder):
    """A compiled model, served by ONNX Runtime without torch."""

    def __init__(self, compiled: Compiled) -> None:
        facts: Any = compiled.facts
        super().__init__(facts["identity"], facts["dimension"], facts["passage_tokens"])
        self._prompts: dict[TextKind, str] = facts["prompts"]
        self._network = Network(compiled.folder / "model.onnx")
        self._tokenizer = Tokenizer.from_file(str(compiled.folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._longest = int(facts["maximum"])

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokens(texts, special=False)]

    def _tokens(self, texts: Sequence[str], *, special: bool) -> list[Any]:
        if sum(map(len, texts)) < _LITTLE:
            return [self._tokenizer.encode(text, add_special_tokens=special) for text in texts]
        return self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=special)

    def _encode(self, kind: TextKind, texts: Sequence[str]) -> NDArray[np.float32]:
        prompt = self._prompts.get(kind, "")
        vectors: list[NDArray[np.float32]] = []
        for start in range(0, len(texts), _TOGETHER):
            part = [f"{prompt}{text}" for text in texts[start : start + _TOGETHER]]
            encoded = self._tokens(part, special=True)
            rows = [Row(e.ids[: self._longest], e.type_ids[: self._longest]) for e in encoded]
            vectors.extend(outputs[0] for outputs in self._network.run(rows))
        return np.stack(vectors)


def _unit(vectors: NDArray[np.float32]) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit
