"""Weights as torch loads them: safetensors alone, from a folder or a hub."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from index.errors import ModelError
from index.models.source import MODEL_FILES, Source

_PICKLES = "pytorch_model*.bin"


_LIBRARIES = ("sentence_transformers", "huggingface_hub", "transformers")


M = TypeVar("M")


def loaded(source: Source, load: Callable[[Source], M], *, setting: str, kind: str) -> M:
    """Return what ``load`` makes of the files in a folder, fetched there if need be.

    What the libraries log on the way ends up in one sentence.  Raises ModelError, which names
    the ``setting`` and the ``kind`` of model to give it.
    """
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        here = source if source.local else _fetched(source)
        _refuse_pickles(here, setting)
        return load(here)
    except ModelError:
        raise
    except Exception as error:  # the libraries raise anything from OSError to KeyError
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(
            f"The model {source.name!r} can't be loaded: {reason} "
            f"(give `{setting}` a {kind}, or leave it out)."
        ) from error


def _fetched(source: Source) -> Source:
    """Return a model of the hub in a folder of this machine, without what is not needed of it."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    wanted = [f"*{suffix}" for suffix in sorted(MODEL_FILES)]
    folder = snapshot_download(source.name, revision=source.revision, allow_patterns=wanted)
    return Source(source.name, folder, f"{source.name}@{Path(folder).name}")


def _refuse_pickles(source: Source, setting: str) -> None:
    folder = Path(source.path)
    pickles = [p for p in folder.rglob(_PICKLES) if not any(p.parent.glob("*.safetensors"))]
    if pickles or not any(folder.rglob("*.safetensors")):
        raise ModelError(
            f"The model {source.name!r} has no weights as safetensors, and a pickle could run "
            f"code: give `{setting}` a model with a model.safetensors, or leave it out."
        )
