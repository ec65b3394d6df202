"""``/help``: what the bot can do, for whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards import help_card
from bot.service.managers import place_of
from bot.wire.delivery import Interaction, respond
from bot.wire.in_time import in_time

if TYPE_CHECKING:
    from bot.client import PassageBot


def add_to(bot: PassageBot) -> None:
    """Add the command."""

    @bot.tree.command(name="help", description="Show what I can do")
    async def help_(interaction: Interaction) -> None:
        place = await in_time(interaction, place_of(bot, interaction))
        card = help_card(manager=place.keeper)
        await respond(interaction, card, private=True)
