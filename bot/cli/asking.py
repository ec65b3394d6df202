"""``passage ask`` and ``passage search``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import json_output, terminal
from bot.cli.console import AsJson, Collection, Count, Data, err, out, print_json
from bot.cli.progress import batch_progress, waiting
from bot.cli.session import open_engine, ready_engine
from config.settings import load
from index.collection_names import SHARED
from index.engine import Engine
from index.errors import PassageError, UnknownArticleError


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (ask, search):
        app.command()(command)


def ask(
    question: Annotated[
        str | None, typer.Argument(help="The question; leave it out for a prompt.")
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option(help='Answer a file of {"id", "text"}, an object a line.', metavar="FILE"),
    ] = None,
    as_json: AsJson = False,
    passages: Count = None,
    collection: Collection = SHARED,
    data: Data = None,
) -> None:
    """Answer a question, in the words of the library, and show where they stand."""
    settings = load(data=data, passages=passages)
    with open_engine(settings, seeded=True) as engine:
        names = ready_engine(engine, collection)
        with waiting(err, "loading the reader"):
            _ = engine.reader
        if batch is not None:
            _ask_batch(engine, batch, names, settings.passages)
        elif question is not None:
            _ask_once(engine, question, names, settings.passages, as_json)
        else:
            _ask_repeatedly(engine, names, settings.passages, as_json)


def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    article: Annotated[
        str | None,
        typer.Option(help="Look in one article only: its id, or its title.", metavar="ARTICLE"),
    ] = None,
    as_json: AsJson = False,
    passages: Count = None,
    collection: Collection = SHARED,
    data: Data = None,
) -> None:
    """Show the passages nearest to a query, whole, with their scores."""
    settings = load(data=data, passages=passages)
    with open_engine(settings, seeded=True) as engine:
        home, within = collection, None
        if article is not None:
            home, within = _meant(engine, (collection, SHARED), article)
        names = ready_engine(engine, home, collection)
        with waiting(err, "searching"):
            found = engine.search(query, names, settings.passages, within)
        if as_json:
            told = {"query": query, "article": within, "passages": json_output.passages_json(found)}
            print_json(told)
        else:
            terminal.show_passages(out, found)


def _ask_once(engine: Engine, question: str, names: Sequence[str], k: int, as_json: bool) -> None:
    with waiting(err, "reading"):
        answer = engine.ask(question, names, k)
    if as_json:
        print_json(json_output.answer_json(answer))
    else:
        terminal.show_answer(out, answer)


def _ask_repeatedly(engine: Engine, names: Sequence[str], k: int, as_json: bool) -> None:
    """Ask at a prompt until an empty line or the end of the input."""
    while True:
        try:
            question = out.input("? ") if sys.stdin.isatty() else input()
        except EOFError:
            return
        if not question.strip():
            return
        _ask_once(engine, question, names, k, as_json)


def _ask_batch(engine: Engine, file: Path, names: Sequence[str], k: int) -> None:
    """Answer a file of questions in its order, those that can't be read named on stderr."""
    questions = list(_questions(file))
    with batch_progress(err, "answering") as progress:
        for start in range(0, len(questions), 64):
            part = questions[start : start + 64]
            answers = engine.ask_all([text for _, text in part], names, k)
            for (name, _), answer in zip(part, answers, strict=True):
                print_json({"id": name, **json_output.answer_json(answer)})
            progress(start + len(part), len(questions))


def _questions(file: Path) -> Iterator[tuple[Any, str]]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PassageError(f"The questions in {file} can't be read: {error}.") from error
    for number, row in enumerate(lines, 1):
        if not row.strip():
            continue
        try:
            record = json.loads(row)
            yield record["id"], record["text"].strip() or record["text"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PassageError(
                f'{file}, line {number}: expected an object {{"id": …, "text": "…"}}.'
            ) from error


def _meant(engine: Engine, collections: Sequence[str], name: str) -> tuple[str, str]:
    """Return the collection and id of the article that is meant, that of the first that has one.

    Raises UnknownArticleError, about the first.
    """
    unknown: UnknownArticleError | None = None
    for collection in collections:
        try:
            return collection, engine.library.listing.entry(collection, name).id
        except UnknownArticleError as error:
            unknown = unknown or error
    raise unknown or UnknownArticleError(name)
