"""``/missed``: what people asked in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands

from bot.cards.missed import missed_card
from bot.service.managers import keepers_place
from bot.wire.delivery import Interaction, respond
from bot.wire.in_time import in_time

if TYPE_CHECKING:
    from bot.client import PassageBot


def add_to(bot: PassageBot) -> None:
    """Add the command."""

    @bot.tree.command(description="Show what people asked in vain")
    @app_commands.default_permissions(manage_guild=True)
    async def missed(interaction: Interaction) -> None:
        place = await in_time(interaction, keepers_place(bot, interaction))
        found = await in_time(
            interaction, bot.desk.call(bot.desk.feedback.in_vain, place.collection)
        )
        card = missed_card(found, days=place.settings.keep_questions_days)
        await respond(interaction, card, private=True)
