"""What a button looks up, with a bot that isn't connected."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bot.features.answer_buttons import AnswerButtons
from bot.serve import build_bot
from bot.service.async_engine import AsyncEngine
from index.collection_names import server_collection
from index.engine import Engine
from tests.support.fakes import BagOfWords, drafts, made

HERE = server_collection(7)


async def test_the_text_around_a_passage_costs_no_look_at_the_others(tmp_path: Path) -> None:
    sync = Engine(tmp_path, BagOfWords)
    engine = AsyncEngine(sync, lambda _: None, passages=3)
    text, pieces = drafts("The ferry came first.", "The bridge opened in 1931.", "Then came trams.")
    sync.library.store(HERE, made("a", text), pieces)
    middle = sync.library.passages_of(HERE, "a")[1]
    columns: set[str | None] = set()

    def watch(act: int, table: str | None, column: str | None, *_: str | None) -> int:
        if act == sqlite3.SQLITE_READ and table == "passages":
            columns.add(column)
        return sqlite3.SQLITE_OK

    async with build_bot(engine, message_content=False, daily=lambda: None) as bot:
        with sync.library.database.writing() as db:
            db.execute("UPDATE passages SET digest = 'damaged' WHERE id <> ?", (middle.id,))
        with sync.library.database.reading() as db:
            db.set_authorizer(watch)
        around = AnswerButtons(bot.services)._around(middle, HERE)
    await engine.close()
    assert around == ("The ferry came first.\n\n", "\n\nThen came trams.")
    assert columns == {"id", "article", "collection", "start", "end"}
