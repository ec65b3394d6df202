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
async def sync(tmp_path: Path) -> AsyncIterator[Engine]:
    sync = Engine(tmp_path, BagOfWords)
    sync.add_article(MOON, SHARED)
    yield sync
    sync.close()


def nothing(_engine: Engine) -> None:
    pass


async def test_questions_that_arrive_together_go_through_the_model_together(
    sync: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    together = sync.ask_together

    def counted(asked: Sequence[Query], k: int) -> list[Answer]:
        batches.append(len(asked))
        return together(asked, k)

    monkeypatch.setattr(sync, "ask_together", counted)
    engine = AsyncEngine(sync, nothing, passages=3)
    questions = [f"Who was first on the moon, {number}?" for number in range(70)]
    waiting = [asyncio.create_task(engine.ask(question, [SHARED])) for question in questions]
    await asyncio.sleep(0)
    engine.open()
    answers = await asyncio.gather(*waiting)
    await engine.close()
    assert [answer.question for answer in answers] == questions
    # Two are on their way at a time, so that the last may overtake the one before it.
    assert sorted(batches) == [6, *[8] * 8]


async def test_while_some_are_read_the_next_are_looked_for(
    sync: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, both = sync.ask_together, threading.Barrier(2)

    def meeting(asked: Sequence[Query], k: int) -> list[Answer]:
        both.wait(10)  # raises where nobody else comes
        return together(asked, k)

    monkeypatch.setattr(sync, "ask_together", meeting)
    engine = AsyncEngine(sync, nothing, passages=3)
    engine.open()
    questions = [f"Who was first on the moon, {number}?" for number in range(16)]
    answers = await asyncio.gather(*(engine.ask(question, [SHARED]) for question in questions))
    await engine.close()
    assert [answer.question for answer in answers] == questions


async def test_questions_wait_for_the_model(sync: Engine) -> None:
    loaded = threading.Event()
    engine = AsyncEngine(sync, lambda _: bool(loaded.wait(10)), passages=3)
    engine.open()
    engine.open()
    asked = asyncio.create_task(engine.ask("Who was first on the moon?", [SHARED]))
    await asyncio.sleep(0.05)
    assert not asked.done()
    assert not engine.ready.is_set()
    loaded.set()
    assert (await asked).passages
    assert engine.ready.is_set()
    await engine.close()


async def test_a_model_that_can_not_be_loaded_is_told_to_everyone(sync: Engine) -> None:
    def fail(_engine: Engine) -> None:
        raise ModelError("The model is not there.")

    engine = AsyncEngine(sync, fail, passages=3)
    engine.open()
    for _ in range(2):
        with pytest.raises(ModelError, match="not there"):
            await engine.ask("Who was first on the moon?", [SHARED])
    await engine.close()


class FieldError(ModelError):
    """A failure whose constructor takes something else than its sentence."""

    def __init__(self, field: str, *, line: int) -> None:
        super().__init__(f"{field} is wrong in line {line}.")
        self.line = line


async def told(engine: AsyncEngine, people: int) -> list[BaseException]:
    """Return what people are told who all ask at once."""
    asked = (engine.ask("Who was first on the moon?", [SHARED]) for _ in range(people))
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
    sync: Engine, failure: Exception
) -> None:
    def fail(_engine: Engine) -> None:
        raise failure from ValueError("why")

    engine = AsyncEngine(sync, fail, passages=3)
    engine.open()
    errors = [error for _ in range(20) for error in await told(engine, 2)]
    await engine.close()
    assert len({id(error) for error in errors}) == 40
    assert {(type(error), str(error)) for error in errors} == {(type(failure), str(failure))}
    assert all(vars(error) == vars(failure) for error in errors)
    assert {str(error.__cause__) for error in errors} == {"why"}
    assert len({frames(error) for error in errors}) == 1


async def test_all_who_wait_at_the_end_are_told_by_an_exception_of_their_own(
    sync: Engine,
) -> None:
    engine = AsyncEngine(sync, nothing, passages=3)
    waiting = asyncio.create_task(told(engine, 3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    error = PassageError("Stopped.")
    engine.give_up(error)
    errors = await waiting
    await engine.close()
    assert len({id(one) for one in (error, *errors)}) == 4
    assert [str(one) for one in errors] == ["Stopped."] * 3


async def test_a_question_that_fails_fails_alone(
    sync: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = sync.ask_together

    def brittle(asked: Sequence[Query], k: int) -> list[Answer]:
        if any("bad" in one.text for one in asked):
            raise PassageError("That one is bad.")
        return together(asked, k)

    monkeypatch.setattr(sync, "ask_together", brittle)
    engine = AsyncEngine(sync, nothing, passages=3)
    engine.open()
    results = await asyncio.gather(
        *(engine.ask(text, [SHARED]) for text in ("moon?", "bad?", "first?")),
        return_exceptions=True,
    )
    await engine.close()
    assert [type(result) for result in results] == [Answer, PassageError, Answer]


async def test_the_loop_goes_on_while_the_model_works(
    sync: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = sync.ask_together

    def slow(asked: Sequence[Query], k: int) -> list[Answer]:
        time.sleep(0.2)
        return together(asked, k)

    monkeypatch.setattr(sync, "ask_together", slow)
    engine = AsyncEngine(sync, nothing, passages=3)
    engine.open()
    asked = asyncio.create_task(engine.ask("moon?", [SHARED]))
    turns = 0
    while not asked.done():
        await asyncio.sleep(0.01)
        turns += 1
    await engine.close()
    assert turns > 5


async def test_who_still_waits_at_the_end_is_told(sync: Engine) -> None:
    engine = AsyncEngine(sync, nothing, passages=3)
    asked = asyncio.create_task(engine.ask("moon?", [SHARED]))
    await asyncio.sleep(0)
    await engine.close()
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
    """An engine whose shared collection is up to date with the library."""
    model = Embedding()
    sync = Engine(tmp_path, lambda: model)
    sync.add_article(MOON, SHARED)
    engine = AsyncEngine(sync, nothing, passages=3)
    engine.open()
    await engine.ask("Who was first on the moon?", [SHARED])
    yield engine, model
    model.let_go.set()
    await engine.close()


def unembedded(engine: AsyncEngine, collection: str, *texts: str) -> None:
    """Store passages of which no vectors are kept, as those of another model are not."""
    text, pieces = drafts(*texts)
    engine.sync.library.store(collection, made("a", text), pieces)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what happens on other threads sets no event
            await asyncio.sleep(0.01)


async def test_indexes_being_rebuilt_hold_up_only_who_asks_them(
    slow: tuple[AsyncEngine, Embedding], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, model = slow
    rebuilt: list[str] = []
    real = engine.sync.index
    monkeypatch.setattr(engine.sync, "index", lambda name: rebuilt.append(name) or real(name))
    names = [f"guild:{number}" for number in range(3)]
    for name in names:
        unembedded(engine, name, f"The slow river of {name}.")
    held_up = [
        asyncio.create_task(engine.ask(f"Which river, {number}?", [name, SHARED]))
        for name in names
        for number in range(2)
    ]
    held_up += [asyncio.create_task(engine.ask("Which rivers?", names))]
    searching = [asyncio.create_task(engine.search("river", [name], 3)) for name in names]
    await until(lambda: model.working == 2)
    async with asyncio.timeout(30):
        for number in range(20):
            assert (await engine.ask(f"Who was first on the moon, {number}?", [SHARED])).passages
            assert await engine.search("moon", [SHARED], 3)
        unembedded(engine, "guild:4", "A quick river.")
        real("guild:4")
        assert (await engine.ask("Which river?", ["guild:4", SHARED])).passages
    assert not any(task.done() for task in (*held_up, *searching))
    model.let_go.set()
    answers = await asyncio.gather(*held_up)
    assert all("slow river" in answer.passages[0].passage.text for answer in answers)
    assert all(await asyncio.gather(*searching))
    assert sorted(rebuilt) == names


async def test_an_index_that_can_not_be_rebuilt_fails_each_who_asks_it_and_nobody_else(
    slow: tuple[AsyncEngine, Embedding],
) -> None:
    engine, _ = slow
    unembedded(engine, "guild:1", "A broken river.")
    for _ in range(2):
        results = await asyncio.gather(
            engine.ask("Which river?", ["guild:1", SHARED]),
            engine.ask("Who was first on the moon?", [SHARED]),
            engine.ask("What river?", ["guild:1"]),
            engine.search("river", ["guild:1"], 3),
            return_exceptions=True,
        )
        assert [type(one) for one in results] == [PassageError, Answer, PassageError, PassageError]
    engine.sync.remove("a", "guild:1")
    assert not (await engine.ask("Which river?", ["guild:1"])).passages


async def test_who_no_longer_waits_for_an_index_stops_its_rebuilding_for_nobody_else(
    slow: tuple[AsyncEngine, Embedding],
) -> None:
    engine, model = slow
    unembedded(engine, "guild:1", "The slow river.")
    leaving, staying, searching = (
        asyncio.create_task(engine.ask("Which river?", ["guild:1"])),
        asyncio.create_task(engine.ask("What river?", ["guild:1"])),
        asyncio.create_task(engine.search("river", ["guild:1"], 3)),
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
    engine, model = slow
    unembedded(engine, "guild:1", *(f"The slow river {number:03}." for number in range(300)))
    waiting = [
        asyncio.create_task(engine.ask("Which river?", ["guild:1"])),
        asyncio.create_task(engine.search("river", ["guild:1"], 3)),
    ]
    await until(lambda: model.working == 1)
    index = engine.sync._indexes.get("guild:1")
    closing = asyncio.create_task(engine.close())
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
    engine, _ = slow
    names = ["guild:1", "guild:2"]
    for name in names:
        unembedded(engine, name, *(f"River {number} of {name}." for number in range(300)))
    async with asyncio.timeout(30):
        assert (await engine.ask("Which river?", names)).passages
