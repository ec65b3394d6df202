"""What tests of the index share: a library on disk, a model to follow, and the real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from index.embed import DEFAULT_MODEL, SentenceTransformerEmbedder, load_embedder
from index.library import Library
from tests.fakes import BagOfWords

# Times vary on a busy machine and say nothing of what is tested.
settings.register_profile("passage", deadline=None)
settings.load_profile("passage")


@pytest.fixture
def embedder() -> BagOfWords:
    return BagOfWords()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def default_model(tmp_path_factory: pytest.TempPathFactory) -> SentenceTransformerEmbedder:
    """The model that answers people, loaded once for all tests marked ``model``."""
    return load_embedder(DEFAULT_MODEL, tmp_path_factory.mktemp("hashes"))
