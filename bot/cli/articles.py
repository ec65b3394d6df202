"""``passage add``, ``list``, ``show``, ``remove`` and ``refresh``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from bot.cli import json_output, terminal
from bot.cli.console import AsJson, Collection, Data, err, out, print_json
from bot.cli.progress import ingest_progress
from bot.cli.session import open_engine
from config.settings import load
from index.collection_names import SHARED
from index.engine import Engine
from index.errors import ExtractionError
from index.extract import expand, is_url
from index.ingest import Report


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(add)
    app.command("list")(list_articles)
    for command in (show, remove, refresh):
        app.command()(command)


def add(
    sources: Annotated[
        list[str], typer.Argument(help="Files, folders or http(s) addresses.", metavar="PATH|URL…")
    ],
    as_json: AsJson = False,
    collection: Collection = SHARED,
    data: Data = None,
) -> None:
    """Add articles: text, Markdown, HTML, PDF, DOCX, a JSONL dump, a folder, a web address.

    The same article again changes nothing; a changed one takes the place of the old.
    """
    report = Report()
    with open_engine(load(data=data)) as engine:
        _add_all(engine, _expanded(sources, report), collection, report, quiet=as_json)
    _finish(report, collection, as_json=as_json)


def list_articles(
    as_json: AsJson = False, collection: Collection = SHARED, data: Data = None
) -> None:
    """List the articles of a collection."""
    with open_engine(load(data=data), seeded=collection == SHARED) as engine:
        entries = engine.library.listing.entries(collection)
    if as_json:
        print_json(json_output.entries_json(entries, collection))
    else:
        terminal.show_entries(out, entries, collection)


def show(
    article: Annotated[str, typer.Argument(help="Its id, or its title.")],
    as_json: AsJson = False,
    collection: Collection = SHARED,
    data: Data = None,
) -> None:
    """Show an article: what is known about it, and its text."""
    with open_engine(load(data=data), seeded=collection == SHARED) as engine:
        entry = engine.library.listing.entry(collection, article)
        whole = engine.library.article(collection, entry.id)
        passages = engine.library.passages_of(collection, entry.id)
    if as_json:
        print_json(json_output.article_json(entry, whole, passages))
    else:
        terminal.show_article(out, entry, whole)


def remove(
    articles: Annotated[list[str], typer.Argument(help="Their ids, or titles.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: AsJson = False,
    collection: Collection = SHARED,
    data: Data = None,
) -> None:
    """Remove articles; no question is answered from them any more."""
    with open_engine(load(data=data), seeded=collection == SHARED) as engine:
        entries = [
            engine.library.listing.entry(collection, name) for name in dict.fromkeys(articles)
        ]
        if sys.stdin.isatty() and not (yes or as_json):
            names = ", ".join(terminal.printable(entry.title) for entry in entries)
            typer.confirm(f"Remove {names}?", abort=True)
        for entry in entries:
            engine.library.remove(collection, entry.id)
    if as_json:
        print_json({"collection": collection, "removed": [entry.id for entry in entries]})
        return
    for entry in entries:
        out.print(Text(terminal.printable(f"✓ {entry.title} [{entry.id}] removed")))
        out.print(Text(terminal.printable(f"  add it again from {entry.source}"), style="dim"))


def refresh(
    articles: Annotated[
        list[str] | None, typer.Argument(help="Their ids, or titles; all where left out.")
    ] = None,
    as_json: AsJson = False,
    collection: Collection = SHARED,
    data: Data = None,
) -> None:
    """Read articles from their sources again and take over what has changed there."""
    report = Report()
    with open_engine(load(data=data)) as engine:
        library = engine.library
        entries = (
            [library.listing.entry(collection, name) for name in articles]
            if articles
            else library.listing.entries(collection)
        )
        sources = dict.fromkeys(entry.origin for entry in entries if entry.origin)
        _add_all(engine, list(sources), collection, report, quiet=as_json)
    _finish(report, collection, as_json=as_json)


def _expanded(sources: Sequence[str], report: Report) -> list[str]:
    """Resolve folders; what isn't there is reported, and the rest goes on."""
    found: list[str] = []
    for source in sources:
        try:
            # A file's absolute path tells its article again, from wherever it is added.
            found.extend(expand(source if is_url(source) else str(Path(source).absolute())))
        except ExtractionError as error:
            report.errors.append(str(error))
    return found


def _add_all(
    engine: Engine, sources: Sequence[str], collection: str, report: Report, *, quiet: bool
) -> None:
    with ingest_progress(err, len(sources)) as progress:
        for source in sources:
            progress.source(source)
            for item in engine.add([source], collection, progress.step):
                if isinstance(item, ExtractionError):
                    report.errors.append(str(item))
                    continue
                report.added.append(item)
                if not quiet:
                    for text in terminal.added_lines(item):
                        out.print(Text(text), soft_wrap=True)


def _finish(report: Report, collection: str, *, as_json: bool) -> None:
    """Print the report's end; exit with 1 if anything could not be added."""
    if as_json:
        print_json(json_output.report_json(report, collection))
    else:
        for error in report.errors:
            err.print(Text(f"✗ {terminal.printable(error)}", style="red"), soft_wrap=True)
        out.print(terminal.summary(report))
    if report.errors:
        raise typer.Exit(1)
