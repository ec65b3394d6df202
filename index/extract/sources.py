"""The front door: a path, folder, URL or some bytes in, articles out."""

from __future__ import annotations

import io
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from index.errors import ExtractionError
from index.extract.formats import (
    KNOWN_SUFFIXES,
    Format,
    foreign_kind,
    format_of,
    suffix_of,
)
from index.extract.limits import Limits
from index.language.characters import shown
from index.records import Article

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from index.extract.blocks import ArticleDraft

    Reader = Callable[[str, Limits], Iterator[Article | ExtractionError]]

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HEAD = 8192
_OLD_WORD = "WordDocument".encode("utf-16-le")
_LOCKED = "EncryptedPackage".encode("utf-16-le")


def is_url(target: str) -> bool:
    """Whether ``target`` is an address rather than a path."""
    return _URL.match(target.strip()) is not None


def expand(target: str) -> list[str]:
    """The single sources behind a path, a folder or a URL, in a stable order."""
    if is_url(target):
        return [target.strip()]
    try:
        path = Path(target).expanduser()
        there = path.exists()
    except (OSError, RuntimeError):  # too long, or in the home of nobody
        there = False
    if not there:
        raise ExtractionError(f"{shown(target)} does not exist: check the path.")
    if not path.is_dir():
        return [str(path)]
    found = sorted(_files(path))
    if not found:
        raise ExtractionError(
            f"{shown(target)} holds nothing that can be read: put articles into it "
            f"({', '.join(KNOWN_SUFFIXES[i] for i in (0, 2, 5, 8, 9, 11))})."
        )
    return found


def _files(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".")]
        for name in names:
            if not name.startswith((".", "~$")) and suffix_of(name):
                yield str(Path(parent, name))


def extract(source: str, *, limits: Limits | None = None) -> Iterator[Article | ExtractionError]:
    """The articles of one file, and an error for each part of it that can't be read.

    Nothing is raised: a batch goes on, whatever one of its sources holds.
    """
    for one in contained(_from_path, source, limits or Limits()):
        yield replace(one, origin=source) if isinstance(one, Article) else one


def extract_bytes(
    data: bytes,
    *,
    name: str,
    content_type: str | None = None,
    url: str | None = None,
    source: str | None = None,
    limits: Limits | None = None,
) -> Iterator[Article | ExtractionError]:
    """The articles in an attachment, a paste or a download called ``name``.

    ``source`` is the address that was asked for, where ``url`` is another that it led to.
    """
    asked = source or url

    def read(name: str, limits: Limits) -> Iterator[Article | ExtractionError]:
        if len(data) > limits.max_bytes:
            raise _too_large(name, limits)
        for one in _read(data, name, asked or name, content_type, url, limits):
            yield replace(one, origin=asked) if isinstance(one, Article) else one

    yield from contained(read, name, limits or Limits())


def contained(read: Reader, name: str, limits: Limits) -> Iterator[Article | ExtractionError]:
    """The one boundary that no exception of a parser passes."""
    try:
        for one in read(name, limits):
            yield _with_shown_name(one, name) if isinstance(one, ExtractionError) else one
    except ExtractionError as error:
        yield _with_shown_name(error, name)
    except MemoryError:
        yield too_much_memory(shown(name), limits)
    except Exception as error:  # noqa: BLE001 - parsers of hostile files raise anything
        problem = ExtractionError(
            f"{shown(name)} can't be read, because its content is damaged or unusual "
            f"({type(error).__name__}): save it in another format and add that."
        )
        problem.__cause__ = error
        yield problem


def _with_shown_name(error: ExtractionError, name: str) -> ExtractionError:
    """An error whose sentence is about ``name``, which may be of any length and characters."""
    fitting = shown(name)
    if fitting == name:
        return error
    told = str(error)
    sentence = fitting + told.removeprefix(name) if told.startswith(name) else told
    return type(error)(sentence)


def too_much_memory(name: str, limits: Limits) -> ExtractionError:
    """The error of a source that asks for more memory than it may."""
    return ExtractionError(
        f"{name} takes more than {limits.max_memory / 1e6:.0f} MB of memory to read: split it "
        "into smaller files, or copy its text and add that."
    )


