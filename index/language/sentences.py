"""Sentence boundaries with exact offsets.

sentencex (Wikimedia) knows abbreviations ("Mr.", "U.S.", "2.5") in over 200 languages;
py3langid tells which language a text is in.  Both are told about whole paragraphs only:
what a blank line separates is never one sentence.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import sentencex

_BLANK_LINE = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_LONGEST_LINE = 10_000  # characters that are divided into sentences together
_WRAPPED_LINE = 50  # a line this long, followed by another, was probably wrapped by a machine
_ENUMERATOR = re.compile(r"[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.):\]]{1,2}")
"""What numbers an item of a list, and is no sentence by itself."""

_LANGUAGE_SAMPLE = 2_000  # characters are enough to tell a language
_DEFAULT_LANGUAGE = "en"


class TextSpan(NamedTuple):
    """A stretch of text, half-open, in characters."""

    start: int
    end: int


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language that ``text`` is most likely in."""
    sample = text[:_LANGUAGE_SAMPLE]
    if not any(character.isalpha() for character in sample):
        return _DEFAULT_LANGUAGE
    import py3langid  # reads its model for about a second: only adding an article should wait

    return str(py3langid.classify(sample)[0])


def paragraphs(text: str, start: int = 0, end: int | None = None) -> list[TextSpan]:
    """Return the spans between blank lines in ``text[start:end]``, without outer white space."""
    stop = len(text) if end is None else end
    found, position = [], start
    for gap in _BLANK_LINE.finditer(text, start, stop):
        found.append(trimmed(text, position, gap.start()))
        position = gap.end()
    found.append(trimmed(text, position, stop))
    return [span for span in found if span.start < span.end]


def sentences(
    text: str, start: int = 0, end: int | None = None, *, language: str
) -> list[TextSpan]:
    """Return the spans of the sentences in ``text[start:end]``, without outer white space.

    A line break ends a sentence unless the paragraph looks wrapped by a machine, so that
    the items of a list and the rows of a table stand for themselves.
    """
    found: list[TextSpan] = []
    for paragraph in paragraphs(text, start, end):
        for line in _lines(text, paragraph):
            for stretch in _stretches(text, line):
                found.extend(_split(text, stretch, language))
    return found


def trimmed(text: str, start: int, end: int) -> TextSpan:
    """Return ``text[start:end]`` as a span without white space at either end."""
    stretch = text[start:end]
    left = len(stretch) - len(stretch.lstrip())
    return TextSpan(start + left, start + max(left, len(stretch.rstrip())))


def _lines(text: str, paragraph: TextSpan) -> list[TextSpan]:
    lines, position = [], paragraph.start
    for line in text[paragraph.start : paragraph.end].splitlines(keepends=True):
        lines.append(trimmed(text, position, position + len(line)))
        position += len(line)
    wrapped = len(lines) > 1 and all(s.end - s.start >= _WRAPPED_LINE for s in lines[:-1])
    return [paragraph] if wrapped else [s for s in lines if s.start < s.end]


def _stretches(text: str, line: TextSpan) -> list[TextSpan]:
    """Cut a line that is longer than any prose, between sentences where that can be seen.

    The splitter takes the square of a length that is full of quotation marks.
    """
    found, start = [], line.start
    while line.end - start > _LONGEST_LINE:
        most = start + _LONGEST_LINE
        ends = [text.rfind(mark, start, most) for mark in (". ", "! ", "? ", "。")]
        at = max(ends) if max(ends) > start else text.rfind(" ", start, most)
        end = at + 1 if at > start else most
        found.append(trimmed(text, start, end))
        start = end
    found.append(trimmed(text, start, line.end))
    return [stretch for stretch in found if stretch.start < stretch.end]


def _split(text: str, line: TextSpan, language: str) -> list[TextSpan]:
    stretch = text[line.start : line.end]
    found: list[TextSpan] = []
    position = 0
    for sentence in sentencex.segment(language, stretch):
        at = stretch.find(sentence, position)
        if at < 0:  # never trust a splitter with the text itself
            continue
        span = trimmed(text, line.start + position, line.start + at + len(sentence))
        if not found and _ENUMERATOR.fullmatch(text, span.start, span.end):
            continue  # it goes with what it numbers
        if span.start < span.end:
            found.append(span)
        position = at + len(sentence)
    rest = trimmed(text, line.start + position, line.end)
    return [*found, rest] if rest.start < rest.end else found
