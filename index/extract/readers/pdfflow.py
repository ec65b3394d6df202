"""From printed lines to paragraphs and headings that run on over columns and pages."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from index.extract.blocks import Block, BlockKind
from index.extract.readers.pdfcolumns import columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.extract.readers.pdflines import Line, Sheet

_LIST_ITEM = re.compile(r"(?:[•▪◦‣●■·*–-]|\(?(?:\d{1,2}|[a-zA-Z])[.)])\s+\S")
_LEADER = re.compile(r"(?:\s?\.){5,}[\s|]*[\divxlc]{1,5}$")  # dots that lead to a page number
_MARKER = re.compile(
    r"[•▪◦‣●■·*–-]|\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-zA-Z]|[ivx]{1,4})[.)]|\d{1,2}(?:\.\d{1,2})*"
)
_ENDED = re.compile(r"[.!?:;…][\"'”’»)\]]*\d{0,2}$")
_BROKEN_WORD = re.compile(r"(?P<first>[^\W\d_]+)[-\u2010\u00ad]$")
_LONGEST_HEADING = 160


@dataclass(slots=True)
class _Paragraph:
    """Lines of one style, and the page on which each of them is printed."""

    lines: list[Line]
    pages: list[int]
    right: float  # the edge of the column its last line stands in
    level: int = 0
    first_in_column: bool = False
    last_in_column: bool = False

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def size(self) -> float:
        return self.lines[0].size

    @property
    def bold(self) -> bool:
        return self.lines[0].bold


@dataclass(frozen=True, slots=True)
class _Style:
    """What is ordinary in this document, so that headings and gaps can stand out."""

    size: float
    bold: bool
    pitch: float  # distance between two lines of a paragraph, for each point of size
    words: frozenset[str] = field(default_factory=frozenset)


def flow(sheets: Sequence[Sheet]) -> list[Block]:
    """The blocks of a document in reading order, headings marked."""
    parts = [
        (sheet, _rows(column)) for sheet in sheets for column in columns(sheet.lines, sheet.width)
    ]
    parts = [(sheet, rows) for sheet, rows in parts if rows]
    style = _style([rows for _, rows in parts])
    paragraphs = [one for sheet, rows in parts for one in _paragraphs(rows, sheet.number, style)]
    _mark_headings(paragraphs, style)
    return [_block(one, style) for one in _joined(paragraphs, style) if one.text.strip()]


def _rows(column: Sequence[Line]) -> list[Line]:
    """Pieces on one height become one line: the cells of a row, or a number and its item."""
    rows: list[Line] = []
    for line in column:
        if rows and _same_row(rows[-1], line):
            rows[-1] = _side_by_side(*sorted((rows[-1], line), key=lambda one: one.x0))
        else:
            rows.append(line)
    return [row for row in rows if not _LEADER.search(row.text)]


def _same_row(one: Line, other: Line) -> bool:
    shared = min(one.y1, other.y1) - max(one.y0, other.y0)
    apart = one.x1 <= other.x0 + 1 or other.x1 <= one.x0 + 1
    return apart and shared > 0.6 * min(one.y1 - one.y0, other.y1 - other.y0)


def _side_by_side(left: Line, right: Line) -> Line:
    close = right.x0 - left.x1 < 1.2 * left.size or _MARKER.fullmatch(left.text)
    main = max(left, right, key=lambda line: len(line.text))
    return replace(
        main,
        text=left.text + (" " if close else " | ") + right.text,
        x0=left.x0,
        x1=right.x1,
        y0=min(left.y0, right.y0),
        y1=max(left.y1, right.y1),
    )


def _style(columns_of_rows: Sequence[Sequence[Line]]) -> _Style:
    sizes: Counter[tuple[float, bool]] = Counter()
    pitches: Counter[float] = Counter()
    words: set[str] = set()
    for rows in columns_of_rows:
        for row in rows:
            sizes[row.size, row.bold] += len(row.text)
            words.update(
                word.lower() for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*(?=\W)", row.text)
            )
        for above, below in pairwise(rows):
            if above.size == below.size and above.y1 > below.y1:
                pitches[round((above.y1 - below.y1) / above.size, 1)] += 1
    (size, bold), _ = sizes.most_common(1)[0] if sizes else ((10.0, False), 0)
    pitch = pitches.most_common(1)[0][0] if pitches else 1.2
    return _Style(size, bold, min(max(pitch, 1.0), 2.6), frozenset(words))


def _paragraphs(rows: Sequence[Line], page: int, style: _Style) -> Iterator[_Paragraph]:
    left, right = min(row.x0 for row in rows), max(row.x1 for row in rows)
    made: list[_Paragraph] = []
    for index, row in enumerate(rows):
        following = rows[index + 1] if index + 1 < len(rows) else None
        if made and not _starts(made[-1].lines, row, following, left, right, style):
            made[-1].lines.append(row)
            made[-1].pages.append(page)
        else:
            made.append(_Paragraph([row], [page], right))
    made[0].first_in_column = made[-1].last_in_column = True
    yield from made


def _starts(
    lines: Sequence[Line],
    row: Line,
    following: Line | None,
    left: float,
    right: float,
    style: _Style,
) -> bool:
    """Whether a row begins a new paragraph, seen by style, gap, indent or a short line above."""
    above = lines[-1]
    if " | " in row.text or " | " in above.text:
        near = above.y1 - row.y1 < 3.5 * row.size
        return not (" | " in row.text and " | " in above.text and near)
    if abs(above.size - row.size) > 0.6 or (above.bold, above.mono) != (row.bold, row.mono):
        return True
    if above.y1 - row.y1 > 1.3 * style.pitch * row.size or _LIST_ITEM.match(row.text):
        return True
    if row.mono or not _ENDED.search(above.text):
        return False
    indented = row.x0 > left + 0.8 * row.size and above.x0 < row.x0 - 0.5 * row.size
    hanging = following is not None and abs(following.x0 - row.x0) < 1
    return (indented and not hanging) or above.x1 < right - 0.18 * (right - left)


def _mark_headings(paragraphs: Sequence[_Paragraph], style: _Style) -> None:
    """Larger or bolder than the text: a heading; sizes, then boldness, give its level."""
    headings = [one for one in paragraphs if _is_heading(one, style)]
    ranks = sorted({_rank(one) for one in headings}, reverse=True)
    for one in headings:
        one.level = min(ranks.index(_rank(one)) + 1, 6)


def _rank(paragraph: _Paragraph) -> tuple[float, bool]:
    return round(paragraph.size * 2) / 2, paragraph.bold


def _is_heading(paragraph: _Paragraph, style: _Style) -> bool:
    text = paragraph.text
    if len(text) > _LONGEST_HEADING or len(paragraph.lines) > 4 or " | " in text:
        return False
    if (
        paragraph.lines[0].mono
        or not any(character.isalpha() for character in text)
        or text.endswith((".", ";", ","))
    ):
        return False
    larger = paragraph.size >= style.size * 1.12
    bolder = paragraph.bold and not style.bold and paragraph.size >= style.size * 0.95
    return larger or bolder


def _joined(paragraphs: Sequence[_Paragraph], style: _Style) -> Iterator[_Paragraph]:
    """Paragraphs that run on in the next column or on the next page become one."""
    waiting: list[_Paragraph] = []
    for one in paragraphs:
        unfinished = _unfinished(waiting, style)
        if one.first_in_column and unfinished is not None and _goes_on(unfinished, one):
            waiting.remove(unfinished)
            yield from waiting  # notes at the foot of the page stay on their page
            waiting = [_together(unfinished, one)]
            continue
        if waiting and one.first_in_column:
            yield from waiting
            waiting = []
        waiting.append(one)
        if not one.last_in_column and _unfinished(waiting, style) is None:
            yield from waiting
            waiting = []
    yield from waiting


def _unfinished(waiting: Sequence[_Paragraph], style: _Style) -> _Paragraph | None:
    """The last paragraph of the text, past smaller notes, if no sentence ends there."""
    for one in reversed(waiting):
        if one.size < style.size - 0.6 and not one.level:
            continue
        done = one.level or _ENDED.search(one.text) or " | " in one.text or one.lines[0].mono
        return None if done else one
    return None


def _goes_on(above: _Paragraph, below: _Paragraph) -> bool:
    if below.level or abs(above.size - below.size) > 0.6 or above.bold != below.bold:
        return False
    if above.lines[-1].mono or below.lines[0].mono:
        return False
    if _LIST_ITEM.match(below.text) or " | " in below.text:
        return False
    last = above.lines[-1]
    full = last.x1 > above.right - 4 * last.size
    return below.text[:1].islower() or bool(_BROKEN_WORD.search(last.text)) or full


def _together(above: _Paragraph, below: _Paragraph) -> _Paragraph:
    return _Paragraph(
        [*above.lines, *below.lines],
        [*above.pages, *below.pages],
        below.right,
        first_in_column=False,
        last_in_column=below.last_in_column,
    )


def _block(paragraph: _Paragraph, style: _Style) -> Block:
    """Join lines with spaces, and the two halves of a word that was broken at a line's end."""
    text = ""
    turns: list[tuple[int, int]] = []
    page = paragraph.pages[0]
    table = all(line.mono or " | " in line.text for line in paragraph.lines)
    for line, number in zip(paragraph.lines, paragraph.pages, strict=True):
        text = _appended(text, line.text, "\n" if table else " ", style)
        if number != page:
            turns.append((len(text) - len(line.text), number))
            page = number
    kind = BlockKind.HEADING if paragraph.level else BlockKind.LITERAL if table else BlockKind.BODY
    return Block(text, kind, paragraph.level, paragraph.pages[0], tuple(turns))


def _appended(text: str, line: str, joint: str, style: _Style) -> str:
    if not text:
        return line
    broken = _BROKEN_WORD.search(text)
    following = re.match(r"[^\W\d_]+", line)
    if broken is None or following is None or not following[0][0].islower():
        return text + joint + line
    hyphenated = f"{broken['first']}-{following[0]}".lower()
    return (text if hyphenated in style.words else text[:-1]) + line
