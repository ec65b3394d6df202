"""/article: adding to the library, looking at it, and taking out of it."""

from __future__ import annotations

import discord
from discord import app_commands, ui

from bot.cards import article_card, articles_card, remove_card, sentence_card
from bot.cards.custom_ids import ComponentId, build
from bot.errors import NotAllowedError
from bot.service.article_names import offered, take_out, wanted
from bot.service.context import CommandTree, Services
from bot.service.ingest_queue import IngestRequest, pasted
from bot.service.managers import Access, manager_access
from bot.wire.component_router import filled_in
from bot.wire.delivery import (
    Interaction,
    ask_form,
    promise_turn,
    respond,
    turn,
)
from bot.wire.in_time import if_soon, in_time
from index.collection_names import SHARED
from index.errors import PassageError
from index.extract import Limits, is_url
from index.language.dates import parse_date
from index.store.entries import Entry

_OPENING = 3_000  # characters of an article that its card may show
_LONGEST_URL = 2_000
_TITLE = 200


def add_to(tree: CommandTree, services: Services) -> None:
    """Add the commands, and what their buttons and forms do."""
    articles = Articles(services)
    tree.add_command(articles)
    services.components.on(articles.turn, "lprev", "lnext")
    services.components.on(articles.removed, "remove")
    services.components.on(articles.not_removed, "keep")
    services.components.on(articles.was_pasted, "paste")


