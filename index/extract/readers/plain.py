"""Plain text: paragraphs, the title on top, and headings that only their shape betrays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.extract.blocks import ArticleDraft, Block, BlockKind
from index.extract.decoding import clean
from index.extract.furniture import is_furniture
from index.language.datelines import read_dateline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WRAPPED_AT_MOST = 120  # a longer line was not wrapped, so it is a paragraph of its own
_LONGEST_TITLE = 150
_LONGEST_HEADING, _MOST_HEADING_WORDS = 80, 12
_SHORTEST_PARAGRAPH = 80
_CLOSING = "\"'”’»)]*_"
_LIST_ITEM = re.compile(r"\s*(?:[-*+•–·▪◦>|#]|\(?\d{1,3}[.)]\s+[a-z]|\(?[a-z][.)]\s)")
_QUESTION = re.compile(r"\w[^?\s]*\s[^?\s]*\s[^?]*\?$")


def read_plain(text: str, *, warnings: tuple[str, ...] = ()) -> ArticleDraft:
    """Take plain text apart; its words, lines and spaces stay as they are."""
    runs = list(_runs(clean(text).split("\n")))
    title = _title(runs)
    if title:
        runs = _without_title(runs, title)
    paragraphs = ["\n".join(line.rstrip() for line in run) for run in runs]
    blocks = [Block(title, BlockKind.TITLE)] if title else []
    for index, paragraph in enumerate(paragraphs):
        following = paragraphs[index + 1] if index + 1 < len(paragraphs) else ""
        if is_heading(paragraph, following):
            blocks.append(Block(paragraph.strip(), BlockKind.HEADING, level=2))
        else:
            blocks.append(Block(paragraph))
    return ArticleDraft(blocks, title=title, warnings=warnings)


def is_heading(paragraph: str, following: str) -> bool:
    """Whether a paragraph is short, ends no sentence, and a real paragraph follows."""
    line = paragraph.strip()
    return (
        "\n" not in line
        and len(line) <= _LONGEST_HEADING
        and len(line.split()) <= _MOST_HEADING_WORDS
        and len(following) >= max(_SHORTEST_PARAGRAPH, len(line) + 1)
        and not _LIST_ITEM.match(following)
        and _is_label(line)
    )


def _is_label(line: str) -> bool:
    words = line.strip(_CLOSING + "“‘«(")
    if not words or _LIST_ITEM.match(line) or not (words[0].isupper() or words[0].isdigit()):
        return False
    if (
        not any(character.isalpha() for character in words)
        or read_dateline(line)
        or is_furniture(line)
    ):
        return False
    return words[-1] not in ".!;:,…?" or bool(_QUESTION.match(line))


def _runs(lines: Sequence[str]) -> Iterator[list[str]]:
    """Lines that belong together: up to a blank line, or a line too long to be wrapped."""
    run: list[str] = []
    for line in lines:
        apart = run and (len(run[-1]) > _WRAPPED_AT_MOST or len(line) > _WRAPPED_AT_MOST)
        if run and (apart or not line.strip()):
            yield run
            run = []
        if line.strip():
            run.append(line)
    if run:
        yield run


def _title(runs: Sequence[Sequence[str]]) -> str:
    """The first line, if it looks like a title and there is a text under it."""
    if not runs or (len(runs) == 1 and len(runs[0]) == 1):
        return ""
    first = runs[0][0].strip()
    others = [line.strip() for line in runs[0][1:]]
    alone = all(
        line == first or is_furniture(line) or read_dateline(line) is not None for line in others
    )
    ends = first.rstrip(_CLOSING)[-1:]
    plausible = (
        len(first) <= _LONGEST_TITLE
        and any(character.isalpha() for character in first)
        and ends not in ".;:,"
        and not first[:1].islower()
        and not _LIST_ITEM.match(first)
        and not is_furniture(first)
        and read_dateline(first) is None
    )
    return first if plausible and alone else ""


def _without_title(runs: Sequence[list[str]], title: str) -> list[list[str]]:
    """Drop the title's own line, and the line right after it that repeats it."""
    first = [line for line in runs[0] if line.strip() != title]
    rest = [list(run) for run in runs[1:]]
    if rest and rest[0][0].strip() == title:
        rest[0] = rest[0][1:]
    return [run for run in [first, *rest] if run]
