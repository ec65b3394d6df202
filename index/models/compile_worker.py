"""The process that compiles one model: ``python -m index.models.compile_worker REQUEST``.

Whoever started it may be gone before it ends: what it made is then there for the next who wants it.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, Any

from index.errors import ModelError
from index.models.compiled import ModelStore
from index.models.compiling import OUT_OF_MEMORY, CompileOutcome, Request
from index.models.load_embedder import embedder_source
from index.models.load_reader import reader_source
from index.models.recipe import CompileError
from index.models.serving import Original, model_key

_NICE = 5  # what serves meanwhile, and above all a heartbeat, goes first


def main() -> None:
    """Compile what the command line names, and say on standard output what became of it."""
    answers = _own_output()
    with suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(_NICE)
    try:
        outcome = compiled(Request(**json.loads(sys.argv[1])))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    answers.write(json.dumps(asdict(outcome)))
    answers.close()


def compiled(request: Request) -> CompileOutcome:
    """Compile a model in this process, unless it is there or known to be of no use."""
    store = ModelStore(Path(request.folder))
    try:
        with store.alone():  # two at once would take twice the memory, and longer
            return _compiled(request, store)
    except OSError as error:
        return CompileOutcome(unwritable=error.strerror or str(error))
    except ModelError as error:
        return CompileOutcome(failed=str(error))
    except ImportError as error:
        return CompileOutcome(
            failed=f"The {request.kind} {request.name!r} was not compiled, because what compiles "
            f"it is missing ({error}): install Passage again with all that it needs."
        )


def _compiled(request: Request, store: ModelStore) -> CompileOutcome:
    find = embedder_source if request.kind == "embedder" else reader_source
    source = find(request.name, store.verified)
    if source.identity is not None:
        key = model_key(request.kind, source.identity, request.wanted)
        if store.find(key) is not None:  # another process was quicker
            return CompileOutcome(source.identity)
    original = _original(request, source)
    key = model_key(request.kind, original.identity, request.wanted)
    reason = store.refusal(key)
    if reason is None and store.find(key) is None:
        try:
            store.keep(key, partial(original.compile, request.wanted))
        except CompileError as error:
            reason = str(error)
            with suppress(OSError):  # then it is tried again at the next start
                store.refuse(key, reason)
    return CompileOutcome(original.identity, refused=reason)


def _original(request: Request, source: Any) -> Original[Any]:
    if request.kind == "embedder":
        from index.models.torch.embedder import load_torch_embedder

        return load_torch_embedder(source)
    from index.models.torch.spans import load_torch_reader

    return load_torch_reader(source)


def _own_output() -> IO[str]:
    """Return standard output, which from now on is nobody else's: libraries may print."""
    mine = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(mine, "w", encoding="utf-8")


if __name__ == "__main__":
    main()
