"""A model as it answers: compiled if it can be, by torch if not.

The two kinds of model, those that embed and those that read, differ in what they are and
not in how they come to be served.  Compiling is done in another process; this one never needs
torch for it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from index.errors import ModelError
from index.models.compiled import Compiled, ModelStore
from index.models.compiling import ModelKind, Request
from index.models.recipe import CompileError, Precision
from index.models.source import Source

log = logging.getLogger("passage")

S_co = TypeVar("S_co", covariant=True)


class Original(Protocol[S_co]):
    """A model as its own library loads it, with torch."""

    @property
    def identity(self) -> str:
        """Name and revision."""

    def compile(self, wanted: Precision, folder: Path) -> Mapping[str, Any]:
        """Write it compiled to a folder and return what is to be known of it.

        Raises CompileError where what comes out is not near enough to the original.
        """

    def served(self) -> S_co:
        """Return it as it answers, served by torch."""


def served(
    source: Source,
    store: ModelStore,
    wanted: Precision,
    *,
    kind: ModelKind,
    serve: Callable[[Compiled], S_co],
    load: Callable[[Source], Original[S_co]],
) -> S_co:
    """Return a model compiled; it is compiled where ``store`` doesn't hold it so yet.

    Where nothing can be kept there it is compiled for this process alone, and where it can't be
    compiled it is served by torch; why is logged.  Raises ModelError where it can't be had.
    """
    try:
        return _compiled(source, store, wanted, kind, serve)
    except CompileError as error:
        reason = str(error)
    except OSError as error:
        log.warning("%s", not_writable(store.folder, error))
        try:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                own = ModelStore(Path(folder), store.compiler)
                return _compiled(source, own, wanted, kind, serve)
        except (CompileError, OSError) as again:
            reason = str(again)
    log.warning("the %s %s is served by torch: %s", kind, source.name, reason)
    try:
        return load(source).served()
    except ImportError as error:
        raise ModelError(
            f"The {kind} {source.name!r} can't be loaded, because what serves it is missing "
            f"({error}): install Passage again with all that it needs."
        ) from error


def not_writable(folder: Path, error: OSError) -> str:
    """Return the sentence about a folder where no compiled model can be kept."""
    return (
        f"Compiled models can't be kept, because {folder} can't be written "
        f"({error.strerror or error}), so each start takes a minute: name a folder that can be "
        "in the setting `models` (or PASSAGE_MODELS)."
    )


def model_key(kind: ModelKind, identity: str, wanted: Precision) -> str:
    """Return what a compiled model is kept by, beside the versions of what made it."""
    return f"{kind} {identity} {wanted}"


def _compiled(
    source: Source,
    store: ModelStore,
    wanted: Precision,
    kind: ModelKind,
    serve: Callable[[Compiled], S_co],
) -> S_co:
    """Return a compiled model, made first if need be.

    Raises CompileError where it can't be compiled, OSError where it can't be kept, ModelError
    where it can't be had.
    """
    if source.identity is not None:
        key = model_key(kind, source.identity, wanted)
        found = store.find(key)
        with suppress(CompileError):  # by another version of ONNX Runtime, perhaps
            if found is not None:
                return serve(found)
        if (reason := store.refusal(key)) is not None:
            raise CompileError(reason)
    log.info("compiling the %s %s in a process of its own, for half a minute", kind, source.name)
    made = store.compiler.compile(Request(kind, source.name, wanted, str(store.folder)))
    if made.unwritable is not None:
        raise OSError(made.unwritable)
    if made.refused is not None:
        raise CompileError(made.refused)
    key = model_key(kind, made.identity, wanted)
    found = store.find(key)
    if found is None:
        raise ModelError(
            f"The compiled {kind} is gone from {store.folder} again: keep other programs from "
            "emptying that folder, and start again."
        )
    try:
        return serve(found)
    except CompileError as error:
        with suppress(OSError):
            store.refuse(key, str(error))
        raise
