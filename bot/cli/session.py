"""The engine that a command works with, open for as long as it runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bot.cli.console import err
from bot.cli.progress import batch_progress, tell_what_takes_long, waiting
from bot.compose import build_engine, build_seeded_engine
from config.settings import Settings
from index.collection_names import SHARED
from index.engine import Engine
from index.errors import PassageError


def ready_engine(engine: Engine, *collections: str) -> list[str]:
    """Return what a question in collections sees, those and what all share, with indexes open.

    An index that has to be built anew, as after a change of model, shows its progress.
    """
    names = list(dict.fromkeys([*collections, SHARED]))
    with waiting(err, "loading the model"):
        _ = engine.embedder
    with batch_progress(err, "indexing") as progress:
        for name in names:
            engine.index(name, progress)
    return names


@contextmanager
def open_engine(settings: Settings, *, seeded: bool = False) -> Iterator[Engine]:
    """Open the engine of these settings, with the starter library if ``seeded``; close it after."""
    tell_what_takes_long()
    with waiting(err, "opening the library"):
        engine = build_seeded_engine(settings) if seeded else build_engine(settings)
    try:
        yield engine
        with suppress(PassageError):  # the next one does it
            engine.tidy(int(time.time()))
    finally:
        engine.close()
