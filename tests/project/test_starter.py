"""The starter library: there at once, left out on request, and left alone once removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import starter
from bot.starter import sync_starter
from index.collection_names import SHARED
from index.engine import Engine
from index.models.embedder import WindowedEmbedder
from tests.support.fakes import BagOfWords
from tests.support.paths import TESTS

QUESTIONS = TESTS / "questions" / "starter.jsonl"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine(tmp_path, BagOfWords)
    yield opened
    opened.close()


def names(engine: Engine) -> set[str]:
    return {entry.id for entry in engine.library.listing.entries(SHARED)}


def test_both_articles_are_there_and_syncing_again_changes_nothing(engine: Engine) -> None:
    sync_starter(engine, wanted=True)
    assert names(engine) == {"ankara-september-2017", "guide-to-passage"}
    before = engine.library.changes.generation(SHARED)
    sync_starter(engine, wanted=True)
    assert engine.library.changes.generation(SHARED) == before


def test_an_article_that_was_removed_stays_removed(engine: Engine) -> None:
    sync_starter(engine, wanted=True)
    engine.remove("guide-to-passage", SHARED)
    sync_starter(engine, wanted=True)
    assert names(engine) == {"ankara-september-2017"}


def test_left_out_means_gone_and_wanted_again_means_back(engine: Engine) -> None:
    sync_starter(engine, wanted=True)
    sync_starter(engine, wanted=False)
    assert names(engine) == set()
    sync_starter(engine, wanted=True)
    assert len(names(engine)) == 2


def test_a_newer_text_takes_the_place_of_the_old(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "FOLDER", tmp_path)
    file = tmp_path / "guide.md"
    file.write_text("# Guide\n\nThe old words of the guide.")
    sync_starter(engine, wanted=True)
    file.write_text("# Guide\n\nThe new words of the guide.")
    sync_starter(engine, wanted=True)
    assert "new words" in engine.library.article(SHARED, "guide").text


def labelled() -> list[dict[str, str]]:
    return [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]


@pytest.mark.model
def test_a_newcomers_questions_find_their_passage(
    tmp_path: Path, default_model: WindowedEmbedder
) -> None:
    engine = Engine(tmp_path, lambda: default_model)
    sync_starter(engine, wanted=True)
    rows = labelled()
    answers = engine.ask_all([row["text"] for row in rows], [SHARED], 5)
    engine.close()
    asked = [(r, a) for r, a in zip(rows, answers, strict=True) if r["answerable"]]
    first = sum(r["evidence"] in a.passages[0].passage.text for r, a in asked)
    among = sum(any(r["evidence"] in p.passage.text for p in a.passages[:3]) for r, a in asked)
    assert (first / len(asked), among / len(asked)) >= (0.8, 0.95)
