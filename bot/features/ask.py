"""Asking by a command: /ask, and "Answer this" on any message."""

from __future__ import annotations

from typing import TypeVar

import discord
from discord import app_commands

from bot.service.access import collection_of, private_unless_chosen
from bot.service.context import CommandTree, Services
from bot.service.getting_ready import tell_of_wait
from bot.service.questions import Question, Questions
from bot.wire.delivery import (
    Interaction,
    defer,
    respond,
)
from bot.wire.in_time import begun, is_soon, time_is_left
from index.errors import PassageError

T = TypeVar("T")


_EMPTY = "The question is empty; ask something."
_NO_TEXT = "There is no text in that message that I could answer."


def add_to(tree: CommandTree, services: Services) -> None:
    """Add the commands."""
    questions = services.questions

    @tree.command(name="ask", description="Ask the library a question")
    @app_commands.describe(
        question="What you want to know", private="Whether only you see the answer"
    )
    async def ask(interaction: Interaction, question: str, private: bool | None = None) -> None:
        if not question.strip():
            raise PassageError(_EMPTY)
        await answer(questions, interaction, question, private=private)

    @tree.context_menu(name="Answer this")
    async def answer_this(interaction: Interaction, message: discord.Message) -> None:
        if not message.content.strip():
            raise PassageError(_NO_TEXT)
        await answer(questions, interaction, message.content, private=True)


async def answer(
    questions: Questions, interaction: Interaction, text: str, *, private: bool | None
) -> None:
    """Answer a question, at once where that is possible, else after a promise.

    What comes late is promised an answer before anything else; no promise waits for its turn.
    """
    collection = collection_of(interaction)
    with questions.underway():
        admitted = begun(questions.admit(collection, interaction.user.id))
        if not await is_soon(interaction, admitted):
            # Where the settings can't be read in time, it is safer that nobody else sees it.
            private = private is not False
            await defer(interaction, private=private)
        settings = await admitted
        question = Question(
            text=text,
            collection=collection,
            person=interaction.user.id,
            channel=interaction.channel_id or 0,
            message=interaction.id,
            private=private_unless_chosen(interaction, settings) if private is None else private,
        )
        answered = begun(questions.answer(question))
        if not await is_soon(interaction, answered) and not interaction.response.is_done():
            await defer(interaction, private=question.private)
        await tell_of_wait(questions, interaction, answered, private=question.private)
        given = await answered
        if interaction.response.is_done() or time_is_left(interaction):
            await questions.pace()
        shown = await respond(interaction, given.card, private=question.private)
        if shown is not None and not question.private:
            await questions.shown(given.id, question.channel, shown)
