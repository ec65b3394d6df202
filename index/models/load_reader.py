"""Where models that read come from: the default, trained by ``training``, or any other.

Like the embedding model a reader is compiled once and served by ONNX Runtime; one that
can't be compiled is served by torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from index.errors import ModelError
from index.models.compiled import Compiled, ModelStore
from index.models.network import Network, Row
from index.models.serving import Original, served
from index.models.source import Source, named_source, verified_digest
from index.models.spans import Logits, WindowedSpanModel
from index.models.torch.compile import Precision

DEFAULT_READER = "passage-reader"
_FOLDER = Path(__file__).parent / "reader"
_SHA256 = "02a1198cab679b7278a7b96cab30a20eb53bb28ffd9ba4f4bbc86117bfe4cdf8"


class CompiledSpans:
    """A compiled network that finds spans."""

    def __init__(self, path: Path) -> None:
        self._network = Network(path)

    def logits(self, rows: Sequence[Row]) -> list[Logits]:
        """Return the logits of the start and of the end, for each token of each row."""
        return [(start, end) for start, end in self._network.run(rows)]


def compiled_span_model(compiled: Compiled) -> WindowedSpanModel:
    """Return a model from its compiled files."""
    facts: Any = compiled.facts
    return WindowedSpanModel(
        facts["identity"],
        Tokenizer.from_file(str(compiled.folder / "tokenizer.json")),
        CompiledSpans(compiled.folder / "model.onnx"),
        facts["maximum"],
        facts["none_token"],
    )


def load_span_model(name: str, store: ModelStore, wanted: Precision = "int8") -> WindowedSpanModel:
    """Load the model ``name``: the default, a folder, or a name on the model hub.

    It is compiled where ``store`` doesn't hold it compiled yet, which takes a while.  Raises
    ModelError, with one sentence, where the model can't be had.
    """
    source = reader_source(name, store.verified)
    return served(source, store, wanted, kind="reader", serve=compiled_span_model, load=_original)


def _original(source: Source) -> Original[WindowedSpanModel]:
    from index.models.torch.spans import load_torch_reader

    return load_torch_reader(source)


def reader_source(name: str, verified: Path) -> Source:
    """Find the files of a model.  Raises ModelError."""
    if name == DEFAULT_READER:
        weights = _FOLDER / "model.safetensors"
        if not weights.is_file():
            raise ModelError(
                f"The default reader is missing from {_FOLDER}: install Passage again, or set "
                'reader = "none".'
            )
        digest = verified_digest(weights, verified, _SHA256, "Install Passage again.")
        return Source(name, str(_FOLDER), f"{name}@{digest[:16]}")
    return named_source(name, verified)
