"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from bot.cli.terminal import printable

_EVERY = 5.0  # seconds between two plain lines
_TITLE = 40  # characters of a title beside the bar


def tell_what_takes_long() -> None:
    """Show what the core logs, as that a model is being compiled."""
    logger = logging.getLogger("passage")
    if not logger.handlers:
        told = logging.StreamHandler()
        told.setFormatter(logging.Formatter("passage: %(message)s"))
        logger.addHandler(told)
        logger.setLevel(logging.INFO)
        logger.propagate = False  # some library sets up the root


@contextmanager
def waiting(console: Console, doing: str) -> Iterator[None]:
    """Show on a terminal that something is being done."""
    if not console.is_terminal:
        yield
        return
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description} …", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as shown:
        shown.add_task(doing, total=None)
        yield


@contextmanager
def batch_progress(console: Console, doing: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what to tell how many of how many are done."""
    if not console.is_terminal:
        yield _Lines(console, doing).update
        return
    with _bar(console) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class IngestProgress:
    """Told which source is being read, and how far the embedding of its articles is."""

    def __init__(self, sources: int, update: Callable[[str, int, int], None]) -> None:
        self._sources = sources
        self._read = 0
        self._update = update

    def source(self, name: str) -> None:
        """Say that the next source is being read."""
        self._read += 1
        self._update(self._label(name), 0, 0)

    def step(self, title: str, done: int, total: int) -> None:
        """Say how many of an article's passages are embedded."""
        self._update(self._label(title), done, total)

    def _label(self, name: str) -> str:
        short = printable(name)
        short = short if len(short) <= _TITLE else f"…{short[-_TITLE:]}"
        return f"{self._read}/{self._sources} {short}"


@contextmanager
def ingest_progress(console: Console, sources: int) -> Iterator[IngestProgress]:
    """Yield what to tell about the progress of adding articles."""
    if not console.is_terminal:
        lines = _Lines(console, "adding")
        yield IngestProgress(sources, lines.ingest)
        return
    with _bar(console) as bar:
        task = bar.add_task("", total=None)
        yield IngestProgress(
            sources,
            lambda label, done, total: bar.update(
                task, description=label, completed=done, total=total or None
            ),
        )


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


class _Lines:
    """Plain lines, at most one every few seconds, for logs and pipes."""

    def __init__(self, console: Console, doing: str) -> None:
        self._console = console
        self._doing = doing
        self._last = time.monotonic()

    def update(self, done: int, total: int) -> None:
        if self._due():
            self._console.print(f"{self._doing}: {done} of {total}", markup=False)

    def ingest(self, label: str, done: int, total: int) -> None:
        if self._due():
            self._console.print(f"{self._doing}: {label}, {done} of {total}", markup=False)

    def _due(self) -> bool:
        now = time.monotonic()
        due = now - self._last >= _EVERY
        self._last = now if due else self._last
        return due