def _from_path(source: str, limits: Limits) -> Iterator[Article | ExtractionError]:
    path = Path(source)
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise ExtractionError(f"{source} {what}: check the path.")
    try:
        with path.open("rb") as raw:
            head = raw.read(_HEAD)
            raw.seek(0)
            if format_of(head, name=source) is Format.DUMP:
                yield from _from_dump(raw, source, source, limits)
                return
            data = raw.read(limits.max_bytes + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ExtractionError(
            f"{source} can't be opened ({reason}): check its permissions."
        ) from error
    if len(data) > limits.max_bytes:
        raise _too_large(source, limits)
    yield from _read(data, source, source, None, None, limits)


def _from_dump(
    raw: IO[bytes], name: str, source: str, limits: Limits, *, whole: bool = False
) -> Iterator[Article | ExtractionError]:
    from index.extract.readers.dump import read_dump

    yield from read_dump(raw, name=name, source=source, limits=limits, whole=whole)


def _too_large(name: str, limits: Limits) -> ExtractionError:
    return ExtractionError(
        f"{name} is over the limit of {limits.megabytes()}: split it into smaller files."
    )


def _read(
    data: bytes, name: str, source: str, content_type: str | None, url: str | None, limits: Limits
) -> Iterator[Article | ExtractionError]:
    from index.extract.assembly import assemble

    if not data.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise ExtractionError(f"{name} is empty: add a file with a text in it.")
    kind = format_of(data[:_HEAD], name=name, content_type=content_type)
    if kind is Format.DUMP:
        yield from _from_dump(io.BytesIO(data), name, source, limits, whole=True)
        return
    draft = _draft(kind, data, name, content_type, url)
    article = assemble(draft, source=source, name=name, url=url)
    if len(article.text) > limits.max_bytes:  # a small file may unpack to what nobody could add
        raise ExtractionError(
            f"{name} holds more text than the limit of {limits.megabytes()}: split it into "
            "smaller files."
        )
    yield article


def _draft(
    kind: Format, data: bytes, name: str, content_type: str | None, url: str | None
) -> ArticleDraft:
    if kind is Format.PDF:
        from index.extract.readers.pdf import read_pdf

        return read_pdf(data, name=name)
    if kind is Format.WORD:
        from index.extract.readers.word import read_word

        return read_word(data, name=name)
    if kind is Format.OLD_WORD:
        raise _old_word(data, name)
    if kind is Format.FOREIGN:
        raise ExtractionError(
            f"{name} is {foreign_kind(data[:_HEAD])}, which holds no text that can be read here: "
            "add it as plain text, Markdown, HTML, PDF or DOCX."
        )
    return _text_draft(kind, data, name, content_type, url)


def _text_draft(
    kind: Format, data: bytes, name: str, content_type: str | None, url: str | None
) -> ArticleDraft:
    from index.extract.decoding import decode

    declared = [_charset(content_type)]
    if kind is Format.HTML:
        from index.extract.readers.webpage import declared_charset, read_webpage

        decoded = decode(data, name=name, declared=[*declared, declared_charset(data)])
        return read_webpage(decoded.text, name=name, url=url, warnings=decoded.warnings())
    decoded = decode(data, name=name, declared=declared)
    if kind is Format.MARKDOWN:
        from index.extract.readers.markdown import read_markdown

        return read_markdown(decoded.text, warnings=decoded.warnings())
    from index.extract.readers.plain import read_plain

    return read_plain(decoded.text, warnings=decoded.warnings())


def _charset(content_type: str | None) -> str | None:
    found = re.search(r"charset\s*=\s*[\"']?([\w:.-]+)", content_type or "", re.IGNORECASE)
    return found[1] if found else None


def _old_word(data: bytes, name: str) -> ExtractionError:
    if _LOCKED in data:
        return ExtractionError(
            f"{name} is protected by a password: save it without one and add the new file."
        )
    if _OLD_WORD in data or name.lower().endswith(".doc"):
        return ExtractionError(f"{name} is an old Word file (.doc): save it as .docx and add that.")
    return ExtractionError(
        f"{name} is an old Office file: save its text as .docx, PDF or plain text and add that."
    )
