"""Model files: found, verified by their hash, and loaded without a word from the libraries.

Weights are loaded as safetensors alone: in other forms they are pickles, which can run code.
Nothing here knows what a model is for; ``embed`` and ``spans`` do.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from index.errors import ModelError
from index.files import write_atomically

MODEL_FILES = frozenset({".safetensors", ".json", ".txt", ".model"})


@dataclass(frozen=True, slots=True)
class Source:
    """Where the files of a model come from, and what tells it from any other.

    ``identity`` is name and revision, None for a model of the hub that isn't here yet;
    ``local`` says that the files are in a folder, so that nothing is to be fetched.
    """

    name: str
    path: str
    identity: str | None
    local: bool = True
    revision: str | None = None


def named_source(name: str, cache: Path) -> Source:
    """Return the model in a folder, or on the hub, of that name.

    Raises ModelError where the folder holds no model.
    """
    if not Path(name).is_dir():
        return _hub_source(name)
    return Source(name, name, f"{name}@{folder_digest(Path(name), cache)[:16]}")


def _hub_source(name: str) -> Source:
    """Return a model of the hub, at the revision that this machine has, if it has one.

    It stays at that revision: vectors and constants go with it.
    """
    from huggingface_hub import try_to_load_from_cache

    try:
        kept = try_to_load_from_cache(name, "config.json")
    except ValueError:  # no name that the hub could have
        kept = None
    if not isinstance(kept, str):
        return Source(name, name, None, local=False)
    revision = Path(kept).parent.name
    return Source(name, name, f"{name}@{revision}", local=False, revision=revision)


def verified_digest(path: Path, cache: Path, expected: str | None = None, remedy: str = "") -> str:
    """Return the SHA-256 of a file, computed once for each version of it on disk.

    Raises ModelError where it is not the ``expected`` one; ``remedy`` says what to do then.
    """
    status = path.stat()
    mark = f"{path}\n{status.st_size}\n{status.st_mtime_ns}"
    note = cache / f"{hashlib.sha256(mark.encode()).hexdigest()[:32]}.json"
    try:
        digest = str(json.loads(note.read_text("utf-8"))["sha256"])
    except (OSError, ValueError, KeyError):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with suppress(OSError):  # where nothing can be kept it is computed each time
            write_atomically(note, json.dumps({"file": str(path), "sha256": digest}).encode())
    if expected is not None and digest != expected:
        raise ModelError(
            f"The weights in {path} are not the official ones: their SHA-256 is {digest}, "
            f"expected {expected}. {remedy}".rstrip()
        )
    return digest


def folder_digest(folder: Path, cache: Path) -> str:
    """Return one digest of all that makes a model's output what it is.

    Raises ModelError where the folder holds no model.
    """
    if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(
            f"The folder {folder} holds no model: it has neither modules.json nor config.json."
        )
    combined = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in MODEL_FILES):
        combined.update(f"{path.relative_to(folder)} {verified_digest(path, cache)}\n".encode())
    return combined.hexdigest()
