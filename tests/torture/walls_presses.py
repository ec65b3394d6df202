"""Pressing what is there, what was there, what is another's, and what never was."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bot.cards.custom_ids import ACTIONS
from tests.loopback import Guild, Interaction, NotOffered, acts
from tests.loopback.constants import InteractionType
from tests.support.scene import PATIENCE
from tests.torture.walls_world import SEEN, World

QUIET = 0.25
"""Seconds in which an answer comes that may or may not come."""


class Pressing(World):
    """What people do with buttons, selects and forms, their own and forged ones."""

    async def press(self) -> None:
        """Press what somebody sees, whoever it was for."""
        person = self._person()
        messages = self._messages(person)
        if messages:
            message = self.rng.choice(messages)
            button = self.rng.choice(message.buttons)
            await self._pressed(await person.click(message, button["custom_id"], force=True))

    async def forge(self) -> None:
        """Press what isn't there: what was seen elsewhere, changed, or never was."""
        person = self._person()
        messages = self._messages(person)
        if not messages:
            return
        message, custom_id = self.rng.choice(messages), self._forged()
        if self.rng.random() < 0.2:
            values = self.rng.choice(
                [(), ("60",), ("-1",), ("x" * 90,), (self._guild().id,), ("9" * 19, "1")]
            )
            pressed = await person.select(message, custom_id, *values, force=True)
        else:
            pressed = await person.click(message, custom_id, force=True)
        await self._pressed(pressed)

    async def pry(self) -> None:
        """Open what somebody asked in private, on what everybody sees, whoever it is that tries."""
        private = [
            (key, one)
            for key, one in self.asked.items()
            if one.private and isinstance(one.owner, Guild) and one.owner.has_bot
        ][-SEEN:]
        if not private:
            return
        key, canary = self.rng.choice(private)
        others = [p for p in self.people if p.id in canary.owner.members]  # type: ignore[union-attr]
        person = canary.person if self.rng.random() < 0.3 else self.rng.choice(others)
        assert person is not None
        here = [m for m in self._messages(person) if m.channel.guild is canary.owner]
        messages = [m for m in here if not m.ephemeral]
        if messages:
            action = self.rng.choice(["prev", "next", "near", "good", "bad", "share", "snext"])
            custom_id = f"p1:{action}:{key}:{self.rng.randrange(3)}"
            message = self.rng.choice(messages)
            await self._pressed(await person.click(message, custom_id, force=True))

    def _forged(self) -> str:
        base = self.rng.choice(self.custom_ids)
        parts = base.split(":")
        key = self.rng.choice([*self.asked, *self.keys[-40:]])
        number = self.rng.choice(["0", "1", "9999", "10000", "-1", "9" * 60, "٣", "", "1e3"])
        action = self.rng.choice(list(ACTIONS))
        has_key, has_number = ACTIONS[action]
        built = ":".join(["p1", action, *([key] * has_key), *([number] * has_number)])
        forged = self.rng.choice(
            [
                base,
                base,
                base[: self.rng.randrange(1, len(base) + 1)],
                ":".join([self.rng.choice(["p0", "p2", "P1", ""]), *parts[1:]]),
                ":".join([*parts[:-1], number]),
                built,
                built,
                "x" * 100,
                ":" * 99,
                f"{base}\n",
            ]
        )
        return forged[:100] or "x"

    async def _pressed(self, pressed: Interaction) -> None:
        await pressed.acknowledged(PATIENCE)
        custom_id = str(pressed.data["custom_id"])
        await self._note_share(pressed, custom_id)
        if pressed.modal is not None:
            await self._fill_in(pressed)
        else:
            await self._done(pressed)
            _, action, key, *_ = *custom_id.split(":"), "", ""
            if action == "tell" and key in self.asked:
                self.asked[key].told = True

    async def _note_share(self, pressed: Interaction, custom_id: str) -> None:
        original = pressed.original
        _, action, key, *_ = *custom_id.split(":"), "", ""
        if action != "share" or original is None or original.ephemeral:
            return
        self.canaries.shown.add(original)
        canary = self.asked.get(key)
        if canary is None:
            return  # the answer to a message that others can read
        assert pressed.user is canary.person, f"{pressed.user.name} shared another's answer"
        canary.private = False

    async def _fill_in(self, form: Interaction) -> None:
        """Send a form that was opened, or another in its place."""
        modal = form.modal
        assert modal is not None
        home = self._home(form.user, form.channel)
        custom_id = str(modal["custom_id"])
        if custom_id == "p1:paste":
            article = self._article(home)
            fields = {"Title": article["title"], "Text": article["text"], "url": article["url"]}
        else:
            comment = self.canaries.new("comment", home, form.user)
            fields = {"What was wrong?": "wrong", "In your words": f"I miss {comment.word}"}
            key = custom_id.split(":")[2]
            if key in self.asked:
                self.asked[key].told = True
        forged = self._forged() if self.rng.random() < 0.3 else custom_id
        await self._done(await form.user.submit(form, fields, custom_id=forged))

    async def replay(self) -> None:
        """Have an interaction delivered once more."""
        again = self.rng.choice(self.interactions[-SEEN:])
        there = again.guild is None or again.user.id in again.guild.members
        if there and again.type != InteractionType.AUTOCOMPLETE and "share" not in str(again.data):
            await again.replay()
            await asyncio.sleep(QUIET)

    async def complete(self) -> None:
        """Have a title completed, whoever may."""
        person = self._person()
        where = self._place(person)
        line = self.rng.choice(["search", "article show", "article remove", "article refresh"])
        typed = self.rng.choice(["", "the", "zq", self._name()])
        options = {"query": "x", "article": typed} if line == "search" else {"article": typed}
        with suppress(NotOffered):
            typing = acts.slash(person, line, where, options, force=True, typing=True)
            await self._done(typing)
