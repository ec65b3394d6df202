"""The starter library: a briefing to try questions on, and a guide to Passage itself.

It lives in the shared collection like any other articles.  A newer Passage brings its
newer text; an article that the operator removed stays removed.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import config
from index.collection_names import SHARED
from index.engine import Engine
from index.errors import UnknownArticleError
from index.extract import extract
from index.records import Article

FOLDER = Path(config.__file__).parent / "articles"
_NOTE = "starter:"


def sync_starter(engine: Engine, *, wanted: bool) -> None:
    """Bring the shared collection's starter articles up to date, or take them out."""
    for path in sorted(FOLDER.glob("*.md")):
        name, note = path.stem, f"{_NOTE}{path.stem}"
        known = engine.library.notes.get(note)
        if not wanted:
            if known is not None:
                _take_out(engine, name)
                engine.library.notes.set(note, None)
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if known == digest or (known is not None and _removed(engine, name)):
            continue
        engine.add_article(_article(path), SHARED)
        engine.library.notes.set(note, digest)


def _article(path: Path) -> Article:
    article = next(iter(extract(str(path))))
    if not isinstance(article, Article):
        raise article
    return replace(article, id=path.stem, source=f"{_NOTE}{path.stem}")


def _removed(engine: Engine, name: str) -> bool:
    return engine.library.digest_of(SHARED, name) is None


def _take_out(engine: Engine, name: str) -> None:
    try:
        engine.library.remove(SHARED, name)
    except UnknownArticleError:
        return
