"""A Discord on the loopback interface, to which a real, unpatched bot process connects.

A test reads like this:

    async with Discord() as discord:
        ada = discord.user("Ada")
        general = discord.guild("Library", owner=ada).text("general")
        async with discord.run("bot", "run"):
            asked = await ada.slash("ask", general, question="Who was first on the moon?")
            answer = await asked.response(within=5)
            assert "Armstrong" in answer.text
            assert asked.ack_ms < 3000
        assert discord.violations == []

Start with `Discord` (server.py). Then, by subject:

- the world and what a test does in it: world, guilds, channels, people, permissions, messages,
  acts, options, forms;
- the wire: gateway and sessions (websocket), rest and routes_* (HTTP), interactions, sending;
- what is checked: schema (the official document), *_rules (documented limits), mentions (pings),
  refusals (how a broken rule is answered and remembered);
- troubles to order: faults, and the methods of Gateway;
- the bot's process: process, launch.
"""

from .acts import NotOffered
from .channels import Channel
from .constants import Flag, Intent, Permission
from .guilds import Guild
from .interactions import Choice, Interaction
from .messages import File, Message
from .people import User
from .process import BotProcess
from .refusals import Violation
from .server import Discord

__all__ = [
    "BotProcess",
    "Channel",
    "Choice",
    "Discord",
    "File",
    "Flag",
    "Guild",
    "Intent",
    "Interaction",
    "Message",
    "NotOffered",
    "Permission",
    "User",
    "Violation",
]
