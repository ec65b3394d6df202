"""An answer is computed once, until the library changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.answer import sentence_reader
from index.answer.threshold import DEFAULT, ENOUGH_VOTES
from index.engine import Engine
from index.records import Answer
from index.store.answers import Answers
from index.store.feedback import Feedback
from tests.support.fakes import BagOfWords, made
from tests.support.stored_answers import NOW, record


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path / "data", BagOfWords)
    yield engine
    engine.close()


def test_a_question_asked_again_is_not_computed_again(engine: Engine) -> None:
    engine.add_article(made("talks", "Ankara signed a treaty."), "shared")
    first = engine.ask("Who signed the treaty?", ["shared"])
    embedder = engine.embedder
    assert isinstance(embedder, BagOfWords)
    before = list(embedder.embedded)
    again = engine.ask("Who signed the treaty?", ["shared"])
    assert again.passages == first.passages
    assert again.quote == first.quote
    assert again.timing.embed == again.timing.read == 0
    assert embedder.embedded == before


def test_a_change_of_the_library_is_in_the_very_next_answer(engine: Engine) -> None:
    engine.add_article(made("talks", "Ankara signed a treaty."), "shared")
    engine.ask("Who signed the treaty?", ["shared"])
    engine.add_article(made("talks", "Moscow signed a treaty."), "shared")
    found = engine.ask("Who signed the treaty?", ["shared"])
    assert found.passages[0].passage.text == "Moscow signed a treaty."
    engine.remove("talks", "shared")
    assert engine.ask("Who signed the treaty?", ["shared"]).passages == ()


def test_the_same_question_elsewhere_is_another(engine: Engine) -> None:
    engine.add_article(made("talks", "Ankara signed a treaty."), "guild:1")
    assert engine.ask("Who signed the treaty?", ["guild:1"]).passages
    assert engine.ask("Who signed the treaty?", ["guild:2"]).passages == ()


def test_what_is_erased_is_forgotten_with_its_answers(engine: Engine) -> None:
    engine.add_article(made("talks", "Ankara signed a treaty."), "guild:1")
    engine.ask("Who signed the treaty?", ["guild:1"])
    engine.erase("guild:1")
    assert len(engine._answerer._answers) == 0
    assert engine.ask("Who signed the treaty?", ["guild:1"]).passages == ()


def test_votes_move_what_their_library_calls_an_answer_within_a_minute(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentence_reader, "confidence", lambda *_: 0.55)
    for home in ("guild:1", "guild:2"):
        engine.add_article(made("talks", "Ankara signed a treaty."), home)
    ask = "Who signed the treaty?"
    first = engine.ask(ask, ["guild:1", "shared"])
    assert (first.state, first.threshold) == ("answer", DEFAULT)
    vote_against(engine, first, "guild:1")
    engine.tidy(NOW)
    moved = engine.ask(ask, ["guild:1", "shared"])
    assert moved.threshold is not None
    assert moved.threshold.votes == ENOUGH_VOTES
    assert (moved.state, moved.confidence) == ("closest", 0.55)
    elsewhere = engine.ask(ask, ["guild:2", "shared"])
    assert (elsewhere.state, elsewhere.threshold) == ("answer", DEFAULT)


def vote_against(engine: Engine, answer: Answer, collection: str) -> None:
    """Have enough people call the answer to enough questions wrong."""
    answers, feedback = Answers(engine.library.database), Feedback(engine.library.database)
    for number in range(ENOUGH_VOTES):
        name = record(answers, number, answer, collection=collection)
        assert feedback.vote(name, collection, number, helpful=False, now=NOW)
