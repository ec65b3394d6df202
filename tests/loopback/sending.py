"""Turns a request body into a message, or changes one: what all ways of sending share."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

from .component_rules import number
from .constants import Flag
from .mentions import pings
from .message_rules import check_message
from .messages import Attachment, Message, walk
from .refusals import Refused, Violation, need

if TYPE_CHECKING:
    from .channels import Channel
    from .interactions import Interaction
    from .people import Json
    from .rest import Call

RULE = "message"


def compose(
    call: Call,
    body: Json,
    channel: Channel,
    *,
    interaction: Interaction | None = None,
    reply_to: Message | None = None,
) -> Message:
    """Check a new message of the bot, and create it (without publishing it)."""
    discord = call.discord
    flags = Flag(body.get("flags") or 0)
    check_message(body, flags, attached_names(call, body, []), complete=True)
    message = Message(discord, discord.ids.next(), channel, discord.bot, flags=flags)
    message.reply_to, message.interaction = reply_to, interaction
    if flags & Flag.EPHEMERAL and interaction:
        message.only_for = interaction.user
    _fill(call, message, body)
    _ping(call, message, body, reply=reply_to is not None)
    return message


def revise(call: Call, body: Json, message: Message) -> None:
    """Check a change to a message of the bot, and make it."""
    flags = message.flags
    if body.get("flags") is not None:
        wanted = Flag(body["flags"])
        gone = flags & Flag.COMPONENTS_V2 & ~wanted
        need(not gone, RULE, "IS_COMPONENTS_V2 can't be taken back")
        flags = (flags & Flag.EPHEMERAL) | (wanted & ~Flag.EPHEMERAL)
    kept = _kept(body, message)
    names = attached_names(call, body, kept)
    check_message(body, flags, names, complete=False)
    if flags & Flag.COMPONENTS_V2 and not message.is_v2:
        old = [k for k in ("content", "embeds") if getattr(message, k) and k not in body]
        need(not old, RULE, f"{old} must be cleared when a message turns to Components V2")
    message.flags, message.attachments = flags, kept
    _fill(call, message, body)
    if not any((message.content, message.embeds, message.components, message.attachments)):
        raise Refused(400, 50006, rule=RULE)
    if message.loading:
        message.loading = False  # filling in a deferred answer isn't an edit
    else:
        message.edited = time.time()
        message.edits += 1
    _ping(call, message, body, reply=False)


def attached_names(call: Call, body: Json, kept: list[Attachment]) -> set[str]:
    """Return the names that `attachment://` can mean, checking the uploads on the way."""
    limit = call.discord.limits.file_bytes
    need(len(call.files) <= 10, RULE, f"{len(call.files)} files, at most 10")
    for name, data in call.files.values():
        if len(data) > limit:
            raise Refused(413, 40005, f"{name} has {len(data)} bytes", rule="size")
    declared = {int(a["id"]) for a in body.get("attachments") or []}
    for key in call.files:
        index = int(key.removeprefix("files[").removesuffix("]"))
        listed = not body.get("attachments") or index in declared
        need(listed, RULE, f"{key} isn't listed in attachments")
    return {name for name, _ in call.files.values()} | {a.name for a in kept}


def _kept(body: Json, message: Message) -> list[Attachment]:
    if body.get("attachments") is None:
        return list(message.attachments)
    ids = {int(a["id"]) for a in body["attachments"]}
    return [a for a in message.attachments if a.id in ids]


def _fill(call: Call, message: Message, body: Json) -> None:
    described = {int(a["id"]): a.get("description") for a in body.get("attachments") or []}
    for key, (name, data) in call.files.items():
        index = int(key.removeprefix("files[").removesuffix("]"))
        stored = call.discord.store(message.channel, name, data, ephemeral=message.ephemeral)
        stored.description = described.get(index)
        message.attachments.append(stored)
    if "content" in body:
        message.content = body["content"] or ""
    if "embeds" in body:
        message.embeds = [{"type": "rich", **e} for e in copy.deepcopy(body["embeds"] or [])]
    if "components" in body:
        message.components = number(copy.deepcopy(body["components"] or []))
    _link_media(message)


def _link_media(message: Message) -> None:
    urls = {f"attachment://{a.name}": a.url for a in message.attachments}
    holders: list[Any] = [c.get(k) for c in walk(message.components) for k in ("media", "file")]
    for component in walk(message.components):
        holders += [item.get("media") for item in component.get("items") or []]
    holders += [e.get(k) for e in message.embeds for k in ("image", "thumbnail")]
    for holder in filter(None, holders):
        holder["url"] = urls.get(holder["url"], holder["url"])
        holder.setdefault("proxy_url", holder["url"])


def _ping(call: Call, message: Message, body: Json, *, reply: bool) -> None:
    """Work out whom it pings; doing so because `allowed_mentions` was forgotten is a fault."""
    allowed = body.get("allowed_mentions")
    message.pings = pings(message, allowed, reply=reply)
    if message.pings and allowed is None:
        detail = f"allowed_mentions unset, and {message.text[:80]!r} pings {message.pings}"
        call.discord.violations.append(Violation("ping", detail, call.line))
