"""Dates as people write them, read only where they can mean one day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_BEFORE, _AFTER = r"(?<![\w/.-])", r"(?![\d/]|-\d|\.\d)"
_FORMS = [
    re.compile(_BEFORE + form + _AFTER, re.IGNORECASE)
    for form in (
        rf"{_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        rf"{_YEAR}(?P<sep>[-/.])(?P<month>\d{{2}})(?P=sep)(?P<day>\d{{2}})",
        rf"(?P<first>\d{{1,2}})(?P<sep>[-/.])(?P<second>\d{{1,2}})(?P=sep){_YEAR}",
    )
]
_EARLIEST, _LATEST = 1500, 2100


class FoundDate(NamedTuple):
    """A date and where its words stand."""

    iso: str
    start: int
    end: int


def find_dates(text: str) -> list[FoundDate]:
    """Every unambiguous date in ``text``, in order; 03/04/2017 is two days, so none."""
    found = [
        FoundDate(iso, match.start(), match.end())
        for form in _FORMS
        for match in form.finditer(text)
        if (iso := _iso(match)) is not None
    ]
    return sorted(_apart(found), key=lambda one: one.start)


def parse_date(words: str) -> str | None:
    """The one date that ``words`` hold, as ISO 8601, or None."""
    days = {one.iso for one in find_dates(words[:200])}
    return days.pop() if len(days) == 1 else None


def in_words(published: str | None) -> str:
    """Return an ISO date as people write it, ``28 September 2017``; anything else as it is."""
    if not published:
        return ""
    try:
        day = date.fromisoformat(published[:10])
    except ValueError:
        return published
    return f"{day.day} {_NAMES[day.month - 1]} {day.year}"


def _apart(found: list[FoundDate]) -> Iterator[FoundDate]:
    """Without a date whose words are part of one that was recognised before it."""
    for index, one in enumerate(found):
        if all(one.end <= other.start or other.end <= one.start for other in found[:index]):
            yield one


def _iso(match: re.Match[str]) -> str | None:
    parts = match.groupdict()
    if "first" in parts:
        day_month = _day_and_month(int(parts["first"]), int(parts["second"]))
        if day_month is None:
            return None
        day, month = day_month
    else:
        day, month = int(parts["day"]), _month(parts["month"])
    return as_iso(int(parts["year"]), month, day)


def as_iso(year: int, month: int, day: int) -> str | None:
    """The day as ISO 8601 if the calendar has it and an article can be that old."""
    if not _EARLIEST <= year <= _LATEST:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _month(name: str) -> int:
    return int(name) if name.isdigit() else _MONTHS.index(name[:3].lower()) + 1


def _day_and_month(first: int, second: int) -> tuple[int, int] | None:
    """28/09 and 09/28 can be read one way only; 03/04 can't, 04/04 need not be."""
    if first > 12 or first == second:
        return first, second
    return (second, first) if second > 12 else None
