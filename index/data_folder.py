"""The data folder: what lies in it, and that it is its owner's alone."""

from __future__ import annotations

from pathlib import Path

from index.files import narrow, open_to_others

LIBRARY, INDEX, MODELS, BACKUPS, IN_USE = "library.db", "index", "models", "backups", "in-use"
"""The names of what lies in it; compiled models only where an older version kept them there."""

_HELD = (LIBRARY, f"{LIBRARY}-wal", f"{LIBRARY}-shm", INDEX, MODELS, BACKUPS, IN_USE)


def close_to_others(data: Path) -> None:
    """Close what an older Passage, or a careless umask, left open to others in a data folder.

    The folder itself only where it holds nothing but what is ours: it may be anybody's.
    """
    try:
        held = {path.name for path in data.iterdir()}
    except OSError:  # there is none, or opening the library will say what is wrong with it
        return
    if LIBRARY not in held:
        return
    for name in _HELD:
        narrow(data / name)
    if held <= set(_HELD):
        narrow(data)


def left_open(data: Path) -> list[Path]:
    """Return what others may look into, of a data folder and what lies in it."""
    return [path for path in (data, *(data / name for name in _HELD)) if open_to_others(path)]
