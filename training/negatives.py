"""Passages and questions that look like a match and are none.

Three kinds: passages that retrieval puts near the top and that hold no answer; passages
with the answering sentence taken out; and questions altered in one word, so that the
passage which answered the original doesn't answer them, after the kinds of Rajpurkar et
al., "Know What You Don't Know" (2018): other names, numbers, opposites, negation.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from index.language.terms import FUNCTION_WORDS, analyse, stem
from index.models.embedder import Vectors
from index.search.bm25 import BM25
from index.search.spelling import Spelling
from index.search.term_index import TermIndex
from training.corpus import Corpus

MINED = 4
"""How many passages are mined for each question."""

_PROPOSED = 12
_LIKE = (0.33, 0.62)  # cosines of words that are siblings rather than the same or strangers
_SIBLINGS = 8
_UNNEGATED = 0.7
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"[A-Z][\w’'-]+(?: (?:of |the |de )?[A-Z][\w’'-]+)*")
_VERB = re.compile(r"\b(?:did|does|do|is|are|was|were|can|could|has|have|had|will|would)\b", re.I)
_OPPOSITES = """
    first/last before/after largest/smallest biggest/smallest highest/lowest most/least more/less
    north/south east/west northern/southern eastern/western increase/decrease increased/decreased
    rise/fall rose/fell maximum/minimum oldest/youngest old/new older/younger male/female men/women
    man/woman king/queen father/mother son/daughter husband/wife win/lose won/lost begin/end
    began/ended start/stop started/stopped open/close opened/closed early/late earliest/latest
    positive/negative public/private internal/external upper/lower above/below inside/outside
    buy/sell bought/sold accept/reject accepted/rejected support/oppose supported/opposed
    legal/illegal strong/weak stronger/weaker fast/slow rich/poor hot/cold major/minor
    majority/minority longest/shortest long/short longer/shorter better/worse best/worst
    birth/death born/died include/exclude included/excluded arrive/leave arrived/left
    attack/defend attacked/defended allow/forbid allowed/forbidden import/export imports/exports
    ancient/modern same/different common/rare alive/dead left/right up/down enter/exit
    entered/left gain/lose gained/lost
"""
_PAIRS = dict(pair.split("/") for pair in _OPPOSITES.split())
OPPOSITES = {**{b: a for a, b in _PAIRS.items()}, **_PAIRS}
"""Each word with one that means the contrary."""


def mined(corpus: Corpus) -> NDArray[np.int32]:
    """Return for each task up to ``MINED`` passages high in BM25 that hold no answer to it.

    Shape (tasks, MINED); -1 where there are no more.
    """
    index = TermIndex()
    index.add((n, analyse(f"{s.context}\n{s.text}")) for n, s in enumerate(corpus.sources))
    index.lay_out()
    bm25 = BM25(index, Spelling(index))
    folded = [source.text.casefold() for source in corpus.sources]
    found = np.full((len(corpus.tasks), MINED), -1, np.int32)
    for row, task in enumerate(corpus.tasks):
        terms = analyse(task.question)
        answers = [answer.casefold() for answer in task.answers]
        near = bm25.best(bm25.query(terms, dict.fromkeys(terms, True)), _PROPOSED)
        misses = [n for n in near if n != task.source and not any(a in folded[n] for a in answers)]
        found[row, : len(misses[:MINED])] = misses[:MINED]
    return found


class Siblings:
    """Words that could stand in another's place and mean something else."""

    def __init__(self, words: Sequence[str], vectors: Vectors) -> None:
        """Compare the words of a model's vocabulary by its input embeddings."""
        whole = [
            n
            for n, w in enumerate(words)
            if w.isalnum() and w not in FUNCTION_WORDS and (w.isdigit() or len(w) > 2)
        ]
        self._words = [words[n] for n in whole]
        self._at = {word: n for n, word in enumerate(self._words)}
        unit = vectors[whole] / np.linalg.norm(vectors[whole], axis=1, keepdims=True)
        self._unit = unit.astype(np.float32)
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, word: str) -> tuple[str, ...]:
        """Return a few siblings of a word, the likest first; none of a word it doesn't know."""
        if word not in self._known:
            self._known[word] = tuple(self._find(word)) if word in self._at else ()
        return self._known[word]

    def _find(self, word: str) -> list[str]:
        low, high = _LIKE if not word.isdigit() else (_LIKE[0], 0.99)
        likeness = self._unit @ self._unit[self._at[word]]
        order = np.argsort(-likeness)[: 4 * _SIBLINGS]
        own = stem(word)
        return [
            other
            for n in order
            if low <= likeness[n] <= high
            and stem(other := self._words[n]) != own
            and other.isdigit() == word.isdigit()
            and own[:4] != other[:4]
        ][:_SIBLINGS]


