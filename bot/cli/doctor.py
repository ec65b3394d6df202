"""A check-up of an installation: what is wrong, and what to do about it."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

from bot.compose import build_backups, build_engine, build_store, older_models
from bot.text.counts import plural
from config.settings import Settings, settings_file
from index.data_folder import left_open
from index.engine import Engine
from index.errors import PassageError
from index.models.compiled import ModelStore
from index.models.serving import not_writable
from index.store.jobs import Jobs
from index.store.sqlite.backups import Backups, advice, examined

_ROOM = 200_000_000  # bytes free below which a library will soon be in trouble
_PACKAGES = ("onnxruntime", "faiss-cpu", "discord.py", "sentence-transformers", "torch")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: ``good`` or not, and a sentence that says what to do if not."""

    name: str
    good: bool
    sentence: str


def examine(settings: Settings) -> Iterator[Check]:
    """Look at everything that an answer needs, from the settings to the model."""
    yield _versions()
    file = settings_file()
    yield Check("settings", good=True, sentence=f"Settings: {file or 'defaults and environment'}")
    yield _room(settings)
    yield _token()
    yield _backups(build_backups(settings), settings.backups)
    try:
        engine = build_engine(settings)
    except PassageError as error:
        yield Check("library", good=False, sentence=str(error))
        return
    try:
        yield _library(engine)
        yield _private(settings)
        model = _attempt("model", lambda: f"Model {engine.embedder.identity} loads")
        reader = _attempt("reader", lambda: f"Reader {engine.reader.identity} loads")
        yield from (model, reader, _compiled(settings, loaded=model.good and reader.good))
        yield _attempt("index", lambda: _indexed(engine))
        yield _waiting(engine)
    finally:
        engine.close()


def _versions() -> Check:
    told = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return Check("versions", good=True, sentence=f"Python {platform.python_version()}, {told}")


def _room(settings: Settings) -> Check:
    folder = settings.data.absolute()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(existing, os.W_OK):
        return Check(
            "data",
            good=False,
            sentence=f"The data folder {folder} can't be written; choose another with --data.",
        )
    free = shutil.disk_usage(existing).free
    sentence = f"Data folder {folder}, {free / 1e9:.1f} GB free"
    if free < _ROOM:
        return Check("data", good=False, sentence=f"{sentence}: make room on this disk.")
    return Check("data", good=True, sentence=sentence)


def _token() -> Check:
    known = bool(os.environ.get("DISCORD_TOKEN"))
    missing = "DISCORD_TOKEN is not set; only the command line works without it"
    return Check("token", good=True, sentence="DISCORD_TOKEN is set" if known else missing)


def clear_older_models(settings: Settings) -> str | None:
    """Delete compiled models that an older version kept beside the library; say what was done.

    For when those in use are in place.  What else lies there is not ours to delete.
    """
    older = older_models(settings)
    if older is None:
        return None
    if not older.is_symlink():
        ModelStore(older).clear_away()
    if older.exists():
        return f"The folder {older} is of no use to Passage any more: look into it and delete it"
    return f"The compiled models that an older version kept in {older} are deleted"


def _compiled(settings: Settings, *, loaded: bool) -> Check:
    store = build_store(settings)
    error = store.unwritable()
    if error is not None and not store.models():
        return Check("models", good=False, sentence=not_writable(store.folder, error))
    sentence = f"Compiled models are in {store.folder}"
    if loaded and (told := clear_older_models(settings)):
        sentence = f"{sentence}. {told}"
    return Check("models", good=True, sentence=sentence)


def _library(engine: Engine) -> Check:
    problems = engine.library.check()
    if problems:
        return Check(
            "library",
            good=False,
            sentence=f"The library {engine.library.path} is damaged ({problems[0]}). "
            f"{advice(engine.library.path)}",
        )
    counted = engine.library.totals()
    return Check(
        "library",
        good=True,
        sentence=f"The library is whole: {plural(counted.articles, 'article')}, "
        f"{plural(counted.passages, 'passage')}, {plural(counted.collections, 'collection')}",
    )


def _private(settings: Settings) -> Check:
    """Opening the library has closed what was open, as far as that was Passage's to do."""
    found = left_open(settings.data)
    if found:
        return Check(
            "private",
            good=False,
            sentence=f"Others on this machine can look into {found[0]}: run "
            f"`chmod go-rwx {shlex.quote(str(found[0]))}` as its owner.",
        )
    return Check("private", good=True, sentence="The data can be read by its owner alone")


def _indexed(engine: Engine) -> str:
    sizes = [len(engine.index(name)) for name in engine.library.collections()]
    level = "index is" if len(sizes) == 1 else "indexes are"
    return f"{len(sizes)} {level} level with the library: {plural(sum(sizes), 'passage')}"


def _waiting(engine: Engine) -> Check:
    waiting = len(Jobs(engine.library.database).pending())
    wait = "request to add something waits" if waiting == 1 else "requests to add something wait"
    told = f"{waiting} {wait} for the bot" if waiting else "Nothing waits"
    return Check("queue", good=True, sentence=told)


def _backups(backups: Backups, kept: int) -> Check:
    made, good = backups.all(), backups.newest_good()
    if not made:
        how = "the bot makes one each day" if kept else "backups = 0 turns the daily ones off"
        sentence = f"No backup yet; {how}, and `passage backup` makes one now"
        return Check("backups", good=True, sentence=sentence)
    if good != made[0]:
        other = f"the newest good one is {good.name}" if good else "none of them is good"
        wrong = examined(made[0])[0]
        sentence = f"The backup {made[0]} is no good ({wrong}); {other}. Make one with "
        sentence += "`passage backup`."
        return Check("backups", good=False, sentence=sentence)
    return Check("backups", good=True, sentence=f"Backups: {len(made)}, the newest {good.name}")


def _attempt(name: str, act: Callable[[], str]) -> Check:
    try:
        return Check(name, good=True, sentence=act())
    except PassageError as error:
        return Check(name, good=False, sentence=str(error))
