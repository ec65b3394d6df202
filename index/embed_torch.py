"""A sentence-transformers model, served by torch or compiled to do without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from index.compile import INPUTS, CompileError, Precision, export, precisions, to_int8
from index.embed import CompiledEmbedder, Kind, Vectors, WindowedEmbedder
from index.model_store import Compiled
from index.probes import QUESTIONS, TEXTS
from index.weights import Source, hub_revision, loaded

_BATCH = 32
_UNBOUNDED = 8_192  # tokens a text may have where the model itself names no maximum

_LEAST = {"int8": (0.985, 0.96), "float32": (0.9999, 0.999)}
"""The mean and the lowest cosine of compiled to original vectors that are good enough."""


class SentenceTransformerEmbedder(WindowedEmbedder):
    """Any sentence-transformers model, on the processor."""

    def __init__(self, model: SentenceTransformer, identity: str) -> None:
        self.model = model
        room = self.maximum - model.tokenizer.num_special_tokens_to_add(pair=False)
        prompts = [self.prompts.get("document", ""), self.prompts.get("query", "")]
        room -= max(len(ids) for ids in self._tokenize(prompts))
        super().__init__(identity, int(model.get_embedding_dimension() or 0), max(1, room))

    @property
    def maximum(self) -> int:
        """The most tokens of a text, special ones and prompt included."""
        maximum = self.model.get_max_seq_length()
        return _UNBOUNDED if maximum is None else min(int(maximum), _UNBOUNDED)

    @property
    def prompts(self) -> dict[Kind, str]:
        """What the model wants before a text of each kind."""
        kinds: tuple[Kind, ...] = ("query", "document")
        return {kind: self.model.prompts.get(kind) or "" for kind in kinds}

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        tokenizer: Any = self.model.tokenizer
        if hasattr(tokenizer, "encode_batch"):  # a bare tokenizers.Tokenizer
            return [e.ids for e in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
        ids: list[list[int]] = tokenizer(
            list(texts), add_special_tokens=False, truncation=False, verbose=False
        )["input_ids"]
        return ids

    def _encode(self, kind: Kind, texts: Sequence[str]) -> NDArray[np.float32]:
        encode = self.model.encode_query if kind == "query" else self.model.encode_document
        vectors = encode(list(texts), batch_size=_BATCH, show_progress_bar=False)
        return np.asarray(vectors, np.float32)


def load_torch_embedder(source: Source) -> SentenceTransformerEmbedder:
    """Load a folder without the hub, a name with it.  Raises ModelError."""

    def load() -> SentenceTransformer:
        return SentenceTransformer(
            source.path,
            device="cpu",
            trust_remote_code=False,
            local_files_only=source.local,
            revision=source.revision,
            model_kwargs={"attn_implementation": "eager"},  # compiles to the plainest graph
        )

    kind = "sentence-transformers name or folder"
    model = loaded(source, load, setting="model", kind=kind)
    revision = hub_revision(getattr(model[0], "auto_model", None))
    return SentenceTransformerEmbedder(model, source.identity or f"{source.name}@{revision}")


def compile_embedder(
    original: SentenceTransformerEmbedder, wanted: Precision, folder: Path
) -> Mapping[str, Any]:
    """Write a model compiled to ``folder``; return what is to be known of it.

    Of the precisions allowed the smallest whose vectors are near enough to the original's.
    Raises CompileError.
    """
    backend = getattr(original.model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise CompileError("its tokenizer is none of the tokenizers library")
    (folder / "tokenizer.json").write_text(backend.to_str(), "utf-8")
    whole, small = folder / "float32.onnx", folder / "int8.onnx"
    inputs = [name for name in INPUTS if name in original.model.tokenizer.model_input_names]
    export(_Vectors(original.model, inputs), inputs, ["vectors"], whole)
    reference = _probed(original)
    told = ""
    for precision in precisions(wanted):
        if precision == "int8":
            to_int8(whole, small)
        (small if precision == "int8" else whole).replace(folder / "model.onnx")
        facts = _facts(original, precision)
        cosines = (_probed(CompiledEmbedder(Compiled(folder, facts))) * reference).sum(axis=1)
        mean, lowest = float(cosines.mean()), float(cosines.min())
        if mean >= _LEAST[precision][0] and lowest >= _LEAST[precision][1]:
            whole.unlink(missing_ok=True)
            return {**facts, "cosine": round(mean, 5)}
        told = f"as {precision} its vectors have a cosine of {mean:.4f} to the original's"
    raise CompileError(told)


class _Vectors(torch.nn.Module):
    """A sentence-transformers model as a function from tensors to a tensor."""

    def __init__(self, model: SentenceTransformer, inputs: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.inputs = inputs

    def forward(self, *given: torch.Tensor) -> Any:
        return self.model(dict(zip(self.inputs, given, strict=True)))["sentence_embedding"]


def _facts(original: SentenceTransformerEmbedder, precision: Precision) -> dict[str, Any]:
    suffix = "" if precision == "float32" else f"+{precision}"
    return {
        "identity": f"{original.identity}{suffix}",
        "precision": precision,
        "dimension": original.dimension,
        "passage_tokens": original.passage_tokens,
        "maximum": original.maximum,
        "prompts": original.prompts,
    }


def _probed(embedder: WindowedEmbedder) -> Vectors:
    texts = [text[: len(text) // 2] for text in TEXTS]  # other lengths
    return np.concatenate(
        [embedder.embed_queries(QUESTIONS), embedder.embed_passages([*TEXTS, *texts])]
    )
