"""What the buttons of an answer do, on the day it was given and after any restart."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import discord
from discord import ui

from bot.cards import answer_card, changed_card, neighbours_card, sentence_card
from bot.cards.custom_ids import ComponentId, build
from bot.service.access import collection_of, is_shared, may_see
from bot.service.context import CommandTree, Services
from bot.service.questions import WayOn
from bot.wire.component_router import filled_in
from bot.wire.delivery import (
    Interaction,
    ask_form,
    is_private,
    promise_update,
    respond,
    turn,
)
from bot.wire.in_time import if_soon, in_time
from index.collection_names import is_personal, visible
from index.errors import PassageError
from index.records import Answer, Passage, Ranked, Timing
from index.store.answers import StoredAnswer
from index.store.feedback import MOST_COMMENT, Reason

if TYPE_CHECKING:
    from bot.service.async_engine import AsyncEngine

REASONS: dict[str, Reason] = {
    "wrong": "wrong",
    "outdated": "outdated",
    "other": "not what I asked",
}
"""What a form's choice is stored as."""

_NEIGHBOURS = 1_200  # characters before and after a passage
_NOT_YOURS = "There is nothing for you behind this button: the answer is no longer kept, or was "
_NOT_KEPT = f"{_NOT_YOURS}never yours to see. Ask again."
_THANKS = "Thank you. Those who keep the library will see it."
_NO_VOTES = "Questions are not kept here, so neither are votes; nothing was noted."
_OWN = "This library is your own: add what is missing with /article add."
_SHARED = "This answer has been shared already."


def add_to(_tree: CommandTree, services: Services) -> None:
    """Announce what the buttons do."""
    answers = AnswerButtons(services)
    services.components.on(answers.turn, "prev", "next", "at")
    services.components.on(answers.near, "near")
    services.components.on(answers.good, "good")
    services.components.on(answers.bad, "bad")
    services.components.on(answers.complaint, "complaint")
    services.components.on(answers.share, "share")
    services.components.on(answers.tell, "tell")


@dataclass(frozen=True, slots=True)
class Found:
    """A stored answer with its passages, None for each that has been changed or removed since."""

    stored: StoredAnswer
    passages: tuple[Ranked | None, ...]

    @property
    def answer(self) -> Answer:
        """The answer, as far as it is still there."""
        stored = self.stored
        return Answer(
            question=stored.question or "",
            state=stored.state,
            confidence=stored.confidence,
            reason=stored.reason,
            quote=stored.quote,
            passages=tuple(item for item in self.passages if item is not None),
            timing=Timing(0.0, 0.0, 0.0, 0.0),
        )

    def passage(self, number: int) -> Passage | None:
        """Return a passage by rank, None where it is gone."""
        item = self.passages[number] if number < len(self.passages) else None
        return item.passage if item else None


