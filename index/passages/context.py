"""The title, section and date that are embedded with a passage."""

from __future__ import annotations

from index.language.dates import in_words
from index.passages.draft import Chunk
from index.records import Article


def context(article: Article, piece: Chunk, *, opening: bool) -> str:
    """Return what is embedded and indexed before a passage's own text, and never shown.

    A dateline is about nothing but the publication, so that "When was this published?"
    finds it; the opening passage carries author and date for texts without a dateline.
    """
    author = f"by {article.author}" if article.author else ""
    published = _published(article.published)
    if piece.dateline:
        return " ".join(
            part for part in ("This article was", published or "written", author) if part
        )
    byline = [author, published] if opening else []
    parts = [article.title, piece.section or "", *byline]
    return "\n".join(part for part in parts if part)


def _published(published: str | None) -> str:
    return f"published on {in_words(published)}" if published else ""
