"""What is installed is locked: every version by number, every file by its hash."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.support.paths import ROOT

LOCKS = sorted(ROOT.glob("requirements*.lock"))


def entries(lock: Path) -> dict[str, str]:
    """Return what is locked, by name: its version and hashes."""
    found = re.findall(r"^[A-Za-z0-9].*?(?=^\S|\Z)", lock.read_text(), re.M | re.S)
    return {normal(entry.split("==")[0]): entry for entry in found}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_file_is_known_by_its_hash(lock: Path) -> None:
    for entry in entries(lock).values():
        first, *hashes = entry.rstrip().split(" \\\n    ")
        assert re.fullmatch(r'[\w.-]+==[\w.+]+( ; sys_platform == "linux")?', first)
        assert hashes
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes)


def test_everything_that_is_asked_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {normal(re.split(r"[\[<>=~! ]", one)[0]) for one in wanted}
    assert names - set().union(*map(entries, LOCKS)) == set()


def test_each_build_of_torch_has_the_same_version() -> None:
    versions = {
        entries(lock)["torch"].split()[0].split("+")[0]
        for lock in LOCKS
        if "torch" in entries(lock)
    }
    assert len(versions) == 1
