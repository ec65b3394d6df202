"""The documented limits of a message, whichever way it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .component_rules import check_message_components
from .constants import Flag
from .refusals import Refused, length, need

if TYPE_CHECKING:
    from collections.abc import Set

Json = dict[str, Any]
RULE = "message"
SENDABLE = Flag.SUPPRESS_EMBEDS | Flag.EPHEMERAL | Flag.SUPPRESS_NOTIFICATIONS | Flag.COMPONENTS_V2
EMBED_PARTS = {"title": 256, "description": 4096}
BESIDE_V2 = ("content", "embeds", "poll", "sticker_ids")


def check_message(body: Json, flags: Flag, files: Set[str], *, complete: bool) -> None:
    """Refuse a message that breaks a limit; `complete` for a new one, which can't be empty."""
    if body.get("content"):
        length(body["content"], 0, 2000, RULE, "content")
    need(not flags & ~SENDABLE, RULE, f"flags {int(flags & ~SENDABLE)} can't be set")
    check_embeds(body.get("embeds") or [])
    check_allowed_mentions(body.get("allowed_mentions"))
    v2 = bool(flags & Flag.COMPONENTS_V2)
    if v2:
        beside = [key for key in BESIDE_V2 if body.get(key)]
        need(not beside, RULE, f"Components V2 leave no room for {', '.join(beside)}")
    components = body.get("components") or []
    check_message_components(components, v2=v2, files=files)
    if complete:
        _check_not_empty(body, files, v2=v2)


def _check_not_empty(body: Json, files: Set[str], *, v2: bool) -> None:
    spoken = (body.get("content") or "").strip()
    parts = [body.get("components")]
    if not v2:
        parts += [spoken, body.get("embeds"), body.get("sticker_ids"), body.get("poll"), files]
    if not any(parts):
        raise Refused(400, 50006, rule=RULE)


def check_allowed_mentions(allowed: Json | None) -> None:
    """Refuse lists that are too long, or that contradict `parse`."""
    for kind in ("users", "roles"):
        listed = (allowed or {}).get(kind) or []
        need(len(listed) <= 100, RULE, f"{len(listed)} {kind} in allowed_mentions, at most 100")
        both = listed and kind in ((allowed or {}).get("parse") or [])
        need(not both, RULE, f"allowed_mentions parses {kind} and lists them too")


def check_embeds(embeds: list[Json]) -> None:
    """Refuse embeds that are too many or too long."""
    need(len(embeds) <= 10, "embeds", f"{len(embeds)} embeds, at most 10")
    total = sum(_check_embed(embed) for embed in embeds)
    need(total <= 6000, "embeds", f"{total} characters in embeds, at most 6000")


def _check_embed(embed: Json) -> int:
    parts = [length(embed.get(k) or "", 0, n, "embeds", k) for k, n in EMBED_PARTS.items()]
    footer, author = embed.get("footer") or {}, embed.get("author") or {}
    parts.append(length(footer.get("text") or "", 0, 2048, "embeds", "footer"))
    parts.append(length(author.get("name") or "", 0, 256, "embeds", "author"))
    fields = embed.get("fields") or []
    need(len(fields) <= 25, "embeds", f"{len(fields)} fields, at most 25")
    for field in fields:
        parts.append(length(field.get("name"), 1, 256, "embeds", "a field's name"))
        parts.append(length(field.get("value"), 1, 1024, "embeds", "a field's value"))
    return sum(map(len, parts))


def check_choices(choices: list[Json]) -> None:
    """Refuse autocomplete choices that are too many or too long."""
    need(len(choices) <= 25, "autocomplete", f"{len(choices)} choices, at most 25")
    for choice in choices:
        length(choice.get("name"), 1, 100, "autocomplete", "a choice's name")
        value = choice.get("value")
        if isinstance(value, str):
            length(value, 1, 100, "autocomplete", "a choice's value")