def altered(
    question: str, text: str, names: Sequence[str], siblings: Siblings, chance: random.Random
) -> str | None:
    """Return a question that ``text`` no longer answers, most likely; None where none was found.

    ``names`` are names of the same article to put in place of the question's own.
    """
    ways: list[Callable[[], str | None]] = [
        lambda: _other_name(question, names, chance),
        lambda: _sibling(question, text, siblings, chance),
        lambda: _sibling(question, text, siblings, chance),
        lambda: _opposite(question, chance),
        lambda: _negated(question, chance),
    ]
    made = (way() for way in chance.sample(ways, len(ways)))
    return next((other for other in made if other not in (None, question)), None)


def _other_name(question: str, names: Sequence[str], chance: random.Random) -> str | None:
    own = [match for match in _NAME.finditer(question) if match.start() > 0]
    held = set(_WORD.findall(question.casefold()))
    others = [name for name in names if not held & set(_WORD.findall(name.casefold()))]
    return _put(question, chance.choice(own), chance.choice(others)) if own and others else None


def _sibling(question: str, text: str, siblings: Siblings, chance: random.Random) -> str | None:
    """Put a sibling in the place of a word, of one that the text has if possible."""
    held = set(_WORD.findall(text.casefold()))
    places = [m for m in _WORD.finditer(question) if siblings.of(m.group().casefold())]
    if not places:
        return None
    shared = [match for match in places if match.group().casefold() in held]
    place = chance.choice(shared or places)
    own = siblings.of(place.group().casefold())
    others = [word for word in own if word not in question.casefold()]
    return _put(question, place, chance.choice(others)) if others else None


def _opposite(question: str, chance: random.Random) -> str | None:
    places = [m for m in _WORD.finditer(question) if m.group().casefold() in OPPOSITES]
    if not places:
        return None
    place = chance.choice(places)
    return _put(question, place, OPPOSITES[place.group().casefold()])


def _negated(question: str, chance: random.Random) -> str | None:
    """Put in a "not", seldom: a reader must not learn that "not" means "no answer"."""
    place = _VERB.search(question)
    if place is None or " not " in question or chance.random() < _UNNEGATED:
        return None
    word = chance.choice(("not", "never"))
    return f"{question[: place.end()]} {word}{question[place.end() :]}"


def _put(question: str, place: re.Match[str], word: str) -> str:
    return question[: place.start()] + word + question[place.end() :]


def names_in(text: str) -> frozenset[str]:
    """Return the names in a text: runs of capitalised words that begin no sentence."""
    return frozenset(
        m.group()
        for m in _NAME.finditer(text)
        if m.start() > 1 and text[m.start() - 2] not in ".!?"
    )


def names_by_doc(corpus: Corpus) -> Mapping[str, tuple[str, ...]]:
    """Return the names that each article mentions."""
    found: dict[str, set[str]] = {}
    for source in corpus.sources:
        found.setdefault(source.doc, set()).update(names_in(source.text))
    return {doc: tuple(sorted(names)) for doc, names in found.items()}
