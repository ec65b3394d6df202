"""Term indexes of a few passages, and BM25 written out a second time to compare with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from index.search.bm25 import BM25, K1, B, TermMatch
from index.search.spelling import Spelling
from index.search.term_index import TermIndex

Texts = Mapping[int, Sequence[str]]

MEETING = {
    7: ["presid", "met", "ankara", "talk", "presid"],
    9: ["ankara", "capit", "turkey"],
    12: ["missil", "deal", "worth", "billion", "deal", "deal"],
}


def built(texts: Texts) -> TermIndex:
    index = TermIndex()
    index.add(texts.items())
    return index


def scorer(index: TermIndex) -> BM25:
    return BM25(index, Spelling(index))


def idf(texts: Texts, term: str) -> float:
    held_by = sum(term in words for words in texts.values())
    return math.log(1 + (len(texts) - held_by + 0.5) / (held_by + 0.5))


def bm25(texts: Texts, question: Sequence[str], i: int) -> float:
    mean = max(1.0, sum(map(len, texts.values())) / len(texts))
    score = 0.0
    for term in set(question):
        count = list(texts[i]).count(term)
        norm = K1 * (1 - B + B * len(texts[i]) / mean)
        score += idf(texts, term) * (K1 + 1) * count / (count + norm)
    return score


def matches(index: TermIndex, question: Sequence[str], ids: Sequence[int]) -> list[TermMatch]:
    bm25 = scorer(index)
    return bm25.match(bm25.query(question), ids)


def best(index: TermIndex, question: Sequence[str], k: int = 10) -> set[int]:
    bm25 = scorer(index)
    return set(bm25.best(bm25.query(question), k))
