"""How the passages that a search proposes are scored, ordered, and rid of near repeats."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from index.records import Passage, Ranked
from index.search.collection import Hit

FUSION = 0.8


PHRASE = 0.2
"""Chosen on squad-train, squad2 and stackfaq together; see docs/measurements.md."""


NEAR_DUPLICATE = 0.9
"""Share of terms in common (Jaccard) from which a passage is taken to repeat another."""


LEAST_COSINE = 0.05  # below this a cosine says "unrelated" and must not blow up the ratio


def fused_score(hit: Hit, weight: float) -> float:
    """Return how near a passage comes by meaning and by words; ``weight`` is that of the words."""
    return hit.dense + weight * hit.match.strength + PHRASE * hit.match.phrase


def ranked_passage(hit: Hit, passage: Passage, weight: float) -> Ranked:
    """Return a passage with all that ranked it."""
    match = hit.match
    return Ranked(
        passage=passage,
        score=fused_score(hit, weight),
        dense=hit.dense,
        bm25=match.bm25,
        strength=match.strength,
        coverage=match.coverage,
        phrase=match.phrase,
    )


def rank_order(ranked: Ranked) -> tuple[float, str, int]:
    """Return what ranked passages are sorted by: the best first, ties in reading order."""
    return -ranked.score, ranked.passage.article_id, ranked.passage.start


def without_repeats(
    ranked: Sequence[Ranked], terms_of: Callable[[int], frozenset[str]], k: int
) -> tuple[list[Ranked], list[Ranked]]:
    """Return the first ``k``, and apart from them those that nearly repeat a better passage."""
    different: list[Ranked] = []
    repeats: list[Ranked] = []
    for candidate in ranked:
        if len(different) == k:
            break
        twin = any(_repeats(candidate, better, terms_of) for better in different)
        (repeats if twin else different).append(candidate)
    return different, repeats


def _repeats(candidate: Ranked, better: Ranked, terms_of: Callable[[int], frozenset[str]]) -> bool:
    """Say whether a passage repeats a better one and holds no more of the question's words."""
    if candidate.coverage > better.coverage:
        return False
    overlap = _overlap(terms_of(candidate.passage.id), terms_of(better.passage.id))
    return overlap >= NEAR_DUPLICATE


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    both = len(left & right)
    return both / max(1, len(left) + len(right) - both)
