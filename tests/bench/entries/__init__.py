"""Each contestant: the same passages, the same weights, and its own hybrid search.

Written as the documentation of each advises, without tricks; a peer runs in an environment
of its own, so its entry imports nothing of Passage.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Passages = Sequence[tuple[str, str]]
"""Id and text of each."""


class Entry(Protocol):
    """What is asked of a contestant."""

    def __init__(self, folder: Path, model: Path) -> None:
        """Open what ``folder`` holds, or begin anew there; ``model`` are the weights."""

    def index(self, passages: Passages, vectors: NDArray[np.float32] | None) -> None:
        """Index passages and return once they are on the disk.

        ``vectors``, shape (passages, 384) and of length 1, spare it their embedding.
        """

    def ask(self, question: str) -> list[str]:
        """Return the ids of the five nearest passages, best first."""

    def add(self, name: str, text: str) -> None:
        """Add a passage, on the disk and findable when this returns."""
