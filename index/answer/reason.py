"""What an answer's confidence rests on, as data; the words for it are made in the bot."""

from __future__ import annotations

from collections.abc import Sequence

from index.answer.question import PreparedQuery
from index.answer.retrieve import Retrieval
from index.records import Ranked, State


def reason(
    state: State, question: PreparedQuery, best: Ranked, retrieval: Retrieval, *, read: bool = False
) -> str:
    """Return why the state is what it is, in a phrase a person can check.

    ``read`` says that the passage has been read for words that answer.
    """
    if state == "none":
        return _nothing_about([question.surfaces.get(term, term) for term in retrieval.unknown])
    held = retrieval.terms[best.passage.id]
    missing = [word for term, word in question.surfaces.items() if term not in held]
    likeness = f"similarity {best.dense:.2f}"
    words = f"without {_listed(missing)}" if missing else "and it holds every word of the question"
    verdict = ", but nothing in it clearly answers" if read and state == "closest" else ""
    return f"{likeness}, {words}{verdict}"


def _nothing_about(unknown: Sequence[str]) -> str:
    if not unknown:
        return "nothing in the library comes near the question"
    return f"nothing in the library comes near the question, or mentions {_listed(unknown)}"


def _listed(words: Sequence[str], most: int = 3) -> str:
    quoted = [f"“{word}”" for word in words[:most]]
    if len(words) > most:
        return f"{', '.join(quoted)} and {len(words) - most} more"
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)
