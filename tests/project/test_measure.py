"""What ``make eval`` prints of people's own words, and the picture that is drawn of it."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

from index.answer.sentence_reader import SentenceReader
from index.evaluation.articles import ArticleQuestion
from index.evaluation.asking import ArticleResult
from tests.measure import own_words, risk_coverage
from tests.support.fakes import BagOfWords


def result(confidence: float, *, right: bool) -> ArticleResult:
    question = ArticleQuestion("q", "a", "?", answerable=True, style="why")
    return ArticleResult(question, "answer", confidence, right, right, right, float(right))


def test_a_table_has_a_line_for_each_kind_and_one_for_their_mean() -> None:
    kinds = {
        "news": [result(0.9, right=True)],
        "docs": [result(0.5, right=True), result(0.4, right=False), result(0.3, right=False)],
    }
    head, news, docs, mean = (line.split() for line in own_words.table(kinds))
    assert head[:3] == ["n", "first", "in"]
    assert news[:3] == ["news", "1", "1.000"]
    assert docs[:3] == ["docs", "3", "0.333"]
    assert mean[:5] == ["mean", "of", "kinds", "2", "0.667"]
    assert "-" in mean  # there is no near miss


def test_tables_and_curves_are_made_of_the_part_kept_for_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    articles, questions = [], []
    for split in ("fit", "train"):
        text = f"The harbour of {split} opened in May."
        articles.append({"id": split, "title": split, "text": text, "split": split})
        for number in range(3):
            asked = {"id": f"{split}{number}", "article": split, "text": text}
            labels = {"answerable": True, "evidence": [text], "style": "why", "split": split}
            questions.append(asked | labels)
    folder = tmp_path / "own-words" / "news"
    folder.mkdir(parents=True)
    for name, found in (("articles", articles), ("questions", questions)):
        lines = "\n".join(map(json.dumps, found)).encode()
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines))
    monkeypatch.setenv("PASSAGE_EVAL_DATA", str(tmp_path))
    monkeypatch.setattr(own_words, "KINDS", ("news",))
    monkeypatch.setattr(own_words, "ROOT", tmp_path)
    monkeypatch.setattr(own_words, "POINTS", tmp_path / "build" / "points.json")
    embedder = BagOfWords()
    own_words.report_own_words(embedder, lambda: SentenceReader(embedder), 2)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:3] for line in printed if line[:1] == ["news"]] == [["news", "2", "1.000"]] * 2
    assert [line[:2] for line in printed if line[:1] == ["why"]] == [["why", "2"]] * 2
    curves = json.loads((tmp_path / "build" / "points.json").read_text("utf-8"))
    assert [len(points) for points in curves.values()] == [2, 2]
    assert all(points[-1]["risk"] == 0 for points in curves.values())


def test_the_picture_is_drawn_of_what_the_measuring_left() -> None:
    assert risk_coverage.POINTS == own_words.POINTS


def test_without_matplotlib_the_picture_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = tmp_path / "points.json"
    points.write_text("{}", "utf-8")
    monkeypatch.setattr(risk_coverage, "POINTS", points)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SystemExit, match=r"^matplotlib draws this picture and is missing: pip"):
        risk_coverage.main()


def test_without_measurements_the_picture_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(risk_coverage, "ROOT", tmp_path)
    monkeypatch.setattr(risk_coverage, "POINTS", tmp_path / "build" / "points.json")
    with pytest.raises(SystemExit, match=r"^There is no build.points.json yet; `make eval`"):
        risk_coverage.main()
