"""Where the commands print, and the options that all of them take."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bot.cli import json_output
from index.language.characters import without_surrogates

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the library.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


def print_json(record: dict[str, Any]) -> None:
    """Print a record as one line of JSON."""
    sys.stdout.write(json_output.line(record) + "\n")
    sys.stdout.flush()


Collection = Annotated[
    str,
    typer.Option(
        "--collection",
        help="Which collection of the library.",
        metavar="NAME",
        callback=without_surrogates,  # which stand for bytes that are no UTF-8
    ),
]


Count = Annotated[
    int | None, typer.Option("--passages", "-k", help="How many passages to show.", min=1, max=50)
]
