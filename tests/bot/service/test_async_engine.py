"""The engine as the event loop sees it."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from bot.service.async_engine import AsyncEngine
from index.answer.answerer import Query
from index.collection_names import SHARED
from index.engine import Engine
from index.errors import ModelError, PassageError
from index.models.embedder import Vectors
from index.records import Answer, Article
from index.search import open_indexes
from index.search.collection import CollectionIndex
from tests.support.fakes import BagOfWords, drafts, made

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

    def counted(asked: Sequence[Query], k: int) -> list[Answer]:
        batches.append(len(asked))
        return together(asked, k)

    monkeypatch.setattr(engine, "ask_together", counted)
    desk = AsyncEngine(engine, nothing, passages=3)
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

    def meeting(asked: Sequence[Query], k: int) -> list[Answer]:
        both.wait(10)  # raises where nobody else comes
        return together(asked, k)

    monkeypatch.setattr(engine, "ask_together", meeting)
    desk = AsyncEngine(engine, nothing, passages=3)
    desk.open()
    questions = [f"Who was first on the moon, {number}?" for number in range(16)]
    answers = await asyncio.gather(*(desk.ask(question, [SHARED]) for question in questions))
    await desk.close()
    assert [answer.question for answer in answers] == questions


async def test_questions_wait_for_the_model(engine: Engine) -> None:
    loaded = threading.Event()
    desk = AsyncEngine(engine, lambda _: bool(loaded.wait(10)), passages=3)
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

    desk = AsyncEngine(engine, fail, passages=3)
    desk.open()
    for _ in range(2):
        with pytest.raises(ModelError, match="not there"):
            await desk.ask("Who was first on the moon?", [SHARED])
    await desk.close()


class FieldError(ModelError):
    """A failure whose constructor takes something else than its sentence."""

    def __init__(self, field: str, *, line: int) -> None:
        super().__init__(f"{field} is wrong in line {line}.")
        self.line = line


async def told(desk: AsyncEngine, people: int) -> list[BaseException]:
    """Return what people are told who all ask at once."""
    asked = (desk.ask("Who was first on the moon?", [SHARED]) for _ in range(people))
    found = await asyncio.gather(*asked, return_exceptions=True)
    return [one for one in found if isinstance(one, BaseException)]


def frames(error: BaseException) -> int:
    return sum(1 for _ in traceback.walk_tb(error.__traceback__))


@pytest.mark.parametrize(
    "failure",
    [
        ModelError("The model is not there."),
        FieldError("size", line=3),
        FileNotFoundError(2, "No such file", "model.onnx"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        KeyError("weights"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_everyone_is_told_by_an_exception_of_their_own(
    engine: Engine, failure: Exception
) -> None:
    def fail(_engine: Engine) -> None:
        raise failure from ValueError("why")

    desk = AsyncEngine(engine, fail, passages=3)
    desk.open()
    errors = [error for _ in range(20) for error in await told(desk, 2)]
    await desk.close()
    assert len({id(error) for error in errors}) == 40
    assert {(type(error), str(error)) for error in errors} == {(type(failure), str(failure))}
    assert all(vars(error) == vars(failure) for error in errors)
    assert {str(error.__cause__) for error in errors} == {"why"}
    assert len({frames(error) for error in errors}) == 1


async def test_all_who_wait_at_the_end_are_told_by_an_exception_of_their_own(
    engine: Engine,
) -> None:
    desk = AsyncEngine(engine, nothing, passages=3)
    waiting = asyncio.create_task(told(desk, 3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    error = PassageError("Stopped.")
    desk.give_up(error)
    errors = await waiting
    await desk.close()
    assert len({id(one) for one in (error, *errors)}) == 4
    assert [str(one) for one in errors] == ["Stopped."] * 3


async def test_a_question_that_fails_fails_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = engine.ask_together

    def brittle(asked: Sequence[Query], k: int) -> list[Answer]:
        if any("bad" in one.text for one in asked):
            raise PassageError("That one is bad.")
        return together(asked, k)

    monkeypatch.setattr(engine, "ask_together", brittle)
    desk = AsyncEngine(engine, nothing, passages=3)
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

    def slow(asked: Sequence[Query], k: int) -> list[Answer]:
        time.sleep(0.2)
        return together(asked, k)

    monkeypatch.setattr(engine, "ask_together", slow)
    desk = AsyncEngine(engine, nothing, passages=3)
    desk.open()
    asked = asyncio.create_task(desk.ask("moon?", [SHARED]))
    turns = 0
    while not asked.done():
        await asyncio.sleep(0.01)
        turns += 1
    await desk.close()
    assert turns > 5


async def test_who_still_waits_at_the_end_is_told(engine: Engine) -> None:
    desk = AsyncEngine(engine, nothing, passages=3)
    asked = asyncio.create_task(desk.ask("moon?", [SHARED]))
    await asyncio.sleep(0)
    await desk.close()
    with pytest.raises(PassageError, match="being stopped"):
        await asked


class Embedding(BagOfWords):
    """A model that embeds slow passages only once it is let go, and no broken ones at all."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.working = 0  # batches of slow passages that were begun

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if any("broken" in text for text in texts):
            raise PassageError("That can't be embedded.")
        if any("slow" in text for text in texts):
            self.working += 1
            assert self.let_go.wait(30)
        return super().embed_passages(texts)


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[tuple[AsyncEngine, Embedding]]:
    """A desk whose shared collection is level with the library."""
    model = Embedding()
    engine = Engine(tmp_path, lambda: model)
    engine.add_article(MOON, SHARED)
    desk = AsyncEngine(engine, nothing, passages=3)
    desk.open()
    await desk.ask("Who was first on the moon?", [SHARED])
    yield desk, model
    model.let_go.set()
    await desk.close()


