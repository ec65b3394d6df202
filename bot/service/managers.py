"""Whose library an interaction is about, looked up and checked anew each time."""

from __future__ import annotations

from dataclasses import dataclass

from bot.service.access import collection_of, is_manager, require_manager
from bot.service.questions import Questions
from bot.wire.delivery import Interaction
from index.collection_names import server_of
from index.errors import PassageError
from index.store.servers import ServerSettings


@dataclass(frozen=True, slots=True)
class Access:
    """Where somebody is: a collection, the settings there, and whether they manage it."""

    collection: str
    settings: ServerSettings
    is_manager: bool

    @property
    def is_server(self) -> bool:
        """Whether the collection is a server's; else it is a person's own."""
        return server_of(self.collection) is not None


async def access_of(questions: Questions, interaction: Interaction) -> Access:
    """Return where somebody is.  Raises PassageError where the bot has left the server."""
    collection = collection_of(interaction)
    settings = await questions.settings(collection)
    return Access(collection, settings, is_manager(interaction, settings))


async def manager_access(questions: Questions, interaction: Interaction) -> Access:
    """Return where a manager is.  Raises NotAllowedError for everybody else."""
    access = await access_of(questions, interaction)
    require_manager(interaction, access.settings)
    return access


async def server_manager_access(questions: Questions, interaction: Interaction) -> Access:
    """Return the server that a manager is on.  Raises PassageError elsewhere."""
    access = await manager_access(questions, interaction)
    if not access.is_server:
        raise PassageError("Settings are for servers that I am installed on; here are none.")
    return access
