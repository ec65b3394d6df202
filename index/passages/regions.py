"""The parts of an article that passages never cross."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.language.datelines import read_dateline, written
from index.language.sentences import TextSpan, paragraphs, trimmed
from index.records import Article

_HEADING_WORDS = 14


def regions_of(article: Article) -> Iterator[tuple[list[TextSpan], str | None]]:
    """Yield the paragraphs of each section, and of the stretches between sections."""
    position = 0
    for section in article.sections:
        yield _outside(article, position, section.start, section.title), None
        yield paragraphs(article.text, section.start, section.end), section.title
        position = section.end
    yield _outside(article, position, len(article.text), ""), None


def runs_of(article: Article, region: Sequence[TextSpan]) -> Iterator[tuple[list[TextSpan], bool]]:
    """Yield the paragraphs between datelines, and each dateline by itself."""
    told = f"{article.published or ''} {article.author or ''}".strip()
    run: list[TextSpan] = []
    for block in region:
        dateline, rest = _leading_datelines(article, block) if told else (None, block)
        if dateline is not None:
            yield run, False
            yield [dateline], True
            run = []
        if rest.start < rest.end:
            run.append(rest)
    yield run, False


def _leading_datelines(article: Article, block: TextSpan) -> tuple[TextSpan | None, TextSpan]:
    """Split the datelines that a paragraph begins with from the rest of it."""
    end = position = block.start
    for line in article.text[block.start : block.end].splitlines(keepends=True):
        if not _is_dateline(article, line.strip()):
            break
        position += len(line)
        end = position
    if end == block.start:
        return None, block
    return trimmed(article.text, block.start, end), trimmed(article.text, end, block.end)


def _is_dateline(article: Article, text: str) -> bool:
    said = read_dateline(text)
    if said is None:
        return text == written(article.published, article.author)
    return said.published == article.published or said.author == article.author


def _outside(article: Article, start: int, end: int, next_title: str) -> list[TextSpan]:
    """Return the paragraphs between two sections that are not themselves headings."""
    known = {article.title, *next_title.split(" › ")}

    def is_heading(text: str) -> bool:
        if text in known:
            return True
        return bool(article.sections) and start > 0 and _looks_like_heading(text)

    found = paragraphs(article.text, start, end)
    return [span for span in found if not is_heading(article.text[span.start : span.end])]


def _looks_like_heading(text: str) -> bool:
    return "\n" not in text and len(text.split()) <= _HEADING_WORDS and text[-1] not in ".!?。！？…"
