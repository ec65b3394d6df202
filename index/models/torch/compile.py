"""A torch network -> an ONNX file that ONNX Runtime serves, in float32 or int8.

torch exports, onnxruntime quantises; what comes out is checked by whoever knows what the
network is for, against the original, before anything is answered with it.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.models.recipe import PRECISIONS, CompileError, Precision

_LOUD = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")


_NO_MEMORY = ("not enough memory", "allocate memory", "bad_alloc", "bad allocation")
"""What libraries that are written in C++ say where Python raises MemoryError."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a comparison with the original came to: whether it is near enough, and how near."""

    good: bool
    facts: Mapping[str, Any]
    told: str


def compile_smallest(
    network: Any,
    inputs: Sequence[str],
    outputs: Sequence[str],
    folder: Path,
    wanted: Precision,
    calibrate: Callable[[], object],
    judge: Callable[[Precision], Judged],
) -> Mapping[str, Any]:
    """Write a torch module to ``model.onnx``, as small as ``wanted`` if it stays good so.

    ``calibrate`` runs it on texts like those to come; ``judge`` compares what lies there with
    the original; returned are the facts that it gives of the one taken.  Raises CompileError
    where none is good.
    """
    from index.models.torch.smoothing import smoothed

    whole, model = folder / "float32.onnx", folder / "model.onnx"
    told = ""
    attempts: tuple[tuple[Precision, AbstractContextManager[None]], ...] = (
        ("int8", smoothed(network, calibrate)),
        ("int8", nullcontext()),  # a network of a kind that can't be smoothed
        ("float32", nullcontext()),
    )
    for precision, state in attempts:
        if PRECISIONS.index(precision) < PRECISIONS.index(wanted):
            continue
        try:
            with state:
                export(network, inputs, outputs, whole)
            if precision == "int8":
                to_int8(whole, model)
                whole.unlink()
            else:
                whole.replace(model)
            judged = judge(precision)
        except CompileError as error:
            told = str(error)
            continue
        if judged.good:
            return judged.facts
        told = f"as {precision} {judged.told}"
    raise CompileError(told)


def export(network: Any, inputs: Sequence[str], outputs: Sequence[str], path: Path) -> None:
    """Write a torch module as ONNX in float32.

    Its ``forward(*given)`` takes a tensor of shape (texts, tokens) for each of ``inputs``.
    Raises CompileError.
    """
    import torch

    batch, tokens = torch.export.Dim("batch"), torch.export.Dim("tokens")
    # Two texts of eight tokens, since torch takes any length of 1 for a constant.
    example = {name: torch.ones((2, 8), dtype=torch.long) for name in inputs}
    with _quiet():
        try:
            program = torch.onnx.export(
                network.eval(),
                tuple(example.values()),
                dynamo=True,
                verbose=False,
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=(tuple({0: batch, 1: tokens} for _ in inputs),),
            )
            if program is None:
                raise CompileError("torch exported nothing")
            program.save(str(path))
        except CompileError:
            raise
        except Exception as error:  # the exporter raises anything
            raise _failure(error) from error


def to_int8(source: Path, target: Path) -> None:
    """Quantise the weights of matrices and of embeddings; activations follow at run time.

    Weights are scaled channel by channel and take 7 bits, so that no processor's sums of
    products saturate (those of AVX2 would at 8): integers are the same on all.  Raises
    CompileError.
    """
    with _quiet():
        try:
            from onnxruntime.quantization import QuantType, quantize_dynamic

            quantize_dynamic(
                source,
                target,
                op_types_to_quantize=["MatMul", "Gather"],
                weight_type=QuantType.QInt8,
                per_channel=True,
                reduce_range=True,
            )
        except Exception as error:  # as above
            raise _failure(error) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporters say on the way to themselves."""
    for library in _LOUD:
        logging.getLogger(library).setLevel(logging.ERROR)
    root = logging.getLogger()
    root.addFilter(_is_error)  # onnxruntime's quantiser logs to the root itself
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.removeFilter(_is_error)


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def _failure(error: Exception) -> Exception:
    """Return what to raise: too little memory now says nothing about the model."""
    told = _first_line(error)
    if "MemoryError" in told or any(words in told for words in _NO_MEMORY):
        return MemoryError(told)
    return CompileError(told)


def _first_line(error: Exception) -> str:
    error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
