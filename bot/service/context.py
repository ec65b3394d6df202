"""What features work with, in one record: none of them holds the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from discord import app_commands

from bot.service.async_engine import AsyncEngine
from bot.service.ingest_queue import IngestQueue
from bot.service.questions import Questions
from bot.wire.component_router import ComponentRouter

CommandTree = app_commands.CommandTree[Any]


@dataclass(frozen=True, slots=True)
class Services:
    """The engine, answers to questions, the queue of what is to be added, and components."""

    engine: AsyncEngine
    questions: Questions
    ingest_queue: IngestQueue
    components: ComponentRouter
