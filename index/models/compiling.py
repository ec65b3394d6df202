"""Compiling where it is in nobody's way: in a process of its own.

torch takes a second processor, over a gigabyte and the interpreter for half a minute; all of it
leaves with the process.  What goes wrong in there ends with one sentence.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol

from index.errors import ModelError
from index.models.recipe import Precision

OUT_OF_MEMORY = 77
"""The exit code of a process that had too little memory even to say so."""

ModelKind = Literal["embedder", "reader"]

_ROOT = Path(__file__).parents[2]
_WORKER = (sys.executable, "-P", "-m", "index.models.compile_worker")
_WITHHELD = "DISCORD_"  # variables of that name, a token too, are nothing that a model needs
_LONGEST = 1_800.0  # seconds, for a large model on a machine that is busy
_MEMORY = "it takes about 1.5 GB for a minute. Make room for it and start again"


@dataclass(frozen=True, slots=True)
class Request:
    """Which model to compile, how, and into which folder of models."""

    kind: ModelKind
    name: str
    wanted: Precision
    folder: str


@dataclass(frozen=True, slots=True)
class CompileOutcome:
    """What became of it: the model of that identity lies in the folder, unless a reason is given.

    ``refused`` says why it can't be compiled at all, ``unwritable`` why nothing can be kept in
    the folder, ``failed`` is a whole sentence for whoever wanted it.
    """

    identity: str = ""
    refused: str | None = None
    unwritable: str | None = None
    failed: str | None = None


class Compiler(Protocol):
    """What has models compiled."""

    def compile(self, request: Request) -> CompileOutcome:
        """Compile a model into a folder.  Raises ModelError."""

    def close(self) -> None:
        """Break off what is being compiled; what comes after is refused."""


class CompileProcess:
    """Compiles each model in a process of its own.  May be used from any thread."""

    def __init__(self, worker: Sequence[str] = _WORKER) -> None:
        """Start nothing yet; ``worker`` is the command of the process."""
        self._command = worker
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def compile(self, request: Request) -> CompileOutcome:
        """Compile a model into a folder.  Raises ModelError."""
        process = self._started(request)
        try:
            told, said = process.communicate(timeout=_LONGEST)
        except subprocess.TimeoutExpired as error:
            raise self._failure(request, "because it takes longer than half an hour") from error
        finally:
            process.kill()
            process.wait()
            with self._lock:
                self._running.discard(process)
        with suppress(ValueError, TypeError):
            outcome = CompileOutcome(**json.loads(told))
            if outcome.failed:
                raise ModelError(outcome.failed)
            return outcome
        raise self._ended(request, process.returncode, said.decode(errors="replace"))

    def close(self) -> None:
        """Break off what is being compiled; what comes after is refused."""
        with self._lock:
            self._closed = True
            for process in self._running:
                process.kill()

    def _started(self, request: Request) -> subprocess.Popen[bytes]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_WITHHELD)}
        path = os.pathsep.join(filter(None, (kept.get("PYTHONPATH"), str(_ROOT))))
        with self._lock:
            if self._closed:
                raise self._stopped(request)
            try:
                process = subprocess.Popen(  # noqa: S603 - our own command
                    [*self._command, json.dumps(asdict(request))],
                    env={**kept, "PYTHONPATH": path},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            except OSError as error:
                why = f"because no process can be started ({error.strerror})"
                raise self._failure(request, why) from error
            self._running.add(process)
        return process

    def _ended(self, request: Request, code: int, said: str) -> ModelError:
        if self._closed:
            return self._stopped(request)
        if code == OUT_OF_MEMORY:
            return self._failure(request, "for want of memory", _MEMORY)
        if code < 0:
            why = f"because its process was killed (signal {-code}), most likely for want of memory"
            return self._failure(request, why, _MEMORY)
        last = "".join(said.strip().splitlines()[-1:])[:200]
        return self._failure(request, f"because its process failed ({last or f'exit code {code}'})")

    @staticmethod
    def _failure(request: Request, why: str, remedy: str = "") -> ModelError:
        remedy = remedy or "start again, or choose another in the settings"
        return ModelError(f"The {request.kind} {request.name!r} was not compiled, {why}: {remedy}.")

    @staticmethod
    def _stopped(request: Request) -> ModelError:
        return ModelError(
            f"The {request.kind} {request.name!r} was not compiled, because I am being stopped: "
            "start again."
        )
