"""The documented limits of application commands."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Any

from .refusals import Refused, length, need

Json = dict[str, Any]
RULE = "command"
SUBCOMMAND, GROUP = 1, 2
MOST = {1: 100, 2: 15, 3: 15}
LONGEST = 8000
WITH_CHOICES = frozenset({3, 4, 10})


def check_commands(commands: list[Json]) -> None:
    """Refuse a set of commands that Discord would refuse."""
    counts = Counter(c.get("type") or 1 for c in commands)
    for kind, count in counts.items():
        if count > MOST.get(kind, 1):
            raise Refused(400, 30032, f"{count} commands of type {kind}", rule=RULE)
    names = Counter((c.get("type") or 1, c.get("name")) for c in commands)
    twice = [name for (_, name), n in names.items() if n > 1]
    need(not twice, RULE, f"two commands are named {twice}")
    for command in commands:
        check_command(command)


def check_command(command: Json) -> None:
    """Refuse one command."""
    kind = command.get("type") or 1
    if kind == 1:
        _check_name(command.get("name"))
        length(command.get("description"), 1, 100, RULE, "a description")
        _check_options(command.get("options") or [], depth=0)
    else:
        length(command.get("name"), 1, 32, RULE, "a name")
        need(not command.get("description"), RULE, "a context menu has no description")
        need(not command.get("options"), RULE, "a context menu has no options")
    for name in (command.get("name_localizations") or {}).values():
        length(name, 1, 32, RULE, "a localised name")
    total = _size(command)
    need(total <= LONGEST, RULE, f"/{command['name']} takes {total} characters, at most {LONGEST}")


def _check_name(name: object) -> None:
    text = length(name, 1, 32, RULE, "a name")
    fine = all(c in "-_'" or c.isalnum() or unicodedata.combining(c) for c in text)
    need(fine and text == text.lower(), RULE, f"{text!r} isn't a valid name")


def _check_options(options: list[Json], *, depth: int) -> None:
    need(len(options) <= 25, RULE, f"{len(options)} options, at most 25")
    names = [o.get("name") for o in options]
    need(len(set(names)) == len(names), RULE, f"options share a name: {names}")
    kinds = {o.get("type") for o in options}
    nested = kinds & {SUBCOMMAND, GROUP}
    need(not nested or kinds <= {SUBCOMMAND, GROUP}, RULE, "subcommands stand beside options")
    required = [bool(o.get("required")) for o in options]
    need(required == sorted(required, reverse=True), RULE, "required options come first")
    for option in options:
        _check_name(option.get("name"))
        length(option.get("description"), 1, 100, RULE, "an option's description")
        if option.get("type") in (SUBCOMMAND, GROUP):
            allowed = {0: (SUBCOMMAND, GROUP), 1: (SUBCOMMAND,)}.get(depth, ())
            need(option["type"] in allowed, RULE, "subcommands are nested too deep")
            # What is inside a subcommand are its options, however shallow it stands.
            deeper = 1 if option["type"] == GROUP else 2
            _check_options(option.get("options") or [], depth=deeper)
        else:
            _check_option(option)


def _check_option(option: Json) -> None:
    kind, choices = option.get("type"), option.get("choices") or []
    need(len(choices) <= 25, RULE, f"{len(choices)} choices, at most 25")
    need(not choices or kind in WITH_CHOICES, RULE, f"type {kind} takes no choices")
    need(not (choices and option.get("autocomplete")), RULE, "choices beside autocomplete")
    for choice in choices:
        length(choice.get("name"), 1, 100, RULE, "a choice's name")
        if kind == 3:
            length(choice.get("value"), 1, 100, RULE, "a choice's value")
    low, high = option.get("min_length") or 0, option.get("max_length") or 6000
    need(0 <= low <= high <= 6000, RULE, f"an option of {low} to {high} characters")


def _longest(record: Json, key: str) -> int:
    texts = [record.get(key) or "", *(record.get(f"{key}_localizations") or {}).values()]
    return max(map(len, texts))


def _size(record: Json) -> int:
    """Count names, descriptions and values, the longest localisation of each."""
    size = _longest(record, "name") + _longest(record, "description")
    for choice in record.get("choices") or []:
        size += _longest(choice, "name") + len(str(choice.get("value", "")))
    return size + sum(_size(option) for option in record.get("options") or [])
