"""Whether what is shown holds the answer, judged by the words that people marked.

Words are compared with white space and case folded, since an extractor changes the one and
an answer at the start of a sentence the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from index.evaluation.articles import ArticleQuestion
from index.records import Passage

ENOUGH = 0.5
"""From this overlap of words on, a sentence counts as the one that was marked."""

_UNTELLING = frozenset({"yes", "no"})  # such words stand anywhere
_SHORTEST = 2  # characters of an answer that is looked for


def folded(text: str) -> str:
    """Return a text as it is compared."""
    return " ".join(text.split()).casefold()


def token_f1(left: str, right: str) -> float:
    """Return how much two texts share of their words, each as often as it stands."""
    words, others = _words(left), _words(right)
    both = (words & others).total()
    return 2 * both / (words.total() + others.total()) if both else 0.0


def holding(question: ArticleQuestion, passages: Iterable[Passage]) -> frozenset[int]:
    """Return the passages of a question's article that hold its answer.

    They hold a line of the evidence whole; where no passage does, an answer.
    """
    if not question.answerable:
        return frozenset()
    texts = {passage.id: folded(passage.text) for passage in passages}
    for sought in (_telling_lines(question), _telling_answers(question)):
        found = frozenset(
            name for name, text in texts.items() if any(words in text for words in sought)
        )
        if found:
            return found
    return frozenset()


def sentence_right(question: ArticleQuestion, shown: str) -> bool:
    """Say whether the sentence shown is of the evidence, or holds an accepted answer."""
    said = folded(shown)
    if not question.answerable or not said:
        return False
    lines = [line for line in map(folded, question.evidence) if line]
    return (
        any(line in said or said in line for line in lines)
        or overlap(question, shown) >= ENOUGH
        or any(answer in said for answer in _telling_answers(question))
    )


def overlap(question: ArticleQuestion, shown: str) -> float:
    """Return what the sentence shown shares of its words with the nearest line of evidence."""
    return max((token_f1(shown, line) for line in question.evidence), default=0.0)


def _telling_lines(question: ArticleQuestion) -> Sequence[str]:
    """Return the first line, and of the others those with an answer.

    The rest are the head of a table or a list's lead-in: a passage with nothing but that
    doesn't answer.
    """
    answers = _telling_answers(question)
    lines = [folded(line) for line in question.evidence]
    return [
        line
        for number, line in enumerate(lines)
        if line and (number == 0 or any(answer in line for answer in answers))
    ]


def _telling_answers(question: ArticleQuestion) -> Sequence[str]:
    answers = map(folded, question.answers)
    return [a for a in answers if len(a) >= _SHORTEST and a not in _UNTELLING]


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))
