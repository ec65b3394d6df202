"""What an answer's confidence rests on, as data; the words for it are made in the bot."""

from __future__ import annotations

from index.answer.question import PreparedQuery
from index.answer.retrieve import Retrieval
from index.records import AnswerReason, Ranked, State


def reason(
    state: State, question: PreparedQuery, best: Ranked, retrieval: Retrieval, *, read: bool = False
) -> AnswerReason:
    """Return why the state is what it is, as far as a person can check it.

    ``read`` says that the passage has been read for words that answer.
    """
    if state == "none":
        unknown = tuple(question.surfaces.get(term, term) for term in retrieval.unknown)
        return AnswerReason("nothing near", unknown=unknown)
    held = retrieval.terms[best.passage.id]
    return AnswerReason(
        "near",
        similarity=best.dense,
        missing=tuple(word for term, word in question.surfaces.items() if term not in held),
        unclear=read and state == "closest",
    )
