"""Why an answer has its state, in a phrase that a person can check."""

from __future__ import annotations

from collections.abc import Sequence

from index.records import AnswerReason

_NAMED = 3  # words, beyond which the others are counted


def reason_phrase(reason: AnswerReason | str) -> str:
    """Return a reason in words; one that comes from the store is in words already."""
    if isinstance(reason, str):
        return reason
    if reason.kind == "empty question":
        return "the question is empty"
    if reason.kind == "empty library":
        return "the library is empty"
    if reason.kind == "nothing near":
        mentions = f", or mentions {_listed(reason.unknown)}" if reason.unknown else ""
        return f"nothing in the library comes near the question{mentions}"
    words = (
        f"without {_listed(reason.missing)}"
        if reason.missing
        else "and it holds every word of the question"
    )
    verdict = ", but nothing in it clearly answers" if reason.unclear else ""
    return f"similarity {reason.similarity:.2f}, {words}{verdict}"


def _listed(words: Sequence[str]) -> str:
    quoted = [f"“{word}”" for word in words[:_NAMED]]
    if len(words) > _NAMED:
        return f"{', '.join(quoted)} and {len(words) - _NAMED} more"
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)
