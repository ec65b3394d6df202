"""A sentence-transformers model, served by torch or compiled to do without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from index.models.compiled import Compiled
from index.models.embedder import (
    CompiledEmbedder,
    TextKind,
    Vectors,
    WindowedEmbedder,
)
from index.models.recipe import (
    INPUTS,
    CompileError,
    Precision,
    compiled_identity,
)
from index.models.source import Source
from index.models.torch.compile import Judged, compile_smallest
from index.models.torch.probes import QUESTIONS, TEXTS
from index.models.torch.weights import loaded

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
    def prompts(self) -> dict[TextKind, str]:
        """What the model wants before a text of each kind."""
        kinds: tuple[TextKind, ...] = ("query", "document")
        return {kind: self.model.prompts.get(kind) or "" for kind in kinds}

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        tokenizer: Any = self.model.tokenizer
        if hasattr(tokenizer, "encode_batch"):  # a bare tokenizers.Tokenizer
            return [e.ids for e in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
        ids: list[list[int]] = tokenizer(
            list(texts), add_special_tokens=False, truncation=False, verbose=False
        )["input_ids"]
        return ids

    def _encode(self, kind: TextKind, texts: Sequence[str]) -> NDArray[np.float32]:
        encode = self.model.encode_query if kind == "query" else self.model.encode_document
        vectors = encode(list(texts), batch_size=_BATCH, show_progress_bar=False)
        return np.asarray(vectors, np.float32)

    def compile(self, wanted: Precision, folder: Path) -> Mapping[str, Any]:
        """Write it compiled to a folder and return what is to be known of it.

        Raises CompileError where its vectors are not near enough to these.
        """
        backend = getattr(self.model.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise CompileError("its tokenizer is none of the tokenizers library")
        (folder / "tokenizer.json").write_text(backend.to_str(), "utf-8")
        inputs = [name for name in INPUTS if name in self.model.tokenizer.model_input_names]
        network, reference = _Vectors(self.model, inputs), _probed(self)

        def judge(precision: Precision) -> Judged:
            facts = self._facts(precision)
            found = _probed(CompiledEmbedder(Compiled(folder, facts)))
            cosines = (found * reference).sum(axis=1)
            mean, lowest = float(cosines.mean()), float(cosines.min())
            return Judged(
                mean >= _LEAST[precision][0] and lowest >= _LEAST[precision][1],
                {**facts, "cosine": round(mean, 5)},
                f"its vectors have a cosine of {mean:.4f} to the original's",
            )

        def calibrate() -> Vectors:
            return _probed(self)

        return compile_smallest(network, inputs, ["vectors"], folder, wanted, calibrate, judge)

    def served(self) -> WindowedEmbedder:
        """Return it as it answers, served by torch: it does so itself."""
        return self

    def _facts(self, precision: Precision) -> dict[str, Any]:
        return {
            "identity": compiled_identity(self.identity, precision),
            "precision": precision,
            "dimension": self.dimension,
            "passage_tokens": self.passage_tokens,
            "maximum": self.maximum,
            "prompts": self.prompts,
        }


def load_torch_embedder(source: Source) -> SentenceTransformerEmbedder:
    """Load a folder without the hub, a name with it.  Raises ModelError."""

    def load(here: Source) -> SentenceTransformerEmbedder:
        model = SentenceTransformer(
            here.path,
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            # Eager attention compiles to the plainest graph; weights may lie in half precision.
            model_kwargs={
                "attn_implementation": "eager",
                "use_safetensors": True,
                "dtype": torch.float32,
            },
        )
        return SentenceTransformerEmbedder(model, str(here.identity))

    kind = "sentence-transformers name or folder"
    return loaded(source, load, setting="model", kind=kind)


class _Vectors(torch.nn.Module):
    """A sentence-transformers model as a function from tensors to a tensor."""

    def __init__(self, model: SentenceTransformer, inputs: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.inputs = inputs

    def forward(self, *given: torch.Tensor) -> Any:
        return self.model(dict(zip(self.inputs, given, strict=True)))["sentence_embedding"]


def _probed(embedder: WindowedEmbedder) -> Vectors:
    texts = [text[: len(text) // 2] for text in TEXTS]  # other lengths
    return np.concatenate(
        [embedder.embed_queries(QUESTIONS), embedder.embed_passages([*TEXTS, *texts])]
    )
