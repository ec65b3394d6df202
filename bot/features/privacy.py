"""/privacy: what is kept about somebody, for them to have and to delete."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import discord

from bot.cards import forget_card, privacy_card, sentence_card
from bot.cards.custom_ids import ComponentId
from bot.cards.privacy import export_card
from bot.service.context import CommandTree, Services
from bot.service.managers import access_of
from bot.text.counts import plural
from bot.wire.delivery import (
    Interaction,
    defer,
    promise_turn,
    respond,
    turn,
)
from bot.wire.in_time import in_time
from index.collection_names import user_collection

_NAME = "passage-data.json"


def add_to(tree: CommandTree, services: Services) -> None:
    """Add the command, and what its buttons do."""
    person = Personal(services)
    tree.command(name="privacy", description="See what is kept about you, or delete it")(
        person.show
    )
    services.components.on(person.data, "data")
    services.components.on(person.ask, "forget")
    services.components.on(person.keep, "forgetno")
    services.components.on(person.forget, "forgetyes")


class Personal:
    """What everybody can do about what is kept about themselves, and nobody about others."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, interaction: Interaction) -> None:
        """Say how much is kept."""
        access = await in_time(interaction, access_of(self._services.questions, interaction))
        count = self._services.engine.call(self._services.engine.privacy.count, interaction.user.id)
        held = await in_time(interaction, count)
        card = privacy_card(
            questions=held.questions,
            searches=held.searches,
            ratings=held.feedback,
            articles=held.articles,
            days=access.settings.keep_questions_days,
        )
        await respond(interaction, card, private=True)

    async def data(self, interaction: Interaction, _press: ComponentId) -> None:
        """Hand over everything, as a file."""
        await defer(interaction, private=True)
        stored = await self._stored(interaction)
        name, content = await self._services.engine.call(
            _written, stored, interaction.filesize_limit
        )
        await interaction.edit_original_response(
            view=export_card(name), attachments=[discord.File(io.BytesIO(content), name)]
        )

    async def ask(self, interaction: Interaction, _press: ComponentId) -> None:
        """Ask whether everything is really to go."""
        await respond(interaction, forget_card(), private=True)

    async def keep(self, interaction: Interaction, _press: ComponentId) -> None:
        """Leave everything as it is."""
        card = sentence_card("Everything stays as it is.", tone="plain")
        await turn(interaction, card, private=True)

    async def forget(self, interaction: Interaction, _press: ComponentId) -> None:
        """Delete everything, and what is just being added too."""
        await promise_turn(interaction)
        services, person = self._services, interaction.user.id
        async with services.ingest_queue.pause(user_collection(person)):
            gone = await services.engine.call(services.engine.privacy.forget, person)
            await services.engine.ingest(services.engine.sync.forget_index, user_collection(person))
        told = ", ".join(
            (
                plural(gone.questions, "question"),
                *([plural(gone.searches, "search", "searches")] if gone.searches else []),
                plural(gone.feedback, "rating"),
                plural(gone.articles, "article"),
            )
        )
        card = sentence_card(f"Deleted: {told}. Nothing is kept about you now.", tone="fine")
        await interaction.edit_original_response(view=card)

    async def _stored(self, interaction: Interaction) -> dict[str, Any]:
        return await self._services.engine.call(
            self._services.engine.privacy.export, interaction.user.id
        )


def _written(stored: dict[str, Any], limit: int) -> tuple[str, bytes]:
    """Return a file and its name; packed where it would be too large for Discord.

    Should even that be too large, articles come without their text, which ``/article show``
    and their sources hold.
    """
    content = _json(stored)
    if len(content) <= limit:
        return _NAME, content
    packed = gzip.compress(content)
    if len(packed) <= limit:
        return f"{_NAME}.gz", packed
    articles = [{k: v for k, v in one.items() if k != "text"} for one in stored["articles"]]
    return f"{_NAME}.gz", gzip.compress(_json({**stored, "articles": articles}))


def _json(stored: dict[str, Any]) -> bytes:
    return json.dumps(stored, ensure_ascii=False, indent=2).encode()
