"""What users do: speak, edit, delete, react, and use commands."""

from __future__ import annotations

import base64
import secrets
import time
from typing import TYPE_CHECKING, Any

from .constants import Intent, InteractionType, Permission

if TYPE_CHECKING:
    from .channels import Channel
    from .interactions import Interaction
    from .messages import File, Message
    from .people import Json, User

GUILD_CONTEXT, BOT_DM, PRIVATE_CHANNEL = 0, 1, 2


class NotOffered(AssertionError):  # noqa: N818 - said by a person, about a client
    """Discord's client would not let this user do that here."""


def say(
    channel: Channel,
    author: User,
    content: str,
    *,
    reply_to: Message | None = None,
    ping: bool = True,
    files: list[File] | None = None,
    message_id: int | None = None,
) -> Message:
    """Create a user's message, and tell the bot."""
    from .mentions import pings
    from .messages import Message

    discord = channel.discord
    message = Message(discord, message_id or discord.ids.next(), channel, author, content)
    if reply_to is not None:
        message.reply_to, message.type = reply_to, 19
    message.attachments = [discord.store(channel, f.name, f.data) for f in files or []]
    message.pings = pings(message, None, reply=ping)
    discord.publish(message)
    return message


def edit(message: Message, content: str) -> None:
    """Change a user's message, and tell the bot."""
    message.content, message.edited = content, time.time()
    message.edits += 1
    message.discord.gateway.message_event("MESSAGE_UPDATE", message)


def delete(message: Message) -> None:
    """Delete a message, and tell the bot."""
    message.deleted = True
    channel = message.channel
    data = {"id": str(message.id), "channel_id": str(channel.id)}
    if channel.guild:
        data["guild_id"] = str(channel.guild.id)
    needs = Intent.GUILD_MESSAGES if channel.guild else Intent.DIRECT_MESSAGES
    if not message.ephemeral and not channel.group:
        discord = message.discord
        discord.gateway.event("MESSAGE_DELETE", data, guild=channel.guild, needs=needs)
    message.discord.notify()


def react(user: User, message: Message, emoji: str) -> None:
    """Add a reaction, and tell the bot."""
    people = message.reactions.setdefault(emoji, [])
    if user in people:
        return
    people.append(user)
    guild = message.channel.guild
    data: Json = {
        "user_id": str(user.id),
        "channel_id": str(message.channel.id),
        "message_id": str(message.id),
        "message_author_id": str(message.author.id),
        "emoji": {"id": None, "name": emoji},
        "burst": False,
        "type": 0,
    }
    if guild:
        data |= {"guild_id": str(guild.id), "member": guild.members[user.id].payload()}
    needs = Intent.GUILD_MESSAGE_REACTIONS if guild else Intent.DIRECT_MESSAGE_REACTIONS
    message.discord.gateway.event("MESSAGE_REACTION_ADD", data, guild=guild, needs=needs)


def slash(
    user: User,
    line: str,
    channel: Channel,
    given: dict[str, Any],
    *,
    force: bool = False,
    typing: bool = False,
    late: float = 0.0,
) -> Interaction:
    """Use a slash command, or with `typing` let the last option be completed.

    To the bot it seems to come `late`, by seconds; it has its three seconds all the same.
    """
    from .options import fill

    name, *path = line.split()
    command = find(user, name, 1, channel, force=force)
    data = fill(channel, command, path, given, typing=typing)
    kind = InteractionType.AUTOCOMPLETE if typing else InteractionType.COMMAND
    return interact(user, channel, kind, data, command=command, late=late)


def context_menu(
    user: User,
    name: str,
    target: Message | User,
    channel: Channel | None,
    *,
    force: bool = False,
) -> Interaction:
    """Use a context-menu command on a message or a user."""
    from .messages import Message
    from .options import resolve_user

    resolved: Json = {}
    if isinstance(target, Message):
        where, kind = target.channel, 3
        if not target.visible_to(user):
            raise NotOffered(f"{user.name} can't see that message")
        resolved["messages"] = {str(target.id): target.payload()}
    else:
        assert channel is not None, "say in which channel the person was clicked"
        where, kind = channel, 2
        resolve_user(resolved, target, channel)
    command = find(user, name, kind, where, force=force)
    data = _named(command) | {"target_id": str(target.id), "resolved": resolved}
    return interact(user, where, InteractionType.COMMAND, data, command=command)


