"""Finding the article that somebody means, by what they type or chose from a list."""

from __future__ import annotations

from collections.abc import Sequence

from bot.custom_ids import key_of
from bot.letters import starts, visible
from index.errors import PassageError, UnknownArticleError
from index.library import Entry, Library

MOST_CHOICES = 25
_LONGEST = 100  # UTF-16 units of a choice's name, the strictest way to count
_SHOWN = 60  # characters of what was typed, in a sentence about it


def wanted(library: Library, collection: str, name: str) -> Entry:
    """Return the article of a key, an id or a title.  Raises PassageError where none is meant."""
    entries = library.entries(collection)
    named = [entry for entry in entries if name in (key_of(entry.id), entry.id)]
    if named:
        return named[0]
    titled = [entry for entry in entries if _folded(entry.title) == _folded(name)]
    if len(titled) == 1:
        return titled[0]
    shown = " ".join(name.split())[:_SHOWN]
    if titled:
        raise PassageError(
            f"{len(titled)} articles are called “{shown}”: choose one from the list that opens "
            "as you type."
        )
    raise UnknownArticleError(
        f"No article here is called “{shown}”: choose one from the list that opens as you type."
    )


def take_out(library: Library, collection: str, key: str) -> Entry | None:
    """Remove the article of a key and return what it was, or None where it is gone already."""
    for entry in library.entries(collection):
        if key_of(entry.id) == key:
            try:
                return library.remove(collection, entry.id)
            except UnknownArticleError:
                return None
    return None


def offered(library: Library, collection: str, typed: str) -> list[tuple[str, str]]:
    """Return what completes a title: names to show, with the keys that stand for them.

    Titles that begin with what was typed come first, then those that hold it.
    """
    start = _folded(typed)
    entries = [entry for entry in library.entries(collection) if start in _folded(entry.title)]
    entries.sort(key=lambda entry: not _folded(entry.title).startswith(start))
    return _named(entries[:MOST_CHOICES])


def _named(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    return [(_name(entry), key_of(entry.id)) for entry in entries]


def _name(entry: Entry) -> str:
    """Return a title in one line, cut between two characters where it is too long."""
    name = " ".join(visible(entry.title).split()) or "(untitled)"
    if _units(name) <= _LONGEST:
        return name
    cuts = [at for at in starts(name[:_LONGEST]) if _units(name[:at]) < _LONGEST]
    return f"{name[: cuts[-1]]}…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _folded(title: str) -> str:
    return " ".join(title.casefold().split())
