"""Articles as they are listed, and the sentences that name them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from index.errors import UnknownArticleError
from index.language.characters import shown
from index.records import Article

_NAMED = 5  # articles of one title that a sentence names
_SHOWN = 60  # characters of a title or a source in it


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as listed: all but its text."""

    id: str
    title: str
    source: str
    origin: str | None
    author: str | None
    url: str | None
    published: str | None
    passages: int
    characters: int
    added: str
    updated: str


class Title(NamedTuple):
    """An article as offered: its id and its title."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Totals:
    """How much a library holds, over all collections."""

    collections: int
    articles: int
    passages: int


def article_id(article: Article) -> str:
    """Return the article's own id, or a short one that its source always yields."""
    return article.id or hashlib.sha256(article.source.encode()).hexdigest()[:10]


def unknown_article(name: str, collection: str) -> UnknownArticleError:
    """Return the error of an article that a collection does not have."""
    return UnknownArticleError(
        f"No article {name!r} in the collection {collection!r}; `passage list` shows all."
    )


def candidates(title: str, found: Sequence[tuple[str, Entry]]) -> str:
    """Return the sentence that names the articles of one title, each by what to call it."""
    named = "; ".join(_described(name, entry) for name, entry in found[:_NAMED])
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return (
        f"{len(found)} articles are called “{_cut(title)}”: give the id of the one that is "
        f"meant. They are {named}{more}."
    )


def _described(name: str, entry: Entry) -> str:
    # Of a path the name alone: where files lie here is not for everybody.
    source = entry.source if "://" in entry.source else re.split(r"[/\\]", entry.source)[-1]
    published = f", published {_cut(entry.published)}" if entry.published else ""
    return f"{shown(name)} (from {_cut(source)}{published}, added {entry.added[:10]})"


def _cut(text: str) -> str:
    """Return a text on one line, shortened in the middle: both ends tell it from others."""
    line = shown(text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN // 2]}…{line[-_SHOWN // 2 :]}"
