"""The composition root: settings in, a working engine out.  Nothing else reads settings."""

from __future__ import annotations

from pathlib import Path

from bot.starter import sync_starter
from config.settings import Settings
from index.answer.reader import Reader
from index.answer.sentence_reader import SentenceReader
from index.answer.span_reader import SpanReader
from index.data_folder import LIBRARY, MODELS
from index.engine import Engine
from index.extract import AllowedHosts, Limits
from index.models.compiled import ModelStore
from index.models.embedder import Embedder
from index.models.load_embedder import load_embedder
from index.models.load_reader import load_span_model
from index.store.sqlite.backups import Backups

NO_READER = "none"


def build_embedder(settings: Settings, store: ModelStore | None = None) -> Embedder:
    """Load the model of these settings.  Raises ModelError."""
    return load_embedder(settings.model, store or build_store(settings))


def build_reader(settings: Settings, embedder: Embedder, store: ModelStore | None = None) -> Reader:
    """Load the reader of these settings.  Raises ModelError."""
    if settings.reader == NO_READER:
        return SentenceReader(embedder)
    return SpanReader(load_span_model(settings.reader, store or build_store(settings)), embedder)


def build_engine(settings: Settings) -> Engine:
    """Open the library of these settings; the model is loaded when first needed."""
    limits = Limits(
        max_bytes=int(settings.max_megabytes * 1_000_000),
        allowed_hosts=AllowedHosts.parse(settings.allowed_hosts),
    )
    store = build_store(settings)
    return Engine(
        settings.data,
        lambda: build_embedder(settings, store),
        reader=lambda embedder: build_reader(settings, embedder, store),
        limits=limits,
        stop=store.compiler.close,
    )


def build_backups(settings: Settings) -> Backups:
    """Return the backups of these settings' library."""
    return Backups(settings.data / LIBRARY)


def build_seeded_engine(settings: Settings) -> Engine:
    """Open the library with its starter articles in place, or left out, as settings say."""
    engine = build_engine(settings)
    sync_starter(engine, wanted=settings.starter)
    return engine


def build_store(settings: Settings) -> ModelStore:
    """Return the compiled models of these settings."""
    return ModelStore(settings.models)


def older_models(settings: Settings) -> Path | None:
    """Return where an older version kept compiled models that are not used any more, if it did."""
    older, used = settings.data / MODELS, settings.models.resolve()
    if not older.is_dir() or used.is_relative_to(older.resolve()):
        return None
    return older
