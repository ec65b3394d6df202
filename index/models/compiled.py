"""Models as they are served: compiled once, kept in a folder each, trusted by their hashes.

What a compiled model was made from, and by which versions, is part of its folder's name, so
another revision never meets it, nor a version that can't read it.  A folder that is missing,
damaged or cut off reads as None, and is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.files import narrow, private_folder, write_atomically
from index.models.compiling import CompileProcess, Compiler
from index.models.recipe import MADE_BY, RECIPE, installed

try:
    import fcntl
except ImportError:  # Windows: there two may compile the same at once, and the first is kept
    fcntl = None  # type: ignore[assignment]

_MANIFEST = "manifest.json"
_BUILDING = "new-"
_VERIFIED = "verified"
_REFUSED = ".refused.json"
_LOCK = "compiling"
_ABANDONED = 3_600  # seconds after which nobody is still writing to a folder


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled model: its files, and what is to be known of it to serve it."""

    folder: Path
    facts: Mapping[str, Any]


class ModelStore:
    """A folder of compiled models, which several processes may share."""

    def __init__(self, folder: Path, compiler: Compiler | None = None) -> None:
        self.folder = folder
        self.compiler = compiler or CompileProcess()
        self.verified = folder / _VERIFIED
        """Where the hashes of model files are remembered."""

    def find(self, key: str) -> Compiled | None:
        """Return the compiled model of that key, if it is here and whole."""
        for folder in self._places(key):
            with suppress(OSError, ValueError, KeyError, AttributeError, TypeError):
                facts = json.loads((folder / _MANIFEST).read_text("utf-8"))
                files = dict(facts["files"])
                fits = facts["key"] == key and _fits(facts)
                if fits and all(_digest(folder / n) == d for n, d in files.items()):
                    return Compiled(folder, facts)
        return None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other process compiles into this folder.

        Raises OSError where nothing can be written to it.
        """
        private_folder(self.folder)
        handle = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if fcntl is not None:
                with suppress(OSError):  # not every file system has locks
                    fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

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
            manifest = {**facts, **_made(key), "files": files}
            write_atomically(building / _MANIFEST, json.dumps(manifest, indent=1).encode())
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
        note = json.dumps({**_made(key), "reason": reason})
        write_atomically(self._refusals(key), note.encode())
        self._forget_older(key)

    def unwritable(self) -> OSError | None:
        """Return why nothing can be written here, if that is so."""
        try:
            private_folder(self.folder)
            with tempfile.TemporaryFile(dir=self.folder):
                return None
        except OSError as error:
            return error

    def models(self) -> list[Path]:
        """Return the folders of the compiled models that lie here."""
        return [path.parent for path in self.folder.glob(f"*/{_MANIFEST}") if _facts(path)]

    def clear_away(self) -> None:
        """Delete all that is kept here, and the folder if nothing else lies in it."""
        for folder in [*self.models(), *self.folder.glob(f"{_BUILDING}*"), self.verified]:
            shutil.rmtree(folder, ignore_errors=True)
        for file in [*self.folder.glob(f"*{_REFUSED}"), self.folder / _LOCK]:
            with suppress(OSError):
                file.unlink()
        with suppress(OSError):
            self.folder.rmdir()

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
        """Delete what an older recipe, or older versions, made of the same model.

        What newer ones made is used by another installation, which would make it again.
        """
        for note in self.folder.glob(f"{_readable(key)}-*{_REFUSED}"):
            with suppress(OSError):
                if _is_older(_facts(note), key):
                    note.unlink()
        for manifest in self.folder.glob(f"{_readable(key)}-*/{_MANIFEST}"):
            with suppress(OSError):
                if _is_older(_facts(manifest), key):
                    # As if half built, so that what can't be deleted now is later.
                    name = f"{_BUILDING}{manifest.parent.name}"
                    shutil.rmtree(manifest.parent.rename(self.folder / name))

    def _places(self, key: str) -> Iterator[Path]:
        """Yield where the model of that key may lie.

        What is not installed here, as torch need not be once all is compiled, may have had any
        version.
        """
        yield self._place(key)
        if len(installed()) < len(MADE_BY):
            yield from sorted(self.folder.glob(f"{_readable(key)}-*"))

    def _place(self, key: str) -> Path:
        return self.folder / f"{_readable(key)}-{_hash(key)}"

    def _refusals(self, key: str) -> Path:
        return self.folder / f"{self._place(key).name}{_REFUSED}"


def _made(key: str) -> dict[str, Any]:
    return {"key": key, "recipe": RECIPE, "versions": dict(installed())}


def _facts(path: Path) -> dict[str, Any]:
    """Return a manifest or a note of ours, empty where it is none."""
    with suppress(OSError, ValueError):
        facts = json.loads(path.read_text("utf-8"))
        if isinstance(facts, dict) and "key" in facts:
            return facts
    return {}


def _fits(facts: Mapping[str, Any]) -> bool:
    made = facts["versions"]
    return facts["recipe"] == RECIPE and all(made.get(n) == v for n, v in installed().items())


def _is_older(facts: Mapping[str, Any], key: str) -> bool:
    if facts.get("key") != key:
        return False
    recipe, made, ours = facts.get("recipe", 1), facts.get("versions", {}), installed()
    if recipe != RECIPE:
        return bool(recipe < RECIPE)
    return made != ours and all(_number(v) <= _number(ours.get(n, "")) for n, v in made.items())


def _number(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _readable(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", key).strip("-")[-60:]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash(key: str) -> str:
    made = json.dumps(_made(key), sort_keys=True)
    return hashlib.sha256(made.encode()).hexdigest()[:12]
