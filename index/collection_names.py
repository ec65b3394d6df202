"""How collections are named, made and parsed here alone: a server's, a person's, everybody's."""

from __future__ import annotations

import re

SHARED = "shared"
"""The collection that everyone reads and nobody on Discord changes."""

_SERVER, _PERSON = "guild:", "user:"


def server_collection(server: int) -> str:
    """Return the name of a server's collection."""
    return f"{_SERVER}{server}"


def user_collection(person: int) -> str:
    """Return the name of a person's own collection, for direct messages and user installs."""
    return f"{_PERSON}{person}"


def server_of(collection: str) -> int | None:
    """Return the server that a collection belongs to, None for all others."""
    return int(collection.removeprefix(_SERVER)) if collection.startswith(_SERVER) else None


def is_personal(collection: str) -> bool:
    """Say whether a collection is a person's own."""
    return collection.startswith(_PERSON)


def visible(collection: str) -> tuple[str, ...]:
    """Return the collections that a question in one of them sees."""
    return (collection, SHARED)


def folder_name(collection: str) -> str:
    """Return a name for a collection's folder that every file system takes."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda m: f"%{ord(m.group()):x}", collection)
