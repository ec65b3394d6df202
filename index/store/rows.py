"""What the library's tables hold, as records, and the digests that tell what is whole."""

from __future__ import annotations

import json

from index.digests import embedded_text, text_digest
from index.records import Article, Page, Passage, Section
from index.store.statements import Row


def article_of(row: Row) -> Article:
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


def passage_of(row: Row) -> Passage:
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


def text_of(row: Row) -> str:
    """Return what is embedded for the passage of a row.  Raises ValueError where it is damaged."""
    text = embedded_text(row["context"], row["text"])
    if text_digest(text) != row["digest"]:
        raise ValueError(f"passage {row['id']} is not what was stored")
    return text
