"""Reading order: which column of a page is read when."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.extract.readers.pdflines import Line

_GUTTER = 5.0  # points that must stay white between two columns
_FEWEST = 3  # lines that make a column
_NARROWEST = 0.18  # of the page's width; narrower ones are cells of a table
_CROSSING_AT_MOST = 1.0  # lines across the gutter for one beside it


class _Split(NamedTuple):
    left: list[Line]
    right: list[Line]
    across: list[Line]


def columns(lines: Sequence[Line], width: float) -> list[list[Line]]:
    """Stretches of lines in reading order, each from top to bottom.

    Lines that cross the gutter, such as a title over both columns, divide the page into
    bands; within a band the left column is read before the right one.
    """
    ordered = sorted(lines, key=lambda line: (-line.y1, line.x0))
    split = _best_split(ordered, width)
    if split is None:
        return [ordered] if ordered else []
    result: list[list[Line]] = []
    for band in _bands(ordered, split):
        if band[0] in split.across:
            result.append(band)
        else:
            for side in (split.left, split.right):
                members = set(side)
                result += columns([line for line in band if line in members], width)
    return result


def _bands(ordered: Sequence[Line], split: _Split) -> list[list[Line]]:
    """Runs of lines that cross the gutter and runs that don't, downwards."""
    across = set(split.across)
    bands: list[list[Line]] = []
    for line in ordered:
        if bands and (bands[-1][0] in across) == (line in across):
            bands[-1].append(line)
        else:
            bands.append([line])
    return bands


def _best_split(lines: Sequence[Line], width: float) -> _Split | None:
    splits = [_split(lines, edge) for edge in _left_edges(lines)]
    fitting = [split for split in splits if _side_by_side(split, width)]
    return min(fitting, key=lambda split: len(split.across), default=None)


def _left_edges(lines: Sequence[Line]) -> list[float]:
    """Where several lines begin: the places where a right column can start."""
    starts = sorted(line.x0 for line in lines)
    return [
        start
        for index, start in enumerate(starts)
        if index + _FEWEST <= len(starts)
        and starts[index + _FEWEST - 1] - start < _GUTTER
        and (index == 0 or start - starts[index - 1] > 1.0)
    ][1:]


def _split(lines: Sequence[Line], edge: float) -> _Split:
    left = [line for line in lines if line.x1 <= edge - _GUTTER]
    right = [line for line in lines if line.x0 >= edge - 1.0]
    beside = {*left, *right}
    return _Split(left, right, [line for line in lines if line not in beside])


def _side_by_side(split: _Split, width: float) -> bool:
    left, right, across = split
    if min(len(left), len(right)) < _FEWEST or len(across) > _CROSSING_AT_MOST * len(left + right):
        return False
    narrow = min(median(line.x1 - line.x0 for line in side) for side in (left, right))
    if narrow < _NARROWEST * width:
        return False
    beside = sum(any(one.y0 < other.y1 and other.y0 < one.y1 for other in right) for one in left)
    return beside >= _FEWEST
