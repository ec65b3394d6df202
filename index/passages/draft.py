"""A passage before it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from index.digests import embedded_text
from index.language.sentences import TextSpan
from index.records import Article


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage to be: a stretch of the article's text, its section and first page."""

    start: int
    end: int
    section: str | None
    page: int | None
    sentences: tuple[TextSpan, ...]
    """The sentences, or parts of over-long ones, by their place in the article."""
    dateline: bool = False
    """Whether it says when and by whom the article was written, and nothing else."""


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage to be stored: its place in the article and the context embedded with it."""

    chunk: Chunk
    context: str

    def embedded(self, article: Article) -> str:
        """Return the text that is embedded and indexed for this passage."""
        return embedded_text(self.context, article.text[self.chunk.start : self.chunk.end])
