"""Counting how common words are."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from index.search import common_words
from training.common_words import FEWEST, LENGTH, counted, leveled, stretches, written


def test_words_are_counted_once_a_text_and_only_words() -> None:
    counts, number = counted(["Talks on talks, 2017, S-400", "talk", "Анкара"])
    assert number == 3
    assert counts["talk"] == 2
    assert not {"2017", "s400", "400"} & set(counts)
    assert all(word.isascii() for word in counts)


def test_what_is_written_is_read_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    texts = ["talk"] * 50 + ["meet"] * FEWEST + ["once"] + ["other"] * 20
    levels = leveled([counted(texts), counted(texts)])
    path = tmp_path / "words.txt"
    path.write_text(written(levels), "utf-8")
    monkeypatch.setattr(common_words, "FILE", path)
    found = common_words.english.__wrapped__()
    assert set(found) == {"talk", "meet", "other"}
    assert math.isclose(found["talk"], 50 / len(texts), rel_tol=0.06)


def test_an_article_is_cut_between_sentences_and_nothing_is_lost() -> None:
    text = "This is a sentence of some length. " * 60
    found = list(stretches(text))
    assert "".join(found).split() == text.split()
    assert len(found) > 2
    assert all(len(stretch) >= LENGTH for stretch in found[:-1])
