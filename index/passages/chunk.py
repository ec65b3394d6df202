"""Article -> passages, along the article's own structure.

A passage holds whole sentences of one section, measured in the tokens of the model that
will embed it, so that nothing is cut off unseen.  Short paragraphs are joined with their
neighbours, long ones split between sentences, and a sentence is split only where it
alone passes the budget.  Always ``passage.text == article.text[start:end]``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from index.language.sentences import (
    TextSpan,
    language_of,
    paragraphs,
    sentences,
)
from index.passages.draft import Chunk
from index.passages.packing import Budget, CountTokens, checked, packed, pieces_of
from index.passages.regions import regions_of, runs_of
from index.records import Article


def chunk(article: Article, count: CountTokens, budget: Budget) -> list[Chunk]:
    """Return the passages of ``article`` in reading order; they never overlap."""
    everything = [(paragraphs(article.text), None)]
    # An article of nothing but headings is still an article.
    return _chunks(article, regions_of(article), count, budget) or _chunks(
        article, everything, count, budget
    )


def _chunks(
    article: Article,
    regions: Iterable[tuple[list[TextSpan], str | None]],
    count: CountTokens,
    budget: Budget,
) -> list[Chunk]:
    language = language_of(article.text)
    pages = [page.start for page in article.pages]
    chunks = []
    for region, section in regions:
        for run, dateline in runs_of(article, region):
            blocks = [pieces_of(article.text, block, language, count, budget) for block in run]
            for group in checked(article.text, packed(blocks, budget), count, budget.limit):
                spans = tuple(piece.span for piece in group)
                start, end = spans[0].start, spans[-1].end
                at = bisect_right(pages, start)
                page = article.pages[at - 1].number if at else None
                chunks.append(Chunk(start, end, section, page, spans, dateline))
    return chunks


def whole(text: str) -> Chunk:
    """Return a text as one passage, as given, for passages that others have cut."""
    spans = sentences(text, language=language_of(text))
    return Chunk(0, len(text), None, None, tuple(spans) or (TextSpan(0, len(text)),))
