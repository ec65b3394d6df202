"""A question as the search and the reader need it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.answer.threshold import DEFAULT
from index.language.terms import analyse, surfaces
from index.models.embedder import Embedder
from index.records import Threshold
from index.search.collection import CollectionIndex


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A question with its vector, its terms, and the words those came from.

    ``focus`` and ``wanted`` are the vector and terms by which a sentence is chosen: for a
    follow-up what it adds counts more there than what it follows.  ``read`` is what a reader
    is asked: the question as the passages spell it, with what it follows only where it has
    no word of its own.  ``threshold`` is what is called an answer to it.
    """

    text: str
    vector: NDArray[np.float32]
    terms: tuple[str, ...]
    surfaces: Mapping[str, str]
    is_word: Mapping[str, bool]
    focus: NDArray[np.float32]
    wanted: frozenset[str]
    read: str
    threshold: Threshold = DEFAULT


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A question, the indexes to search, and the question that it follows, if it is a follow-up."""

    text: str
    indexes: Sequence[CollectionIndex] = ()
    before: str = ""
    threshold: Threshold = DEFAULT

    @property
    def whole(self) -> str:
        """The question together with what it follows."""
        return f"{self.before} {self.text}" if self.before else self.text

    @property
    def views(self) -> tuple[str, ...]:
        """The whole, and where that is more than the question, the question by itself."""
        return (self.whole, self.text) if self.before else (self.text,)


def prepare(asked: Sequence[SearchQuery], embedder: Embedder) -> list[PreparedQuery]:
    """Turn questions into what the search needs.

    Those given together are embedded together, misspelt words as the passages spell them.
    """
    words = [surfaces(query.whole) for query in asked]
    known = [_single_tokens(found, embedder) for found in words]
    doubtful = [
        {term: word for term, word in found.items() if not is_word[term]}
        for found, is_word in zip(words, known, strict=True)
    ]
    meant = [
        [respelled(text, doubt, query.indexes) for text in query.views]
        for query, doubt in zip(asked, doubtful, strict=True)
    ]
    vectors = iter(embedder.embed_queries([text for texts in meant for text in texts]))
    questions = []
    for query, texts, found, is_word in zip(asked, meant, words, known, strict=True):
        own = [next(vectors) for _ in texts]
        terms = tuple(analyse(query.whole))
        added = frozenset(analyse(query.text))
        focus = np.stack(own).mean(axis=0, dtype=np.float32)
        questions.append(
            PreparedQuery(
                text=query.text,
                vector=own[0],
                terms=terms,
                surfaces=found,
                is_word=is_word,
                focus=np.asarray(focus),
                wanted=added or frozenset(terms),
                read=texts[-1] if added else texts[0],
                threshold=query.threshold,
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


def _single_tokens(words: Mapping[str, str], embedder: Embedder) -> dict[str, bool]:
    """Say of each term whether its word is one token to the model, so no misspelling."""
    pieces = embedder.count_tokens(list(words.values()))
    return {term: count == 1 for term, count in zip(words, pieces, strict=True)}
