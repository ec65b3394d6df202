"""Which format some bytes are in: by what they hold first, by what they are called second."""

from __future__ import annotations

import json
import re
from enum import Enum, auto

_SUFFIXES = {
    ".txt": "PLAIN", ".text": "PLAIN",
    ".md": "MARKDOWN", ".markdown": "MARKDOWN", ".mdown": "MARKDOWN",
    ".html": "HTML", ".htm": "HTML", ".xhtml": "HTML",
    ".pdf": "PDF", ".docx": "WORD", ".doc": "OLD_WORD",
    ".jsonl": "DUMP", ".ndjson": "DUMP", ".jsonl.gz": "DUMP", ".ndjson.gz": "DUMP",
}  # fmt: skip
_TYPES = {
    "text/markdown": "MARKDOWN", "text/x-markdown": "MARKDOWN",
    "text/html": "HTML", "application/xhtml+xml": "HTML",
    "application/jsonl": "DUMP", "application/x-ndjson": "DUMP", "application/x-jsonlines": "DUMP",
}  # fmt: skip
KNOWN_SUFFIXES = tuple(_SUFFIXES)

_PAGE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?>(?:<!--.*?-->\s*)*)<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(
    rb"</?(?:html|head|body|article|main|div|p|h[1-6]|ul|ol|table|br)\b[^>]*>", re.IGNORECASE
)
_MARKDOWN = re.compile(rb"^(?:#{1,6} \S|```|\[[^\]]+\]\([^)]+\))", re.MULTILINE)
_FOREIGN = (
    (b"\x89PNG", "a PNG picture"), (b"\xff\xd8\xff", "a JPEG picture"), (b"GIF8", "a GIF picture"),
    (b"{\\rtf", "an RTF file"), (b"\x7fELF", "a program"), (b"MZ\x90\x00", "a program"),
    (b"OggS", "a sound file"), (b"ID3", "a sound file"), (b"fLaC", "a sound file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 archive"), (b"\xfd7zXZ", "an xz archive"),
    (b"SQLite format 3", "a database"), (b"%!PS", "a PostScript file"),
)  # fmt: skip


class Format(Enum):
    """What a source turned out to be."""

    PLAIN = auto()
    MARKDOWN = auto()
    HTML = auto()
    PDF = auto()
    WORD = auto()
    OLD_WORD = auto()
    DUMP = auto()
    FOREIGN = auto()


def suffix_of(name: str) -> str:
    """The known suffix that ``name`` ends with, or nothing."""
    lowered = name.lower()
    return next((suffix for suffix in reversed(KNOWN_SUFFIXES) if lowered.endswith(suffix)), "")


def foreign_kind(head: bytes) -> str:
    """What a file that no reader is for is called, or nothing."""
    if head[:4] == b"RIFF" or head[4:8] == b"ftyp":
        return "a sound, picture or video file"
    return next((kind for mark, kind in _FOREIGN if head.startswith(mark)), "")


def format_of(head: bytes, *, name: str, content_type: str | None = None) -> Format:
    """The format of what begins with ``head`` (some thousand bytes are enough)."""
    suffix = suffix_of(name)
    by_content = _by_content(head)
    if by_content is not None:
        return by_content
    named = _SUFFIXES.get(suffix) or _TYPES.get((content_type or "").split(";")[0].strip().lower())
    if named is None or named in ("PDF", "WORD", "OLD_WORD"):
        named = "MARKDOWN" if not suffix and _MARKDOWN.search(head) else "PLAIN"
    if named == "HTML" and not _TAG.search(head):
        named = "PLAIN"
    if named == "PLAIN" and _is_dump(head):
        named = "DUMP"
    return Format[named]


def _by_content(head: bytes) -> Format | None:
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    if head.startswith(b"PK\x03\x04"):
        return Format.WORD
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Format.OLD_WORD
    if head.startswith(b"\x1f\x8b"):
        return Format.DUMP
    if foreign_kind(head):
        return Format.FOREIGN
    narrow = head.replace(b"\0", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head
    return (
        Format.HTML
        if _PAGE.match(narrow.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff"))
        else None
    )


def _is_dump(head: bytes) -> bool:
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0]
    if not first.startswith(b"{"):
        return False
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        # A first line longer than the head is cut off, and still begins like a record.
        return bool(len(first) > 2000 and re.match(rb'\{\s*"(?:id|title|text|url)"\s*:\s*"', first))
    return isinstance(value, dict) and "text" in value
