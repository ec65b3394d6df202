"""Resolve pyproject.toml into requirements.lock, each file by its hashes: ``make lock``.

torch comes in several builds, and so has locks of its own: one of the build for processors alone
that pip takes here, and one, for where that isn't at hand, of those on the package index, with the
several GB of CUDA that the one for Linux needs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TORCH = "torch==2.13.0"  # the last with a build for processors alone at hand
ROOT = Path(__file__).parents[1]

_HEAD = "# {}: made by `make lock`.\n"
_ALL = "What pyproject.toml asks for, tests included, but for torch"
_CPU = "torch for processors alone"
_INDEX = "torch as the package index has it, which brings CUDA on Linux"

Entries = dict[str, str]


def main() -> None:
    """Write both locks."""
    with tempfile.TemporaryDirectory() as folder:
        only_torch = Path(folder, "torch.in")
        only_torch.write_text(f"{TORCH}\n")
        options = ["--upgrade", "--extra", "dev", "--constraint", str(only_torch)]
        everything = resolved(Path(folder, "all"), ROOT / "pyproject.toml", *options)
        nowhere_else = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
        of_index = resolved(Path(folder, "torch"), only_torch, **nowhere_else)
    cpu = {"torch": everything.pop("torch")}
    torch = {"torch": of_index.pop("torch")}
    for name, entry in of_index.items():
        if name not in everything:
            torch[name] = entry.replace(" \\", ' ; sys_platform == "linux" \\', 1)
    write(ROOT / "requirements.lock", _ALL, everything)
    if "+cpu" in cpu["torch"]:  # else none is at hand here, and the lock stays as it is
        write(ROOT / "requirements-torch-cpu.lock", _CPU, cpu)
    write(ROOT / "requirements-torch.lock", _INDEX, torch)


def resolved(target: Path, source: Path, *options: str, **environment: str) -> Entries:
    """Return the entries of a resolution, versions and hashes, by name."""
    command = [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes"]
    command += ["--strip-extras", "--allow-unsafe", "--no-annotate", "--no-header"]
    command += ["--no-emit-find-links", "--no-emit-index-url", "--output-file", str(target)]
    command += [*options, str(source)]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | environment)  # noqa: S603
    entries = re.findall(r"^[A-Za-z0-9].*?(?=^\S|\Z)", target.read_text(), re.M | re.S)
    return {entry.split("==")[0]: entry for entry in entries}


def write(path: Path, what: str, entries: Entries) -> None:
    """Write a lock, its entries in order."""
    path.write_text(_HEAD.format(what) + "".join(entries[name] for name in sorted(entries)))


if __name__ == "__main__":
    main()
