"""Sentences packed into passages within a budget of tokens."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.language.sentences import TextSpan, sentences, trimmed

CountTokens = Callable[[Sequence[str]], list[int]]
"""How many tokens each text has, without the model's special tokens."""


_CLAUSE_ENDS = frozenset(",;:、，；：—–)]")


_WINDOW = 12  # characters a token at most, in text worth splitting by tokens


@dataclass(frozen=True, slots=True)
class Budget:
    """How long passages are, in tokens.

    Neighbours are joined up to ``target``; nothing passes ``limit``; a rest shorter than
    ``least`` goes with its neighbour where ``limit`` allows.
    """

    target: int = 160
    limit: int = 200
    least: int = 24

    def within(self, limit: int) -> Budget:
        """Return the same budget, held to the ``limit`` of a smaller model."""
        limit = max(1, min(self.limit, limit))
        return Budget(min(self.target, limit), limit, min(self.least, limit))


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something that stays whole: a sentence, or a part of an over-long one.

    Its size is in tokens, but at least what so many characters are worth: to a model a word
    that it doesn't know is one token however long it is, and some characters are none.
    """

    span: TextSpan
    size: int


def pieces_of(
    text: str, block: TextSpan, language: str, count: CountTokens, budget: Budget
) -> list[_Piece]:
    """Return a block's sentences, those that are too long for the budget in parts."""
    spans = sentences(text, block.start, block.end, language=language)
    tokens = count([text[span.start : span.end] for span in spans])
    pieces: list[_Piece] = []
    for span, length in zip(spans, tokens, strict=True):
        size = _size(span, length)
        if size <= budget.limit:
            pieces.append(_Piece(span, size))
        else:
            pieces.extend(_split_sentence(text, span, count, budget.limit))
    return pieces


def _size(span: TextSpan, tokens: int) -> int:
    return max(tokens, (span.end - span.start) // _WINDOW, 1)


def _split_sentence(text: str, span: TextSpan, count: CountTokens, limit: int) -> Iterator[_Piece]:
    """Split one over-long sentence: between clauses, else words, else characters."""
    start = span.start
    while start < span.end:
        cut = _longest_fit(text, start, span.end, count, limit)
        part = trimmed(text, start, cut)
        if part.start < part.end:
            yield _Piece(part, _size(part, count([text[part.start : part.end]])[0]))
        start = cut


def _longest_fit(text: str, start: int, end: int, count: CountTokens, limit: int) -> int:
    """Return where the longest stretch from ``start`` that fits the limit should end."""

    def too_long(stop: int) -> bool:
        return count([text[start:stop]])[0] > limit

    last = min(end, start + limit * _WINDOW)
    if last == end and not too_long(end):
        return end
    words = [i for i in range(start + 1, last) if text[i].isspace()]
    fitting = bisect_left(words, x=True, key=too_long)
    if fitting:
        in_reach = words[fitting // 2 : fitting]
        clauses = [stop for stop in in_reach if text[stop - 1] in _CLAUSE_ENDS]
        return (clauses or in_reach)[-1]
    stops = range(start + 1, last + 1)
    return stops[max(0, bisect_left(stops, x=True, key=too_long) - 1)]


def packed(blocks: Iterable[list[_Piece]], budget: Budget) -> list[list[_Piece]]:
    """Join paragraphs up to the target; split those that alone pass the limit."""
    groups: list[list[_Piece]] = []
    for block in blocks:
        for part in _balanced(block, budget):
            room = budget.target if _sizes(part) >= budget.least else budget.limit
            if groups and _sizes(groups[-1]) < budget.least:
                room = budget.limit
            if groups and _sizes([*groups[-1], *part]) <= room:
                groups[-1] = [*groups[-1], *part]
            elif part:
                groups.append(part)
    return groups


def _balanced(block: list[_Piece], budget: Budget) -> list[list[_Piece]]:
    """Split a paragraph over the limit between sentences, into parts of about one size."""
    total = _sizes(block)
    if total <= budget.limit:
        return [block]
    wanted = total / -(-total // budget.target)
    parts: list[list[_Piece]] = [[]]
    for piece in block:
        grown = _sizes([*parts[-1], piece])
        if parts[-1] and (grown > budget.limit or grown - piece.size / 2 > wanted):
            parts.append([])
        parts[-1].append(piece)
    return parts


def checked(
    text: str, groups: list[list[_Piece]], count: CountTokens, limit: int
) -> Iterator[list[_Piece]]:
    """Yield each group, halving those whose joined text passes the limit.

    With most tokenizers a text has as many tokens as its sentences together, not with all.
    """
    lengths = count([text[group[0].span.start : group[-1].span.end] for group in groups])
    for group, length in zip(groups, lengths, strict=True):
        if length <= limit or len(group) == 1:
            yield group
        else:
            middle = len(group) // 2
            yield from checked(text, [group[:middle], group[middle:]], count, limit)


def _sizes(pieces: Sequence[_Piece]) -> int:
    """Return the size of neighbours with the white space between them."""
    if not pieces:
        return 0
    told = sum(piece.size for piece in pieces)
    return max(told, _size(TextSpan(pieces[0].span.start, pieces[-1].span.end), 0))
