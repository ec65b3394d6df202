"""The lines of a labelled file, plain or .gz, and a sentence for each that is malformed."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import EvaluationError
from index.language.characters import without_surrogates


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a labelled file, and where it stands."""

    values: dict[str, Any]
    place: str

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text, the default where it is missing.  Raises EvaluationError."""
        value = self.values.get(name)
        value = default if value is None else value
        if isinstance(value, int) and name == "id":
            return str(value)
        if not isinstance(value, str):
            raise EvaluationError(f"{self.place}: expected an object with a text in {name!r}.")
        return without_surrogates(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty where it is missing.  Raises EvaluationError."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise EvaluationError(f"{self.place}: expected a list of texts in {name!r}.")
        return tuple(value)

    def flag(self, name: str) -> bool:
        """Return whether something is so.  Raises EvaluationError."""
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise EvaluationError(f"{self.place}: expected true or false in {name!r}.")
        return value


def rows(path: Path) -> Iterator[Row]:
    """Yield the objects of a JSONL file.  Raises EvaluationError."""
    opened: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _row(line, f"{path}, line {number}")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} can't be read: {error}.") from error


def _row(line: str, place: str) -> Row:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise EvaluationError(f"{place}: not JSON ({error}).") from error
    if not isinstance(values, dict):
        raise EvaluationError(f"{place}: expected an object with a text in 'id'.")
    return Row(values, place)
