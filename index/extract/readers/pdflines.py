"""The lines of a PDF page with their place and style, less what repeats on every page."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from pdfminer.layout import LTChar, LTContainer, LTTextLine

from index.extract.decoding import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pdfminer.layout import LTItem, LTPage

_BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.IGNORECASE)
_MONO = re.compile(r"mono|courier|typewriter|consol|menlo|code|cmtt|sftt", re.IGNORECASE)
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_MARGIN = 0.14  # of the page's height, above and below, where running lines stand
_OUTERMOST = 3
_SAME_HEIGHT = 4.0
_ROMAN = re.compile(r"[-–—\s]*[ivxlc]{1,6}[-–—\s]*")
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page|p\.|seite)?\s*(?P<number>\d{1,4})\s*(?:(?:of|/|von)\s*\d{1,4})?[-–—\s]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line: its words, its box (y grows upwards) and the style of most of it."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as printed, numbered from 1."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]
    unmapped: int = 0  # glyphs whose font does not say which character they are


def sheet_of(number: int, page: LTPage) -> Sheet:
    """The lines of a laid-out page, without text that runs up its margin."""
    found = [(line, _characters(line)) for line in _text_lines(page)]
    upright = [(line, chars) for line, chars in found if any(char.upright for char in chars)]
    if 2 * len(upright) >= len(found):
        found = upright
    unmapped = sum(len(_UNMAPPED.findall(line.get_text())) for line, _ in found)
    lines = tuple(made for line, chars in found if chars and (made := _line(line, chars)).text)
    return Sheet(number, page.width, page.height, lines, unmapped)


def _text_lines(item: LTItem) -> Iterator[LTTextLine]:
    """All lines below an item; with a stack, because figures can nest without end."""
    stack: list[LTItem] = [item]
    while stack:
        one = stack.pop()
        if isinstance(one, LTTextLine):
            yield one
        elif isinstance(one, LTContainer):
            stack.extend(reversed(list(one)))


def _characters(line: LTTextLine) -> list[LTChar]:
    return [item for item in line if isinstance(item, LTChar)]


def _line(line: LTTextLine, chars: Sequence[LTChar]) -> Line:
    visible = [char for char in chars if char.get_text().strip()] or chars
    text = " ".join(_UNMAPPED.sub("", clean(line.get_text())).split())
    bold = sum(bool(_BOLD.search(char.fontname)) for char in visible)
    mono = sum(bool(_MONO.search(char.fontname)) for char in visible)
    size = round(median(char.size for char in visible), 1)
    most = len(visible) / 2
    return Line(text, line.x0, line.y0, line.x1, line.y1, size, bold > most, mono > most)


def without_running_lines(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Drop headers, footers and page numbers (what returns at the same height)."""
    body = _body_size(sheets)
    seen = Counter(key for sheet in sheets for key in {_key(line) for line in _outer(sheet, body)})
    often = 2 if len(sheets) < 6 else 3
    repeated = [key for key, count in seen.items() if count >= often]
    return [replace(sheet, lines=tuple(_flowing(sheet, repeated, body))) for sheet in sheets]


def _flowing(sheet: Sheet, repeated: Sequence[tuple[str, int]], body: float) -> Iterator[Line]:
    outer = set(_outer(sheet, body))
    heights = [line.y0 for line in outer if _key(line) in repeated]
    for line in sheet.lines:
        numbered = _PAGE_NUMBER.fullmatch(line.text)
        is_number = numbered is not None and int(numbered["number"]) == sheet.number
        is_number = is_number or _ROMAN.fullmatch(line.text) is not None
        beside = any(abs(line.y0 - height) < 1 for height in heights)
        if line not in outer or not (is_number or beside):
            yield line


def _body_size(sheets: Sequence[Sheet]) -> float:
    sizes: Counter[float] = Counter()
    for sheet in sheets:
        for line in sheet.lines:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _outer(sheet: Sheet, body: float) -> list[Line]:
    """The few lines nearest to the upper and the lower edge that stand off the text."""
    by_height = sorted(sheet.lines, key=lambda line: line.y0)
    low = [line for line in by_height[:_OUTERMOST] if line.y1 < sheet.height * _MARGIN]
    high = [line for line in by_height[-_OUTERMOST:] if line.y0 > sheet.height * (1 - _MARGIN)]
    return [line for line in low + high if line.size != body or not _has_neighbour(line, sheet)]


def _has_neighbour(line: Line, sheet: Sheet) -> bool:
    """Whether a line of the same size follows or precedes as closely as in a paragraph."""
    return any(
        other.size == line.size
        and 0 < abs(other.y0 - line.y0) < 1.6 * line.size
        and other.x0 < line.x1
        and line.x0 < other.x1
        for other in sheet.lines
    )


def _key(line: Line) -> tuple[str, int]:
    """Equal for lines that differ in their numbers only and stand at the same height."""
    return re.sub(r"\d+", "#", line.text.casefold()), round(line.y0 / _SAME_HEIGHT)
