"""Finding the article that somebody means, by what they type or chose from a list."""

from __future__ import annotations

from bot.cards.custom_ids import key_of
from bot.text.graphemes import grapheme_starts, visible
from index.errors import AmbiguousTitleError, UnknownArticleError
from index.store.entries import Entry, candidates
from index.store.library import Library

MOST_CHOICES = 25
_LONGEST = 100  # UTF-16 units of a choice's name, the strictest way to count
_SHOWN = 60  # characters of what was typed, in a sentence about it


def wanted(library: Library, collection: str, name: str) -> Entry:
    """Return the article of a key, an id or a title.  Raises PassageError where none is meant."""
    named = _of_key(library, collection, name)
    if named is not None:
        return named
    titled = library.listing.entries_titled(collection, name)
    if len(titled) == 1:
        return titled[0]
    shown = " ".join(name.split())[:_SHOWN]
    if titled:
        raise AmbiguousTitleError(candidates(name, [(key_of(one.id), one) for one in titled]))
    raise UnknownArticleError(
        f"No article here is called “{shown}”: choose one from the list that opens as you type."
    )


def take_out(library: Library, collection: str, key: str) -> Entry | None:
    """Remove the article of a key and return what it was, or None where it is gone already."""
    entry = _of_key(library, collection, key)
    try:
        return entry and library.remove(collection, entry.id)
    except UnknownArticleError:
        return None


def offered(library: Library, collection: str, typed: str) -> list[tuple[str, str]]:
    """Return what completes a title: names to show, with the keys that stand for them.

    Titles that begin with what was typed come first, then those that hold it.
    """
    found = library.listing.titles(collection, typed, MOST_CHOICES)
    return [(_name(title), key_of(name)) for name, title in found]


def _of_key(library: Library, collection: str, key: str) -> Entry | None:
    """Return the article that a key or an id stands for."""
    listing = library.listing
    if not key.startswith("_"):  # then it is the id
        return listing.entry_of_id(collection, key)
    names = (name for name, _ in listing.titles(collection) if key in (key_of(name), name))
    return next((entry for name in names if (entry := listing.entry_of_id(collection, name))), None)


def _name(title: str) -> str:
    """Return a title in one line, cut between two characters where it is too long."""
    name = " ".join(visible(title).split()) or "(untitled)"
    if _units(name) <= _LONGEST:
        return name
    cuts = [at for at in grapheme_starts(name[:_LONGEST]) if _units(name[:at]) < _LONGEST]
    return f"{name[: cuts[-1]]}…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
