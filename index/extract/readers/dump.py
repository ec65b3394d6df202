"""JSONL: a dump of articles, one a line, read line by line and kept to the letter."""

from __future__ import annotations

import gzip
import json
import zlib
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, cast

from index.errors import ExtractionError
from index.extract.decoding import decode
from index.language.dates import parse_date
from index.records import Article

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.extract.limits import Limits

_SHAPE = '{"title": "…", "text": "…"}'
_OPTIONAL = ("id", "url", "published", "author")
_GZIP = b"\x1f\x8b"
_NAMED = 100  # bad lines of a dump
_DAMAGE = (OSError, EOFError, zlib.error)


def read_dump(
    raw: IO[bytes], *, name: str, source: str, limits: Limits, whole: bool = False
) -> Iterator[Article | ExtractionError]:
    """The articles of an open dump, plain or gzipped, with an error for each bad line.

    After a hundred of them the others are counted: there may be millions, and all are kept.
    ``whole`` says that the limit on size is that of the dump, unpacked, and not of a line alone.
    """
    found, bad = False, 0
    for item in _items(raw, name, source, limits, whole=whole):
        found = True
        bad += isinstance(item, ExtractionError)
        if isinstance(item, Article) or bad <= _NAMED:
            yield item
    if bad > _NAMED:
        yield ExtractionError(
            f"{name} has {bad - _NAMED} more lines that can't be read: see to those named first."
        )
    if not found:
        yield ExtractionError(f"{name} is empty: it should hold an article a line, {_SHAPE}.")


def _items(
    raw: IO[bytes], name: str, source: str, limits: Limits, *, whole: bool
) -> Iterator[Article | ExtractionError]:
    for number, line in _lines(raw, name, limits, whole=whole):
        if isinstance(line, ExtractionError):
            yield line
        elif line.strip(b" \t\r\n\xef\xbb\xbf"):
            try:
                yield _article(line, number, name, source)
            except ExtractionError as error:
                yield error


def _lines(
    raw: IO[bytes], name: str, limits: Limits, *, whole: bool
) -> Iterator[tuple[int, bytes | ExtractionError]]:
    """Numbered lines; a line over the limit is skipped without being held."""
    number = 0
    stream = _unpacked(raw)
    try:
        if whole and _is_longer(stream, limits.max_bytes):
            yield 1, _dump_too_large(name, limits)
            return
        while line := stream.readline(limits.max_bytes + 1):
            number += 1
            if len(line) > limits.max_bytes:
                _skip_line(stream, line)
                yield number, _line_too_large(name, number, limits)
            else:
                yield number, line
    except _DAMAGE:
        yield (
            number,
            ExtractionError(f"{name} is cut off or damaged after line {number}: make it again."),
        )


def _is_longer(stream: IO[bytes], most: int) -> bool:
    """Whether there are more bytes than so many; the stream is at its start again then."""
    with suppress(*_DAMAGE):  # then it is read as far as it goes
        while most >= 0 and (piece := stream.read(1 << 20)):
            most -= len(piece)
    stream.seek(0)
    return most < 0


def _dump_too_large(name: str, limits: Limits) -> ExtractionError:
    return ExtractionError(
        f"{name} unpacks to more than the limit of {limits.megabytes()}: split it into smaller "
        "files."
    )


def _line_too_large(name: str, number: int, limits: Limits) -> ExtractionError:
    return ExtractionError(
        f"{name}, line {number} is over the limit of {limits.megabytes()}: split the article."
    )


def _unpacked(raw: IO[bytes]) -> IO[bytes]:
    head = raw.read(2)
    raw.seek(0)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if head == _GZIP else raw


def _skip_line(stream: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(1 << 20)


def _article(line: bytes, number: int, name: str, source: str) -> Article:
    where = f"{name}, line {number}"
    decoded = decode(line.strip(b"\r\n"), name=where)
    fields = _fields(decoded.text, where)
    published, warnings = _published(fields.get("published"))
    identity = fields.get("id") or ""
    return Article(
        source=fields.get("url") or f"{source}#{identity or number}",
        title=fields["title"].strip(),
        text=fields["text"],
        id=identity,
        author=fields.get("author"),
        url=fields.get("url"),
        published=published,
        warnings=(*decoded.warnings(), *warnings),
    )


def _fields(text: str, where: str) -> dict[str, str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExtractionError(
            f"{where} is not valid JSON: write one object a line, {_SHAPE}."
        ) from error
    if not isinstance(value, dict):
        raise ExtractionError(f"{where} is not a JSON object: write one a line, {_SHAPE}.")
    for key in ("title", "text"):
        _check(value, key, where)
        if not str(value.get(key) or "").strip():
            raise ExtractionError(
                f'{where} has no "{key}": every article needs a title and a text.'
            )
    if type(value.get("id")) is int:
        value["id"] = str(value["id"])
    for key in _OPTIONAL:
        _check(value, key, where)
    known = ("title", "text", *_OPTIONAL)
    return {key: value[key] for key in known if value.get(key)}


def _check(value: dict[str, Any], key: str, where: str) -> None:
    found = value.get(key)
    if found is not None and not isinstance(found, str):
        raise ExtractionError(
            f'{where} has a "{key}" that is not text ({json.dumps(found)[:40]}): put it in quotes.'
        )
    if found and not _is_whole(found):
        raise ExtractionError(
            f'{where} has half a character (a lone surrogate) in its "{key}": write it as UTF-8.'
        )


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _published(words: str | None) -> tuple[str | None, tuple[str, ...]]:
    if words is None:
        return None, ()
    day = parse_date(words)
    if day is None:
        return None, (f"Its date “{words[:40]}” can't be read and was left out.",)
    return day, ()
