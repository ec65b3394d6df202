"""Word documents: paragraphs, headings, lists and tables in the order of the document."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from index.errors import ExtractionError
from index.extract.blocks import ArticleDraft, Block, BlockKind
from index.language.dates import as_iso

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from docx.document import Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_UNSEEN = frozenset({_W + "del", _W + "moveFrom", _W + "pPr", _W + "rPr", _FALLBACK})
_BREAKS = {_W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _W + "noBreakHyphen": "-"}
_PAGE_BREAKS = frozenset({"page", "column"})
# What zipfile, zlib, lxml and python-docx raise over damaged bytes.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    LookupError,
    SyntaxError,
    RuntimeError,
)
_UNPACKED_AT_MOST = 300_000_000
_TEMPLATE_DAY = "2013-12-23"  # python-docx's template, not a date of the document
_NO_AUTHOR = frozenset({"python-docx", "user", "admin", "administrator", "unknown", "author"})
_NO_TITLE = re.compile(r"(?:untitled.*|document\d*|word document|title|.*\.docx?)", re.IGNORECASE)


def read_word(data: bytes, *, name: str) -> ArticleDraft:
    """Take a DOCX file apart."""
    document = _open(data, name)
    outline = _Outline(document)
    blocks = list(_blocks(document.element.body, outline))
    title, author, created = _properties(document)
    return ArticleDraft(
        blocks,
        title=_title(blocks, title),
        author=_author(author),
        created=_created(created),
    )


def _properties(document: Document) -> tuple[str, str, datetime | None]:
    """Title, author and date of the file; those that can't be read are left out."""
    try:
        core = document.core_properties
        return core.title or "", core.author or "", core.created
    except (AttributeError, KeyError, ValueError):
        return "", "", None


def _open(data: bytes, name: str) -> Document:
    import docx

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            unpacked = sum(info.file_size for info in archive.infolist())
    except _DAMAGE as error:
        raise _damaged(name) from error
    if "word/document.xml" not in names:
        raise ExtractionError(
            f"{name} is a ZIP archive but no Word document: unpack it and add the files inside."
        )
    if unpacked > _UNPACKED_AT_MOST:
        raise ExtractionError(
            f"{name} unpacks to {unpacked / 1e6:.0f} MB, more than an article holds: "
            "save its text as a smaller file."
        )
    try:
        return docx.Document(io.BytesIO(data))
    except _DAMAGE as error:
        raise _damaged(name) from error


def _damaged(name: str) -> ExtractionError:
    return ExtractionError(
        f"{name} is cut off or damaged: save it again in Word and add the new file."
    )


class _Outline:
    """Which paragraph styles are headings, and of which level."""

    def __init__(self, document: Document) -> None:
        self._levels: dict[str, int] = {}
        self._names: dict[str, str] = {}
        for style in document.styles.element.iter(_W + "style"):
            identity = style.get(_W + "styleId", "")
            self._names[identity] = _value(style.find(_W + "name")).lower()
            if (level := _outline_level(style)) is not None:
                self._levels[identity] = level
            elif found := re.fullmatch(r"heading (\d)", self._names[identity]):
                self._levels[identity] = int(found[1])
        for style in document.styles.element.iter(_W + "style"):
            parent = _value(style.find(_W + "basedOn"))
            if parent in self._levels:
                self._levels.setdefault(style.get(_W + "styleId", ""), self._levels[parent])

    def describe(self, paragraph: Any) -> tuple[str, int]:
        """The name of a paragraph's style, and its heading level (0: none)."""
        style = _value(paragraph.find(f"{_W}pPr/{_W}pStyle"))
        own = _outline_level(paragraph)
        level = own if own is not None else self._levels.get(style, 0)
        return self._names.get(style, style.lower()), level if level <= 9 else 0


def _outline_level(element: Any) -> int | None:
    value = _value(element.find(f"{_W}pPr/{_W}outlineLvl"))
    return int(value) + 1 if value.isdigit() else None


def _value(element: Any) -> str:
    return "" if element is None else str(element.get(_W + "val", ""))


def _blocks(body: Any, outline: _Outline) -> Iterator[Block]:
    items: list[str] = []
    for element in _children(body):
        is_item = element.tag == _W + "p" and _is_item(element, outline)
        if items and not is_item:
            yield Block("\n".join(items))
            items = []
        if element.tag == _W + "tbl":
            yield Block("\n".join(_rows(element)), BlockKind.LITERAL)
        elif is_item:
            items += [text] if (text := _text(element)) else []
        else:
            yield from _paragraph(element, outline)
    if items:
        yield Block("\n".join(items))


def _children(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables, also those inside content controls, but no table of contents."""
    for element in parent:
        if element.tag in (_W + "p", _W + "tbl"):
            yield element
        elif element.tag == _W + "sdt":
            gallery = _value(element.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery"))
            content = element.find(_W + "sdtContent")
            if content is not None and gallery != "Table of Contents":
                yield from _children(content)
        elif element.tag in (_W + "ins", _W + "customXml", _W + "smartTag"):
            yield from _children(element)


def _is_item(paragraph: Any, outline: _Outline) -> bool:
    style, level = outline.describe(paragraph)
    numbered = paragraph.find(f"{_W}pPr/{_W}numPr") is not None
    return not level and (numbered or style.startswith("list "))


def _paragraph(element: Any, outline: _Outline) -> Iterator[Block]:
    style, level = outline.describe(element)
    text = _text(element)
    if not text or re.match(r"toc (?:\d|heading)", style):
        return
    if style == "title":
        yield Block(text, BlockKind.TITLE)
    elif level:
        yield Block(" ".join(text.split()), BlockKind.HEADING, level)
    else:
        yield Block(text)


def _rows(table: Any) -> Iterator[str]:
    for row in table.iter(_W + "tr"):
        cells = [
            " ".join(" ".join(_text(p) for p in cell.iter(_W + "p")).split())
            for cell in row.iter(_W + "tc")
        ]
        if any(cells):
            yield " | ".join(cells)


def _text(paragraph: Any) -> str:
    return "".join(_pieces(paragraph)).strip()


def _pieces(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag == _W + "t":
            yield child.text or ""
        elif child.tag in _BREAKS:
            yield "" if child.get(_W + "type") in _PAGE_BREAKS else _BREAKS[child.tag]
        elif child.tag not in _UNSEEN:
            yield from _pieces(child)


def _title(blocks: list[Block], core: str) -> str:
    """The title on the page, else the one in the properties, else the heading on top."""
    shown = [block.text for block in blocks[:5] if block.kind is BlockKind.TITLE]
    if shown:
        return shown[0]
    if core.strip() and not _NO_TITLE.fullmatch(core.strip()):
        return core.strip()
    top = blocks[0] if blocks else None
    return top.text if top and top.kind is BlockKind.HEADING and top.level == 1 else ""


def _author(words: str) -> str | None:
    return words.strip() if words.strip().lower() not in _NO_AUTHOR else None


def _created(moment: Any) -> str | None:
    if moment is None or moment.year < 1990:
        return None
    day = as_iso(moment.year, moment.month, moment.day)
    return None if day == _TEMPLATE_DAY else day
