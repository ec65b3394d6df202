"""Models as they are served: compiled once, kept in a folder each, trusted by their hashes.

What a compiled model was made from is part of its folder's name, so another revision never
meets it.  A folder that is missing, damaged or cut off reads as None, and is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.compile import RECIPE
from index.files import narrow, private_folder, write_atomically

_MANIFEST = "manifest.json"
_BUILDING = "new-"
_ABANDONED = 3_600  # seconds after which nobody is still writing to a folder


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled model: its files, and what is to be known of it to serve it."""

    folder: Path
    facts: Mapping[str, Any]


class ModelStore:
    """A folder of compiled models, which several processes may share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.verified = folder / "verified"
        """Where the hashes of model files are remembered."""

    def find(self, key: str) -> Compiled | None:
        """Return the compiled model of that key, if it is here and whole."""
        folder = self._place(key)
        try:
            facts = json.loads((folder / _MANIFEST).read_text("utf-8"))
            files = dict(facts["files"])
            if facts["key"] == key and all(_digest(folder / n) == d for n, d in files.items()):
                return Compiled(folder, facts)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def keep(self, key: str, write: Callable[[Path], Mapping[str, Any]]) -> Compiled:
        """Have a model's files written to a folder and put it in place, whole or not at all.

        ``write`` returns the facts to keep with them.  Raises OSError.
        """
        private_folder(self.folder)
        self._clear()
        building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=self.folder))
        try:
            facts = dict(write(building))
            files = {path.name: _digest(path) for path in sorted(building.iterdir())}
            manifest = json.dumps({**facts, "key": key, "recipe": RECIPE, "files": files}, indent=1)
            write_atomically(building / _MANIFEST, manifest.encode())
            kept = self._put(building, key)
            self._forget_older(key)
            return kept
        finally:
            shutil.rmtree(building, ignore_errors=True)

    def refusal(self, key: str) -> str | None:
        """Return why the model of that key can't be compiled, if that is known."""
        try:
            return str(json.loads(self._refusals(key).read_text("utf-8"))["reason"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def refuse(self, key: str, reason: str) -> None:
        """Remember that a model can't be compiled, so that it isn't tried at each start."""
        note = json.dumps({"key": key, "reason": reason})
        write_atomically(self._refusals(key), note.encode())

    def _put(self, building: Path, key: str) -> Compiled:
        place = self._place(key)
        for path in building.iterdir():
            narrow(path)
            with path.open("rb") as file:
                os.fsync(file.fileno())
        try:
            building.rename(place)
        except OSError:
            if self.find(key) is None:  # damaged; else another process was quicker
                shutil.rmtree(place, ignore_errors=True)
                building.rename(place)
        found = self.find(key)
        if found is None:
            raise OSError(f"{place} can't be read back")
        return found

    def _clear(self) -> None:
        """Delete what a process that was killed has left half built."""
        for left in self.folder.glob(f"{_BUILDING}*"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(left)

    def _forget_older(self, key: str) -> None:
        """Delete what an older recipe made of the same model."""
        for manifest in self.folder.glob(f"{_readable(key)}-*/{_MANIFEST}"):
            with suppress(OSError, ValueError, KeyError, AttributeError, TypeError):
                facts = json.loads(manifest.read_text("utf-8"))
                if facts["key"] == key and facts.get("recipe", 1) < RECIPE:
                    # As if half built, so that what can't be deleted now is later.
                    shutil.rmtree(manifest.parent.rename(self.folder / f"{_BUILDING}{_hash(key)}"))

    def _place(self, key: str) -> Path:
        return self.folder / f"{_readable(key)}-{_hash(key)}"

    def _refusals(self, key: str) -> Path:
        return self.folder / f"{self._place(key).name}.refused.json"


def _readable(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", key).strip("-")[-60:]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash(key: str) -> str:
    return hashlib.sha256(f"{RECIPE} {key}".encode()).hexdigest()[:12]
