"""Whose library a question sees, and who manages it."""

from __future__ import annotations

from typing import Any

import discord

from bot.errors import NotAllowedError
from index.collection_names import is_personal, server_collection, user_collection
from index.store.answers import StoredAnswer
from index.store.servers import ServerSettings


def collection_of(interaction: discord.Interaction[Any]) -> str:
    """Return the collection an interaction is about.

    That of the server only where the bot itself is installed there; somebody who brings the
    bot along as a user install, or writes to it directly, has a collection of their own.
    """
    if interaction.guild_id is not None and interaction.is_guild_integration():
        return server_collection(interaction.guild_id)
    return user_collection(interaction.user.id)


def guild_of_message(message: discord.Message) -> int | None:
    """Return the server that a message was written on, None for a direct message.

    One that Discord has not told of yet, as right after joining, counts as well.
    """
    if message.guild is not None:
        return message.guild.id
    channel = message.channel
    return channel.guild_id if isinstance(channel, discord.PartialMessageable) else None


def collection_of_message(message: discord.Message) -> str:
    """Return the collection a message's question is about."""
    guild = guild_of_message(message)
    return user_collection(message.author.id) if guild is None else server_collection(guild)


def is_manager(interaction: discord.Interaction[Any], settings: ServerSettings) -> bool:
    """Say whether someone manages the collection that this interaction is about.

    A server's belongs to those who manage the server and to its manager role; a person's own
    to that person.  Who is timed out manages nothing: Discord takes the permission away, but not
    the role.
    """
    if is_personal(collection_of(interaction)):
        return True
    if interaction.permissions.manage_guild:
        return True
    member = interaction.user
    if not isinstance(member, discord.Member) or member.is_timed_out():
        return False
    return settings.manager_role in {role.id for role in member.roles}


def require_manager(interaction: discord.Interaction[Any], settings: ServerSettings) -> None:
    """Raise NotAllowedError for those who may not; checked here whatever Discord was told."""
    if not is_manager(interaction, settings):
        raise NotAllowedError(
            "Only those who manage this server, or have the role set in /settings, can do that."
        )


def private_unless_chosen(interaction: discord.Interaction[Any], settings: ServerSettings) -> bool:
    """Say who sees an answer where the asker has not chosen.

    What comes from somebody's own library is not for a server, or for a group that they write
    in, to see unless they say so; alone with the bot they are only in its direct messages.
    """
    own = is_personal(collection_of(interaction))
    return settings.private_by_default or (own and not interaction.context.dm_channel)


def may_see(stored: StoredAnswer, person: int) -> bool:
    """Say whether somebody may see an answer: a private one is its asker's, until shared."""
    return not stored.private or is_shared(stored) or stored.asker in (None, person)


def is_shared(stored: StoredAnswer) -> bool:
    """Say whether a private answer has been shown to everybody."""
    return stored.private and stored.reply_message is not None
