"""Whether a question leans on the one before it, and the two as one."""

from __future__ import annotations

import re

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