def _named(command: Json) -> Json:
    data = {"id": command["id"], "name": command["name"], "type": command["type"]}
    guild = {"guild_id": command["guild_id"]} if command.get("guild_id") else {}
    return data | guild


def context_of(channel: Channel) -> int:
    """Return the kind of place that a channel is to an interaction."""
    if channel.guild:
        return GUILD_CONTEXT
    return PRIVATE_CHANNEL if channel.group else BOT_DM


def owners_of(user: User, channel: Channel, command: Json | None) -> dict[str, str]:
    """Return who installed the bot, of those that count here."""
    kinds = (command or {}).get("integration_types") or [0]
    owners = {}
    if channel.recipient is not None:
        owners["0"] = "0"
    elif channel.guild is not None and channel.guild.has_bot and (command is None or 0 in kinds):
        owners["0"] = str(channel.guild.id)
    if user.has_installed and (command is None or 1 in kinds):
        owners["1"] = str(user.id)
    return owners


def find(user: User, name: str, kind: int, channel: Channel, *, force: bool = False) -> Json:
    """Return the registered command that this user is offered in this channel."""
    store = channel.discord.commands
    command = store.find(name, kind, channel.guild.id if channel.guild else None)
    if command is None:
        raise NotOffered(f"no command {name!r} of type {kind} is registered")
    reason = why_hidden(user, command, channel)
    if reason and not force:
        raise NotOffered(f"{user.name} isn't offered {name!r} here: {reason}")
    return command


def why_hidden(user: User, command: Json, channel: Channel) -> str | None:
    """Return why Discord's client doesn't show a command, or None where it does."""
    contexts = command.get("contexts")
    if contexts is None and command.get("dm_permission") is False:
        contexts = [GUILD_CONTEXT]
    if contexts is not None and context_of(channel) not in contexts:
        return f"it is for the contexts {contexts}"
    if channel.archived:
        return "the thread is archived"
    owners = owners_of(user, channel, command)
    if not owners:
        return "neither the server nor the user has installed it"
    if channel.guild is None:
        return None if channel.permissions_of(user) else "they aren't there"
    if user.id not in channel.guild.members:
        return "they aren't a member"
    return _why_not_permitted(user, command, channel)


def _why_not_permitted(user: User, command: Json, channel: Channel) -> str | None:
    granted = channel.permissions_of(user)
    if not granted & Permission.USE_APPLICATION_COMMANDS:
        return "they may not use commands here"
    needed = command.get("default_member_permissions")
    if needed is None or granted & Permission.ADMINISTRATOR:
        return None
    missing = int(needed) == 0 or int(needed) & ~granted
    return f"it needs the permissions {needed}" if missing else None


def interact(
    user: User,
    channel: Channel,
    kind: InteractionType,
    data: Json,
    *,
    command: Json | None = None,
    message: Message | None = None,
    parent: Interaction | None = None,
    late: float = 0.0,
) -> Interaction:
    """Create an interaction, and send it to the bot."""
    from .interactions import Interaction

    discord = channel.discord
    named = _named(command) | data if command else data
    origin = parent or (message.interaction if message else None)
    owners = origin.owners if origin else owners_of(user, channel, command)
    interaction = Interaction(
        discord=discord,
        id=discord.ids.ago(late) if late else discord.ids.next(),
        token=interaction_token(),
        type=kind,
        user=user,
        channel=channel,
        data=named,
        owners=owners or owners_of(user, channel, None),
        context=context_of(channel),
        message=message,
        parent=parent,
    )
    interaction.send()
    return interaction


def interaction_token() -> str:
    """Return a token as Discord makes them: recognisable by how it begins."""
    words = f"interaction:{secrets.token_urlsafe(24)}"
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")
