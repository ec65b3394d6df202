"""/search: the passages themselves, five a page.

What was found is kept like an answer, under the same promises: it is part of what is kept
about a person, it goes when they wish or after some time, and its pages turn after a restart.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.access import collection_of, may_see, private_unless_chosen, visible
from bot.articles import MOST_CHOICES, offered, wanted
from bot.ask import AT_ONCE, begun
from bot.cards import search_card
from bot.cards.library import FOUND_A_PAGE
from bot.custom_ids import Press
from bot.delivery import Interaction, defer, respond, turn
from bot.failures import NotAllowedError
from index.engine import SHARED
from index.errors import PassageError, UnknownArticleError, UnwritableError
from index.journal import Kept, new_id
from index.library import Entry
from index.records import Answer, Timing

if TYPE_CHECKING:
    from bot.client import PassageBot

PAGES = 5
"""Pages that a search has at the most."""

_OLD = "This search is no longer kept. Search again."


def add_to(bot: PassageBot) -> None:
    """Add the command, and what its buttons do."""
    searches = Searches(bot)
    bot.presses.on(searches.turn, "sprev", "snext", "sat")

    @bot.tree.command(name="search", description="Search the library's passages")
    @app_commands.describe(query="What to look for", article="The article to look in")
    async def search(interaction: Interaction, query: str, article: str | None = None) -> None:
        await searches.search(interaction, query, article)

    @search.autocomplete("article")
    async def titles(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await searches.titles(interaction, typed)


class Searches:
    """Searches and their pages."""

    def __init__(self, bot: PassageBot) -> None:
        self._desk = bot.desk
        self._questions = bot.questions

    async def search(self, interaction: Interaction, query: str, article: str | None) -> None:
        """Show the first page of what is found."""
        if not query.strip():
            raise PassageError("The search is empty; say what to look for.")
        with self._questions.underway():
            collection = collection_of(interaction)
            settings = await self._questions.admit(collection, interaction.user.id)
            private = private_unless_chosen(interaction, settings)
            work = begun(self._found(interaction, query, article, private=private))
            await asyncio.wait({work}, timeout=AT_ONCE)
            if not work.done():
                await defer(interaction, private=private)
            key, card = await work
            shown = await respond(interaction, card, private=private)
            if shown is not None and not private:
                await self._questions.shown(key, interaction.channel_id or 0, shown)

    async def turn(self, interaction: Interaction, press: Press) -> None:
        """Show another page."""
        collection = collection_of(interaction)
        await self._questions.settings(collection)
        kept, card = await self._desk.call(self._page, press, collection, interaction.user.id)
        await turn(interaction, card, private=kept.private)

    async def titles(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the titles of articles that somebody may search."""
        collection = collection_of(interaction)
        try:
            await self._questions.settings(collection)
        except NotAllowedError:
            return []
        found = await self._desk.call(self._offered, collection, typed)
        return [app_commands.Choice(name=name, value=value) for name, value in found]

    async def _found(
        self, interaction: Interaction, query: str, name: str | None, *, private: bool
    ) -> tuple[str, discord.ui.LayoutView]:
        collection = collection_of(interaction)
        article = None if name is None else await self._desk.call(self._meant, collection, name)
        places, within = visible(collection), None
        if article is not None:
            places, within = tuple(dict.fromkeys((article[0], *places))), article[1].id
        found = await self._desk.search(query, places, PAGES * FOUND_A_PAGE, within)
        answer = Answer(
            question=query,
            state="answer",  # a search is nothing that was asked in vain
            confidence=1.0,
            reason=article[1].title if article else "",
            quote=None,
            passages=found,
            timing=Timing(0.0, 0.0, 0.0, 0.0),
        )
        return await self._desk.call(self._keep, interaction, answer, private=private)

    def _keep(
        self, interaction: Interaction, answer: Answer, *, private: bool
    ) -> tuple[str, discord.ui.LayoutView]:
        try:
            key = self._desk.journal.record(
                answer,
                collection=collection_of(interaction),
                asker=interaction.user.id,
                channel=interaction.channel_id or 0,
                message=interaction.id,
                private=private,
                now=self._desk.now,
            )
        except UnwritableError:
            key = new_id()  # what was found is shown all the same; its pages are not kept
        article = answer.reason or None
        return key, search_card(answer.question, answer.passages, key=key, article=article)

    def _page(
        self, press: Press, collection: str, person: int
    ) -> tuple[Kept, discord.ui.LayoutView]:
        kept = self._desk.journal.find(press.key, collection)
        if kept is None or not may_see(kept, person):
            raise PassageError(_OLD)
        library = self._desk.engine.library
        still = library.passages([scores.passage for scores in kept.passages])
        card = search_card(
            kept.question or "",
            [one for one in kept.ranked(still) if one is not None],
            key=kept.id,
            page=press.number,
            article=kept.reason or None,
        )
        return kept, card

    def _meant(self, collection: str, name: str) -> tuple[str, Entry]:
        """Return the article that is meant, from somebody's own library or everybody's."""
        library = self._desk.engine.library
        try:
            return collection, wanted(library, collection, name)
        except UnknownArticleError:
            return SHARED, wanted(library, SHARED, name)

    def _offered(self, collection: str, typed: str) -> list[tuple[str, str]]:
        library = self._desk.engine.library
        found = [one for name in visible(collection) for one in offered(library, name, typed)]
        return found[:MOST_CHOICES]
