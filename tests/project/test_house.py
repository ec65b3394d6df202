"""The documents name what there is, and modules import each other in no circle."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.measure.house import circles, modules
from tests.support.paths import ROOT

DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "index" / "models" / "reader" / "README.md",
]
NAMED = re.compile(r"`((?:bot|index|config|tests|training|docs)/[\w./-]*)`")
MODULE = re.compile(r"python -m ((?:tests|training|index|bot)(?:\.\w+)+)")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_files_that_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    folder = document.parent
    named = {name for name in NAMED.findall(text) if not (ROOT / name).exists()}
    linked = {name for name in LINK.findall(text) if not (folder / name).exists()}
    run = {
        name
        for name in MODULE.findall(text)
        if not (ROOT / name.replace(".", "/")).with_suffix(".py").is_file()
        and not (ROOT / name.replace(".", "/") / "__main__.py").is_file()
    }
    assert named | linked | run == set()


def test_nothing_is_imported_in_a_circle() -> None:
    assert circles(modules(ROOT)) == []
