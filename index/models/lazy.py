"""Models that take seconds to load, loaded by the first who asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Lazy(Generic[_T]):
    """A model that is loaded once; who asks meanwhile waits.  May be used from any thread."""

    def __init__(self, load: Callable[[], _T], lock: threading.RLock) -> None:
        """``lock`` is held while loading; models that load each other share it."""
        self._load = load
        self._lock = lock
        self._model: _T | None = None

    @property
    def loaded(self) -> _T | None:
        """The model if it is loaded already."""
        return self._model

    def get(self) -> _T:
        """Return the model.  Raises what loading it raises, and then loads it the next time."""
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model
