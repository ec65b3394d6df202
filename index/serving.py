"""A model as it answers: compiled if it can be, by torch if not.

The two kinds of model, those that embed and those that read, differ in what they are and
not in how they come to be served.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from index.compile import CompileError, Precision
from index.model_store import Compiled, ModelStore
from index.weights import Source

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
    kind: str,
    serve: Callable[[Compiled], S_co],
    load: Callable[[Source], Original[S_co]],
) -> S_co:
    """Return a model compiled; it is compiled where ``store`` doesn't hold it so yet.

    Where that can't be it is served by torch, and why is logged.  Raises ModelError where it
    can't be loaded at all.
    """
    if source.identity is not None:
        found = store.find(_key(kind, source.identity, wanted))
        with suppress(CompileError):  # by another version of ONNX Runtime, perhaps
            if found is not None:
                return serve(found)
    original = load(source)
    key = _key(kind, original.identity, wanted)
    reason = store.refusal(key)
    if reason is None:
        log.info("compiling the %s %s, once, for some seconds", kind, original.identity)
        try:
            found = store.find(key) or store.keep(key, lambda f: original.compile(wanted, f))
            return serve(found)
        except CompileError as error:
            reason = str(error)
            with suppress(OSError):  # then it is tried again at the next start
                store.refuse(key, reason)
        except OSError as error:
            reason = f"{store.folder} can't be written ({error.strerror or error})"
    log.warning("the %s %s is served by torch: %s", kind, original.identity, reason)
    return original.served()


def _key(kind: str, identity: str, wanted: Precision) -> str:
    return f"{kind} {identity} {wanted}"