class AnswerButtons:
    """The buttons below answers.  Each press is checked against whoever presses."""

    def __init__(self, services: Services) -> None:
        self._engine: AsyncEngine = services.engine
        self._questions = services.questions
        self._sharing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def turn(self, interaction: Interaction, press: ComponentId) -> None:
        """Show another passage."""
        private, card = await in_time(interaction, self._page(interaction, press), promise_update)
        await turn(interaction, card, private=private)

    async def near(self, interaction: Interaction, press: ComponentId) -> None:
        """Show the text around a passage, to whoever asked for it."""
        found = await in_time(interaction, self._find(interaction, press))
        passage = found.passage(press.number)
        work = self._engine.call(self._around, passage, found.stored.collection)
        around = await in_time(interaction, work)
        card = changed_card()
        if passage is not None and around is not None:
            card = neighbours_card(passage, *around)
        await respond(interaction, card, private=True)

    async def good(self, interaction: Interaction, press: ComponentId) -> None:
        """Note that an answer helped."""
        await self._vote(interaction, press, helpful=True)

    async def bad(self, interaction: Interaction, press: ComponentId) -> None:
        """Ask what was wrong with an answer."""
        found = await if_soon(interaction, self._find(interaction, press))
        if found is not None and found.passage(press.number) is None:
            await respond(interaction, changed_card(), private=True)
        else:
            await ask_form(interaction, ComplaintForm(press.key, press.number))

    async def complaint(self, interaction: Interaction, press: ComponentId) -> None:
        """Note what was wrong with an answer."""
        fields = filled_in(interaction)
        reason = REASONS.get(fields.get("reason", ""))
        comment = fields.get("comment", "").strip()
        await self._vote(interaction, press, helpful=False, reason=reason, comment=comment)

    async def tell(self, interaction: Interaction, press: ComponentId) -> None:
        """Tell the managers of a library what it lacks."""
        found = await in_time(interaction, self._find(interaction, press))
        if is_personal(found.stored.collection):
            await respond(interaction, sentence_card(_OWN, tone="plain"), private=True)
        else:
            await self._note(interaction, press, helpful=False)

    async def share(self, interaction: Interaction, press: ComponentId) -> None:
        """Show a private answer to everybody, once."""
        lock = self._sharing.setdefault(press.key, asyncio.Lock())
        async with lock:
            found = await in_time(interaction, self._find(interaction, press), promise_update)
            if is_shared(found.stored) or not found.stored.private:
                raise PassageError(_SHARED)
            if found.passages and found.passage(press.number) is None:
                await respond(interaction, changed_card(), private=True)
                return
            work = self._engine.call(self._card, found, press.number, private=False)
            card = await in_time(interaction, work, promise_update)
            shown = await respond(interaction, card, private=False)
            if shown is not None:
                await self._questions.shown(press.key, interaction.channel_id or 0, shown)

    async def _vote(
        self,
        interaction: Interaction,
        press: ComponentId,
        *,
        helpful: bool,
        reason: Reason | None = None,
        comment: str = "",
    ) -> None:
        found = await in_time(interaction, self._find(interaction, press))
        if found.passage(press.number) is None:
            await respond(interaction, changed_card(), private=True)
        else:
            await self._note(interaction, press, helpful=helpful, reason=reason, comment=comment)

    async def _note(
        self,
        interaction: Interaction,
        press: ComponentId,
        *,
        helpful: bool,
        reason: Reason | None = None,
        comment: str = "",
    ) -> None:
        vote = self._engine.call(
            self._engine.feedback.vote,
            press.key,
            collection_of(interaction),
            interaction.user.id,
            helpful=helpful,
            reason=reason,
            comment=comment,
            now=self._engine.now,
        )
        stored = await in_time(interaction, vote)
        card = sentence_card(_THANKS if stored else _NO_VOTES, tone="fine" if stored else "plain")
        await respond(interaction, card, private=True)

    async def _page(
        self, interaction: Interaction, press: ComponentId
    ) -> tuple[bool, discord.ui.LayoutView]:
        """Return a passage's card, and whether nobody else may see it."""
        found = await self._find(interaction, press)
        shared = is_shared(found.stored)
        private = (found.stored.private or is_private(interaction)) and not shared
        card = await self._engine.call(self._card, found, press.number, private=private)
        return found.stored.private and not shared, card

    async def _find(self, interaction: Interaction, press: ComponentId) -> Found:
        """Return the answer a press is about.  Raises PassageError for what is not to be seen."""
        collection = collection_of(interaction)
        await self._questions.settings(collection)
        found = await self._engine.call(self._look_up, press.key, collection)
        if found is None or not may_see(found.stored, interaction.user.id):
            raise PassageError(_NOT_KEPT)
        return found

    def _look_up(self, key: str, collection: str) -> Found | None:
        stored = self._engine.answers.find(key, collection)
        if stored is None:
            return None
        ids = [scores.passage for scores in stored.passages]
        return Found(stored, stored.ranked(self._engine.sync.library.passages(ids)))

    def _card(self, found: Found, number: int, *, private: bool) -> discord.ui.LayoutView:
        none = found.stored.state == "none"
        way = self._questions.way_on(found.stored.collection) if none else WayOn()
        return answer_card(
            found.answer,
            reference=found.stored.id,
            shown=number,
            left=found.passages,
            private=private,
            **way._asdict(),
        )

    def _around(self, passage: Passage | None, collection: str) -> tuple[str, str] | None:
        """Return the text before and after a passage, None where its article is gone."""
        if passage is None:
            return None
        library = self._engine.sync.library
        places = (library.around(name, passage.id, _NEIGHBOURS) for name in visible(collection))
        return next((found for found in places if found is not None), None)


class ComplaintForm(ui.Modal):
    """The form that asks what was wrong.  It is answered by its custom_id, not by this object."""

    def __init__(self, key: str, number: int) -> None:
        super().__init__(
            title="What was wrong?", custom_id=build("complaint", key, number), timeout=None
        )
        options = [
            discord.SelectOption(label="It is wrong", value="wrong"),
            discord.SelectOption(label="It is outdated", value="outdated"),
            discord.SelectOption(label="It is not what I asked", value="other"),
        ]
        self.add_item(
            ui.Label(
                text="What was wrong?", component=ui.Select(custom_id="reason", options=options)
            )
        )
        self.add_item(
            ui.Label(
                text="In your words",
                description="If you like. Those who keep the library will read it.",
                component=ui.TextInput(
                    custom_id="comment", required=False, max_length=MOST_COMMENT
                ),
            )
        )

    def is_finished(self) -> bool:
        """Return True, so that discord.py doesn't keep it for ever."""
        return True
