"""Article -> passages, along the article's own structure.

A passage holds whole sentences of one section, measured in the tokens of the model that
will embed it, so that nothing is cut off unseen.  Short paragraphs are joined with their
neighbours, long ones split between sentences, and a sentence is split only where it
alone passes the budget.  Always ``passage.text == article.text[start:end]``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.language.datelines import read_dateline, written
from index.language.dates import in_words
from index.language.sentences import (
    Span,
    language_of,
    paragraphs,
    sentences,
    trimmed,
)
from index.records import Article

CountTokens = Callable[[Sequence[str]], list[int]]
"""How many tokens each text has, without the model's special tokens."""

_CLAUSE_ENDS = frozenset(",;:、，；：—–)]")
_WINDOW = 12  # characters a token at most, in text worth splitting by tokens
_HEADING_WORDS = 14


@dataclass(frozen=True, slots=True)
class Budget:
    """How long passages are, in tokens.

    Neighbours are joined up to ``target``; nothing passes ``limit``; a rest shorter than
    ``least`` goes with its neighbour where ``limit`` allows.
    """

    target: int = 160
    limit: int = 200
    least: int = 24

    def within(self, limit: int) -> Budget:
        """Return the same budget, held to the ``limit`` of a smaller model."""
        limit = max(1, min(self.limit, limit))
        return Budget(min(self.target, limit), limit, min(self.least, limit))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage to be: a stretch of the article's text, its section and first page."""

    start: int
    end: int
    section: str | None
    page: int | None
    sentences: tuple[Span, ...]
    """The sentences, or parts of over-long ones, by their place in the article."""
    dateline: bool = False
    """Whether it says when and by whom the article was written, and nothing else."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something that stays whole: a sentence, or a part of an over-long one.

    Its size is in tokens, but at least what so many characters are worth: to a model a word
    that it doesn't know is one token however long it is, and some characters are none.
    """

    span: Span
    size: int


def chunk(article: Article, count: CountTokens, budget: Budget) -> list[Chunk]:
    """Return the passages of ``article`` in reading order; they never overlap."""
    everything = [(paragraphs(article.text), None)]
    # An article of nothing but headings is still an article.
    return _chunks(article, _regions(article), count, budget) or _chunks(
        article, everything, count, budget
    )


def _chunks(
    article: Article,
    regions: Iterable[tuple[list[Span], str | None]],
    count: CountTokens,
    budget: Budget,
) -> list[Chunk]:
    language = language_of(article.text)
    pages = [page.start for page in article.pages]
    chunks = []
    for region, section in regions:
        for run, dateline in _runs(article, region):
            blocks = [_pieces(article.text, block, language, count, budget) for block in run]
            for group in _checked(article.text, _pack(blocks, budget), count, budget.limit):
                spans = tuple(piece.span for piece in group)
                start, end = spans[0].start, spans[-1].end
                at = bisect_right(pages, start)
                page = article.pages[at - 1].number if at else None
                chunks.append(Chunk(start, end, section, page, spans, dateline))
    return chunks


def whole(text: str) -> Chunk:
    """Return a text as one passage, as given, for passages that others have cut."""
    spans = sentences(text, language=language_of(text))
    return Chunk(0, len(text), None, None, tuple(spans) or (Span(0, len(text)),))


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


def _regions(article: Article) -> Iterator[tuple[list[Span], str | None]]:
    """Yield the paragraphs of each section, and of the stretches between sections."""
    position = 0
    for section in article.sections:
        yield _outside(article, position, section.start, section.title), None
        yield paragraphs(article.text, section.start, section.end), section.title
        position = section.end
    yield _outside(article, position, len(article.text), ""), None


def _runs(article: Article, region: Sequence[Span]) -> Iterator[tuple[list[Span], bool]]:
    """Yield the paragraphs between datelines, and each dateline by itself."""
    told = f"{article.published or ''} {article.author or ''}".strip()
    run: list[Span] = []
    for block in region:
        dateline, rest = _leading_datelines(article, block) if told else (None, block)
        if dateline is not None:
            yield run, False
            yield [dateline], True
            run = []
        if rest.start < rest.end:
            run.append(rest)
    yield run, False


