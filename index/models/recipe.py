"""How models are compiled, as far as those who serve them need to know."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

Precision = Literal["int8", "float32"]


PRECISIONS: tuple[Precision, ...] = ("int8", "float32")
"""In the order in which they are tried."""


RECIPE = 2
"""How models are compiled; int8 vectors of one are not compared with those of another."""


MADE_BY = ("onnx", "onnxruntime", "onnxscript", "tokenizers", "torch")
"""Whose versions decide in which operators a model is written, and whether it can be read.

A compiled model is kept by them, and vectors are not: whatever wrote it, it was found near enough
to the original, and weights are rounded by the recipe alone.  transformers and
sentence-transformers compute the same of the same weights in every version.
"""


INPUTS = ("input_ids", "token_type_ids", "attention_mask")


class CompileError(Exception):
    """A model can't be compiled, or what comes out is not the same; it is served by torch."""


def compiled_identity(identity: str, precision: Precision) -> str:
    """Return the name of a compiled model; in float32 its results are the original's own."""
    return identity if precision == "float32" else f"{identity}+{precision}.{RECIPE}"


@cache
def installed() -> Mapping[str, str]:
    """Return the versions of what makes and reads compiled models, as far as it is here.

    A build for another kind of processor has the same version.
    """
    found: dict[str, str] = {}
    for name in MADE_BY:
        with suppress(PackageNotFoundError):
            found[name] = version(name).partition("+")[0]
    return found
