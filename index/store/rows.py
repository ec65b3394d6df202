"""What the library's tables hold, as records, and the digests that tell what is whole."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import asdict

from index.records import Article, Page, Passage, Section


def article_of(row: sqlite3.Row) -> Article:
    """Return the article of a row.  Raises ValueError or TypeError where that is damaged."""
    return Article(
        source=row["source"],
        title=row["title"],
        text=row["text"],
        id=row["id"],
        origin=row["origin"],
        author=row["author"],
        url=row["url"],
        published=row["published"],
        sections=tuple(Section(**section) for section in json.loads(row["sections"])),
        pages=tuple(Page(**page) for page in json.loads(row["pages"])),
    )


def passage_of(row: sqlite3.Row) -> Passage:
    """Return the passage of a row.  Raises ValueError or TypeError where that is damaged."""
    text_of(row)
    return Passage(
        id=row["id"],
        article_id=row["article_id"],
        title=row["title"],
        text=row["text"],
        start=row["start"],
        end=row["end"],
        sentences=tuple((start, end) for start, end in json.loads(row["sentences"])),
        context=row["context"],
        section=row["section"],
        page=row["page"],
        url=row["url"],
        published=row["published"],
        author=row["author"],
    )


def text_of(row: sqlite3.Row) -> str:
    """Return what is embedded for the passage of a row.  Raises ValueError where it is damaged."""
    text = embedded_text(row["context"], row["text"])
    if text_digest(text) != row["digest"]:
        raise ValueError(f"passage {row['id']} is not what was stored")
    return text


def embedded_text(context: str, text: str) -> str:
    """Return the text that is embedded and indexed for a passage."""
    return f"{context}\n{text}" if context else text


def text_digest(text: str) -> str:
    """Return the digest of a text, under which its vector is kept where it is embedded."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def content_digest(article: Article) -> str:
    """Return a digest of all that answers and cards show of an article, text first."""
    details = asdict(article)
    for ignored in ("text", "id", "warnings", "empty_pages", "origin"):
        del details[ignored]
    return f"{text_digest(article.text)}:{text_digest(json.dumps(details, sort_keys=True))}"
