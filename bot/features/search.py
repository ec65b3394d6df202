"""/search: the passages themselves, five a page.

What was found is kept as long as questions are, under the same promises: it is part of what is
kept about a person, it goes when they wish or after some time, and its pages turn after a restart.
Where a server keeps questions 0 days, they turn for 15 minutes, and not after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands

from bot.cards import search_card
from bot.cards.custom_ids import ComponentId
from bot.cards.search import FOUND_A_PAGE
from bot.errors import NotAllowedError
from bot.service.access import collection_of, private_unless_chosen
from bot.service.article_names import MOST_CHOICES, offered, wanted
from bot.service.context import CommandTree, Services
from bot.service.getting_ready import tell_of_wait
from bot.wire.delivery import (
    Interaction,
    defer,
    respond,
    turn,
)
from bot.wire.in_time import begun, is_soon
from index.collection_names import SHARED, visible
from index.errors import PassageError, UnknownArticleError
from index.records import Ranked
from index.store.answers import Scores, new_id
from index.store.entries import Entry
from index.store.searches import Search

PAGES = 5
"""Pages that a search has at the most."""

_OLD = "This search is no longer kept. Search again."


def add_to(tree: CommandTree, services: Services) -> None:
    """Add the command, and what its buttons do."""
    searches = Searches(services)
    services.components.on(searches.turn, "sprev", "snext", "sat")

    @tree.command(name="search", description="Search the library's passages")
    @app_commands.describe(query="What to look for", article="The article to look in")
    async def search(interaction: Interaction, query: str, article: str | None = None) -> None:
        await searches.search(interaction, query, article)

    @search.autocomplete("article")
    async def titles(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await searches.titles(interaction, typed)


class Searches:
    """Searches and their pages."""

    def __init__(self, services: Services) -> None:
        self._engine = services.engine
        self._questions = services.questions

    async def search(self, interaction: Interaction, query: str, article: str | None) -> None:
        """Show the first page of what is found."""
        if not query.strip():
            raise PassageError("The search is empty; say what to look for.")
        with self._questions.underway():
            collection = collection_of(interaction)
            admitted = begun(self._questions.admit(collection, interaction.user.id))
            # As for a question: where the settings can't be read in time, nobody else sees it.
            private = not await is_soon(interaction, admitted)
            if private:
                await defer(interaction, private=True)
            settings = await admitted
            private = private or private_unless_chosen(interaction, settings)
            work = begun(self._found(interaction, query, article, private=private))
            if not await is_soon(interaction, work) and not interaction.response.is_done():
                await defer(interaction, private=private)
            await tell_of_wait(self._questions, interaction, work, private=private)
            await respond(interaction, await work, private=private)

    async def turn(self, interaction: Interaction, press: ComponentId) -> None:
        """Show another page."""
        collection = collection_of(interaction)
        await self._questions.settings(collection)
        search, card = await self._engine.call(self._page, press, collection, interaction.user.id)
        await turn(interaction, card, private=search.private)

    async def titles(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the titles of articles that somebody may search."""
        collection = collection_of(interaction)
        try:
            await self._questions.settings(collection)
        except NotAllowedError:
            return []
        found = await self._engine.call(self._offered, collection, typed)
        return [app_commands.Choice(name=name, value=value) for name, value in found]

    async def _found(
        self, interaction: Interaction, query: str, name: str | None, *, private: bool
    ) -> discord.ui.LayoutView:
        collection = collection_of(interaction)
        article = None if name is None else await self._engine.call(self._meant, collection, name)
        places, within = visible(collection), None
        if article is not None:
            places, within = tuple(dict.fromkeys((article[0], *places))), article[1].id
        found = await self._engine.search(query, places, PAGES * FOUND_A_PAGE, within)
        search = Search(
            id=new_id(),
            collection=collection,
            asker=interaction.user.id,
            query=query,
            article=article[1].title if article else None,
            private=private,
            asked=self._engine.now,
            passages=tuple(map(Scores.of, found)),
        )
        return await self._engine.call(self._store, search, found)

    def _store(self, search: Search, found: Sequence[Ranked]) -> discord.ui.LayoutView:
        self._engine.searches.record(search)
        return search_card(search.query, found, key=search.id, article=search.article)

    def _page(
        self, press: ComponentId, collection: str, person: int
    ) -> tuple[Search, discord.ui.LayoutView]:
        search = self._engine.searches.find(press.key, collection)
        if search is None or (search.private and search.asker != person):
            raise PassageError(_OLD)
        library = self._engine.sync.library
        still = library.passages([scores.passage for scores in search.passages])
        card = search_card(
            search.query,
            search.ranked(still),
            key=search.id,
            page=press.number,
            article=search.article,
        )
        return search, card

    def _meant(self, collection: str, name: str) -> tuple[str, Entry]:
        """Return the article that is meant, from somebody's own library or everybody's."""
        library = self._engine.sync.library
        try:
            return collection, wanted(library, collection, name)
        except UnknownArticleError:
            return SHARED, wanted(library, SHARED, name)

    def _offered(self, collection: str, typed: str) -> list[tuple[str, str]]:
        library = self._engine.sync.library
        found = [one for name in visible(collection) for one in offered(library, name, typed)]
        return found[:MOST_CHOICES]
