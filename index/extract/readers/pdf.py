"""PDF files, by pdfminer's layout analysis."""

from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams
from pdfminer.pdfdocument import (
    PDFDocument,
    PDFEncryptionError,
    PDFPasswordIncorrect,
    PDFXRefFallback,
)
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1
from pdfminer.psexceptions import PSException
from pdfminer.utils import decode_text

from index.errors import ExtractionError
from index.extract.blocks import ArticleDraft, Block, BlockKind
from index.extract.readers.pdfflow import flow
from index.extract.readers.pdflines import Sheet, sheet_of, without_running_lines
from index.language.dates import as_iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# It reports each oddity of each glyph; what matters is said in the article's warnings.
logging.getLogger("pdfminer").setLevel(logging.CRITICAL)

_UNMAPPED_AT_MOST = 0.2  # of the glyphs; above, the text is not what the page shows
_JUNK_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel)\b.*|untitled\b.*|.*\.(?:docx?|pptx?|xlsx?|indd|tex|dvi"
    r"|pdf|rtf|odt|qxd)|document\d*|slide \d+|print|title|\(?anonymous\)?|[\d\W_]*)",
    re.IGNORECASE | re.DOTALL,
)
_NO_AUTHOR = frozenset(
    {
        "anonymous",
        "unknown",
        "user",
        "admin",
        "administrator",
        "owner",
        "author",
        "root",
        "unspecified",
    }
)
_DAY = re.compile(r"(?:D:)?(\d{4})(\d{2})(\d{2})")
_LENGTH = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s+(\d+)|/L\s+(\d+)[^>]{0,200}?/Linearized\b")


def read_pdf(data: bytes, *, name: str) -> ArticleDraft:
    """Take a PDF apart: text in reading order, headings, pages, and what its head says."""
    _check_complete(data, name)
    document = _open(data, name)
    sheets, unread = _sheets(document, name)
    _check_text(sheets, unread, name)
    blocks = flow(without_running_lines(sheets))
    filled = {block.page for block in blocks} | {page for b in blocks for _, page in b.turns}
    empty = tuple(sheet.number for sheet in sheets if sheet.number not in filled)
    info = _info(document)
    title = _title(info.get("Title", ""), blocks)
    return ArticleDraft(
        _with_title(blocks, title),
        title=title,
        author=_author(info.get("Author", "")),
        created=_created(info),
        warnings=tuple(_warnings(document, sheets, empty, unread)),
        empty_pages=empty,
    )


def _check_complete(data: bytes, name: str) -> None:
    """A file without its end may still open, with pages silently gone."""
    announced = _LENGTH.search(data[:1024])
    short = announced is not None and int(announced[1] or announced[2]) > len(data)
    if short or b"%%EOF" not in data:
        raise ExtractionError(
            f"{name} is cut off before its end: get the whole file and add it again."
        )


def _open(data: bytes, name: str) -> PDFDocument:
    try:
        return PDFDocument(PDFParser(io.BytesIO(data)), password="")
    except (PDFPasswordIncorrect, PDFEncryptionError) as error:
        raise ExtractionError(
            f"{name} is encrypted: save it without a password and add the new file."
        ) from error
    except (PDFException, PSException) as error:
        raise ExtractionError(
            f"{name} is a damaged PDF: open it in a viewer, save it again and add the new file."
        ) from error


def _sheets(document: PDFDocument, name: str) -> tuple[list[Sheet], list[int]]:
    """The pages, and the numbers of those that can't be read."""
    manager = PDFResourceManager()
    device = PDFPageAggregator(manager, laparams=LAParams(all_texts=True, boxes_flow=None))
    interpreter = PDFPageInterpreter(manager, device)
    sheets: list[Sheet] = []
    unread: list[int] = []
    for number, page in enumerate(PDFPage.create_pages(document), start=1):
        try:
            interpreter.process_page(page)
            sheets.append(sheet_of(number, device.get_result()))
        except Exception:  # noqa: BLE001 - one page's broken font raises anything; the others go on
            unread.append(number)
            sheets.append(Sheet(number, 0.0, 0.0, ()))
    if not sheets:
        raise ExtractionError(
            f"{name} is a PDF without pages: get the whole file and add it again."
        )
    return sheets, unread


def _check_text(sheets: Sequence[Sheet], unread: Sequence[int], name: str) -> None:
    letters = sum(len(line.text) for sheet in sheets for line in sheet.lines)
    unmapped = sum(sheet.unmapped for sheet in sheets)
    if unmapped > _UNMAPPED_AT_MOST * (letters + unmapped):
        raise ExtractionError(
            f"{name} holds text that can only be printed, since its fonts don't say which "
            "characters they show: run it through OCR and add the result."
        )
    if letters:
        return
    if unread:
        raise ExtractionError(
            f"{name} is a damaged PDF: open it in a viewer, save it again and add the new file."
        )
    raise ExtractionError(
        f"{name} holds pictures of pages and no text, as a scan does: "
        "run it through OCR (text recognition) and add the result."
    )


def _warnings(
    document: PDFDocument, sheets: Sequence[Sheet], empty: Sequence[int], unread: Sequence[int]
) -> Iterator[str]:
    if any(isinstance(xref, PDFXRefFallback) for xref in document.xrefs):
        yield "The PDF is damaged and was pieced together; some of its text may be missing."
    if unread:
        yield f"{_pages(unread)} could not be read."
    if blank := [page for page in empty if page not in unread]:
        yield f"{_pages(blank)} had no text."
    if sum(sheet.unmapped for sheet in sheets):
        yield "Some characters could not be read, because their font does not say what they are."


def _pages(numbers: Sequence[int]) -> str:
    return f"{'Page' if len(numbers) == 1 else 'Pages'} {', '.join(map(str, numbers))}"


def _info(document: PDFDocument) -> dict[str, str]:
    """The file's head as text; what is in it need not be what it should be."""
    found: dict[str, str] = {}
    for info in document.info:
        for key, value in info.items():
            plain = resolve1(value)
            if isinstance(plain, bytes):
                found.setdefault(str(key), " ".join(decode_text(plain).replace("\0", "").split()))
    return found


def _title(words: str, blocks: Sequence[Block]) -> str:
    if words and not _JUNK_TITLE.fullmatch(words):
        return words
    top = [
        block
        for block in blocks[:6]
        if block.kind is BlockKind.HEADING and block.page == blocks[0].page
    ]
    return min(top, key=lambda block: block.level).text if top else ""


def _with_title(blocks: Sequence[Block], title: str) -> list[Block]:
    """The heading that is the title leads to no section."""
    wanted = re.findall(r"\w+", title.casefold())
    found = next(
        (
            b
            for b in blocks[:6]
            if b.kind is BlockKind.HEADING and re.findall(r"\w+", b.text.casefold()) == wanted
        ),
        None,
    )
    return [Block(b.text, BlockKind.TITLE, page=b.page) if b is found else b for b in blocks]


def _author(words: str) -> str | None:
    return words if words.strip("()").lower() not in _NO_AUTHOR and words else None


def _created(info: dict[str, str]) -> str | None:
    found = _DAY.match(info.get("CreationDate", ""))
    return as_iso(int(found[1]), int(found[2]), int(found[3])) if found else None
