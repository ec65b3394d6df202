"""A compiled network on the processor: a row of tokens in, arrays out.

Each row is computed by itself and on one thread, and rows beside each other on all
processors.  So nothing is padded, a text's result does not depend on what came with it
(int8 activations are scaled by what goes through together), and on a few cores it is
faster than one padded batch.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from index.models.recipe import CompileError

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

    def __init__(self, path: Path) -> None:
        """Load a network.  Raises CompileError where this ONNX Runtime can't."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # rows are of any length; a plan for each would pile up
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=_SLOWER,
            )
        except Exception as error:  # whatever ONNX Runtime has against it
            raise CompileError(f"ONNX Runtime can't load it: {error}") from error
        self._inputs = [given.name for given in self._session.get_inputs()]

    def run(self, rows: Sequence[Row]) -> list[Outputs]:
        """Return the outputs for each row.

        Never are more rows handed in than there are processors, so that a question does not
        wait for a whole article.
        """
        if len(rows) == 1:
            return [self._run(rows[0])]
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

    def _run(self, row: Row) -> Outputs:
        ids = np.asarray([row.ids], np.int64)
        parts: dict[str, NDArray[np.int64]] = {
            "input_ids": ids,
            "token_type_ids": np.asarray([row.kinds], np.int64),
            "attention_mask": np.ones_like(ids),
        }
        found: list[Any] = self._session.run(None, {name: parts[name] for name in self._inputs})
        return [output[0] for output in found]


@cache
def _workers() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # what a container leaves of the machine
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that all networks share."""
    return ThreadPoolExecutor(_workers(), "network")
