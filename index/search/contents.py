"""What the index of one collection holds, and the lock that guards it."""

from __future__ import annotations

import threading

from index.search.bm25 import BM25
from index.search.common_words import CommonWords
from index.search.spelling import Spelling
from index.search.term_index import TermIndex
from index.search.vector_index import VectorIndex


class IndexContents:
    """The vectors and terms of a collection, of one generation of the library.

    Hold ``lock`` to search, change or exchange them.  It may be held for long, while the index
    follows the library, so only sizes, ``outgrown`` and ``generation`` are read without it.
    """

    def __init__(self, dimension: int) -> None:
        self.lock = threading.RLock()
        self._dimension = dimension
        self.generation = 0
        self.saved_generation = -1
        """The generation that the files hold with the same layout of vectors; -1 if none."""
        self.clear()

    def clear(self) -> None:
        """Hold no passages; ``generation`` is left to the caller."""
        self.vectors = VectorIndex(self._dimension)
        self.use_terms(TermIndex())

    def use_terms(self, terms: TermIndex) -> None:
        """Replace the terms, and with them the scorer and the spelling that read them."""
        self.terms = terms
        self.spelling = Spelling(terms)
        self.bm25 = BM25(terms, self.spelling, CommonWords(terms))
