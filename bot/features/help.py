"""What keepers and everybody may want to know: /why, /missed, /help, and /privacy beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands

from bot.cards import help_card, why_card
from bot.cards.missed import missed_card
from bot.features import privacy
from bot.service.access import visible
from bot.service.managers import keepers_place, place_of
from bot.wire.delivery import Interaction, defer, respond
from bot.wire.in_time import in_time

if TYPE_CHECKING:
    from bot.client import PassageBot

_LONGEST = 1_000  # characters of a question


def add_to(bot: PassageBot) -> None:
    """Add the commands."""
    _add_why(bot)
    _add_missed(bot)
    _add_help(bot)
    privacy.add_to(bot)


def _add_why(bot: PassageBot) -> None:
    @bot.tree.command(description="Show the ranks and scores behind the answer to a question")
    @app_commands.describe(question="The question")
    @app_commands.default_permissions(manage_guild=True)
    async def why(interaction: Interaction, question: app_commands.Range[str, 1, _LONGEST]) -> None:
        place = await in_time(interaction, keepers_place(bot, interaction))
        admitted = bot.questions.admit(place.collection, interaction.user.id)
        await in_time(interaction, admitted)
        with bot.questions.underway():
            await defer(interaction, private=True)
            answer = await bot.desk.ask(question, visible(place.collection))
            await respond(interaction, why_card(answer), private=True)


def _add_missed(bot: PassageBot) -> None:
    @bot.tree.command(description="Show what people asked in vain")
    @app_commands.default_permissions(manage_guild=True)
    async def missed(interaction: Interaction) -> None:
        place = await in_time(interaction, keepers_place(bot, interaction))
        found = await in_time(
            interaction, bot.desk.call(bot.desk.feedback.in_vain, place.collection)
        )
        card = missed_card(found, days=place.settings.keep_questions_days)
        await respond(interaction, card, private=True)


def _add_help(bot: PassageBot) -> None:
    @bot.tree.command(name="help", description="Show what I can do")
    async def help_(interaction: Interaction) -> None:
        place = await in_time(interaction, place_of(bot, interaction))
        card = help_card(manager=place.keeper)
        await respond(interaction, card, private=True)