def _leading_datelines(article: Article, block: Span) -> tuple[Span | None, Span]:
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


def _outside(article: Article, start: int, end: int, next_title: str) -> list[Span]:
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


def _pieces(
    text: str, block: Span, language: str, count: CountTokens, budget: Budget
) -> list[_Piece]:
    spans = sentences(text, block.start, block.end, language=language)
    tokens = count([text[span.start : span.end] for span in spans])
    pieces: list[_Piece] = []
    for span, length in zip(spans, tokens, strict=True):
        size = _size(span, length)
        if size <= budget.limit:
            pieces.append(_Piece(span, size))
        else:
            pieces.extend(_split_sentence(text, span, count, budget.limit))
    return pieces


def _size(span: Span, tokens: int) -> int:
    return max(tokens, (span.end - span.start) // _WINDOW, 1)


def _split_sentence(text: str, span: Span, count: CountTokens, limit: int) -> Iterator[_Piece]:
    """Split one over-long sentence: between clauses, else words, else characters."""
    start = span.start
    while start < span.end:
        cut = _longest_fit(text, start, span.end, count, limit)
        part = trimmed(text, start, cut)
        if part.start < part.end:
            yield _Piece(part, _size(part, count([text[part.start : part.end]])[0]))
        start = cut


def _longest_fit(text: str, start: int, end: int, count: CountTokens, limit: int) -> int:
    """Return where the longest stretch from ``start`` that fits the limit should end."""

    def too_long(stop: int) -> bool:
        return count([text[start:stop]])[0] > limit

    last = min(end, start + limit * _WINDOW)
    if last == end and not too_long(end):
        return end
    words = [i for i in range(start + 1, last) if text[i].isspace()]
    fitting = bisect_left(words, x=True, key=too_long)
    if fitting:
        in_reach = words[fitting // 2 : fitting]
        clauses = [stop for stop in in_reach if text[stop - 1] in _CLAUSE_ENDS]
        return (clauses or in_reach)[-1]
    stops = range(start + 1, last + 1)
    return stops[max(0, bisect_left(stops, x=True, key=too_long) - 1)]


def _pack(blocks: Iterable[list[_Piece]], budget: Budget) -> list[list[_Piece]]:
    """Join paragraphs up to the target; split those that alone pass the limit."""
    groups: list[list[_Piece]] = []
    for block in blocks:
        for part in _balanced(block, budget):
            room = budget.target if _sizes(part) >= budget.least else budget.limit
            if groups and _sizes(groups[-1]) < budget.least:
                room = budget.limit
            if groups and _sizes([*groups[-1], *part]) <= room:
                groups[-1] = [*groups[-1], *part]
            elif part:
                groups.append(part)
    return groups


def _balanced(block: list[_Piece], budget: Budget) -> list[list[_Piece]]:
    """Split a paragraph over the limit between sentences, into parts of about one size."""
    total = _sizes(block)
    if total <= budget.limit:
        return [block]
    wanted = total / -(-total // budget.target)
    parts: list[list[_Piece]] = [[]]
    for piece in block:
        grown = _sizes([*parts[-1], piece])
        if parts[-1] and (grown > budget.limit or grown - piece.size / 2 > wanted):
            parts.append([])
        parts[-1].append(piece)
    return parts


def _checked(
    text: str, groups: list[list[_Piece]], count: CountTokens, limit: int
) -> Iterator[list[_Piece]]:
    """Yield each group, halving those whose joined text passes the limit.

    With most tokenizers a text has as many tokens as its sentences together, not with all.
    """
    lengths = count([text[group[0].span.start : group[-1].span.end] for group in groups])
    for group, length in zip(groups, lengths, strict=True):
        if length <= limit or len(group) == 1:
            yield group
        else:
            middle = len(group) // 2
            yield from _checked(text, [group[:middle], group[middle:]], count, limit)


def _sizes(pieces: Sequence[_Piece]) -> int:
    """Return the size of neighbours with the white space between them."""
    if not pieces:
        return 0
    told = sum(piece.size for piece in pieces)
    return max(told, _size(Span(pieces[0].span.start, pieces[-1].span.end), 0))


def _published(published: str | None) -> str:
    return f"published on {in_words(published[:10])}" if published else ""
