"""The engine as the event loop sees it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.desk import Desk
from index.engine import SHARED, Asked, Engine
from index.errors import ModelError, PassageError
from index.records import Answer, Article
from tests.fakes import BagOfWords

MOON = Article(source="moon", title="The moon", text="Armstrong was the first on the moon.")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = Engine(tmp_path, BagOfWords)
    engine.add_article(MOON, SHARED)
    yield engine
    engine.close()


def nothing(_engine: Engine) -> None:
    pass


async def test_questions_that_arrive_together_go_through_the_model_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    together = engine.ask_together

    def counted(asked: Sequence[Asked], k: int) -> list[Answer]:
        batches.append(len(asked))
        return together(asked, k)

    monkeypatch.setattr(engine, "ask_together", counted)
    desk = Desk(engine, nothing, passages=3)
    questions = [f"Who was first on the moon, {number}?" for number in range(70)]
    waiting = [asyncio.create_task(desk.ask(question, [SHARED])) for question in questions]
    await asyncio.sleep(0)
    desk.open()
    answers = await asyncio.gather(*waiting)
    await desk.close()
    assert [answer.question for answer in answers] == questions
    assert batches == [*[8] * 8, 6]


async def test_while_some_are_read_the_next_are_looked_for(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, both = engine.ask_together, threading.Barrier(2)

    def meeting(asked: Sequence[Asked], k: int) -> list[Answer]:
        both.wait(10)  # raises where nobody else comes
        return together(asked, k)

    monkeypatch.setattr(engine, "ask_together", meeting)
    desk = Desk(engine, nothing, passages=3)
    desk.open()
    questions = [f"Who was first on the moon, {number}?" for number in range(16)]
    answers = await asyncio.gather(*(desk.ask(question, [SHARED]) for question in questions))
    await desk.close()
    assert [answer.question for answer in answers] == questions


async def test_questions_wait_for_the_model(engine: Engine) -> None:
    loaded = threading.Event()
    desk = Desk(engine, lambda _: bool(loaded.wait(10)), passages=3)
    desk.open()
    desk.open()
    asked = asyncio.create_task(desk.ask("Who was first on the moon?", [SHARED]))
    await asyncio.sleep(0.05)
    assert not asked.done()
    assert not desk.ready.is_set()
    loaded.set()
    assert (await asked).passages
    assert desk.ready.is_set()
    await desk.close()


async def test_a_model_that_can_not_be_loaded_is_told_to_everyone(engine: Engine) -> None:
    def fail(_engine: Engine) -> None:
        raise ModelError("The model is not there.")

    desk = Desk(engine, fail, passages=3)
    desk.open()
    for _ in range(2):
        with pytest.raises(ModelError, match="not there"):
            await desk.ask("Who was first on the moon?", [SHARED])
    await desk.close()


async def test_a_question_that_fails_fails_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = engine.ask_together

    def brittle(asked: Sequence[Asked], k: int) -> list[Answer]:
        if any("bad" in one.text for one in asked):
            raise PassageError("That one is bad.")
        return together(asked, k)

    monkeypatch.setattr(engine, "ask_together", brittle)
    desk = Desk(engine, nothing, passages=3)
    desk.open()
    results = await asyncio.gather(
        *(desk.ask(text, [SHARED]) for text in ("moon?", "bad?", "first?")),
        return_exceptions=True,
    )
    await desk.close()
    assert [type(result) for result in results] == [Answer, PassageError, Answer]


async def test_the_loop_goes_on_while_the_model_works(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = engine.ask_together

    def slow(asked: Sequence[Asked], k: int) -> list[Answer]:
        time.sleep(0.2)
        return together(asked, k)

    monkeypatch.setattr(engine, "ask_together", slow)
    desk = Desk(engine, nothing, passages=3)
    desk.open()
    asked = asyncio.create_task(desk.ask("moon?", [SHARED]))
    turns = 0
    while not asked.done():
        await asyncio.sleep(0.01)
        turns += 1
    await desk.close()
    assert turns > 5


async def test_who_still_waits_at_the_end_is_told(engine: Engine) -> None:
    desk = Desk(engine, nothing, passages=3)
    asked = asyncio.create_task(desk.ask("moon?", [SHARED]))
    await asyncio.sleep(0)
    await desk.close()
    with pytest.raises(PassageError, match="being stopped"):
        await asked
