"""What tests of the index share: a library on disk, a model to follow, and the real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from index.models.compiled import ModelStore
from index.models.embedder import WindowedEmbedder
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from index.store.library import Library
from tests.support.fakes import BagOfWords

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


@pytest.fixture(scope="session", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where models are compiled to, once for all tests and the commands that they run.

    What drops that setting finds a cache folder that isn't the user's.
    """
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PASSAGE_MODELS", str(folder))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield folder


@pytest.fixture(scope="session")
def default_model(models: Path) -> WindowedEmbedder:
    """The model that answers people, loaded once for all tests marked ``model``."""
    return load_embedder(DEFAULT_MODEL, ModelStore(models))
