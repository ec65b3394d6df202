"""Files that nobody but their owner can read, written so that a crash leaves no part of one.

Windows keeps each user's data to themselves by other means; who may read is left alone there.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, for nobody but their owner.  Raises OSError."""
    for one in reversed([folder, *folder.parents]):
        if not one.exists():
            one.mkdir(mode=stat.S_IRWXU, exist_ok=True)


def private_file(path: Path) -> None:
    """Make an empty file for nobody but its owner, if there is none yet.  Raises OSError."""
    private_folder(path.parent)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR))


def open_to_others(path: Path) -> bool:
    """Say whether anybody but its owner may look into a file or folder."""
    try:
        status = path.lstat()
    except OSError:
        return False
    linked = stat.S_ISLNK(status.st_mode)
    return os.name != "nt" and not linked and bool(status.st_mode & _OTHERS)


def narrow(path: Path) -> None:
    """Close a file, or a folder with all that it holds, to everybody but its owner.

    A folder that is closed already is taken to hold nothing that is open; what is somebody
    else's stays as it is.
    """
    if not open_to_others(path):
        return
    inside = [Path(at, one) for at, folders, files in os.walk(path) for one in folders + files]
    for one in (path, *inside):
        if open_to_others(one):
            with suppress(OSError):
                one.chmod(stat.S_IMODE(one.lstat().st_mode) & ~_OTHERS)


def write_atomically(path: Path, *parts: bytes | memoryview) -> None:
    """Replace ``path`` by some bytes, one part after the other; return once it is on the disk.

    Raises OSError where that fails; the old file is then untouched.
    """
    private_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Return once what was written to a file is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
