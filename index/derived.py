"""Files that can be rebuilt: a line of JSON that says what they were built from, and bytes.

A file that is missing, damaged, cut off or built from something else reads as None, and
the caller builds it anew from the library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from index.files import write_atomically

Origin = Mapping[str, str | int]
"""What a file was built from; only equal origins make a file usable."""


def write_derived(path: Path, origin: Origin, payload: bytes) -> None:
    """Write a derived file, atomically.  Raises OSError where that fails."""
    head = json.dumps({"origin": dict(origin), "sha256": _digest(origin, payload)}, sort_keys=True)
    write_atomically(path, head.encode() + b"\n" + payload)


def read_derived(path: Path) -> tuple[dict[str, str | int], bytes] | None:
    """Return a derived file's origin and payload, or None where it can't be trusted."""
    try:
        head, _, payload = path.read_bytes().partition(b"\n")
        record = json.loads(head)
        origin, digest = record["origin"], record["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(origin, dict) or _digest(origin, payload) != digest:
        return None
    return origin, payload


def _digest(origin: Origin, payload: bytes) -> str:
    digest = hashlib.sha256(json.dumps(dict(origin), sort_keys=True).encode())
    digest.update(payload)
    return digest.hexdigest()
