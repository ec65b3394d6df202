"""Text -> search terms, alike for passages and questions.

Accents and case are folded, words reduced to their Snowball stem (by script: English for
Latin, Russian for Cyrillic, ...), function words dropped.  An identifier such as "S-400"
or "2020-21" yields itself run together and each of its parts, so that "S400", "s 400"
and "2020" find it.  Scripts written without spaces yield pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import Stemmer

# Vowel signs and points are parts of a word, though Python counts them as no letters.
_LETTER = (
    r"[\w\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u064b-\u065f\u0670"
    r"\u0900-\u0963\u0966-\u0df3\u0e00-\u0e4e\u0f71-\u0f84\u1000-\u1049\u1780-\u17d3]"
)
_WORD = re.compile(rf"{_LETTER}+(?:[-‐‑–./'’&:_@+#]+{_LETTER}+)*[+#]*")
_READING_AID = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
_JOINT = re.compile(r"[-‐‑–./'’&:_@+#]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+"
)
_STEMMERS = (
    (re.compile("[а-яё]+"), "russian"),
    (re.compile("[α-ω]+"), "greek"),
    (re.compile("[\u0621-\u064a]+"), "arabic"),
    (re.compile("[\u0900-\u097f]+"), "hindi"),
    (re.compile("[\u0b80-\u0bff]+"), "tamil"),
    (re.compile("[\u0530-\u058f]+"), "armenian"),
)
FUNCTION_WORDS = frozenset(
    """
    a about actually again already also am an and any anything are as at be been being but by
    can come comes could did do does doing else ever everything find for from get gets getting
    give go goes going got had happen happened happens has have having he her here hers him his
    how i if in into is it its just kind know like look make makes many me mean much my now of
    on or our ours please really s said say says see shall she should so some something sort
    still such t take takes tell than that the their theirs them then there these they thing
    things think this those to too us want was way we were what when where which while who whom
    whose why will with would yet you your yours
    """.split()  # noqa: SIM905 - a list of a hundred strings can't be read
)
"""English words that say how something is asked rather than what about."""


def analyse(text: str) -> list[str]:
    """Return the search terms of ``text`` in order, repeated as they are repeated."""
    terms: list[str] = []
    for match in _WORD.finditer(_folded(text)):
        word = match.group()
        parts = [part for part in _JOINT.split(word) if part]
        if len(parts) > 1 or (parts and word[-1] in "+#"):
            terms.append(_joined(word, parts))
        for part in parts:
            terms.extend(_part_terms(part))
    return terms


def surfaces(text: str) -> dict[str, str]:
    """Return each term of ``text`` with the word it came from."""
    return {
        term: part
        for match in _WORD.finditer(_folded(text))
        for part in _JOINT.split(match.group())
        if part
        for term in _part_terms(part)
    }


def names(text: str) -> frozenset[str]:
    """Return the terms of the names and numbers in a question.

    A capital letter makes a name where it doesn't begin the text, and where "of" and the like
    have none.
    """
    words = _WORD.findall(text)
    small = [word for word in words[1:] if word.lower() in FUNCTION_WORDS]
    told = not small or any(word[0].islower() for word in small)
    return frozenset(
        term
        for number, word in enumerate(words)
        if (told and number and word[0].isupper()) or any(map(str.isdigit, word))
        for term in analyse(word)
    )


def _joined(word: str, parts: list[str]) -> str:
    """Return an identifier run together; what tells C++ from C stays."""
    tail = word[len(word.rstrip("+#")) :]
    return "".join(parts) + tail


def _part_terms(part: str) -> list[str]:
    if part.isascii():
        return [] if part in FUNCTION_WORDS else [stem(part)]
    terms, position = [], 0
    for run in _UNSPACED.finditer(part):
        if run.start() > position:
            terms.append(stem(part[position : run.start()]))
        characters = run.group()
        pairs = [characters[i : i + 2] for i in range(len(characters) - 1)]
        terms.extend(pairs or [characters])
        position = run.end()
    if position < len(part):
        terms.append(stem(part[position:]))
    return terms


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return the stem of a folded word, by the Snowball algorithm of its script."""
    if word.isdecimal():
        return word
    language = next((name for script, name in _STEMMERS if script.fullmatch(word)), "english")
    return str(_stemmer(language).stemWord(word))


@lru_cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language, 0)


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(map(_bare, unicodedata.normalize("NFKC", text.casefold())))


@lru_cache(maxsize=8_192)
def _bare(character: str) -> str:
    """Take the accents off Latin and Greek letters; elsewhere, as in й, they are the letter.

    Marks that only help to read (stress, Hebrew points, Arabic vowels) go everywhere.
    """
    if _READING_AID.match(character):
        return ""
    base = unicodedata.normalize("NFKD", character)[:1]
    return base if base and unicodedata.name(base, "").startswith(("LATIN", "GREEK")) else character
