"""Turns what a test passes to a command into the options and resolved data that Discord sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import people
from .acts import NotOffered

if TYPE_CHECKING:
    from .channels import Channel
    from .messages import File
    from .people import Json, User

SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
PLAIN: dict[int, Any] = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}


def fill(
    channel: Channel,
    command: Json,
    path: list[str],
    given: dict[str, Any],
    *,
    typing: bool,
) -> Json:
    """Return the `options` and `resolved` of an interaction's data."""
    declared = command.get("options") or []
    wrappers = []
    for step in path:
        option = next((o for o in declared if o["name"] == step), None)
        if option is None or option["type"] not in (SUBCOMMAND, GROUP):
            raise NotOffered(f"/{command['name']} has no subcommand {step!r}")
        wrappers.append(option)
        declared = option.get("options") or []
    resolved: Json = {}
    focused = list(given)[-1] if typing and given else None
    options = _values(channel, declared, given, resolved, focused)
    if not typing:
        _check_required(declared, given)
    for option in reversed(wrappers):
        options = [{"name": option["name"], "type": option["type"], "options": options}]
    data: Json = {"options": options}
    return data | ({"resolved": resolved} if resolved and not typing else {})


def _values(
    channel: Channel,
    declared: list[Json],
    given: dict[str, Any],
    resolved: Json,
    focused: str | None,
) -> list[Json]:
    by_name = {o["name"]: o for o in declared}
    options = []
    for name, value in given.items():
        option = by_name.get(name)
        if option is None:
            raise NotOffered(f"no option {name!r}; there are {sorted(by_name)}")
        entry = {"name": name, "type": option["type"]}
        if name == focused:
            if not option.get("autocomplete"):
                raise NotOffered(f"{name!r} doesn't autocomplete")
            options.append(entry | {"value": value, "focused": True})
        else:
            options.append(entry | {"value": _value(channel, option, value, resolved)})
    return options


def _check_required(declared: list[Json], given: dict[str, Any]) -> None:
    missing = [o["name"] for o in declared if o.get("required") and o["name"] not in given]
    if missing:
        raise NotOffered(f"required options are missing: {missing}")


def _value(channel: Channel, option: Json, value: Any, resolved: Json) -> Any:
    kind = option["type"]
    if kind in PLAIN:
        return _plain(option, value)
    if kind == ATTACHMENT:
        return resolve_file(resolved, value, channel)
    if isinstance(value, people.User):
        resolve_user(resolved, value, channel)
    elif isinstance(value, people.Role):
        resolved.setdefault("roles", {})[str(value.id)] = value.payload()
    else:
        resolve_channel(resolved, value, channel)
    return str(value.id)


def _plain(option: Json, value: Any) -> Any:
    kind = option["type"]
    if not isinstance(value, PLAIN[kind]) or (kind == INTEGER and isinstance(value, bool)):
        raise NotOffered(f"{option['name']} can't be {value!r}")
    choices = option.get("choices")
    if choices and value not in [c["value"] for c in choices]:
        raise NotOffered(f"{option['name']} can't be {value!r}, only one of its choices")
    size = len(value) if isinstance(value, str) else value
    low, high = ("min_length", "max_length") if kind == STRING else ("min_value", "max_value")
    longest = 6000 if kind == STRING else None
    bottom, top = option.get(low), option.get(high) or longest
    if (bottom is not None and size < bottom) or (top is not None and size > top):
        raise NotOffered(f"{option['name']} is out of range: {size}")
    return value


def resolve_file(resolved: Json, file: File, channel: Channel) -> str:
    """Upload a file for an interaction."""
    attachment = channel.discord.store(channel, file.name, file.data, ephemeral=True)
    resolved.setdefault("attachments", {})[str(attachment.id)] = attachment.payload()
    return str(attachment.id)


def resolve_user(resolved: Json, user: User, channel: Channel) -> None:
    """Describe a user, and their membership where there is one."""
    resolved.setdefault("users", {})[str(user.id)] = user.payload()
    member = channel.guild.members.get(user.id) if channel.guild else None
    if member:
        allowed = {"permissions": str(int(channel.permissions_of(user)))}
        described = member.payload(with_user=False) | allowed
        resolved.setdefault("members", {})[str(user.id)] = described


def resolve_channel(resolved: Json, target: Channel, channel: Channel) -> None:
    """Describe a channel, with what the invoking bot may do there."""
    allowed = str(int(target.permissions_of(channel.discord.bot)))
    described = target.payload() | {"permissions": allowed}
    resolved.setdefault("channels", {})[str(target.id)] = described
