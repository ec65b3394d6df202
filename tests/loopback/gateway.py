"""The websocket side: sessions, heartbeats, events, resumes, and the ways it can break."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import time
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from .constants import PRIVILEGED, ChannelType, Intent
from .disorder import Disorder, Outage
from .refusals import Violation
from .sessions import Connection, Session

if TYPE_CHECKING:
    from .guilds import Guild
    from .interactions import Interaction
    from .messages import Message
    from .people import Json, Member
    from .server import Discord

HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, MEMBERS = 1, 2, 3, 4, 6, 8
RECONNECT, INVALID, HELLO, ACK = 7, 9, 10, 11
SENDS_PER_MINUTE = 120
_IN_FLIGHT = 0.5  # seconds that an event may take


class Gateway:
    """All sessions of the bot, and what a test does to them."""

    def __init__(self, discord: Discord) -> None:
        self.discord = discord
        self.sessions: dict[str, Session] = {}
        self.identifies = 0
        self.resumes = 0
        self.presences: list[Json] = []
        self.refuse_resumes = 0
        self.closed_for_business = False
        self.hangs_up_on = 0  # connections that end before a word is said
        self.acknowledges_heartbeats = True
        self.disorder = Disorder(discord)
        self.outages: list[Outage] = []
        self._lines: set[Connection] = set()

    # What tests ask and do.

    @property
    def lists_members(self) -> bool:
        """Whether the bot asked to see all members."""
        return any(s.intents & Intent.GUILD_MEMBERS for s in self.sessions.values())

    @property
    def connected(self) -> bool:
        """Whether there is a session, and each has a line and has read something over it."""
        sessions = self.sessions.values()
        return bool(sessions) and all(s.listens and s.read for s in sessions)

    def lost(self, moment: float, *, within: float = math.inf) -> bool:
        """Whether an event of a moment never arrived, or not within some seconds.

        What is on its way when a line ends is lost with it; a resume brings it all the same.
        """
        for outage in self.outages:
            over = math.inf if outage.over is None else outage.over
            caught = outage.begun - _IN_FLIGHT <= moment <= over
            if caught and (not outage.resumed or over - moment > within):
                return True
        return False

    async def caught_up(self, within: float = 5.0) -> None:
        """Wait until the bot has read every event sent so far (it may still be acting on them)."""
        sent = {s: s.sequence for s in self.sessions.values()}
        self._to_all({"op": HEARTBEAT, "d": None})
        await self.discord.until(
            lambda: all(s.read >= n for s, n in sent.items()) or None, within, "the bot to read"
        )

    async def cut(self, code: int | None = None) -> None:
        """End every connection: abruptly, or with a close code."""
        self._out("cut" if code is None else f"closed {code}")
        for line in list(self._lines):
            if code is None:
                line.abort()
            else:
                await line.hang_up(code)
        await self.discord.until(lambda: not self._lines or None, 5, "the lines to be cut")

    async def ask_to_reconnect(self) -> None:
        """Send op 7: please reconnect and resume."""
        self._out("op 7")
        self._to_all({"op": RECONNECT, "d": None})

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Send op 9: the session is over (or, if resumable, may be resumed)."""
        self._out("op 9 resumable" if resumable else "op 9")
        if not resumable:
            for session in self.sessions.values():
                if session.line:
                    session.line.post({"op": INVALID, "d": False})
            self.sessions.clear()
        else:
            self._to_all({"op": INVALID, "d": True})

    async def fall_silent(self) -> None:
        """Turn every connection into a zombie: open, with nobody at the other end."""
        self._out("silence")
        for line in self._lines:
            line.silent = True

    async def repeat(self, name: str) -> None:
        """Deliver the latest event of this name once more."""
        for session in self.sessions.values():
            frames = (json.loads(frame) for _, frame in reversed(session.events))
            data = next((f["d"] for f in frames if f["t"] == name), None)
            if data is not None:
                session.dispatch(name, data)

    def _out(self, way: str) -> None:
        self.outages.append(Outage(way, time.monotonic()))

    def _back(self, *, resumed: bool) -> None:
        for outage in self.outages:
            if outage.over is None:
                outage.over, outage.resumed = time.monotonic(), resumed

    def _to_all(self, frame: Json) -> None:
        for line in self._lines:
            line.post(frame)

    # What the rest of the fake sends.

    def guild_event(self, name: str, guild: Guild, data: Json) -> None:
        """Tell the bot something about a guild that it is in."""
        self.event(name, data, guild=guild, needs=Intent.GUILDS)

    def member_event(self, name: str, member: Member, data: Json) -> None:
        """Tell of a member; without the intent, only of the bot itself."""
        own = member.user is self.discord.bot
        needs = Intent.GUILDS if own else Intent.GUILD_MEMBERS
        self.event(name, data, guild=member.guild, needs=needs)

    def event(self, name: str, data: Json, *, guild: Guild | None, needs: Intent) -> None:
        """Send an event to the sessions that hear of the guild and have the intent."""
        if guild is not None and not guild.has_bot and name != "INTERACTION_CREATE":
            return
        for session in self.sessions.values():
            if session.hears(guild) and (session.intents & needs or not needs):
                self.disorder.dispatch(session, name, data)

    def interaction_event(self, interaction: Interaction) -> bool:
        """Send an interaction; return whether the bot was there to hear it."""
        guild = interaction.guild
        self.event("INTERACTION_CREATE", interaction.payload(), guild=guild, needs=Intent(0))
        return any(s.listens and s.hears(guild) for s in self.sessions.values())

    def message_event(self, name: str, message: Message, **extra: Any) -> None:
        """Send a message, blanked where the session may not read it."""
        channel = message.channel
        if channel.group:
            return  # the bot isn't there: it only sees what is handed to it
        dm = channel.type == ChannelType.DM
        needs = Intent.DIRECT_MESSAGES if dm else Intent.GUILD_MESSAGES
        where: Json = {"channel_type": int(channel.type)}
        if channel.guild:
            if not channel.guild.has_bot or not message.visible_to(self.discord.bot):
                return
            where["guild_id"] = str(channel.guild.id)
            member = channel.guild.members.get(message.author.id)
            if member:
                where["member"] = member.payload(with_user=False)
        for session in self.sessions.values():
            if session.hears(channel.guild) and session.intents & needs:
                full = bool(session.intents & Intent.MESSAGE_CONTENT)
                body = message.payload(for_bot=True, content=full)
                self.disorder.dispatch(session, name, body | where | extra)

    # The protocol.

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket."""
        if self.closed_for_business:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        if self.hangs_up_on:
            self.hangs_up_on -= 1
            await socket.close(code=1012)
            return socket
        line = Connection(socket, request)
        writer = asyncio.create_task(line.write())
        self._lines.add(line)
        interval = int(self.discord.limits.heartbeat_s * 1000)
        line.post({"op": HELLO, "d": {"heartbeat_interval": interval}})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._receive(line, json.loads(message.data))
        finally:
            writer.cancel()
            self._forget(line)
        return socket

    def _forget(self, line: Connection) -> None:
        self._lines.discard(line)
        for session in list(self.sessions.values()):
            if session.line is line:
                session.line, session.read = None, 0
                goodbye = line.socket.close_code in (1000, 1001)
                if goodbye and not line.hung_up:
                    del self.sessions[session.id]
        self.discord.notify()

    async def _receive(self, line: Connection, frame: Json) -> None:
        now = time.monotonic()
        line.received.append(now)
        while line.received[0] < now - 60:
            line.received.popleft()
        if len(line.received) > SENDS_PER_MINUTE:
            self._violate("gateway", f"more than {SENDS_PER_MINUTE} sends in a minute")
            await line.hang_up(4008)
            return
        if line.silent:
            return
        data: Any = frame.get("d")
        opcode = frame.get("op")
        if opcode == HEARTBEAT:
            self._heartbeat(line, data)
        elif opcode == IDENTIFY:
            await self._identify(line, data)
        elif opcode == PRESENCE:
            self.presences.append(data)
        elif opcode == RESUME:
            await self._resume(line, data)
        elif opcode == MEMBERS:
            self._send_members(line, data)
        elif opcode != VOICE:
            self._violate("gateway", f"unknown opcode {opcode}")
            await line.hang_up(4001)

    def _heartbeat(self, line: Connection, sequence: int | None) -> None:
        if self.acknowledges_heartbeats:
            line.post({"op": ACK})
        for session in self.sessions.values():
            if session.line is line and sequence is not None:
                session.read = max(session.read, sequence)
        self.discord.notify()

    async def _identify(self, line: Connection, data: Json) -> None:
        self.identifies += 1
        intents = Intent(data["intents"])
        number, count = data.get("shard") or (0, 1)
        if data["token"] != self.discord.token:
            await line.hang_up(4004)
        elif number >= count:
            await line.hang_up(4010)
        elif intents & PRIVILEGED & ~self.discord.application.privileged:
            await line.hang_up(4014)
        else:
            self._welcome(line, intents, (number, count))
        self.discord.notify()

    def _welcome(self, line: Connection, intents: Intent, shard: tuple[int, int]) -> None:
        for old in [s.id for s in self.sessions.values() if s.shard == shard]:
            del self.sessions[old]
        session = Session(secrets.token_hex(16), intents, shard, line=line)
        self.sessions[session.id] = session
        discord = self.discord
        guilds = [g for g in discord.world.guilds.values() if g.has_bot and session.hears(g)]
        ready = {
            "v": 10,
            "user": discord.bot.payload(),
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "session_id": session.id,
            "resume_gateway_url": discord.gateway_url,
            "shard": list(shard),
            "application": {"id": str(discord.application.id), "flags": 0},
        }
        session.dispatch("READY", ready)
        for guild in guilds:
            if guild.available:
                session.dispatch("GUILD_CREATE", guild.payload() | {"unavailable": False})
        line.post({"op": HEARTBEAT, "d": None})  # the reply tells that all of this was read
        self._back(resumed=False)

    async def _resume(self, line: Connection, data: Json) -> None:
        session = self.sessions.get(data["session_id"])
        if self.refuse_resumes and session:
            self.refuse_resumes -= 1
            del self.sessions[session.id]
            session = None
            self.outages.append(Outage("refused resume", time.monotonic()))
        if session is None or data["token"] != self.discord.token:
            line.post({"op": INVALID, "d": False})
            return
        self.resumes += 1
        session.line = line
        known = data["seq"] - self.disorder.repeats_on_resume
        for sequence, frame in session.events:
            if sequence > known:
                line.post(frame)
        self._back(resumed=True)
        session.dispatch("RESUMED", {})
        line.post({"op": HEARTBEAT, "d": None})
        self.discord.notify()

    def _send_members(self, line: Connection, data: Json) -> None:
        guild = self.discord.world.guilds[int(data["guild_id"])]
        wanted = {int(i) for i in data.get("user_ids") or []}
        members = [m for m in guild.members.values() if not wanted or m.user.id in wanted]
        chunk = {
            "guild_id": str(guild.id),
            "members": [m.payload() for m in members],
            "chunk_index": 0,
            "chunk_count": 1,
            **({"nonce": data["nonce"]} if data.get("nonce") else {}),
        }
        for session in self.sessions.values():
            if session.line is line:
                session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def _violate(self, rule: str, detail: str) -> None:
        self.discord.violations.append(Violation(rule, detail))
