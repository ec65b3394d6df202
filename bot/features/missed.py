"""``/missed``: what people asked in vain."""

from __future__ import annotations

from discord import app_commands

from bot.cards.missed import missed_card
from bot.service.context import CommandTree, Services
from bot.service.managers import manager_access
from bot.wire.delivery import Interaction, respond
from bot.wire.in_time import in_time


def add_to(tree: CommandTree, services: Services) -> None:
    """Add the command."""

    @tree.command(description="Show what people asked in vain")
    @app_commands.default_permissions(manage_guild=True)
    async def missed(interaction: Interaction) -> None:
        access = await in_time(interaction, manager_access(services.questions, interaction))
        found = await in_time(
            interaction, services.engine.call(services.engine.feedback.in_vain, access.collection)
        )
        card = missed_card(found, days=access.settings.keep_questions_days)
        await respond(interaction, card, private=True)
