"""From a reader's draft to the article: title, date, author, and no furniture."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from index.errors import ExtractionError
from index.extract.blocks import Block, BlockKind, compose
from index.extract.decoding import clean
from index.extract.furniture import without_furniture
from index.language.datelines import Dateline, read_dateline, written
from index.records import Article

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.extract.blocks import ArticleDraft

_TOP_LINES = 12
_END_LINES = 3
_EXTENSION = re.compile(
    r"\.(?:txt|text|md|markdown|html?|xhtml|pdf|docx?|jsonl?|ndjson|gz|php|aspx?)$", re.IGNORECASE
)


def assemble(draft: ArticleDraft, *, source: str, name: str, url: str | None = None) -> Article:
    """Turn what a reader found into an article, or say that nothing was found."""
    title = _one_line(draft.title) or name_as_title(name)
    blocks = [replace(block, text=_clean(block)) for block in draft.blocks]
    blocks = without_furniture([block for block in blocks if block.text])
    if not any(block.kind in (BlockKind.BODY, BlockKind.LITERAL) for block in blocks):
        raise ExtractionError(
            f"{name} holds no text that could be read: look at it and add another."
        )
    blocks = _without_repeated_title(blocks, title)
    visible = _visible_dateline(blocks)
    published = draft.published or visible.published or draft.created
    author = _one_line(draft.author or "") or visible.author
    if draft.show_dateline:
        blocks = _with_dateline(blocks, draft, visible, title)
    composition = compose(blocks)
    return Article(
        source=source,
        title=title,
        text=composition.text,
        author=author,
        url=draft.url or url,
        published=published,
        sections=composition.sections,
        pages=composition.pages,
        warnings=draft.warnings,
        empty_pages=draft.empty_pages,
    )


def name_as_title(name: str) -> str:
    """A file's name or a URL's last part, as a person would say it."""
    path = unquote(urlsplit(name).path) if "://" in name else name.replace("\\", "/")
    stem = PurePosixPath(path).name
    while (shorter := _EXTENSION.sub("", stem)) != stem:
        stem = shorter
    words = " ".join(re.sub(r"[_\-\s]+", " ", clean(stem)).split())
    if not words:
        words = (urlsplit(name).hostname or "Untitled") if "://" in name else "Untitled"
    return words[:1].upper() + words[1:]


def same_words(one: str, other: str) -> bool:
    """Whether two lines say the same, whatever their case and punctuation."""
    return bool(_words(one)) and _words(one) == _words(other)


def _words(line: str) -> list[str]:
    return re.findall(r"\w+", line.casefold())


def _one_line(words: str) -> str:
    return " ".join(clean(words).split())


def _clean(block: Block) -> str:
    """Blocks with page turns are counted already, and were cleaned by their reader."""
    return block.text if block.turns else clean(block.text).strip("\n")


def _without_repeated_title(blocks: list[Block], title: str) -> list[Block]:
    """The title stays once at the top, however often the page repeats it there."""
    near = [i for i, block in enumerate(blocks[:4]) if same_words(block.text, title)]
    extra = set(near[1:])
    return [
        replace(block, kind=BlockKind.TITLE)
        if i in near and block.kind is BlockKind.HEADING
        else block
        for i, block in enumerate(blocks)
        if i not in extra
    ]


def _visible_dateline(blocks: Sequence[Block]) -> Dateline:
    """The date and byline that a reader of the text would find at its top or end."""
    lines = [
        line for block in blocks if block.kind is BlockKind.BODY for line in block.text.split("\n")
    ]
    published = author = None
    for line in _edges(lines):
        if (dateline := read_dateline(line)) is not None:
            published = published or dateline.published
            author = author or dateline.author
    return Dateline(published, author)


def _edges(lines: list[str]) -> Iterator[str]:
    yield from lines[:_TOP_LINES]
    for line in lines[max(_TOP_LINES, len(lines) - _END_LINES) :]:
        if re.match(
            r"\s*(?:first |originally )?(?:published|posted|by|author)\b", line, re.IGNORECASE
        ):
            yield line


def _with_dateline(
    blocks: list[Block], draft: ArticleDraft, visible: Dateline, title: str
) -> list[Block]:
    """Put date and author where a question about them finds its answer."""
    published = None if visible.published else draft.published
    author = None if visible.author else _one_line(draft.author or "")
    lines = [line for line in draft.dateline if _says_more(line, published, author)]
    for said in map(read_dateline, lines):
        published = None if said and said.published == published else published
        author = None if said and said.author else author
    if sentence := written(published, author):
        lines.append(sentence)
    if not lines:
        return blocks
    after_title = bool(blocks) and (blocks[0].kind is BlockKind.TITLE or blocks[0].text == title)
    at = 1 if after_title else 0
    return [*blocks[:at], Block("\n".join(lines)), *blocks[at:]]


def _says_more(line: str, published: str | None, author: str | None) -> bool:
    said = read_dateline(line)
    if said is None:
        return False
    return bool((published and said.published == published) or (author and said.author))
