"""How much of a passage is shown: the sentence that answers, or the whole list that it is of.

Who asks for steps, or for all of something, wants the list from its lead-in to its end; who
asks for one thing wants the one line.  Only the layout and the question's own words decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.answer.form import can_answer, place_asked
from index.language.sentences import TextSpan

_LONGEST = 1_200  # characters of a list that is shown whole
_FEWEST = 2  # lines that make a list

_VERB = "(?:is|was|does|has|are|do|can)"
_PLURAL = r"(?:\w{2,}[^\Wsui]s|\w+ies)"
_ALL = re.compile(
    r"\b(?:list|all|every|each|steps?|instructions|procedure|walk me through|(?:what|which|who) are"
    r"|how (?:do|to|can|could|should|would|must)"
    rf"|(?:what|which)(?: kinds? of)?(?: (?!{_VERB}\b)\w+)? (?!{_VERB}\b){_PLURAL}"
    r"(?=\W*$| (?:are|were|do|does|did|can|could|should|must|may|might|will|would|have|has|need"
    r"|i|you|we|they|there)\b))(?!\w)",
    re.IGNORECASE,
)
"""What asks for several things: ways to do something, and plurals after "what" and "which".

"What happens if" has a verb there: a plural ends the question, or an auxiliary or a pronoun
follows it.
"""

_STEP = re.compile(r"\s*(?:step )?\d{1,2}[.):] ", re.IGNORECASE)

_ONE = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|last|next|how (?:many|much|long|often|far|old))\b",
    re.IGNORECASE,
)


def extent(
    question: str, text: str, sentences: Sequence[TextSpan | tuple[int, int]], at: int
) -> tuple[int, int]:
    """Return the first and the last of the sentences that are shown with sentence ``at``.

    ``sentences`` are places in ``text``.
    """
    if _is_lead_in(text, sentences, at):
        found = _list_around(text, sentences, at + 1)
        return (at, found[1]) if found else (at, at)
    one = _ONE.search(question) or place_asked(question) is not None
    if one or not _ALL.search(question):
        return at, at
    return _with_lead_in(text, sentences, at) or (at, at)


def steps(
    text: str, sentences: Sequence[tuple[int, int]], first: int, last: int
) -> tuple[int, int] | None:
    """Return the numbered list of which both sentences are items; None where they are none.

    Who is shown two steps of a procedure wants the others, too.
    """
    items = [text[sentences[at][0] : sentences[at][1]] for at in (first, last)]
    return _with_lead_in(text, sentences, first) if all(map(_STEP.match, items)) else None


def _with_lead_in(
    text: str, sentences: Sequence[tuple[int, int]], at: int
) -> tuple[int, int] | None:
    found = _list_around(text, sentences, at)
    if found is None:
        return None
    first, last = found
    return (first - 1, last) if first and _is_lead_in(text, sentences, first - 1) else found


def _is_lead_in(text: str, sentences: Sequence[tuple[int, int]], at: int) -> bool:
    start, end = sentences[at]
    followed = at + 1 < len(sentences) and "\n" in text[end : sentences[at + 1][0]]
    return followed and text[start:end].rstrip("*_ ").endswith((":", "："))


def _list_around(
    text: str, sentences: Sequence[tuple[int, int]], at: int
) -> tuple[int, int] | None:
    """Return the first and last sentence of the lines around one, where they are a list."""
    first = last = at
    while first and same_paragraph(text, sentences, first - 1):
        first -= 1
    while last + 1 < len(sentences) and same_paragraph(text, sentences, last):
        last += 1
    while first < at and _is_lead_in(text, sentences, first):  # it is put before it again
        first += 1
    lines = text[sentences[first][0] : sentences[last][1]].splitlines()
    written = [line for line in lines if line.strip()]
    if len(written) < _FEWEST or sum(map(len, written)) > _LONGEST:
        return None
    return (first, last) if all(map(can_answer, written)) else None


def same_paragraph(text: str, sentences: Sequence[tuple[int, int]], at: int) -> bool:
    """Say whether a sentence and the next are not divided by a blank line."""
    return text[sentences[at][1] : sentences[at + 1][0]].count("\n") < 2
