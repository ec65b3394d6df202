"""Where models that read come from: the default, trained by ``training``, or any other.

Like the embedding model a reader is compiled once and served by ONNX Runtime; one that
can't be compiled is served by torch.
"""

from __future__ import annotations

from pathlib import Path

from index.errors import ModelError
from index.models.compiled import ModelStore
from index.models.recipe import Precision
from index.models.serving import Original, served
from index.models.source import Source, named_source, verified_digest
from index.models.spans import WindowedSpanModel, compiled_span_model

DEFAULT_READER = "passage-reader"
_FOLDER = Path(__file__).parent / "reader"
_SHA256 = "771bfe1f9d4ef47e2f4c309b4588fb9686115543c8c7570cd4a0fc3da39c7540"


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
