r"""Makes the text of articles and people inert, so that Discord shows it exactly as it stands.

Nothing that comes out of here can ping, link, format, hide, or leave the quote it stands in.
What Discord's client would act on stands behind a backslash; what its server looks for in
the raw text, whatever stands before it (``@everyone``, ``<@1>``, ``https://``), is broken up
from inside.  Every text is cut to a ``Room`` of characters and bytes *after* escaping, never
within a grapheme or between a backslash and its character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal, TypeVar
from unicodedata import bidirectional

from bot.text.graphemes import (
    VisibleCharacter,
    grapheme_starts,
    visible,
    visible_characters,
)

T = TypeVar("T")

Span = tuple[int, int]
"""A half-open stretch of a text, in characters."""

ELLIPSIS = "…"
NOTHING = "(no readable text)"

_BOLD, _UNDERLINED = 1, 2
_QUOTE = "> "
_SPECIAL = re.compile(
    r"[\\*_~|`<>\[\]#@/]"  # what formats, mentions or links wherever it stands
    r"|:(?!\s)"  # :emoji: and https://
    r"|(?<=[0-9A-Za-z])\.(?=[A-Za-z])"  # example.com
)
_LINE_START = re.compile(r"^[^\S\n]*(?:([-+])|\d+(\.))", re.MULTILINE)  # lists and subtext
_BROKEN = re.compile(r"@(?=everyone|here)|\](?=\()", re.IGNORECASE)
_BREAK = "\u200b"  # invisible; `\@everyone` would still ping, `\](` still end a link begun before
_ISOLATED = ("\u2068", "\u2069")  # keep a right-to-left title from turning the line around it

_SWITCH = 8  # characters at most to close one style and open another
_CUT = 14  # characters that a cut and its styles may add to what is kept
_LOOKED_AT = 2  # times the room: more of a text than this can't be shown
_SNAP = 20  # graphemes given up at most to cut between words
_ELLIPSIS_BYTES = 3


@dataclass(frozen=True, slots=True)
class Room:
    """How much a text may take up: Discord counts characters, its server fails by bytes."""

    characters: int
    bytes: int

    def holds(self, text: str) -> bool:
        """Say whether a finished text fits."""
        return len(text) <= self.characters and len(text.encode()) <= self.bytes

    def less(self, text: str) -> Room:
        """Return what is left beside a finished text."""
        return Room(self.characters - len(text), self.bytes - len(text.encode()))


@dataclass(frozen=True, slots=True)
class _Piece:
    """One grapheme, escaped, and how it is marked."""

    text: str
    style: int


class _Sizes:
    """What any run of pieces takes up at most, however its styles are written."""

    def __init__(self, pieces: Sequence[_Piece], room: Room) -> None:
        extras = list(_extras(pieces))
        lengths = (len(p.text) + x for p, x in zip(pieces, extras, strict=True))
        weights = (len(p.text.encode()) + x for p, x in zip(pieces, extras, strict=True))
        self._characters = list(accumulate(lengths, initial=0))
        self._bytes = list(accumulate(weights, initial=0))
        self._room = room

    def fit(self, start: int, end: int, times: int = 1, beside: Span = (0, 0)) -> bool:
        """Say whether pieces fit, ``times`` over, beside others and the signs of a cut."""
        low, high = beside
        characters = self._characters[high] - self._characters[low]
        characters += times * (self._characters[end] - self._characters[start])
        size = self._bytes[high] - self._bytes[low]
        size += times * (self._bytes[end] - self._bytes[start])
        room, cut = self._room, _CUT + 2 * _ELLIPSIS_BYTES
        return characters + _CUT <= room.characters and size + cut <= room.bytes


def inline(text: str, room: Room, *, otherwise: str = NOTHING) -> str:
    """Return a text in one line, cut to its room; ``otherwise`` where nothing can be seen."""
    most = _LOOKED_AT * room.characters
    line = " ".join(visible(text[:most]).split())
    if not line:
        return otherwise
    turned = any(bidirectional(char) in {"R", "AL"} for char in line)
    before, after = _ISOLATED if turned else ("", "")
    pieces = _pieces(list(enumerate(line)), (), ())
    cut = (False, len(text) > most)
    return f"{before}{_fitted(pieces, room.less(before + after), '', cut=cut)}{after}"


def bold(text: str, room: Room, *, otherwise: str = NOTHING) -> str:
    """Return a text in one line and in bold."""
    return f"**{inline(text, room.less('****'), otherwise=otherwise)}**"


def quoted(
    text: str,
    room: Room,
    *,
    bold: Sequence[Span] = (),
    underlined: Sequence[Span] = (),
    keep: Literal["start", "end"] = "start",
) -> str:
    """Return a text as a block quote with stretches of it marked.

    What has no room is cut away around the first bold stretch, or else from the end that is
    not to be kept.
    """
    start, end = _near(text, room, bold[0][0] if bold else 0, keep)
    found = [(at + start, char) for at, char in visible_characters(text[start:end])]
    pieces = _pieces(found, bold, underlined)
    if not pieces:
        return f"{_QUOTE}{NOTHING}"
    return _fitted(pieces, room, _QUOTE, keep, (start > 0, end < len(text)))


def link(label: str, url: str) -> str:
    """Return a masked link; ``url`` must come from ``bot.text.links``.

    Discord looks for the brackets around a label without heeding backslashes, so brackets
    inside become parentheses.
    """
    round_label = label.translate({ord("["): "(", ord("]"): ")"})
    return f"[{inline(round_label, Room(100, 300))}]({url})"


def listed(items: Sequence[T], write: Callable[[T], str], room: Room) -> str:
    """Write as many items as fit, one below the other, and how many more there are."""
    kept: list[str] = []
    for item in items:
        kept.append(write(item))
        if not room.holds("\n".join(kept)):
            break
    while len(kept) < len(items) or not room.holds("\n".join(kept)):
        told = [*kept, *_more(len(items) - len(kept))]
        if not kept or room.holds("\n".join(told)):
            return "\n".join(told)
        kept.pop()
    return "\n".join(kept)


def _more(count: int) -> list[str]:
    return [f"… and {count:,} more"] if count else []


def _extras(pieces: Sequence[_Piece]) -> Iterator[int]:
    """Yield how many characters beyond its own text each piece may cost."""
    before = 0
    for piece in pieces:
        line = len(_QUOTE) if piece.text == "\n" else 0
        yield line + (_SWITCH if piece.style != before else 0)
        before = piece.style


def _pieces(
    found: list[VisibleCharacter], bold: Sequence[Span], underlined: Sequence[Span]
) -> list[_Piece]:
    """Return the graphemes of visible letters, escaped and marked."""
    shown = "".join(char for _, char in found)
    written = _escaped(shown)
    styles = _styles(found, bold, underlined)
    edges = [*grapheme_starts(shown), len(shown)]
    return [_Piece("".join(written[start:end]), styles[start]) for start, end in pairwise(edges)]


def _escaped(shown: str) -> list[str]:
    """Return each character as it must be written to be read as itself."""
    written = list(shown)
    for match in _SPECIAL.finditer(shown):
        written[match.start()] = f"\\{match[0]}"
    for match in _LINE_START.finditer(shown):
        at = match.start(match.lastindex or 0)
        written[at] = f"\\{shown[at]}"
    for match in _BROKEN.finditer(shown):
        written[match.start()] += _BREAK
    return written


def _styles(
    found: list[VisibleCharacter], bold: Sequence[Span], underlined: Sequence[Span]
) -> list[int]:
    """Return how each letter is marked; line ends and the blanks beside a mark are not."""
    styles = [
        _BOLD * _inside(at, bold) | _UNDERLINED * _inside(at, underlined) if char != "\n" else 0
        for at, char in found
    ]
    for bit in (_BOLD, _UNDERLINED):
        for order in (range(len(found)), range(len(found) - 1, -1, -1)):
            _trim(found, styles, bit, order)
    return styles


def _trim(found: list[VisibleCharacter], styles: list[int], bit: int, order: range) -> None:
    """Take a mark off the blanks at its edge, coming from one side."""
    marked = False
    for at in order:
        if found[at][1].isspace() and not marked:
            styles[at] &= ~bit
        marked = bool(styles[at] & bit)


def _inside(at: int, spans: Sequence[Span]) -> bool:
    return any(start <= at < end for start, end in spans)


def _near(text: str, room: Room, focus: int, keep: str) -> Span:
    """Return the stretch of a text that can be shown at all, so that a book costs no time."""
    most = _LOOKED_AT * room.characters
    if keep == "end":
        return max(0, len(text) - most), len(text)
    return max(0, focus - most), min(len(text), focus + most)


def _fitted(
    pieces: list[_Piece],
    room: Room,
    prefix: str,
    keep: str = "start",
    cut: tuple[bool, bool] = (False, False),
) -> str:
    """Write as many of the pieces as fit, and an ellipsis where some are missing.

    ``cut`` says whether there is more of the text before and after the pieces.
    """
    if not any(cut) and room.holds(whole := _written(pieces, prefix)):
        return whole
    start, end = _window(pieces, _Sizes(pieces, room), keep)
    chosen = [*pieces[start:end]]
    if start or cut[0]:
        chosen.insert(0, _Piece(f"{ELLIPSIS} ", 0))
    if end < len(pieces) or cut[1]:
        chosen.append(_Piece(f" {ELLIPSIS}" if end > start else ELLIPSIS, 0))
    return _written(chosen, prefix)


def _window(pieces: list[_Piece], sizes: _Sizes, keep: str) -> Span:
    """Choose which pieces to show where not all have room."""
    last = len(pieces)
    if keep == "end":
        start = last
        while start and sizes.fit(start - 1, last):
            start -= 1
        return _snapped(pieces, start, last, (last, last))
    focus = _focus(pieces)
    end = _reach(sizes, 0, last)
    start = 0
    if end < focus[1]:
        start = focus[0]
        while start and sizes.fit(start - 1, focus[0], times=2, beside=focus):
            start -= 1
        end = _reach(sizes, start, last)
    return _snapped(pieces, start, end, focus)


def _focus(pieces: list[_Piece]) -> Span:
    """Return where the first bold stretch starts and ends, in pieces."""
    marked = [at for at, piece in enumerate(pieces) if piece.style & _BOLD]
    if not marked:
        return 0, 0
    end = marked[0]
    while end < len(pieces) and (pieces[end].style & _BOLD or pieces[end].text.isspace()):
        end += 1
    return marked[0], end


def _reach(sizes: _Sizes, start: int, last: int) -> int:
    end = start
    while end < last and sizes.fit(start, end + 1):
        end += 1
    return end


def _snapped(pieces: list[_Piece], start: int, end: int, focus: Span) -> Span:
    """Move cuts to the nearest gap between words, without giving up what matters."""
    if start:
        limit = min(start + _SNAP, focus[0], end)
        start = next((at for at in range(start, limit) if pieces[at - 1].text.isspace()), start)
    if end < len(pieces):
        limit = max(end - _SNAP, focus[1], start)
        end = next((at for at in range(end, limit, -1) if pieces[at].text.isspace()), end)
    while start < end and pieces[start].text.isspace():
        start += 1
    while end > start and pieces[end - 1].text.isspace():
        end -= 1
    return start, end


def _written(pieces: Iterable[_Piece], prefix: str) -> str:
    """Write pieces out, opening and closing styles, each line behind the prefix."""
    written = [prefix]
    style = 0
    for piece in pieces:
        written.append(_switched(style, piece.style))
        written.append(f"\n{prefix}" if piece.text == "\n" else piece.text)
        style = piece.style
    return "".join([*written, _switched(style, 0)])


def _switched(before: int, after: int) -> str:
    """Return the signs between two styles; an underline always stands inside the bold."""
    if before == after:
        return ""
    if (before ^ after) == _UNDERLINED:
        return "__"
    closing = "__" * bool(before & _UNDERLINED) + "**" * bool(before & _BOLD)
    return closing + "**" * bool(after & _BOLD) + "__" * bool(after & _UNDERLINED)
