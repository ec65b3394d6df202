"""Blocks: what every format is taken apart into before it becomes an article.

Only this module counts characters, so offsets of sections and pages are right for all
formats or wrong for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from index.records import Page, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEPARATOR = "\n\n"


class BlockKind(Enum):
    """What a block is to a reader."""

    BODY = auto()
    LITERAL = auto()  # code and tables: never searched for furniture
    HEADING = auto()
    TITLE = auto()  # the heading that is the article's title, and so no section's


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, heading, list, table or piece of code.

    ``page`` is the page it starts on (0: the format has none); ``turns`` are the offsets
    inside ``text`` at which a further page begins, with that page's number.
    """

    text: str
    kind: BlockKind = BlockKind.BODY
    level: int = 0
    page: int = 0
    turns: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleDraft:
    """What a format's reader found, before furniture is dropped and offsets are counted.

    ``published`` is what the source itself calls its date; ``created`` is when the file
    was made, which counts only where nothing better is known.  ``show_dateline`` asks for
    a line on top where date and author would otherwise not be in the text;
    ``dateline`` holds the source's own words for it.
    """

    blocks: Sequence[Block]
    title: str = ""
    author: str | None = None
    published: str | None = None
    created: str | None = None
    url: str | None = None
    show_dateline: bool = False
    dateline: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    empty_pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Composition:
    """Text with the places of its sections and pages."""

    text: str
    sections: tuple[Section, ...]
    pages: tuple[Page, ...]


@dataclass(slots=True)
class _Open:
    """The section that is being filled, and the headings that lead to it."""

    path: list[tuple[int, str]] = field(default_factory=list)
    start: int = -1
    end: int = -1

    def enter(self, block: Block) -> None:
        while self.path and (block.kind is BlockKind.TITLE or self.path[-1][0] >= block.level):
            self.path.pop()
        if block.kind is BlockKind.HEADING:
            self.path.append((block.level, " ".join(block.text.split())))

    def take(self, start: int, end: int) -> None:
        self.start = start if self.start < 0 else self.start
        self.end = end

    def close(self) -> Iterator[Section]:
        if self.path and self.start >= 0:
            yield Section(" › ".join(title for _, title in self.path), self.start, self.end)
        self.start = self.end = -1


def compose(blocks: Sequence[Block]) -> Composition:
    """Join blocks with blank lines and note where each section and page lies."""
    starts: list[int] = []
    position = 0
    for block in blocks:
        starts.append(position)
        position += len(block.text) + len(SEPARATOR)
    text = SEPARATOR.join(block.text for block in blocks)
    return Composition(text, tuple(_sections(blocks, starts)), tuple(_pages(blocks, starts)))


def _sections(blocks: Sequence[Block], starts: Sequence[int]) -> Iterator[Section]:
    section = _Open()
    for block, start in zip(blocks, starts, strict=True):
        if block.kind in (BlockKind.HEADING, BlockKind.TITLE):
            yield from section.close()
            section.enter(block)
        else:
            section.take(start, start + len(block.text))
    yield from section.close()


def _pages(blocks: Sequence[Block], starts: Sequence[int]) -> Iterator[Page]:
    page = Page(0, 0, 0)
    for block, start in zip(blocks, starts, strict=True):
        for number, begin, end in _stretches(block):
            if number != page.number:
                if page.number:
                    yield page
                page = Page(number, start + begin, start + end)
            else:
                page = Page(number, page.start, start + end)
    if page.number:
        yield page


def _stretches(block: Block) -> Iterator[tuple[int, int, int]]:
    """The page numbers of a block with the part of its text that lies on each."""
    number, begin = block.page, 0
    for offset, following in block.turns:
        if offset > begin:
            yield number, begin, offset
        number, begin = following, offset
    yield number, begin, len(block.text)
