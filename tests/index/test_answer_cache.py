"""An answer is computed once, until the library changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.engine import Engine
from tests.support.fakes import BagOfWords, made


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
