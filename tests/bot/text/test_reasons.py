"""The words of a reason: those that are missing, and what each kind says."""

from __future__ import annotations

import pytest

from bot.text.reasons import reason_phrase
from index.records import AnswerReason


@pytest.mark.parametrize(
    ("reason", "phrase"),
    [
        (AnswerReason("empty question"), "the question is empty"),
        (AnswerReason("empty library"), "the library is empty"),
        (AnswerReason("nothing near"), "nothing in the library comes near the question"),
        (
            AnswerReason("nothing near", unknown=("zeppelins",)),
            "nothing in the library comes near the question, or mentions “zeppelins”",
        ),
        (
            AnswerReason("near", similarity=0.614),
            "similarity 0.61, and it holds every word of the question",
        ),
        (
            AnswerReason("near", similarity=0.4, missing=("missile",), unclear=True),
            "similarity 0.40, without “missile”, but nothing in it clearly answers",
        ),
        ("similarity 0.40, without “oil”", "similarity 0.40, without “oil”"),
    ],
)
def test_each_kind_of_reason_has_its_words(reason: AnswerReason | str, phrase: str) -> None:
    assert reason_phrase(reason) == phrase


@pytest.mark.parametrize(
    ("missing", "listed"),
    [
        (("oil",), "“oil”"),
        (("oils", "missiles"), "“oils” or “missiles”"),
        (("oil", "coal", "wood"), "“oil”, “coal” or “wood”"),
        (("oil", "coal", "wood", "wind", "sun"), "“oil”, “coal”, “wood” and 2 more"),
    ],
)
def test_three_missing_words_are_named_and_the_others_counted(
    missing: tuple[str, ...], listed: str
) -> None:
    reason = AnswerReason("near", similarity=0.5, missing=missing)
    assert reason_phrase(reason) == f"similarity 0.50, without {listed}"
