"""What counts as right, on words that people marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.evaluation.articles import ArticleQuestion
from index.evaluation.evidence import holding, overlap, sentence_right, token_f1
from index.records import Passage


def asked(
    *evidence: str, answers: tuple[str, ...] = (), answerable: bool = True
) -> ArticleQuestion:
    return ArticleQuestion("q", "a", "?", answerable, answers, evidence)


def passages(*texts: str) -> list[Passage]:
    return [Passage(n, "a", "A", text, 0, len(text), ()) for n, text in enumerate(texts, 1)]


def test_words_are_compared_as_often_as_they_stand() -> None:
    assert token_f1("the cat, the hat", "The hat") == 2 * 2 / (4 + 2)
    assert token_f1("cat", "dog") == 0
    assert token_f1("", "") == 0


@given(st.text(), st.text())
def test_overlap_is_a_share_and_has_no_direction(left: str, right: str) -> None:
    assert 0 <= token_f1(left, right) <= 1
    assert token_f1(left, right) == token_f1(right, left)


def test_a_passage_holds_the_evidence_however_it_is_spaced_and_cased() -> None:
    found = holding(asked("It opened\n in May."), passages("So it  opened in may. Good.", "May."))
    assert found == {1}


def test_where_no_passage_has_the_evidence_an_answer_will_do() -> None:
    question = asked("A line that was cut in two.", answers=("42 metres", "yes", "4"))
    assert holding(question, passages("It has 42 Metres.", "Yes, 4.")) == {1}


def test_the_head_of_a_table_does_not_answer() -> None:
    question = asked("root | /mnt/", "Key | Value", answers=("/mnt/",))
    assert holding(question, passages("Key | Value", "root | /mnt/")) == {2}


def test_further_lines_with_an_answer_do() -> None:
    question = asked("First Ann.", "Then Bob.", "So much for that.", answers=("Ann", "Bob"))
    found = holding(question, passages("First Ann.", "Then Bob.", "So much for that."))
    assert found == {1, 2}


def test_nothing_holds_the_answer_to_a_near_miss() -> None:
    question = asked("It opened.", answers=("opened",), answerable=False)
    assert holding(question, passages("It opened.")) == frozenset()
    assert not sentence_right(question, "It opened.")


@pytest.mark.parametrize(
    ("shown", "right"),
    [
        ("The bridge opened in May 2001 after long delays.", True),
        ("“the BRIDGE opened  in May 2001 after long delays.” So they say.", True),
        ("The bridge opened in May", True),
        ("In May the bridge opened late, after delays.", True),  # 6 words of 8 and 9
        ("Everything went wrong until May 2001.", True),  # an accepted answer
        ("Yes, it did.", False),
        ("Nobody knows.", False),
        ("", False),
    ],
)
def test_a_sentence_is_right_by_the_evidence_or_by_an_answer(shown: str, right: bool) -> None:
    line = "The bridge opened in May 2001 after long delays."
    assert sentence_right(asked(line, answers=("May 2001", "yes")), shown) is right


def test_half_of_the_words_are_enough() -> None:
    question = asked("a b c d")
    assert overlap(question, "a b y z") == 0.5
    assert sentence_right(question, "a b y z")
    assert not sentence_right(question, "a x y z")
    assert overlap(asked(), "a b") == 0