@app_commands.default_permissions(manage_guild=True)
class Articles(app_commands.Group):
    """The commands of a library's managers."""

    def __init__(self, services: Services) -> None:
        super().__init__(name="article", description="Look after the library's articles")
        self._services = services

    @app_commands.command(description="Add a file or a web page to the library")
    @app_commands.describe(
        file="Text, Markdown, HTML, PDF, DOCX, or JSONL with an article a line",
        url="The address of a web page or file",
    )
    async def add(
        self,
        interaction: Interaction,
        file: discord.Attachment | None = None,
        url: app_commands.Range[str, 1, _LONGEST_URL] | None = None,
    ) -> None:
        """Queue a file or an address."""
        access = await in_time(interaction, manager_access(self._services.questions, interaction))
        if file is not None and url is None:
            _check_size(file, self._services.engine.sync.limits)
            job = IngestRequest("file", file.filename, lambda: _downloaded(file))
        elif url is not None and file is None:
            job = IngestRequest("url", _web_address(url), lambda: _given(_web_address(url)))
        else:
            raise PassageError("Add either a file or the address of a web page, one at a time.")
        await self._services.ingest_queue.accept(interaction, access.collection, job)

    @app_commands.command(description="Add an article by pasting its text")
    async def paste(self, interaction: Interaction) -> None:
        """Open the form for a text; who sends it is checked then in any case."""
        await if_soon(interaction, manager_access(self._services.questions, interaction))
        await ask_form(interaction, PasteForm())

    async def was_pasted(self, interaction: Interaction, _press: ComponentId) -> None:
        """Queue what was typed into the form."""
        access = await in_time(interaction, manager_access(self._services.questions, interaction))
        fields = filled_in(interaction)
        title, text = fields.get("title", "").strip(), fields.get("text", "")
        if not title or not text.strip():
            raise PassageError("An article needs a title and a text.")
        url, day = fields.get("url", "").strip(), fields.get("date", "").strip()
        published = parse_date(day) if day else None
        if day and published is None:
            raise PassageError(f"The date “{day}” can't be read: write it like 2017-09-28.")
        payload = pasted(title, text, _web_address(url) if url else "", published)
        job = IngestRequest("paste", title, lambda: _given(payload))
        await self._services.ingest_queue.accept(interaction, access.collection, job)

    @app_commands.command(name="list", description="List the articles in the library")
    async def list_(self, interaction: Interaction) -> None:
        """Show the first page of the articles."""
        card = await in_time(interaction, self._page(interaction, 0))
        await respond(interaction, card, private=True)

    async def turn(self, interaction: Interaction, press: ComponentId) -> None:
        """Show another page of the articles."""
        card = await in_time(interaction, self._page(interaction, press.number), promise_turn)
        await turn(interaction, card, private=True)

    async def _page(self, interaction: Interaction, page: int) -> ui.LayoutView:
        access = await manager_access(self._services.questions, interaction)
        engine = self._services.engine
        listing = engine.sync.library.listing
        entries = await engine.call(listing.entries, access.collection)
        shared = await engine.call(listing.count, SHARED)
        return articles_card(entries, page=page, shared=shared)

    @app_commands.command(description="Show what is known about an article")
    @app_commands.describe(article="Its title")
    async def show(self, interaction: Interaction, article: str) -> None:
        """Show an article's details and how it begins."""
        card = await in_time(interaction, self._shown(interaction, article))
        await respond(interaction, card, private=True)

    async def _shown(self, interaction: Interaction, article: str) -> ui.LayoutView:
        access, entry = await self._wanted(interaction, article)
        engine = self._services.engine
        whole = await engine.call(engine.sync.library.article, access.collection, entry.id)
        return article_card(entry, whole.text[:_OPENING])

    async def _wanted(self, interaction: Interaction, article: str) -> tuple[Access, Entry]:
        access = await manager_access(self._services.questions, interaction)
        engine = self._services.engine
        return access, await engine.call(wanted, engine.sync.library, access.collection, article)

    @app_commands.command(description="Remove an article from the library")
    @app_commands.describe(article="Its title")
    async def remove(self, interaction: Interaction, article: str) -> None:
        """Ask whether an article is really to go."""
        _, entry = await in_time(interaction, self._wanted(interaction, article))
        await respond(interaction, remove_card(entry), private=True)

    async def removed(self, interaction: Interaction, press: ComponentId) -> None:
        """Remove the article that was asked about."""
        gone = await in_time(interaction, self._taken_out(interaction, press.key), promise_turn)
        card = (
            sentence_card(f"{gone.title} has been removed from the library.", tone="fine")
            if gone is not None
            else sentence_card("That article is not in the library any more.", tone="warning")
        )
        await turn(interaction, card, private=True)

    async def _taken_out(self, interaction: Interaction, key: str) -> Entry | None:
        access = await manager_access(self._services.questions, interaction)
        engine = self._services.engine
        return await engine.call(take_out, engine.sync.library, access.collection, key)

    async def not_removed(self, interaction: Interaction, _press: ComponentId) -> None:
        """Leave everything as it is."""
        card = sentence_card("The article stays in the library.", tone="plain")
        await turn(interaction, card, private=True)

    @app_commands.command(description="Read web pages again and take over what has changed there")
    @app_commands.describe(article="Its title; leave it out to refresh all that came from the web")
    async def refresh(self, interaction: Interaction, article: str | None = None) -> None:
        """Queue the addresses that articles came from."""
        access, entries = await in_time(interaction, self._refreshed(interaction, article))
        origins = [entry.origin for entry in entries if entry.origin and is_url(entry.origin)]
        if not origins:
            raise PassageError(
                f"{entries[0].title} came as a file or a text: add it again to change it."
                if article is not None
                else "None of the articles here came from the web: add files again to change them."
            )
        addresses = "\n".join(dict.fromkeys(origins))
        name = entries[0].title if article is not None else "Everything from the web"
        job = IngestRequest("url", name, lambda: _given(addresses))
        await self._services.ingest_queue.accept(interaction, access.collection, job)

    async def _refreshed(
        self, interaction: Interaction, article: str | None
    ) -> tuple[Access, list[Entry]]:
        if article is not None:
            access, entry = await self._wanted(interaction, article)
            return access, [entry]
        access = await manager_access(self._services.questions, interaction)
        engine = self._services.engine
        return access, await engine.call(engine.sync.library.listing.entries, access.collection)

    @show.autocomplete("article")
    @remove.autocomplete("article")
    @refresh.autocomplete("article")
    async def titles(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the titles of the library that somebody manages; others are offered none."""
        try:
            access = await manager_access(self._services.questions, interaction)
        except NotAllowedError:
            return []
        engine = self._services.engine
        found = await engine.call(offered, engine.sync.library, access.collection, typed)
        return [app_commands.Choice(name=name, value=value) for name, value in found]


class PasteForm(ui.Modal):
    """The form for an article's text.  It is answered by its custom_id, not by this object."""

    def __init__(self) -> None:
        super().__init__(title="Add an article", custom_id=build("paste"), timeout=None)
        self._field("Title", "title", most=_TITLE)
        self._field("Text", "text", style=discord.TextStyle.paragraph)
        self._field("Address", "url", "Where it can be read on the web", most=_LONGEST_URL)
        self._field("Date", "date", "When it was published, like 2017-09-28", most=40)

    def is_finished(self) -> bool:
        """Return True, so that discord.py doesn't keep it for ever."""
        return True

    def _field(
        self,
        label: str,
        name: str,
        optional: str | None = None,
        *,
        most: int = 4_000,
        style: discord.TextStyle = discord.TextStyle.short,
    ) -> None:
        box: ui.TextInput[PasteForm] = ui.TextInput(
            custom_id=name, style=style, max_length=most, required=optional is None
        )
        self.add_item(ui.Label(text=label, description=optional, component=box))


def _check_size(file: discord.Attachment, limits: Limits) -> None:
    if file.size > limits.max_bytes:
        raise PassageError(
            f"{file.filename} has {file.size / 1_000_000:.3g} MB, and the limit is "
            f"{limits.megabytes()}: split it into smaller files."
        )


def _web_address(url: str) -> str:
    address = url.strip()
    if not address.lower().startswith(("http://", "https://")) or len(address.split()) != 1:
        raise PassageError("That is not a web address: use one that begins with http or https.")
    return address


async def _downloaded(file: discord.Attachment) -> bytes:
    """Return a file's bytes at once: Discord's address of it expires."""
    try:
        return await file.read()
    except discord.HTTPException as error:
        raise PassageError(
            f"{file.filename} could not be had from Discord: attach it again."
        ) from error


async def _given(payload: str | bytes) -> str | bytes:
    return payload
