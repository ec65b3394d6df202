"""Routes of application commands, and the store behind them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .command_rules import check_commands
from .refusals import Refused, need, unknown
from .rest import Call, route

if TYPE_CHECKING:
    from .people import Json
    from .server import Discord

COMMANDS = "/applications/{application_id}/commands"
GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"
CREATES_PER_DAY = 200


@dataclass
class Commands:
    """The registered commands: the global ones, and those of single guilds."""

    discord: Discord
    by_scope: dict[int | None, list[Json]] = field(default_factory=dict)
    syncs: list[tuple[int | None, list[str]]] = field(default_factory=list)
    creates: dict[int | None, int] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of the global commands."""
        return [c["name"] for c in self.by_scope.get(None, [])]

    def find(self, name: str, kind: int, guild_id: int | None) -> Json | None:
        """Return the command that Discord would offer by this name; a guild's own comes first."""
        for scope in dict.fromkeys((guild_id, None)):
            for command in self.by_scope.get(scope, []):
                if command["name"] == name and command["type"] == kind:
                    return command
        return None

    def replace(self, scope: int | None, bodies: list[Json]) -> list[Json]:
        """Register these instead of whatever was there; equal names keep their ids."""
        self.syncs.append((scope, [b["name"] for b in bodies]))
        old = {(c["type"], c["name"]): c for c in self.by_scope.get(scope, [])}
        fresh = [b for b in bodies if (b.get("type") or 1, b["name"]) not in old]
        self._count_creates(scope, len(fresh))
        check_commands(bodies)
        self.by_scope[scope] = [
            self._complete(scope, b, old.get((b.get("type") or 1, b["name"]))) for b in bodies
        ]
        return self.by_scope[scope]

    def _count_creates(self, scope: int | None, number: int) -> None:
        self.creates[scope] = self.creates.get(scope, 0) + number
        if self.creates[scope] > CREATES_PER_DAY:
            raise Refused(400, 30034, rule="command")

    def _complete(self, scope: int | None, body: Json, old: Json | None) -> Json:
        permissions = body.get("default_member_permissions")
        in_guild = {} if scope is None else {"guild_id": str(scope)}
        return {
            "description": "",
            "options": [],
            "nsfw": False,
            "contexts": None,
            "integration_types": [0],
            **copy.deepcopy({k: v for k, v in body.items() if v is not None}),
            "id": old["id"] if old else str(self.discord.ids.next()),
            "application_id": str(self.discord.application.id),
            "version": str(self.discord.ids.next()),
            "type": body.get("type") or 1,
            "default_member_permissions": None if permissions is None else str(permissions),
            "dm_permission": body.get("dm_permission", True),
            **in_guild,
        }


def _scope(call: Call) -> int | None:
    own = str(call.discord.application.id)
    need(call.params["application_id"] == own, "path", "not the bot's own application")
    if "guild_id" not in call.params:
        return None
    guild = call.discord.world.guilds.get(call.id("guild_id"))
    if guild is None or not guild.has_bot:
        raise Refused(403, 50001, rule="permission")
    return guild.id


@route("GET", COMMANDS)
@route("GET", GUILD_COMMANDS)
def list_commands(call: Call) -> Any:
    """List the registered commands."""
    return call.discord.commands.by_scope.get(_scope(call), [])


@route("PUT", COMMANDS)
@route("PUT", GUILD_COMMANDS)
def replace_commands(call: Call) -> Any:
    """Register a whole set."""
    need(isinstance(call.body, list), "command", "a list of commands was expected")
    return call.discord.commands.replace(_scope(call), call.body)


@route("POST", COMMANDS)
@route("POST", GUILD_COMMANDS)
def add_command(call: Call) -> Any:
    """Register one command, replacing its namesake."""
    store, scope, body = call.discord.commands, _scope(call), call.json
    key = (body.get("type") or 1, body.get("name"))
    others = [c for c in store.by_scope.get(scope, []) if (c["type"], c["name"]) != key]
    same = [c for c in store.by_scope.get(scope, []) if (c["type"], c["name"]) == key]
    check_commands([*others, body])
    if not same:
        store._count_creates(scope, 1)
    made = store._complete(scope, body, same[0] if same else None)
    store.by_scope[scope] = [*others, made]
    return made


def _command(call: Call) -> Json:
    for command in call.discord.commands.by_scope.get(_scope(call), []):
        if command["id"] == call.params["command_id"]:
            return command
    raise unknown(10063)


@route("GET", COMMANDS + "/{command_id}")
@route("GET", GUILD_COMMANDS + "/{command_id}")
def get_command(call: Call) -> Any:
    """Read one command."""
    return _command(call)


@route("PATCH", COMMANDS + "/{command_id}")
@route("PATCH", GUILD_COMMANDS + "/{command_id}")
def change_command(call: Call) -> Any:
    """Change one command."""
    command = _command(call)
    merged = command | call.json
    scope = _scope(call)
    others = [c for c in call.discord.commands.by_scope[scope] if c is not command]
    check_commands([*others, merged])
    command.update(call.discord.commands._complete(scope, merged, command))
    return command


@route("DELETE", COMMANDS + "/{command_id}")
@route("DELETE", GUILD_COMMANDS + "/{command_id}")
def delete_command(call: Call) -> None:
    """Remove one command."""
    call.discord.commands.by_scope[_scope(call)].remove(_command(call))