def unembedded(desk: AsyncEngine, collection: str, *texts: str) -> None:
    """Store passages of which no vectors are kept, as those of another model are not."""
    text, pieces = drafts(*texts)
    desk.engine.library.store(collection, made("a", text), pieces)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what happens on other threads sets no event
            await asyncio.sleep(0.01)


async def test_indexes_being_rebuilt_hold_up_only_who_asks_them(
    slow: tuple[AsyncEngine, Embedding], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, model = slow
    rebuilt: list[str] = []
    real = desk.engine.index
    monkeypatch.setattr(desk.engine, "index", lambda name: rebuilt.append(name) or real(name))
    names = [f"guild:{number}" for number in range(3)]
    for name in names:
        unembedded(desk, name, f"The slow river of {name}.")
    held_up = [
        asyncio.create_task(desk.ask(f"Which river, {number}?", [name, SHARED]))
        for name in names
        for number in range(2)
    ]
    held_up += [asyncio.create_task(desk.ask("Which rivers?", names))]
    searching = [asyncio.create_task(desk.search("river", [name], 3)) for name in names]
    await until(lambda: model.working == 2)
    async with asyncio.timeout(30):
        for number in range(20):
            assert (await desk.ask(f"Who was first on the moon, {number}?", [SHARED])).passages
            assert await desk.search("moon", [SHARED], 3)
        unembedded(desk, "guild:4", "A quick river.")
        real("guild:4")
        assert (await desk.ask("Which river?", ["guild:4", SHARED])).passages
    assert not any(task.done() for task in (*held_up, *searching))
    model.let_go.set()
    answers = await asyncio.gather(*held_up)
    assert all("slow river" in answer.passages[0].passage.text for answer in answers)
    assert all(await asyncio.gather(*searching))
    assert sorted(rebuilt) == names


async def test_an_index_that_can_not_be_rebuilt_fails_each_who_asks_it_and_nobody_else(
    slow: tuple[AsyncEngine, Embedding],
) -> None:
    desk, _ = slow
    unembedded(desk, "guild:1", "A broken river.")
    for _ in range(2):
        results = await asyncio.gather(
            desk.ask("Which river?", ["guild:1", SHARED]),
            desk.ask("Who was first on the moon?", [SHARED]),
            desk.ask("What river?", ["guild:1"]),
            desk.search("river", ["guild:1"], 3),
            return_exceptions=True,
        )
        assert [type(one) for one in results] == [PassageError, Answer, PassageError, PassageError]
    desk.engine.remove("a", "guild:1")
    assert not (await desk.ask("Which river?", ["guild:1"])).passages


async def test_who_no_longer_waits_for_an_index_stops_its_rebuilding_for_nobody_else(
    slow: tuple[AsyncEngine, Embedding],
) -> None:
    desk, model = slow
    unembedded(desk, "guild:1", "The slow river.")
    leaving, staying, searching = (
        asyncio.create_task(desk.ask("Which river?", ["guild:1"])),
        asyncio.create_task(desk.ask("What river?", ["guild:1"])),
        asyncio.create_task(desk.search("river", ["guild:1"], 3)),
    )
    await until(lambda: model.working == 1)
    leaving.cancel()
    searching.cancel()
    await asyncio.wait([leaving, searching])
    model.let_go.set()
    assert (await staying).passages
    assert leaving.cancelled()
    assert searching.cancelled()


async def test_the_end_waits_for_no_index_to_be_rebuilt(
    slow: tuple[AsyncEngine, Embedding],
) -> None:
    desk, model = slow
    unembedded(desk, "guild:1", *(f"The slow river {number:03}." for number in range(300)))
    waiting = [
        asyncio.create_task(desk.ask("Which river?", ["guild:1"])),
        asyncio.create_task(desk.search("river", ["guild:1"], 3)),
    ]
    await until(lambda: model.working == 1)
    index = desk.engine._indexes.get("guild:1")
    closing = asyncio.create_task(desk.close())
    await until(lambda: index._stopped)
    model.let_go.set()
    await closing
    for one in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(one, PassageError)
        assert "being stopped" in str(one)
    assert model.working == 1


async def test_indexes_that_can_not_all_stay_open_are_rebuilt_once(
    slow: tuple[AsyncEngine, Embedding], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_indexes, "MOST_OPEN", 1)
    monkeypatch.setattr(CollectionIndex, "save", lambda _: None)  # as where there is no room
    desk, _ = slow
    names = ["guild:1", "guild:2"]
    for name in names:
        unembedded(desk, name, *(f"River {number} of {name}." for number in range(300)))
    async with asyncio.timeout(30):
        assert (await desk.ask("Which river?", names)).passages
