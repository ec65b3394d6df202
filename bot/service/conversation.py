"""Understanding "and who said so?" with the question that it follows."""

from __future__ import annotations

import re
from collections import OrderedDict

from index.language.terms import analyse

_LEANING = re.compile(
    r"(?:and|but|or|so|then|also|what about|how about|why|when|where|who|how|really|since when)\b"
    r"(?:\s+(?:so|not|then|exactly|else|is that|was that|did that|said so|says so))?\s*\??",
    re.IGNORECASE,
)
_OPENING = re.compile(r"\s*(?:and|but|or|so|then|also|what about|how about)\b", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:he|him|his|she|her|hers|it|its|they|them|their|theirs|this|that|these|those|there"
    r"|then|so|one|ones|both|former|latter)\b",
    re.IGNORECASE,
)
_BREAK = 600  # seconds after which a question begins anew
_REMEMBERED = 2_000  # people whose last question is remembered
_FEW = 3  # terms with which a question that points back can't stand for itself


def understood(question: str, before: str | None) -> str:
    """Return a question as it is meant after ``before``, the question that it follows.

    A question that leans on the one before is searched for together with it; one that can
    stand for itself is left alone, since old words would only lead astray.
    """
    if not before or not leans(question):
        return question
    return f"{before.rstrip()} {question.lstrip()}"


def leans(question: str) -> bool:
    """Say whether a question can't be understood by itself."""
    text = question.strip()
    terms = analyse(text)
    if not terms or _LEANING.fullmatch(text):
        return True
    if _OPENING.match(text) and len(terms) <= 2 * _FEW:
        return True
    return len(terms) <= _FEW and _POINTING.search(text) is not None


class Talk:
    """Remembers for some minutes which answer each person got last in each channel.

    After a restart only a reply tells what a question follows.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[int, int], tuple[str, float, bool]] = OrderedDict()

    def said(self, channel: int, person: int, answer_id: str, now: float, *, private: bool) -> None:
        """Remember an answer."""
        self._last[channel, person] = (answer_id, now, private)
        self._last.move_to_end((channel, person))
        while len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    def before(self, channel: int, person: int, now: float, *, private: bool) -> str | None:
        """Return the answer that a question of this person may follow, if it is not long ago.

        What was asked in private is not hinted at in public.
        """
        answer_id, when, was_private = self._last.get((channel, person), (None, 0.0, False))
        if answer_id is None or now - when > _BREAK or (was_private and not private):
            return None
        return answer_id
