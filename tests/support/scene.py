"""The real bot, in a process of its own, in the loopback Discord, over a library on disk.

    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def scene(tmp_path_factory):
        async with playing(tmp_path_factory.mktemp("data")) as scene:
            yield scene

with ``pytestmark = pytest.mark.asyncio(loop_scope="module")`` gives a module one bot for all its
tests.  On the way out it is checked that nothing the bot sent broke a rule of Discord's.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from index.models.compiled import ModelStore
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from index.models.load_reader import DEFAULT_READER, load_span_model
from index.store.servers import Servers, SettingsChange
from index.store.sqlite.database import Database
from tests.loopback import BotProcess, Channel, Discord, Guild, Intent, Message, User

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from index.models.embedder import Embedder
    from index.records import Article

PATIENCE = 60.0
"""Seconds for a first answer: the model has to load on a machine that is busy."""

WORTH = "How much is the S-400 deal worth?"
NOWHERE = "What is the boiling point of tungsten hexafluoride?"
"""A question that the starter library clearly answers, and one it holds nothing about."""


@dataclass
class Scene:
    """A server with its owner Ada and a channel, the bot in it, and the bot's data folder."""

    discord: Discord
    data: Path
    ada: User
    guild: Guild
    general: Channel
    env: dict[str, str]
    bot: BotProcess

    def person(self, name: str) -> User:
        """Return a new member of the server."""
        person = self.discord.user(name)
        self.guild.join(person)
        return person

    def set(self, **changed: Unpack[SettingsChange]) -> None:
        """Change the server's settings, as /settings does."""
        database = Database(self.data / "library.db")
        Servers(database).change(self.guild.id, **changed)
        database.close()

    async def restart(self, *, kill: bool = False) -> None:
        """End the bot, politely or not, and start it again over the same data."""
        if kill:
            self.bot.kill()
        await self.bot.stop()
        self.bot = await self.discord.start("bot", env=self.env, ready_within=PATIENCE)

    async def ready(self) -> None:
        """Wait until the models are loaded: before, a note may come in the place of an answer."""
        await self.bot.says("ready to answer", PATIENCE)

    async def warm(self) -> None:
        """Wait until the model is loaded and answers."""
        await self.ready()
        asked = await self.ada.slash("ask", self.general, question=WORTH, private=True)
        await asked.response(PATIENCE)

    async def answer_to(self, asker: User, question: str) -> Message:
        """Ask with /ask and return the answer."""
        await self.ready()
        asked = await asker.slash("ask", self.general, question=question)
        return await asked.response(PATIENCE)


def environment(data: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a bot over a data folder; settings are ``PASSAGE_…``."""
    return {"PASSAGE_DATA": str(data)} | {f"PASSAGE_{k.upper()}": v for k, v in settings.items()}


@asynccontextmanager
async def playing(
    data: Path,
    *,
    privileged: Intent | None = None,
    lifetime: float = 300.0,
    cold: bool = False,
    **settings: str,
) -> AsyncIterator[Scene]:
    """Open a Discord with a server, start the bot in it, and check its manners in the end.

    ``cold``: don't wait until its models are loaded.
    """
    compile_models()
    discord = Discord(privileged=privileged or Intent(0))
    discord.limits.lifetime_s = lifetime
    async with discord:
        ada = discord.user("Ada")
        guild = discord.guild("Library", owner=ada)
        general = guild.text("general")
        env = environment(data, **settings)
        bot = await discord.start("bot", env=env, ready_within=PATIENCE)
        scene = Scene(discord, data, ada, guild, general, env, bot)
        if not cold:
            await scene.ready()
        yield scene
        await scene.bot.stop()
        assert discord.violations == [], discord.violations


@cache
def compile_models() -> None:
    """Have the models compiled before a bot is timed that needs them."""
    store = ModelStore(Path(os.environ["PASSAGE_MODELS"]))
    load_embedder(DEFAULT_MODEL, store)
    load_span_model(DEFAULT_READER, store)


def seed(data: Path, model: Embedder, collection: str, articles: Sequence[Article]) -> None:
    """Put articles into a library on disk, whether or not a bot is running over it."""
    from index.engine import Engine

    engine = Engine(data, lambda: model)
    for article in articles:
        engine.add_article(article, collection)
    engine.library.close()  # without saving an index: the bot keeps its own
