"""``/why``: the ranks and scores behind an answer."""

from __future__ import annotations

from discord import app_commands

from bot.cards import why_card
from bot.service.context import CommandTree, Services
from bot.service.managers import manager_access
from bot.wire.delivery import Interaction, defer, respond
from bot.wire.in_time import in_time
from index.collection_names import visible

_LONGEST = 1_000  # characters of a question


def add_to(tree: CommandTree, services: Services) -> None:
    """Add the command."""

    @tree.command(description="Show the ranks and scores behind the answer to a question")
    @app_commands.describe(question="The question")
    @app_commands.default_permissions(manage_guild=True)
    async def why(interaction: Interaction, question: app_commands.Range[str, 1, _LONGEST]) -> None:
        access = await in_time(interaction, manager_access(services.questions, interaction))
        admitted = services.questions.admit(access.collection, interaction.user.id)
        await in_time(interaction, admitted)
        with services.questions.underway():
            await defer(interaction, private=True)
            answer = await services.engine.ask(question, visible(access.collection))
            await respond(interaction, why_card(answer), private=True)
