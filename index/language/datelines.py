"""Lines that say when an article was published and by whom, and nothing else."""

from __future__ import annotations

import re
from typing import NamedTuple

from index.language.dates import find_dates, in_words

_LONGEST = 140
_FILLER = re.compile(
    r"""\b(?:first|last|originally|published|posted|updated|modified|created|issued|released
        |revised|written|on|at|dated?|pm|am|noon|utc|gmt|bst|cest|cet|ist
        |[ecmp][sd]t|aest|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?
        |fri(?:day)?|sat(?:urday)?|sun(?:day)?|\d+[ -]min(?:ute)?s?\ read)\b
      | (?:\bt)?(?<!\d)\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?
        \s*(?:[ap]\.?m\.?|z|[+-]\d{2}:?\d{2})?
      | \b\d{1,2}\s*[ap]\.?m\b\.?
      | [\s,.:;|/·•()\[\]—–-]+""",
    re.VERBOSE | re.IGNORECASE,
)
_LATER = re.compile(r"(?:updated|modified|revised)[\s:]*(?:on\s+)?$", re.IGNORECASE)
_BY = re.compile(
    r"(?:^|(?<=[\s|·•,—–-]))(?P<cue>(?:written |words |text |story |report )?by:?|authors?:)\s+"
    r"(?P<names>\S.*)$",
    re.IGNORECASE,
)
_BREAK = re.compile(r"\s*[|·•—–/;]\s*|\s-\s|\s(?:in|for|at|on)\s|,?\s*\b(?:published|updated)\b")
_BETWEEN = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*")
_PARTICLES = frozenset({
    "de", "da", "di", "du", "del", "della", "der", "den", "des", "van", "von", "vom", "zu", "bin",
    "ibn", "al", "el", "la", "le", "ten", "ter", "y", "e", "dos",
})  # fmt: skip
_ROLES = re.compile(
    r"\b(?:correspondent|editor|reporter|writer|staff|contributor|columnist|agencie|desk)s?\b",
    re.IGNORECASE,
)


class Dateline(NamedTuple):
    """What a dateline says; at least one of the two is known."""

    published: str | None
    author: str | None


def read_dateline(line: str) -> Dateline | None:
    """What ``line`` says, if it is a date, a byline or both, and nothing else."""
    if len(line) > _LONGEST:
        return None
    dates = find_dates(line)
    rest = line
    for found in reversed(dates):
        rest = f"{rest[: found.start]} | {rest[found.end :]}"
    rest, author = _without_byline(rest.strip(" |\t"))
    if _FILLER.sub("", rest):
        return None
    first = [one.iso for one in dates if not _LATER.search(line[: one.start])]
    published = first[0] if first else None
    return Dateline(published, author) if published or author or dates else None


def written(published: str | None, author: str | None) -> str:
    """A dateline in our words, for a source that has none of its own to show."""
    day = f"Published {in_words(published)}" if published else ""
    by = f"by {author}" if author else ""
    sentence = " ".join(part for part in (day, by) if part)
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def _without_byline(rest: str) -> tuple[str, str | None]:
    match = _BY.search(rest)
    if match is None:
        return rest, None
    names, *after = _BREAK.split(match["names"].rstrip(" .,"), maxsplit=1)
    single = match["cue"].lower().startswith("author")
    author = _names(names, fewest=1 if single else 2)
    if author is None:
        return rest, None
    # What follows a name and a separator is a place, a paper or a role; only a dated or
    # filled remainder matters to the caller, so words after a separator are let go.
    return rest[: match.start()], author if len(" ".join(after)) < 60 else None


def _names(words: str, *, fewest: int) -> str | None:
    people = [one for one in _BETWEEN.split(words.strip(" ,.")) if not _ROLES.search(one)]
    if not 1 <= len(people) <= 6 or not all(_is_name(one, fewest) for one in people):
        return None
    return ", ".join(people)


def _is_name(words: str, fewest: int) -> bool:
    parts = words.split()
    if not fewest <= len(parts) <= 5:
        return False
    return all(
        part.lower() in _PARTICLES
        or (re.fullmatch(r"[^\W\d_][\w.'’-]*", part) and part[0].isupper())
        for part in parts
    ) and not all(part.lower() in _PARTICLES for part in parts)
