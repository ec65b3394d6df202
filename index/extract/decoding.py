"""Bytes to text: which encoding they are in, and what in them no reader ever sees."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from index.errors import ExtractionError

if TYPE_CHECKING:
    from collections.abc import Iterable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the UTF-16 mark, so comes first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What text is found in, most likely first: between two that fit equally well, the first wins.
_COMMON = [
    "cp1252", "cp1251", "cp1250", "cp932", "gb18030", "big5", "euc_jp", "euc_kr", "cp1253",
    "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "iso8859_2", "iso8859_5", "iso8859_7",
    "cp874", "mac_roman",
]  # fmt: skip
_NOT_UNICODE_NAMES = {"iso8859-1": "cp1252", "ascii": "cp1252"}  # what browsers make of them
_SAMPLE = 60_000
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\v\x1b")

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c\x1d\x1e\x85]")
_INVISIBLE = dict.fromkeys(
    [c for c in range(0xA0) if unicodedata.category(chr(c)) == "Cc" and chr(c) not in "\n\t"]
    + [0xFEFF]
    + list(range(0xD800, 0xE000))  # halves of characters, which no file can hold
)


class Decoded(NamedTuple):
    """Text, and the encoding that a reader should be told about (None: it was UTF-8)."""

    text: str
    unusual: str | None

    def warnings(self) -> tuple[str, ...]:
        """The sentence for the article's warnings, if there is one to say."""
        if self.unusual is None:
            return ()
        return (f"It is not UTF-8 and was read as {self.unusual}.",)


def clean(text: str) -> str:
    """Normalise line ends and drop control characters; change nothing else."""
    return _LINE_ENDS.sub("\n", text).translate(_INVISIBLE)


def decode(data: bytes, *, name: str, declared: Iterable[str | None] = ()) -> Decoded:
    """Read ``data`` as text, believing byte-order marks, then UTF-8, then ``declared``."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return Decoded(data.decode(encoding, errors="replace"), None)
    if (wide := _wide(data)) is not None:
        return wide
    if looks_binary(data):
        raise ExtractionError(
            f"{name} is a binary file, not text: "
            "add it as plain text, Markdown, HTML, PDF, DOCX or JSONL."
        )
    return _decode_unmarked(data, name, declared)


def looks_binary(data: bytes) -> bool:
    """Whether the beginning holds what no text holds: NULs, or many control characters."""
    head = data[:8192]
    if b"\0" in head:
        return True
    odd = len(head) - len(head.translate(None, _CONTROLS))
    return odd * 20 > len(head)


def _decode_unmarked(data: bytes, name: str, declared: Iterable[str | None]) -> Decoded:
    wanted = [codec for label in declared if (codec := _known(label))]
    stateful = b"\x1b" in data and any(codec.startswith("iso2022") for codec in wanted)
    if not stateful:
        try:
            return Decoded(data.decode(), None)
        except UnicodeDecodeError:
            pass
    for codec in wanted:
        try:
            return Decoded(data.decode(codec), codec)
        except ValueError:
            continue
    return _guess(data, name)


def _known(label: str | None) -> str | None:
    try:
        codec = codecs.lookup((label or "").strip().strip("\"'"))
        "".encode(codec.name)  # raises for codecs that are not about text, such as zip
    except (LookupError, ValueError, TypeError):
        return None
    return _NOT_UNICODE_NAMES.get(codec.name, codec.name.replace("-", "_"))


def _wide(data: bytes) -> Decoded | None:
    """UTF-16 without a mark shows as a NUL in nearly every other byte."""
    head = data[:4096]
    for offset, codec in ((1, "utf_16_le"), (0, "utf_16_be")):
        half, other = head[offset::2], head[1 - offset :: 2]
        if len(half) > 3 and half.count(0) > 0.7 * len(half) and not other.count(0):
            return Decoded(data.decode(codec, errors="replace"), codec)
    return None


def _guess(data: bytes, name: str) -> Decoded:
    from charset_normalizer import from_bytes

    matches = list(from_bytes(data[:_SAMPLE], cp_isolation=_COMMON))
    least = min((match.chaos for match in matches), default=0.0)
    fitting = {
        codec
        for match in matches
        if match.chaos <= least + 0.02
        for codec in (match.encoding, *match.could_be_from_charset)
    }
    for codec in _COMMON:
        if codec in fitting:
            return Decoded(data.decode(codec, errors="replace"), codec)
    raise ExtractionError(
        f"{name} is in an encoding that can't be recognised: save it as UTF-8 and add it again."
    )
