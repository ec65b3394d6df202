"""Messages by their ids, for those who never hold the client."""

from __future__ import annotations

import discord


class Messenger:
    """The bot's own account and messages, through the client that it is bound to."""

    def __init__(self) -> None:
        self._client: discord.Client | None = None

    def bind(self, client: discord.Client) -> None:
        """Speak through a client, from now on."""
        self._client = client

    @property
    def user(self) -> discord.ClientUser | None:
        """The bot's account, None before Discord has told it."""
        return self._bound.user

    def message(self, channel: int, message: int) -> discord.PartialMessage:
        """Return a message to edit or delete, which isn't fetched."""
        return self._bound.get_partial_messageable(channel).get_partial_message(message)

    async def direct(self, person: int) -> discord.DMChannel:
        """Return the channel of direct messages to somebody, opened if need be."""
        return await self._bound.create_dm(discord.Object(person))

    @property
    def _bound(self) -> discord.Client:
        if self._client is None:
            raise RuntimeError("the messenger is bound to no client")
        return self._client
