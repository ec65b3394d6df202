"""Files of derived arrays: a header line of JSON that says what from, and the arrays.

A file that is missing, damaged, cut off or built from something else reads as None, and
the caller rebuilds it from the library.  Large files are mapped: of these only the pages that
are read take memory.  Small ones are read whole, so that a failing disk doesn't affect them, and
so is everything on Windows, which can't replace a file that is mapped.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from index.files import write_atomically

Origin = Mapping[str, str | int]
"""What a file was built from; only equal origins make a file usable."""

Arrays = Mapping[str, NDArray[Any]]
"""One-dimensional arrays by name."""

MAPPED = 64 * 2**20
"""Bytes from which a file is mapped: an index of some 100,000 passages."""

_ALIGNMENT = 64  # bytes; the header and each array are padded to a multiple of it
_MAX_HEADER = 2**16  # bytes


def write_derived(path: Path, origin: Origin, arrays: Arrays) -> None:
    """Write a derived file, atomically.  Raises OSError where that fails."""
    arrays = dict(sorted(arrays.items()))  # as the header has them
    parts = [part for array in arrays.values() for part in _padded(array)]
    record = {
        "origin": dict(origin),
        "arrays": {name: [array.dtype.str, len(array)] for name, array in arrays.items()},
    }
    digest = _digest(record)
    for part in parts:
        digest.update(part)
    header = json.dumps(record | {"sha256": digest.hexdigest()}, sort_keys=True).encode()
    write_atomically(path, header + b" " * (-(len(header) + 1) % _ALIGNMENT) + b"\n", *parts)


def read_derived(path: Path) -> tuple[dict[str, str | int], dict[str, NDArray[Any]]] | None:
    """Return a derived file's origin and arrays, or None where it can't be trusted."""
    try:
        with path.open("rb") as file:
            header = file.readline(_MAX_HEADER)
            record = json.loads(header)
            expected, origin = record.pop("sha256"), record["origin"]
            digest = _digest(record)
            found = hashlib.file_digest(file, lambda: digest).hexdigest()
            if not isinstance(origin, dict) or found != expected:
                return None
            return origin, dict(_arrays(_body(file, len(header)), record["arrays"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _padded(array: NDArray[Any]) -> tuple[memoryview, bytes]:
    data = np.ascontiguousarray(array).view(np.uint8).data
    return data, bytes(-len(data) % _ALIGNMENT)


def _digest(record: Mapping[str, Any]) -> hashlib._Hash:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode())


def _body(file: BinaryIO, start: int) -> memoryview:
    """Return what a file holds from ``start`` on, mapped where it is large."""
    if file.seek(0, 2) >= MAPPED and os.name != "nt":
        with suppress(OSError):  # some file systems can't
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))[start:]
    file.seek(start)
    return memoryview(file.read())


def _arrays(data: memoryview, layout: Mapping[str, Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    start = 0
    for name, (dtype_name, count) in layout.items():
        dtype = np.dtype(dtype_name)
        yield name, np.frombuffer(data, dtype, count, start) if count else np.zeros(0, dtype)
        start += math.ceil(count * dtype.itemsize / _ALIGNMENT) * _ALIGNMENT
