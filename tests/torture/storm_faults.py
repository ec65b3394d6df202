"""The weather: what Discord does to the bot while people ask, by a seed.

What can't be waited for is lowered: an interaction's token lives some seconds instead of 15
minutes.  Drops are ordered for POST and PATCH, since aiohttp itself sends other methods again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.loopback import Permission

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.scene import Scene
    from tests.torture.storm_crowd import Crowd

MESSAGES = ("POST", "/channels/.*/messages")
CALLBACK = ("POST", "/interactions/.*/callback")
WEBHOOK = ("PATCH", "/webhooks/.*")
TYPING = ("POST", "/channels/.*/typing")
ROUTES = (MESSAGES, MESSAGES, MESSAGES, CALLBACK, CALLBACK, CALLBACK, WEBHOOK, TYPING)

_EVENTS = ("MESSAGE_CREATE", "INTERACTION_CREATE", "MESSAGE_UPDATE")
_ENDS = {"cut": 3, "closed": 2, "op 7": 3, "op 9 resumable": 2, "op 9": 0.4, "refused resume": 0.4}
"""How often each: a new session takes five seconds, in which nothing that is asked is delivered."""
_STATUSES = (500, 502, 503, 504)
_RECOVERY = 30.0  # seconds within which the gateway is up again; a new session waits 5
_ZOMBIE = 150.0  # as above, where the bot has to find out by itself, after a minute of silence


class Weather:
    """Faults at random, until told to stop."""

    def __init__(self, scene: Scene, crowd: Crowd, *, seed: int, long: bool) -> None:
        self.scene = scene
        self.crowd = crowd
        self.long = long
        self.struck: Counter[str] = Counter()
        self._random = random.Random(f"weather {seed}")
        self._faults = scene.discord.faults
        self._gateway = scene.discord.gateway

    async def blow(self, until: float) -> None:
        """Order faults till then: of requests all the time, of the rest one at a time."""
        await asyncio.gather(
            self._often(self._request, until, 0.5),
            self._often(self._event, until, 1.5),
            self._often(self._connection, until, 6.0 if self.long else 3.0),
            self._often(self._room, until, 20.0 if self.long else 6.0),
        )
        self._faults.clear()

    async def _often(
        self, strike: Callable[[], Awaitable[None]], until: float, pause: float
    ) -> None:
        zombie = self.long and strike == self._connection
        while time.monotonic() < until:
            await asyncio.sleep(self._random.uniform(0.4, 1.6) * pause)
            if zombie and until - time.monotonic() < 300:
                zombie = False
                await self._zombie()
            elif time.monotonic() < until:
                await strike()

    async def _request(self) -> None:
        """Order a fault of the next requests to a route."""
        faults, chance = self._faults, self._random
        faults.ordered = [fault for fault in faults.ordered if fault.hits < fault.times]
        del faults.ordered[:-12]  # those that no request has come for
        method, route = chance.choice(ROUTES)
        kind = chance.choice(["429", "429", "status", "status", "drop", "slow", "broken", "ban"])
        times = chance.choice([1, 1, 1, 2])
        if kind == "429":
            self._limit(method, route)
        elif kind == "status":
            status, applied = chance.choice(_STATUSES), chance.random() < 0.5
            faults.fail(method, route, status=status, times=times, applied=applied)
        elif kind == "drop":
            faults.drop(method, route, times=times, applied=chance.random() < 0.5)
        elif kind == "slow":
            faults.slow(method, route, chance.choice([0.3, 2.4, 4.0]))
        elif kind == "broken":
            faults.broken(method, route)
        else:
            faults.ban(method, route, retry_after=chance.choice([0.2, 1.0]))

    def _limit(self, method: str, route: str) -> None:
        chance = self._random
        if (method, route) == MESSAGES and chance.random() < 0.3:
            wait = chance.choice(
                [0.5, 2.0, *([25.0] if self.long and chance.random() < 0.3 else [])]
            )
            self._faults.rate_limit(method, route, retry_after=wait, everywhere=True)
        elif (method, route) == WEBHOOK and chance.random() < 0.2:
            expired = self.scene.discord.limits.token_s + 1
            self._faults.rate_limit(method, route, retry_after=expired)
        elif (method, route) in (MESSAGES, TYPING) and chance.random() < 0.3:
            self._faults.rate_limit(method, route, retry_after=25.0 if self.long else 5.0)
        else:
            self._faults.rate_limit(method, route, retry_after=chance.choice([0.2, 0.6, 4.0]))

    async def _event(self) -> None:
        """Order events that come twice, or after one that followed them."""
        disorder, chance = self._gateway.disorder, self._random
        if chance.random() < 0.6:
            disorder.twice[chance.choice(_EVENTS)] += 1
        else:
            disorder.late[chance.choice(_EVENTS)] += 1
        disorder.repeats_on_resume = chance.choice([0, 1, 5])

    async def _connection(self) -> None:
        """End the gateway's connection in one of its ways, and wait until it is back."""
        gateway, chance = self._gateway, self._random
        way = chance.choices(list(_ENDS), list(_ENDS.values()))[0]
        self.struck[way] += 1
        identifies, resumes = gateway.identifies, gateway.resumes
        if way == "op 7":
            await gateway.ask_to_reconnect()
        elif way.startswith("op 9"):
            await gateway.invalidate(resumable=way == "op 9 resumable")
        else:
            gateway.refuse_resumes = int(way == "refused resume")
            await gateway.cut(4000 if way == "closed" else None)
        await self._is_back(identifies + resumes, _RECOVERY)

    async def _zombie(self) -> None:
        self.struck["silence"] += 1
        before = self._gateway.identifies + self._gateway.resumes
        await self._gateway.fall_silent()
        await self._is_back(before, _ZOMBIE)

    async def _is_back(self, before: int, within: float) -> None:
        gateway = self._gateway

        def back() -> bool | None:
            again = gateway.identifies + gateway.resumes > before
            return (again and gateway.connected) or None

        await self.scene.discord.until(back, within, "the bot to be back")

    async def _room(self) -> None:
        """Take a channel, or the bot's voice in it, away while it is being asked there."""
        chance, guild = self._random, self.scene.guild
        room = guild.text(f"side room {len(guild.channels)}")
        people = chance.sample(self.crowd.people, 3)
        for person, way in zip(people, ("mention", "slash", "mention"), strict=True):
            await self.crowd.ask_in(room, person, way, chance)
        await asyncio.sleep(chance.uniform(0.0, 0.4))
        asked = [one for one in self.crowd.asked if one.channel is room]
        open_yet = self.crowd.pending(asked)
        self.crowd.avoided.add(room)
        if chance.random() < 0.5:
            self.struck["channel deleted"] += 1
            await room.delete()
        else:
            self.struck["voice taken away"] += 1
            room.overwrite(self.scene.discord.bot, deny=Permission.SEND_MESSAGES)
        for one in open_yet:  # commands are answered without a voice
            one.silenced = one.interaction is None or not room.exists
