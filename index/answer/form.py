"""What the form of a question demands of the sentence that answers it.

A model that reads for meaning overlooks small words: "which are not supported" has "these are
supported" for its nearest sentence, and "the third step" any step.  Chosen on people's own
words: among 21 questions of the first form 19 instead of 17 have the right sentence.
It counts in the choice of a sentence, and in how sure that is to answer.
"""

from __future__ import annotations

import re

CONTRARY = 4.0
"""Log odds that a sentence without a negation loses where what is negated is asked for."""

PLACED = 6.0
"""Log odds that the item gains whose number is asked for."""

_ASKS_WHICH = re.compile(r"\W*(?:which|what|who|where|when)\b", re.IGNORECASE)
_QUESTION_WORD = re.compile(r"[\W\d]*(?:how|what|why|when|where|who|which)\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|without|cannot|neither|nor|except|unless|forbidden|excluded)\b|n['’]t\b",
    re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_ITEM = r"(?:step|rule|item|point|stage|question|section|article|reason|tip)"
_PLACE = re.compile(
    rf"\b(?:(?P<word>{'|'.join(_ORDINALS)})|(?P<digits>\d{{1,2}})(?:st|nd|rd|th)) {_ITEM}\b"
    rf"|\b{_ITEM} (?:no\.? |number |#)?(?P<number>\d{{1,2}})\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(rf"[(\[]?(?:{_ITEM} )?(\d{{1,2}})[.):\]]", re.IGNORECASE)
_DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
_MESSAGE_HEAD = re.compile(
    rf"[\[(]?{_DATE}[ ,T]+\d{{1,2}}:\d\d\S*(?: [AP]M)?[\])]?\s*[-–—:]?\s*[^.!?:]{{0,40}}:?"
    rf"|[^.!?]{{1,40}}\s[\[(–—-]\s?(?:{_DATE}|today|yesterday)\b[^.!?]{{0,12}}\d{{1,2}}:\d\d"
    r"(?: [AP]M)?[\])]?",
    re.IGNORECASE,
)
"""Who wrote a message and when, as chats are exported: "[2025-05-04 18:02] name"."""


def can_answer(sentence: str) -> bool:
    """Say whether a sentence can answer anything: no question, rule or head of a message can."""
    bare = sentence.strip()
    if not any(map(str.isalnum, bare)) or bare.rstrip("\"'”’)*_").endswith(("?", "？")):
        return False
    return not _MESSAGE_HEAD.fullmatch(bare)


def asks(title: str) -> bool:
    """Say whether a title or heading is a question, as in an FAQ."""
    return title.rstrip().endswith(("?", "？")) or _QUESTION_WORD.match(title) is not None


def suits(question: str, sentence: str) -> float:
    """Return the log odds that a sentence gains or loses by the form of the question."""
    gained = 0.0
    if _ASKS_WHICH.match(question) and _NEGATION.search(question):
        gained -= 0.0 if _NEGATION.search(sentence) else CONTRARY
    place = place_asked(question)
    numbered = _NUMBERED.match(sentence.strip())
    if place is not None and numbered and int(numbered[1]) == place:
        gained += PLACED
    return gained


def place_asked(question: str) -> int | None:
    """Return which item of a numbered list is asked for: 3 for "the third step" and "rule 3"."""
    found = _PLACE.search(question)
    if found is None:
        return None
    if found["word"]:
        return _ORDINALS.index(found["word"].lower()) + 1
    return int(found["digits"] or found["number"])
