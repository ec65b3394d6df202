"""Answers to be kept, made in a line, and what SQLite left of them on the disk."""

from __future__ import annotations

from pathlib import Path

from bot.text.reasons import reason_phrase
from index.records import Answer, Passage, Quote, Ranked, State, Timing
from index.store.answers import Answers, Scores
from index.store.searches import Search

NOW = 1_800_000_000
DAY = 86_400
ONE, TWO = "guild:1", "guild:2"
ANN, BO, CAT = 11, 12, 13


def passage(number: int, text: str = "It opened in 1932.") -> Passage:
    return Passage(number, "bridge", "The bridge", text, 0, len(text), ((0, len(text)),))


def answered(
    question: str = "When did it open?",
    *ids: int,
    state: State = "answer",
    reason: str = "similarity 0.61, and it holds every word of the question",
) -> Answer:
    """Return an answer over the passages of these ids, quoting the first."""
    ranked = tuple(
        Ranked(passage(number), 0.9 - at / 7, 0.61, 7.25, 0.5, 1.0, 1 / 3, 0.75)
        for at, number in enumerate(ids)
    )
    quote = Quote("It opened in 1932.", "1932", "bridge", 0, 18, 13) if ids else None
    return Answer(question, state, 0.875, reason, quote, ranked, Timing(1, 2, 3, 6))


def record(
    journal: Answers,
    message: int,
    answer: Answer | None = None,
    *,
    collection: str = ONE,
    asker: int = ANN,
    channel: int = 100,
    follows: str | None = None,
    private: bool = False,
    now: int = NOW,
) -> str:
    """Keep an answer to ``message``, the plainest one unless told otherwise."""
    answer = answer or answered()
    return journal.record(
        answer,
        reason=reason_phrase(answer.reason),
        collection=collection,
        asker=asker,
        channel=channel,
        message=message,
        follows=follows,
        private=private,
        now=now,
    )


def searched(
    name: str,
    query: str = "bridges",
    *passages: int,
    article: str | None = None,
    collection: str = ONE,
    asker: int = ANN,
    private: bool = False,
    now: int = NOW,
) -> Search:
    """Return a search that found the passages of these ids."""
    found = tuple(Scores(number, 0.9, 0.61, 7.25, 0.5, 1.0, 1 / 3) for number in passages)
    return Search(name, collection, asker, query, article, private, now, found)


def on_disk(path: Path, text: str) -> bool:
    """Say whether a text stands anywhere in a database's files."""
    return any(text.encode() in file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
