"""The ``passage`` command: the same core as the bot, without Discord."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from bot.cli import json_output, terminal, upkeep
from bot.cli.console import (
    AsJson,
    Data,
    err,
    out,
    print_json,
)
from bot.cli.doctor import clear_older_models
from bot.cli.progress import (
    batch_progress,
    ingest_progress,
    tell_what_takes_long,
    waiting,
)
from bot.compose import build_embedder, build_engine, build_reader, build_seeded_engine
from config.settings import Settings, load
from index.engine import SHARED, Engine
from index.errors import ExtractionError, PassageError, UnknownArticleError
from index.evaluate import Evaluation, figures, read_passages, read_questions
from index.extract import expand, is_url
from index.ingest import Report
from index.language.characters import without_surrogates

app = typer.Typer(
    name="passage",
    help="Answers questions from a library of articles, in the articles' own words.",
    epilog='Start with:  passage ask "How much is the S-400 deal worth?"',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

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


@app.command()
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
    with _engine(settings, seeded=True) as engine:
        names = _ready(engine, collection)
        with waiting(err, "loading the reader"):
            _ = engine.reader
        if batch is not None:
            _ask_batch(engine, batch, names, settings.passages)
        elif question is not None:
            _ask_once(engine, question, names, settings.passages, as_json)
        else:
            _ask_repeatedly(engine, names, settings.passages, as_json)


@app.command()
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
    with _engine(settings, seeded=True) as engine:
        home, within = collection, None
        if article is not None:
            home, within = _meant(engine, (collection, SHARED), article)
        names = _ready(engine, home, collection)
        with waiting(err, "searching"):
            found = engine.search(query, names, settings.passages, within)
        if as_json:
            told = {"query": query, "article": within, "passages": json_output.passages_json(found)}
            print_json(told)
        else:
            terminal.show_passages(out, found)


@app.command()
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
    with _engine(load(data=data)) as engine:
        _add_all(engine, _expanded(sources, report), collection, report, quiet=as_json)
    _finish(report, collection, as_json=as_json)


@app.command("list")
def list_articles(
    as_json: AsJson = False, collection: Collection = SHARED, data: Data = None
) -> None:
    """List the articles of a collection."""
    with _engine(load(data=data), seeded=collection == SHARED) as engine:
        entries = engine.library.entries(collection)
    if as_json:
        print_json(json_output.entries_json(entries, collection))
    else:
        terminal.show_entries(out, entries, collection)


@app.command()
def show(
    article: Annotated[str, typer.Argument(help="Its id, or its title.")],
    as_json: AsJson = False,
    collection: Collection = SHARED,
    data: Data = None,
) -> None:
    """Show an article: what is known about it, and its text."""
    with _engine(load(data=data), seeded=collection == SHARED) as engine:
        entry = engine.library.entry(collection, article)
        whole = engine.library.article(collection, entry.id)
        passages = engine.library.passages_of(collection, entry.id)
    if as_json:
        print_json(json_output.article_json(entry, whole, passages))
    else:
        terminal.show_article(out, entry, whole)


@app.command()
def remove(
    articles: Annotated[list[str], typer.Argument(help="Their ids, or titles.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: AsJson = False,
    collection: Collection = SHARED,
    data: Data = None,
) -> None:
    """Remove articles; no question is answered from them any more."""
    with _engine(load(data=data), seeded=collection == SHARED) as engine:
        entries = [engine.library.entry(collection, name) for name in dict.fromkeys(articles)]
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


@app.command()
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
    with _engine(load(data=data)) as engine:
        library = engine.library
        entries = (
            [library.entry(collection, name) for name in articles]
            if articles
            else library.entries(collection)
        )
        sources = dict.fromkeys(entry.origin for entry in entries if entry.origin)
        _add_all(engine, list(sources), collection, report, quiet=as_json)
    _finish(report, collection, as_json=as_json)


@app.command()
def run(data: Data = None) -> None:
    """Connect to Discord and serve; the bot's token is read from DISCORD_TOKEN."""
    from bot.serve import run as serve  # the bot's libraries are no concern of other commands

    serve(load(data=data))


@app.command("eval")
def evaluate(
    passages: Annotated[
        Path, typer.Option(help="JSONL of passages, plain or .gz.", metavar="FILE")
    ],
    questions: Annotated[
        Path, typer.Option(help="JSONL of labelled questions, plain or .gz.", metavar="FILE")
    ],
    as_json: AsJson = False,
) -> None:
    """Measure on labelled questions, in an index of its own; the library is not touched.

    Passages: {"id", "title", "text"}; questions: {"id", "text", "relevant": [passage ids]},
    none relevant where the passages don't hold the answer.
    """
    labelled, asked = read_passages(passages), read_questions(questions)
    settings = load()
    with waiting(err, "loading the models"):
        embedder = build_embedder(settings)
        reader = build_reader(settings, embedder)
    with batch_progress(err, "indexing") as progress:
        evaluation = Evaluation(labelled, embedder, reader, progress)
    with batch_progress(err, "asking") as progress:
        found = figures(evaluation.run(asked, progress))
    evaluation.close()
    if as_json:
        print_json(found)
    else:
        terminal.show_figures(out, found)


@app.command()
def setup(data: Data = None) -> None:
    """Get ready what the first answer needs, so that nobody waits for it: models and indexes."""
    settings = load(data=data)
    with _engine(settings, seeded=True) as engine:
        _ready(engine, SHARED)
        ready = [(True, f"Model {engine.embedder.identity} is ready")]
        with waiting(err, "loading the reader"):
            ready.append((True, f"Reader {engine.reader.identity} is ready"))
    if told := clear_older_models(settings):
        ready.append((True, told))
    terminal.show_checks(out, ready)


upkeep.add_to(app)


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


def _meant(engine: Engine, collections: Sequence[str], name: str) -> tuple[str, str]:
    """Return the collection and id of the article that is meant, that of the first that has one.

    Raises UnknownArticleError, about the first.
    """
    unknown: UnknownArticleError | None = None
    for collection in collections:
        try:
            return collection, engine.library.entry(collection, name).id
        except UnknownArticleError as error:
            unknown = unknown or error
    raise unknown or UnknownArticleError(name)


def _ready(engine: Engine, *collections: str) -> list[str]:
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
def _engine(settings: Settings, *, seeded: bool = False) -> Iterator[Engine]:
    tell_what_takes_long()
    with waiting(err, "opening the library"):
        engine = build_seeded_engine(settings) if seeded else build_engine(settings)
    try:
        yield engine
        with suppress(PassageError):  # the next one does it
            engine.tidy(int(time.time()))
    finally:
        engine.close()


def main() -> None:
    """Run the command; an expected failure is one sentence and exit code 1."""
    os.umask(0o077)  # what is written is its owner's alone
    try:
        app()
    except PassageError as error:
        err.print(Text(terminal.printable(str(error)), style="red"), soft_wrap=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        err.print(Text(terminal.printable(_disk_sentence(error)), style="red"), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Stopped; what was already added stays, nothing is half done.")
        sys.exit(1)


def _disk_sentence(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"A file could not be read or written{where}: {error.strerror or error}. "
        "Check the space and permissions of the disk; what was already added stays."
    )
