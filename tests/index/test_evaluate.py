"""The figures, against values worked out on paper, and the files they are made from."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from index.answer.sentence_reader import SentenceReader
from index.errors import EvaluationError
from index.evaluate import (
    Evaluation,
    LabelledPassage,
    LabelledQuestion,
    QuestionResult,
    calibration_error,
    figures,
    read_passages,
    read_questions,
    recall,
)
from index.evaluation.measures import auroc
from index.records import State
from tests.support.fakes import BagOfWords


def outcome(
    rank: int | None, confidence: float, state: State = "answer", *, answerable: bool = True
) -> QuestionResult:
    relevant = frozenset({"p"} if answerable else ())
    question = LabelledQuestion("q", "?", relevant)
    return QuestionResult(question, state, confidence, rank, rank, rank, "p", None, ())


OUTCOMES = [
    outcome(1, 0.9),
    outcome(1, 0.7),
    outcome(4, 0.6, "closest"),
    outcome(None, 0.2, "none"),
    outcome(None, 0.1, "none", answerable=False),
    outcome(None, 0.65, "closest", answerable=False),
]


def test_figures_are_those_worked_out_by_hand() -> None:
    assert figures(OUTCOMES) == {
        "n": 6,
        "recall@1": 0.5,
        "recall@3": 0.5,
        "recall@5": 0.75,
        "recall@10": 0.75,
        "mrr@10": 0.5625,  # (1 + 1 + 1/4 + 0) / 4
        "auroc": 0.75,  # 6 of 8 pairs in the right order
        "states": {
            "answerable": {"answer": 0.5, "closest": 0.25, "none": 0.25},
            "unanswerable": {"answer": 0.0, "closest": 0.5, "none": 0.5},
        },
    }


def test_figures_of_one_kind_of_question_have_no_auroc() -> None:
    only = figures(OUTCOMES[4:])
    assert (only["recall@1"], only["mrr@10"], only["auroc"]) == (0.0, 0.0, None)
    assert only["states"]["answerable"] == {"answer": 0.0, "closest": 0.0, "none": 0.0}
    assert figures(OUTCOMES[:1])["auroc"] is None
    assert figures([])["n"] == 0


def test_recall_counts_ranks_up_to_k_over_all_questions() -> None:
    ranks = [1, 2, 3, None, 10, 11]
    assert [recall(ranks, k) for k in (1, 3, 10)] == [0.1667, 0.5, 0.6667]


@pytest.mark.parametrize(
    ("positive", "negative", "value"),
    [
        ([0.9, 0.8], [0.1, 0.2], 1.0),
        ([0.1], [0.9], 0.0),
        ([0.5], [0.5], 0.5),
        ([0.5, 0.9], [0.5, 0.1, 0.9], 0.6667),  # 1.5 + 2.5 of 6 pairs
        ([], [0.5], None),
        ([0.5], [], None),
    ],
)
def test_auroc_is_the_share_of_pairs_in_order_with_ties_as_half(
    positive: list[float], negative: list[float], value: float | None
) -> None:
    assert auroc(positive, negative) == value


def test_calibration_error_is_the_gap_of_each_bin_by_its_size() -> None:
    # One bin of 0.9 right once in two, one of 0.3 never right, one of 1.0 always right.
    outcomes = [outcome(1, 0.92), outcome(2, 0.94), outcome(None, 0.3), outcome(1, 1.0)]
    upper = abs(0.92 + 0.94 + 1.0 - 2)
    assert calibration_error(outcomes) == pytest.approx((upper + 0.3) / 4, abs=1e-4)
    assert calibration_error([outcome(1, 1.0), outcome(2, 0.0)]) == 0.0
    assert calibration_error([]) == 0.0


PASSAGES = [
    LabelledPassage("p1", "d1", "Talks", "Ankara signed a treaty on Thursday."),
    LabelledPassage("p2", "d1", "Talks", "Moscow sells gas to Turkey."),
    LabelledPassage("p3", "d2", "Arms", "The S-400 is a missile."),
]


@pytest.fixture
def evaluation(embedder: BagOfWords) -> Iterator[Evaluation]:
    with closing(Evaluation(PASSAGES, embedder, SentenceReader(embedder))) as made:
        yield made


def test_passages_are_indexed_as_given_and_questions_ranked(evaluation: Evaluation) -> None:
    questions = [
        LabelledQuestion("q1", "Who signed the treaty?", frozenset({"p1"})),
        LabelledQuestion("q2", "What does Moscow sell?", frozenset({"p1"})),
        LabelledQuestion("q3", "zeppelin", frozenset()),
    ]
    told: list[tuple[int, int]] = []
    first, second, third = evaluation.run(questions, lambda *step: told.append(step))
    assert (first.rank, first.best, first.right) == (1, "p1", True)
    assert (first.dense_rank, first.bm25_rank) == (1, 1)
    assert (second.best, second.right, second.bm25_rank) == ("p2", False, None)
    assert second.rank in (2, 3)
    assert (third.rank, third.bm25_rank, third.state, third.quote) == (None, None, "none", None)
    assert told == [(3, 3)]


def test_an_evaluation_of_nothing_is_a_sentence(embedder: BagOfWords) -> None:
    with pytest.raises(EvaluationError) as caught:
        Evaluation([], embedder, SentenceReader(embedder))
    assert str(caught.value) == "There are no passages to index."


def test_plain_and_compressed_files_read_the_same(tmp_path: Path) -> None:
    rows = [
        {"id": "p1", "doc": "d", "title": "T", "text": "Ü"},
        {"id": "p2", "text": "x"},
        {"id": "p3", "doc": None, "title": None, "text": "y"},
    ]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n"
    plain, packed = tmp_path / "p.jsonl", tmp_path / "p.jsonl.gz"
    plain.write_text(lines, "utf-8")
    packed.write_bytes(gzip.compress(lines.encode()))
    expected = [
        LabelledPassage("p1", "d", "T", "Ü"),
        LabelledPassage("p2", "p2", "", "x"),
        LabelledPassage("p3", "p3", "", "y"),
    ]
    assert read_passages(plain) == read_passages(packed) == expected


def test_a_question_without_labels_is_unanswerable(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(
        '{"id": "1", "text": "Who?", "relevant": ["p1"], "answers": ["Ann"]}\n'
        '{"id": "2", "text": "Why?", "relevant": []}\n{"id": "3", "text": "So?"}'
    )
    first, second, third = read_questions(path)
    assert first == LabelledQuestion("1", "Who?", frozenset({"p1"}), ("Ann",))
    assert [q.answerable for q in (first, second, third)] == [True, False, False]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"id": "2"', "not JSON ("),
        ('{"id": "2"}', "expected an object with a text in 'text'."),
        ('{"id": [2], "text": "x"}', "expected an object with a text in 'id'."),
        ('{"id": "2", "text": null}', "expected an object with a text in 'text'."),
        ("[1]", "expected an object with a text in 'id'."),
    ],
)
def test_a_malformed_line_is_a_sentence_with_its_number(
    tmp_path: Path, line: str, sentence: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"id": "1", "text": "x"}}\n{line}\n')
    for read in (read_passages, read_questions):
        with pytest.raises(EvaluationError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}, line 2: {sentence}")


@pytest.mark.parametrize("relevant", ["null", '"p1"', "3", '[["p1"]]'])
def test_labels_of_another_kind_are_a_sentence_with_the_lines_number(
    tmp_path: Path, relevant: str
) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f'{{"id": "1", "text": "Who?", "relevant": {relevant}}}\n')
    with pytest.raises(EvaluationError, match=r"line 1: .*'relevant'"):
        read_questions(path)


def test_files_that_cannot_be_read_are_a_sentence(tmp_path: Path) -> None:
    latin, text, cut = (tmp_path / name for name in ("latin.jsonl", "text.gz", "cut.gz"))
    latin.write_bytes(b'{"id": "1", "text": "caf\xe9"}')
    text.write_text("not compressed")
    cut.write_bytes(gzip.compress(b'{"id": "1", "text": "x"}\n' * 999)[:-20])
    for path in (tmp_path / "missing.jsonl", latin, text, cut):
        with pytest.raises(EvaluationError, match=r"can't be read: .+\.$"):
            read_passages(path)
