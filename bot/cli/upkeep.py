"""What an operator does: set-up, backups, putting one back, a check-up."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from bot.cli import terminal
from bot.cli.console import (
    AsJson,
    Data,
    err,
    out,
    print_json,
)
from bot.cli.doctor import clear_older_models, examine
from bot.cli.progress import waiting
from bot.cli.session import open_engine, ready_engine
from bot.compose import build_backups
from config.settings import load
from index.collection_names import SHARED
from index.errors import PassageError


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (setup, backup, restore, doctor):
        app.command()(command)


def backup(
    file: Annotated[
        Path | None, typer.Argument(help="Where to; by default the backups folder of the library.")
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Copy the library, checked and whole, while the bot may go on serving."""
    backups = build_backups(load(data=data))
    with waiting(err, "copying and checking the library"):
        made = backups.make(file)
    size = made.stat().st_size
    if as_json:
        print_json({"backup": str(made), "bytes": size})
    else:
        told = f"✓ {made} ({size / 1e6:.1f} MB) is whole"
        out.print(Text(terminal.printable(told)), soft_wrap=True)


def restore(
    file: Annotated[
        Path | None, typer.Argument(help="Which backup; by default the newest good one.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Put a backup in the place of the library; what was there is kept beside it."""
    backups = build_backups(load(data=data))
    with waiting(err, "looking through the backups"):
        chosen = file or backups.newest_good()
    if chosen is None:
        raise PassageError("There is no good backup of this library; name the file of one.")
    if sys.stdin.isatty() and not (yes or as_json):
        question = f"Put {chosen} in the place of the library?"
        typer.confirm(terminal.printable(question), abort=True)
    with waiting(err, "restoring"):
        before = backups.restore(chosen)
    if as_json:
        print_json({"restored": str(chosen), "before": before and str(before)})
        return
    out.print(Text(terminal.printable(f"✓ {chosen} is the library now")), soft_wrap=True)
    if before is not None:
        out.print(Text(terminal.printable(f"  what was there is {before}"), style="dim"))


def doctor(as_json: AsJson = False, data: Data = None) -> None:
    """Check everything that an answer needs, and say what to do where something is wrong."""
    with waiting(err, "checking"):
        checks = list(examine(load(data=data)))
    if as_json:
        print_json({"good": all(c.good for c in checks), "checks": [asdict(c) for c in checks]})
    else:
        terminal.show_checks(out, [(check.good, check.sentence) for check in checks])
    if not all(check.good for check in checks):
        raise typer.Exit(1)


def setup(data: Data = None) -> None:
    """Get ready what the first answer needs, so that nobody waits for it: models and indexes."""
    settings = load(data=data)
    with open_engine(settings, seeded=True) as engine:
        ready_engine(engine, SHARED)
        ready = [(True, f"Model {engine.embedder.identity} is ready")]
        with waiting(err, "loading the reader"):
            ready.append((True, f"Reader {engine.reader.identity} is ready"))
    if told := clear_older_models(settings):
        ready.append((True, told))
    terminal.show_checks(out, ready)
