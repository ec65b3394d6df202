"""A compiled network on the processor: a row of tokens in, arrays out.

Each row is computed by itself, so nothing is padded and a text's result does not depend on
what came with it (int8 activations are scaled by what goes through together).  Rows that come
together are spread over the processors, one thread each, which on a few cores is faster than
one padded batch; a row that is alone in the process has two threads.  The results are equal.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from index.compile import CompileError

_ALONE = 2  # threads for a row that is alone; more were not measured
_MOMENT = 0.1  # seconds; a second thread looks out for work so eagerly that it slows others down
_SLOWER = ["SkipLayerNormFusion"]  # one step instead of two, and four times as long (1.32)

Outputs = list[NDArray[np.float32]]
"""What a network makes of one row, output by output."""


@dataclass(frozen=True, slots=True)
class Row:
    """The tokens of one text, or of two that are read together, and to which each belongs."""

    ids: Sequence[int]
    kinds: Sequence[int]


class Network:
    """A network in ONNX Runtime.  May be used from any thread."""

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        """Load a network, for rows that mostly come ``alone`` or for rows that come together.

        For the others it is loaded once more when they come.  Raises CompileError where this
        ONNX Runtime can't.
        """
        self._path = path
        self._lock = threading.Lock()
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}  # by threads
        self._inputs = [given.name for given in self._session(alone).get_inputs()]

    def run(self, rows: Sequence[Row]) -> list[Outputs]:
        """Return the outputs for each row.

        Never are more rows handed in than there are processors, so that a question does not
        wait for a whole article.
        """
        if len(rows) == 1:
            return [self._run(rows[0], lone=True)]
        outputs: list[Outputs] = [[] for _ in rows]
        running: deque[tuple[int, Future[Outputs]]] = deque()
        # The longest first: what comes last then ends at about the same time everywhere.
        for number in sorted(range(len(rows)), key=lambda n: -len(rows[n].ids)):
            if len(running) == _workers():
                done, result = running.popleft()
                outputs[done] = result.result()
            running.append((number, _pool().submit(self._run, rows[number])))
        for number, result in running:
            outputs[number] = result.result()
        return outputs

    def _run(self, row: Row, *, lone: bool = False) -> Outputs:
        ids = np.asarray([row.ids], np.int64)
        parts: dict[str, NDArray[np.int64]] = {
            "input_ids": ids,
            "token_type_ids": np.asarray([row.kinds], np.int64),
            "attention_mask": np.ones_like(ids),
        }
        with _company.join() as alone:
            session = self._session(alone=lone and alone)
            found: list[Any] = session.run(None, {name: parts[name] for name in self._inputs})
        return [output[0] for output in found]

    def _session(self, alone: bool) -> onnxruntime.InferenceSession:
        threads = min(_ALONE, _workers()) if alone else 1
        with self._lock:
            if threads not in self._sessions:
                try:
                    self._sessions[threads] = _opened(self._path, threads)
                except CompileError:  # a file that went since serves on as it was loaded
                    if not self._sessions:
                        raise
                    self._sessions[threads] = next(iter(self._sessions.values()))
            return self._sessions[threads]


def _opened(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.enable_mem_pattern = False  # rows are of any length; a plan for each would pile up
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=_SLOWER,
        )
    except Exception as error:  # whatever ONNX Runtime has against it
        raise CompileError(f"ONNX Runtime can't load it: {error}") from error


class _Company:
    """Who computes at the same time in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working = 0
        self._met = -math.inf  # when two last worked at once

    @contextmanager
    def join(self) -> Iterator[bool]:
        """Say whether nobody else is working, and nobody met anybody for a moment."""
        with self._lock:
            now = time.monotonic()
            if self._working:
                self._met = now
            self._working += 1
        try:
            yield now - self._met > _MOMENT
        finally:
            with self._lock:
                self._working -= 1


_company = _Company()


@cache
def _workers() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # what a container leaves of the machine
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that all networks share."""
    return ThreadPoolExecutor(_workers(), "network")
