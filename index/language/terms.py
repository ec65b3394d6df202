"""Text -> search terms, alike for passages and questions.

Accents and case are folded, words reduced to their Snowball stem (by script: English for
Latin, Russian for Cyrillic, ...), function words dropped.  An identifier such as "S-400",
"maxBatch" or "2020-21" yields itself run together and each of its parts, so that "S400",
"s 400", "max_batch" and "2020" find it.  "Syria's" and "what's" are read as the words that
they stand for.  Scripts written without spaces yield pairs of characters.
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
_CLITIC = re.compile(rf"(?<={_LETTER})(?:['’](?:s|m|d|ll|re|ve)|(n['’]t))(?!['’]?{_LETTER})")
"""What stands for "is", "have" and the like, which are function words, or for "not"."""
_CONTRACTED = re.compile(
    r"\b(?:(?P<irregular>ca|wo|sha|ai)n['’]t|(?P<can>can)not"
    r"|(?P<bare>ca|do|does|did|is|are|was|were|has|have|had|could|would|should)nt)\b"
)
_IN_FULL = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}
_CAMEL = re.compile(
    r"(?<![A-Za-z\d])(?:[a-z]{2,}(?:[A-Z][a-z]*)+|(?:[A-Z][a-z]+){3,})(?![A-Za-z\d])"
)
"""maxBatch and MaxBatchSize, but neither iPhone nor JavaScript, whose parts mislead."""
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
_VERSION = re.compile(rf"(?<!{_LETTER})v(?=\d+\.\d)")
_DIGITS_MEET_LETTERS = re.compile(
    r"(?<![a-z\d])(?:([a-z]+)(\d+)|(\d+)(?!st|nd|rd|th)([a-z]{1,4}))(?![a-z\d])"
)
"""E17 and 100MB, but no ordinal, and nothing that goes to and fro, as a hash does."""
_QUANTITY = re.compile(
    r"\d+(?:st|nd|rd|th|s|am|pm|[kmgt]b|kg|km|cm|mm|ml|ms|mins?|hrs?|h|[kmg]?hz|px|x|k|m)"
)
_MODIFIER = re.compile(r"(?:mid|pre|post|top|under|over|early|late|non|sub|age|ages|aged)\W")
_DIGIT = re.compile(r"\d")
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
    return [term for word in _words(text) for term in _word_terms(word)]


def identifiers(text: str) -> frozenset[str]:
    """Return the terms of codes, versions, names in a program, and long numbers in ``text``.

    An identifier of several parts is given run together, as ``analyse`` has it.  A passage that
    speaks of the same thing has to hold that very term, so ordinals, quantities, ranges and
    years, which can be written in many ways, are none.
    """
    return frozenset(_word_terms(word)[0] for word in _words(text) if _is_identifier(word))


def surfaces(text: str) -> dict[str, str]:
    """Return each term of ``text`` with the word it came from."""
    return {
        term: part
        for word in _words(text)
        for part in _JOINT.split(word)
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


def _words(text: str) -> list[str]:
    """Return the words of ``text``, folded, in full, and with a joint between their parts."""
    folded = _folded(_CAMEL.sub(lambda match: _HUMP.sub("_", match.group()), text))
    folded = _CLITIC.sub(
        lambda match: " not" if match[1] else "", _CONTRACTED.sub(_in_full, folded)
    )
    folded = _DIGITS_MEET_LETTERS.sub(_with_joint, _VERSION.sub("", folded))
    return _WORD.findall(folded)


def _in_full(match: re.Match[str]) -> str:
    word = match["irregular"] or match["can"] or match["bare"]
    return f"{_IN_FULL.get(word, word)} not"


def _with_joint(match: re.Match[str]) -> str:
    return "_".join(group for group in match.groups() if group)


def _word_terms(word: str) -> list[str]:
    parts = [part for part in _JOINT.split(word) if part]
    terms = [term for part in parts for term in _part_terms(part)]
    if len(parts) > 1 or (parts and word[-1] in "+#"):
        return [_joined(word, parts), *terms]
    return terms


def _joined(word: str, parts: list[str]) -> str:
    """Return an identifier run together, as one word; what tells C++ from C stays."""
    tail = word[len(word.rstrip("+#")) :]
    return stem("".join(parts)) + tail


def _is_identifier(word: str) -> bool:
    parts = [part for part in _JOINT.split(word) if part]
    joined = "".join(parts)
    if not word.isascii() or not joined or _QUANTITY.fullmatch(joined):
        return False
    if joined.isdecimal():
        if len(parts) > 1:
            return len(parts) > 2 or "." in word
        return len(joined) > 4 or (len(joined) == 4 and not "1000" <= joined < "2100")
    if not _DIGIT.search(word):
        return "_" in word and len(parts) > 1
    counted = parts[0].isdecimal() and not any(_DIGIT.search(part) for part in parts[1:])
    return not counted and not _MODIFIER.match(word)


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
