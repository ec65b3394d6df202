"""``/help``: what the bot can do, for whoever asks."""

from __future__ import annotations

from bot.cards import help_card
from bot.service.context import CommandTree, Services
from bot.service.managers import access_of
from bot.wire.delivery import Interaction, respond
from bot.wire.in_time import in_time


def add_to(tree: CommandTree, services: Services) -> None:
    """Add the command."""

    @tree.command(name="help", description="Show what I can do")
    async def help_(interaction: Interaction) -> None:
        access = await in_time(interaction, access_of(services.questions, interaction))
        card = help_card(manager=access.is_manager)
        await respond(interaction, card, private=True)
