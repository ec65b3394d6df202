"""Routes of messages in channels: create, read, edit, delete, react, type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import acts
from .constants import ChannelType, Flag, Intent, Permission
from .refusals import Refused, forbidden, invalid, need, unknown
from .rest import Call, route
from .sending import compose, revise

if TYPE_CHECKING:
    from .channels import Channel
    from .messages import Message

MESSAGES = "/channels/{channel_id}/messages"
REACTIONS = MESSAGES + "/{message_id}/reactions/{emoji}"


def channel_of(call: Call, *needed: Permission) -> Channel:
    """Return the channel of the path, if the bot may do this there."""
    channel = call.discord.world.channels.get(call.id("channel_id"))
    if channel is None:
        raise unknown(10003)
    granted = channel.permissions_of(call.discord.bot)
    if not granted & Permission.VIEW_CHANNEL:
        raise forbidden(50001, f"the bot can't see #{channel.name}")
    for permission in needed:
        if not granted & permission:
            raise forbidden(50013, f"{permission.name} is missing in #{channel.name}")
    return channel


def message_of(call: Call, channel: Channel) -> Message:
    """Return the message of the path; ephemeral ones can't be reached this way."""
    message = call.discord.world.messages.get(call.id("message_id"))
    if message is None or message.deleted or message.channel is not channel:
        raise unknown(10008)
    if message.ephemeral:
        raise Refused(
            404, 10008, "it is ephemeral: use the interaction's webhook", rule="ephemeral"
        )
    return message


def _payload(call: Call, message: Message) -> Any:
    content = bool(call.discord.application.privileged & Intent.MESSAGE_CONTENT)
    return message.payload(for_bot=True, content=content)


@route("POST", MESSAGES)
def create_message(call: Call) -> Any:
    """Send a message."""
    channel = channel_of(call)
    _check_may_send(call, channel)
    body = call.json
    need(not Flag(body.get("flags") or 0) & Flag.EPHEMERAL, "message", "EPHEMERAL is for answers")
    nonce = body.get("nonce")
    if nonce is not None:
        need(len(str(nonce)) <= 25, "message", f"a nonce of {len(str(nonce))} characters")
        earlier = [m for m in channel.messages if m.nonce == nonce and not m.deleted]
        if body.get("enforce_nonce") and earlier:
            return _payload(call, earlier[-1])
    message = compose(call, body, channel, reply_to=_reply_to(call, channel, body))
    message.nonce = nonce
    message.type = 19 if message.reply_to else 0
    call.discord.publish(message)
    return _payload(call, message)


def _check_may_send(call: Call, channel: Channel) -> None:
    granted = channel.permissions_of(call.discord.bot)
    if channel.type == ChannelType.FORUM:
        raise invalid("message", "a forum takes posts, not messages")
    thread = channel.is_thread
    needed = Permission.SEND_MESSAGES_IN_THREADS if thread else Permission.SEND_MESSAGES
    if not granted & needed:
        raise forbidden(50013, f"{needed.name} is missing in #{channel.name}")
    if call.files and not granted & Permission.ATTACH_FILES:
        raise forbidden(50013, f"ATTACH_FILES is missing in #{channel.name}")
    if channel.locked:
        raise Refused(403, 50083, rule="permission")
    if channel.recipient and not channel.recipient.accepts_dms:
        raise Refused(403, 50007)


def _reply_to(call: Call, channel: Channel, body: Any) -> Message | None:
    reference = body.get("message_reference")
    if not reference:
        return None
    if not channel.permissions_of(call.discord.bot) & Permission.READ_MESSAGE_HISTORY:
        raise forbidden(160002)
    origin = call.discord.world.messages.get(int(reference["message_id"]))
    if origin is None or origin.deleted:
        if reference.get("fail_if_not_exists", True):
            raise Refused(400, 50035, "message_reference: Unknown message")
        return None
    need(origin.channel is channel, "message", "a reply goes to the channel of its message")
    return origin


@route("GET", MESSAGES)
def list_messages(call: Call) -> Any:
    """Read the history, newest first."""
    channel = channel_of(call, Permission.READ_MESSAGE_HISTORY)
    limit = int(call.query.get("limit", 50))
    need(1 <= limit <= 100, "message", f"a history of {limit} messages, 1 to 100")
    found = [m for m in channel.messages if not m.deleted and not m.ephemeral]
    if "before" in call.query:
        found = [m for m in found if m.id < int(call.query["before"])]
    if "after" in call.query:
        found = [m for m in found if m.id > int(call.query["after"])][:limit]
    return [_payload(call, m) for m in reversed(found[-limit:])]


@route("GET", MESSAGES + "/{message_id}")
def get_message(call: Call) -> Any:
    """Read one message."""
    channel = channel_of(call, Permission.READ_MESSAGE_HISTORY)
    return _payload(call, message_of(call, channel))


@route("PATCH", MESSAGES + "/{message_id}")
def edit_message(call: Call) -> Any:
    """Change a message of the bot's own."""
    channel = channel_of(call)
    message = message_of(call, channel)
    if message.author is not call.discord.bot:
        raise Refused(403, 50005, rule="author")
    if channel.archived:
        raise Refused(400, 50083, rule="permission")
    revise(call, call.json, message)
    call.discord.gateway.message_event("MESSAGE_UPDATE", message)
    return _payload(call, message)


@route("DELETE", MESSAGES + "/{message_id}")
def delete_message(call: Call) -> None:
    """Delete a message of its own, or with permission another's."""
    channel = channel_of(call)
    message = message_of(call, channel)
    granted = channel.permissions_of(call.discord.bot)
    if message.author is not call.discord.bot and (
        channel.guild is None or not granted & Permission.MANAGE_MESSAGES
    ):
        raise forbidden(50013, "MANAGE_MESSAGES is missing")
    acts.delete(message)


@route("PUT", REACTIONS + "/@me")
def add_reaction(call: Call) -> None:
    """React."""
    channel = channel_of(call, Permission.READ_MESSAGE_HISTORY, Permission.ADD_REACTIONS)
    acts.react(call.discord.bot, message_of(call, channel), call.params["emoji"])


@route("DELETE", REACTIONS + "/@me")
def remove_reaction(call: Call) -> None:
    """Take a reaction back."""
    message = message_of(call, channel_of(call, Permission.READ_MESSAGE_HISTORY))
    people = message.reactions.get(call.params["emoji"], [])
    if call.discord.bot in people:
        people.remove(call.discord.bot)


@route("POST", "/channels/{channel_id}/typing")
def typing(call: Call) -> None:
    """Show the typing indicator."""
    channel = channel_of(call)
    _check_may_send(call, channel)
    channel.typing.append(call.at)


@route("POST", MESSAGES + "/{message_id}/threads")
def thread_from_message(call: Call) -> Any:
    """Open a thread on a message; it shares its id."""
    channel = channel_of(call, Permission.CREATE_PUBLIC_THREADS)
    message = message_of(call, channel)
    thread = channel.thread(call.json["name"], call.discord.bot, thread_id=message.id)
    return thread.payload()


@route("POST", "/channels/{channel_id}/threads")
def thread(call: Call) -> Any:
    """Open a thread, or a forum post with its first message."""
    channel = channel_of(call, Permission.CREATE_PUBLIC_THREADS)
    made = channel.thread(call.json["name"], call.discord.bot)
    if channel.type != ChannelType.FORUM:
        return made.payload()
    message = compose(call, call.json.get("message") or {}, made)
    message.id = made.id
    call.discord.publish(message)
    return made.payload() | {"message": _payload(call, message)}
