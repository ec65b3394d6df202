"""Question -> ranked passages: vectors and BM25, weighed question by question.

BM25 is far ahead where a question shares its words with the answer, vectors where it
paraphrases; no fixed weight serves both.  So the weight of the words follows how strong
the best match by words is against what the question could have reached, and against the
best match by meaning:

    score = cosine + FUSION · (best strength / best cosine) · strength + PHRASE · phrase

``passage eval`` shows the two halves beside the fusion.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile

from index.answer.question import PreparedQuery
from index.answer.ranking import (
    FUSION,
    LEAST_COSINE,
    fused_score,
    rank_order,
    ranked_passage,
    without_repeats,
)
from index.records import Ranked
from index.search.collection import CollectionIndex, Hit
from index.store.library import Library

log = logging.getLogger("passage")


CANDIDATES = 50
"""How many passages each half proposes."""


_TRIES = 3  # searches of indexes in which nothing changes, after which they don't fit the library


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The passages nearest to a question, best first.

    ``repeats`` are the passages that were moved behind the others since they nearly repeat
    a better one.  ``unknown`` are the question's terms that no passage has, ``terms`` those
    that each passage has, in its text or its context.  ``size`` is how many passages the indexes
    hold together.
    """

    ranked: tuple[Ranked, ...]
    repeats: frozenset[int]
    unknown: tuple[str, ...]
    terms: Mapping[int, frozenset[str]]
    size: int = 0


@dataclass(frozen=True, slots=True)
class Within:
    """The one article that is searched: ids are a collection's own."""

    collection: str
    article: str


def retrieve(
    question: PreparedQuery,
    indexes: Iterable[CollectionIndex],
    library: Library,
    k: int,
    within: Within | None = None,
) -> Retrieval:
    """Return the ``k`` best passages of all ``indexes`` together, or of one article in them.

    Where a passage has been removed since the indexes were searched, the search is made again, so
    that an article being replaced is seen as it was or as it is, never as neither.  Where it is
    removed though nothing changes, an index doesn't fit the library, and is rebuilt.  Raises
    LibraryError where that doesn't fit either.
    """
    opened = list({index.name: index for index in indexes}.values())
    tries: Counter[tuple[int, ...]] = Counter()
    while True:
        hits, unknown, weight = _search(question, opened, within)
        hits.sort(key=lambda hit: -fused_score(hit[0], weight))
        # The best are enough, unless some of them repeat each other.
        for most in (k, 3 * k, len(hits)):
            found = _best(_first(hits, most, weight), weight, library, k)
            if found is None:
                break
            different = sum(item.passage.id not in found.repeats for item in found.ranked)
            if different == k or most >= len(hits):
                return replace(found, unknown=unknown, size=sum(map(len, opened)))
        generations = tuple(index.generation for index in opened)
        tries[generations] += 1
        if tries[generations] == _TRIES:
            _rebuild_unfit(hits, library)
        elif tries[generations] == 2 * _TRIES:
            raise library.database.damaged("passages without an article")


def _rebuild_unfit(hits: Sequence[tuple[Hit, CollectionIndex]], library: Library) -> None:
    """Rebuild the indexes that hold passages which the library lacks."""
    there = library.passages([hit.id for hit, _ in hits])
    for index in {index for hit, index in hits if hit.id not in there}:
        log.warning("the index of %s doesn't fit the library and is built anew", index.name)
        index.rebuild()


def _first(
    hits: Sequence[tuple[Hit, CollectionIndex]], most: int, weight: float
) -> Sequence[tuple[Hit, CollectionIndex]]:
    """Return the first of the hits, and with them those that are as good as the last."""
    if most >= len(hits):
        return hits
    least = fused_score(hits[most - 1][0], weight)
    return [*hits[:most], *takewhile(lambda hit: fused_score(hit[0], weight) == least, hits[most:])]


def _best(
    hits: Sequence[tuple[Hit, CollectionIndex]], weight: float, library: Library, k: int
) -> Retrieval | None:
    """Return the best of the hits, or None where a passage has been removed in the meantime."""
    passages = library.passages([hit.id for hit, _ in hits])
    if len(passages) < len(hits):
        return None
    ranked = sorted(
        (ranked_passage(hit, passages[hit.id], weight) for hit, _ in hits), key=rank_order
    )
    homes = {hit.id: index for hit, index in hits}
    terms_of = cache(lambda passage_id: homes[passage_id].terms_of(passage_id))
    try:
        different, repeats = without_repeats(ranked, terms_of, k)
        best = [*different, *repeats][:k]
        terms = {item.passage.id: terms_of(item.passage.id) for item in best}
    except KeyError:
        return None
    return Retrieval(tuple(best), frozenset(item.passage.id for item in repeats), (), terms)


def _search(
    question: PreparedQuery, indexes: Sequence[CollectionIndex], within: Within | None
) -> tuple[list[tuple[Hit, CollectionIndex]], tuple[str, ...], float]:
    """Search every collection; return the hits, words unknown to all, and BM25's weight.

    That weight is of all the collections, whichever article the hits are of.
    """
    found = []
    for index in indexes:
        index.refresh()
        article = within.article if within and within.collection == index.name else None
        found.append(
            index.search(question.vector, question.terms, question.is_word, CANDIDATES, article)
        )
    dense = max((hits.best_dense for hits in found), default=0.0)
    strength = max((hits.best_strength for hits in found), default=0.0)
    unknown = [set(hits.unknown) for hits in found]
    missing = set.intersection(*unknown) if unknown else set()
    return (
        [
            (hit, index)
            for hits, index in zip(found, indexes, strict=True)
            if within is None or within.collection == index.name
            for hit in hits.hits
        ],
        tuple(term for term in dict.fromkeys(question.terms) if term in missing),
        FUSION * strength / max(dense, LEAST_COSINE),
    )
