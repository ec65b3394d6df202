"""What the managers of a server have set, and whether the bot is still there.

A server that the bot has left is hidden at once, and stored for 30 days in case it is
asked back.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypedDict, Unpack

from index.collection_names import server_collection, server_of
from index.errors import SettingsError
from index.store.sqlite.database import Database
from index.store.statements import Transaction

DAY = 86_400
DEPARTURE_RETENTION = 30 * DAY
"""Seconds that a server's data is stored, hidden, in case the bot is asked back."""

_MOST_PER_MINUTE = 600
_MOST_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a server's managers can set.  Raises SettingsError where a value can't be meant.

    ``manager_role`` manages the library beside those who manage the server; in
    ``answered_channels``, channels and forums, questions are answered unasked;
    ``per_minute`` is how many questions each person may ask; ``keep_questions_days`` how
    long questions are stored, 0 for not at all.
    """

    manager_role: int | None = None
    answered_channels: frozenset[int] = frozenset()
    private_by_default: bool = False
    per_minute: int = 10
    keep_questions_days: int = 90

    def __post_init__(self) -> None:
        _within("per_minute", self.per_minute, 1, _MOST_PER_MINUTE)
        _within("keep_questions_days", self.keep_questions_days, 0, _MOST_DAYS)
        if not isinstance(self.private_by_default, bool):
            raise SettingsError(
                f"private_by_default is to be true or false, not {self.private_by_default!r}."
            )
        if self.manager_role is not None:
            _within("manager_role", self.manager_role, 1, 2**63 - 1)
        for channel in self.answered_channels:
            _within("answered_channels", channel, 1, 2**63 - 1)


class SettingsChange(TypedDict, total=False):
    """The fields of ``ServerSettings``, of which a change names those that it changes."""

    manager_role: int | None
    answered_channels: frozenset[int]
    private_by_default: bool
    per_minute: int
    keep_questions_days: int


class Servers:
    """The settings of all servers.  May be used from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, guild_id: int) -> ServerSettings:
        """Return a server's settings; what was never set is as it is by default."""
        with self._database.reading() as db:
            return settings_of(db, server_collection(guild_id))

    def change(self, guild_id: int, **changed: Unpack[SettingsChange]) -> ServerSettings:
        """Set the fields given, leave all others, and return the settings as they are now.

        Raises SettingsError, and changes nothing, where a value can't be meant.
        """
        with self._database.writing() as db:
            return _change(db, guild_id, changed)

    def answer_in(self, guild_id: int, channel: int, *, on: bool) -> ServerSettings:
        """Turn one channel's being answered unasked on or off; others that do so do not clash."""
        with self._database.writing() as db:
            channels = settings_of(db, server_collection(guild_id)).answered_channels
            channels = channels | {channel} if on else channels - {channel}
            return _change(db, guild_id, {"answered_channels": channels})

    def mark_left(self, guild_id: int, when: int) -> None:
        """Hide a server's data from now on; of several calls the first time counts."""
        with self._database.writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO departures (collection, guild, since) VALUES (?, ?, ?)",
                (server_collection(guild_id), guild_id, when),
            )

    def mark_joined(self, guild_id: int, now: int) -> bool:
        """Show a server's data again, and return whether it may be shown.

        After the 30 days it stays hidden, since its deletion was promised: the caller is to
        erase the collection, which ends the hiding too.
        """
        with self._database.writing() as db:
            db.execute(
                "DELETE FROM departures WHERE collection = ? AND since >= ?",
                (server_collection(guild_id), now - DEPARTURE_RETENTION),
            )
            return not _is_hidden(db, server_collection(guild_id))

    def is_hidden(self, guild_id: int) -> bool:
        """Say whether the bot has left, so that nothing of the server may be shown."""
        with self._database.reading() as db:
            return _is_hidden(db, server_collection(guild_id))

    def known(self) -> list[int]:
        """Return the servers of which anything is stored, hidden or not."""
        rows = self._database.read(
            "SELECT name FROM collections c"
            " WHERE EXISTS (SELECT 1 FROM articles WHERE collection = c.key)"
            " UNION SELECT collection FROM settings UNION SELECT collection FROM answers"
            " UNION SELECT collection FROM searches"
            " UNION SELECT collection FROM jobs UNION SELECT collection FROM departures"
        )
        names = (str(row["name"]) for row in rows)
        return sorted(server for n in names if (server := server_of(n)) is not None)

    def expired(self, now: int) -> list[int]:
        """Return the servers that were left over 30 days ago, whose collections are to go."""
        rows = self._database.read(
            "SELECT guild FROM departures WHERE since < ? ORDER BY since, guild",
            (now - DEPARTURE_RETENTION,),
        )
        return [int(row["guild"]) for row in rows]


def settings_of(db: Transaction, collection: str) -> ServerSettings:
    """Return the settings that hold for a collection, inside a transaction."""
    rows = db.execute("SELECT name, value FROM settings WHERE collection = ?", (collection,))
    known = {field.name for field in fields(ServerSettings)}
    stored = {row["name"]: json.loads(row["value"]) for row in rows if row["name"] in known}
    if "answered_channels" in stored:
        stored["answered_channels"] = frozenset(stored["answered_channels"])
    return ServerSettings(**stored)


def _change(
    db: Transaction, guild_id: int, changed: SettingsChange | Mapping[str, Any]
) -> ServerSettings:
    collection = server_collection(guild_id)
    settings = replace(settings_of(db, collection), **changed)
    values = asdict(settings)
    db.executemany(
        "INSERT OR REPLACE INTO settings (collection, name, value) VALUES (?, ?, ?)",
        [(collection, name, json.dumps(_plain(values[name]))) for name in changed],
    )
    return settings


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, Collection) else value


def _is_hidden(db: Transaction, collection: str) -> bool:
    found = db.execute("SELECT 1 FROM departures WHERE collection = ?", (collection,))
    return found.fetchone() is not None


def _within(name: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise SettingsError(
            f"{name} is to be a whole number from {least} to {most}, not {value!r}."
        )
