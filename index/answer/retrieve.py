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
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from index.language.terms import analyse, surfaces
from index.models.embedder import Embedder
from index.records import Passage, Ranked
from index.search.collection import CollectionIndex, Hit
from index.store.library import Library

log = logging.getLogger("passage")

FUSION = 0.8
PHRASE = 0.2
"""Chosen on squad-train, squad2 and stackfaq together; see docs/measurements.md."""

CANDIDATES = 50
"""How many passages each half proposes."""

NEAR_DUPLICATE = 0.9
"""Share of terms in common (Jaccard) from which a passage is taken to repeat another."""

_TRIES = 3  # searches of indexes in which nothing changes, after which they don't fit the library

_LEAST_COSINE = 0.05  # below this a cosine says "unrelated" and must not blow up the ratio


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its vector, its terms, and the words those came from.

    ``focus`` and ``wanted`` are the vector and terms by which a sentence is chosen: for a
    follow-up what it adds counts more there than what it follows.  ``read`` is what a reader
    is asked: the question as the passages spell it, with what it follows only where it has
    no word of its own.
    """

    text: str
    vector: NDArray[np.float32]
    terms: tuple[str, ...]
    surfaces: Mapping[str, str]
    is_word: Mapping[str, bool]
    focus: NDArray[np.float32]
    wanted: frozenset[str]
    read: str


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The passages nearest to a question, best first.

    ``repeats`` are the passages that were moved behind the others since they nearly repeat
    a better one.  ``unknown`` are the question's terms that no passage has, ``terms`` those
    that each passage has, in its text or its context.
    """

    ranked: tuple[Ranked, ...]
    repeats: frozenset[int]
    unknown: tuple[str, ...]
    terms: Mapping[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Within:
    """The one article that is searched: ids are a collection's own."""

    collection: str
    article: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A question, the indexes to search, and the question that it follows, if it leans on one."""

    text: str
    indexes: Sequence[CollectionIndex] = ()
    before: str = ""

    @property
    def whole(self) -> str:
        """The question together with what it follows."""
        return f"{self.before} {self.text}" if self.before else self.text

    @property
    def views(self) -> tuple[str, ...]:
        """The whole, and where that is more than the question, the question by itself."""
        return (self.whole, self.text) if self.before else (self.text,)


def prepare(asked: Sequence[Asking], embedder: Embedder) -> list[Question]:
    """Turn questions into what the search needs.

    Those given together are embedded together, misspelt words as the passages spell them.
    """
    words = [surfaces(asking.whole) for asking in asked]
    known = [_words_of_their_own(found, embedder) for found in words]
    doubtful = [
        {term: word for term, word in found.items() if not is_word[term]}
        for found, is_word in zip(words, known, strict=True)
    ]
    meant = [
        [respelled(text, doubt, asking.indexes) for text in asking.views]
        for asking, doubt in zip(asked, doubtful, strict=True)
    ]
    vectors = iter(embedder.embed_queries([text for texts in meant for text in texts]))
    questions = []
    for asking, texts, found, is_word in zip(asked, meant, words, known, strict=True):
        own = [next(vectors) for _ in texts]
        terms = tuple(analyse(asking.whole))
        added = frozenset(analyse(asking.text))
        focus = np.stack(own).mean(axis=0, dtype=np.float32)
        questions.append(
            Question(
                text=asking.text,
                vector=own[0],
                terms=terms,
                surfaces=found,
                is_word=is_word,
                focus=np.asarray(focus),
                wanted=added or frozenset(terms),
                read=texts[-1] if added else texts[0],
            )
        )
    return questions


def respelled(text: str, doubtful: Mapping[str, str], indexes: Sequence[CollectionIndex]) -> str:
    """Return a question with its doubtful words, given by term, as the passages spell them.

    A word that any of the indexes has is right as it is.
    """
    for term, word in doubtful.items():
        spellings = [index.spelling(term) for index in indexes]
        right = next((s for s in spellings if s is not None), None)
        if right is not None and term not in spellings:
            text = re.sub(rf"\b{re.escape(word)}\b", right, text, flags=re.IGNORECASE)
    return text


def _words_of_their_own(words: Mapping[str, str], embedder: Embedder) -> dict[str, bool]:
    """Say of each term whether its word is one token to the model, so no slip of the pen."""
    pieces = embedder.count_tokens(list(words.values()))
    return {term: count == 1 for term, count in zip(words, pieces, strict=True)}


def retrieve(
    question: Question,
    indexes: Iterable[CollectionIndex],
    library: Library,
    k: int,
    within: Within | None = None,
) -> Retrieval:
    """Return the ``k`` best passages of all ``indexes`` together, or of one article in them.

    Where a passage has gone since the indexes were searched, the search is made again, so
    that an article being replaced is seen as it was or as it is, never as neither.  Where it is
    gone though nothing changes, an index doesn't fit the library, and is built anew.  Raises
    LibraryError where that doesn't fit either.
    """
    opened = list({index.name: index for index in indexes}.values())
    tries: Counter[tuple[int, ...]] = Counter()
    while True:
        hits, unknown, weight = _search(question, opened, within)
        hits.sort(key=lambda hit: -_score(hit[0], weight))
        # The best are enough, unless some of them repeat each other.
        for most in (k, 3 * k, len(hits)):
            found = _best(_first(hits, most, weight), weight, library, k)
            if found is None:
                break
            different = sum(item.passage.id not in found.repeats for item in found.ranked)
            if different == k or most >= len(hits):
                return replace(found, unknown=unknown)
        generations = tuple(index.generation for index in opened)
        tries[generations] += 1
        if tries[generations] == _TRIES:
            _rebuild_unfit(hits, library)
        elif tries[generations] == 2 * _TRIES:
            raise library.database.damaged("passages without an article")


def _rebuild_unfit(hits: Sequence[tuple[Hit, CollectionIndex]], library: Library) -> None:
    """Build the indexes anew that hold passages which the library lacks."""
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
    least = _score(hits[most - 1][0], weight)
    return [*hits[:most], *takewhile(lambda hit: _score(hit[0], weight) == least, hits[most:])]


def _best(
    hits: Sequence[tuple[Hit, CollectionIndex]], weight: float, library: Library, k: int
) -> Retrieval | None:
    """Return the best of the hits, or None where a passage has gone in the meantime."""
    passages = library.passages([hit.id for hit, _ in hits])
    if len(passages) < len(hits):
        return None
    ranked = sorted((_ranked(hit, passages[hit.id], weight) for hit, _ in hits), key=_order)
    homes = {hit.id: index for hit, index in hits}
    terms_of = cache(lambda passage_id: homes[passage_id].terms_of(passage_id))
    try:
        kept, repeats = _spread(ranked, terms_of, k)
        best = [*kept, *repeats][:k]
        terms = {item.passage.id: terms_of(item.passage.id) for item in best}
    except KeyError:
        return None
    return Retrieval(tuple(best), frozenset(item.passage.id for item in repeats), (), terms)


def _search(
    question: Question, indexes: Sequence[CollectionIndex], within: Within | None
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
        FUSION * strength / max(dense, _LEAST_COSINE),
    )


def _score(hit: Hit, weight: float) -> float:
    return hit.dense + weight * hit.match.strength + PHRASE * hit.match.phrase


def _ranked(hit: Hit, passage: Passage, weight: float) -> Ranked:
    match = hit.match
    return Ranked(
        passage=passage,
        score=_score(hit, weight),
        dense=hit.dense,
        bm25=match.bm25,
        strength=match.strength,
        coverage=match.coverage,
        phrase=match.phrase,
    )


def _order(ranked: Ranked) -> tuple[float, str, int]:
    return -ranked.score, ranked.passage.article_id, ranked.passage.start


def _spread(
    ranked: Sequence[Ranked], terms_of: Callable[[int], frozenset[str]], k: int
) -> tuple[list[Ranked], list[Ranked]]:
    """Return the first ``k``, and apart from them those that nearly repeat a better one."""
    kept: list[Ranked] = []
    repeats: list[Ranked] = []
    for candidate in ranked:
        if len(kept) == k:
            break
        twin = any(_repeats(candidate, better, terms_of) for better in kept)
        (repeats if twin else kept).append(candidate)
    return kept, repeats


def _repeats(candidate: Ranked, better: Ranked, terms_of: Callable[[int], frozenset[str]]) -> bool:
    """Say whether a passage repeats a better one and holds no more of the question's words."""
    if candidate.coverage > better.coverage:
        return False
    overlap = _overlap(terms_of(candidate.passage.id), terms_of(better.passage.id))
    return overlap >= NEAR_DUPLICATE


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    both = len(left & right)
    return both / max(1, len(left) + len(right) - both)
