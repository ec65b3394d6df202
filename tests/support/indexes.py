"""Indexes of small collections, and how to tell that two of them find the same."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from index.language.terms import analyse
from index.search.collection import CollectionIndex, Hits
from index.store.library import Library
from tests.support.fakes import BagOfWords, drafts, made

QUESTIONS = ("ankara treaty", "gas pipeline", "missiles for turkey", "zeppelin")
WORDS = [f"{first}{second}" for first in "bcdfghjklm" for second in ("alo", "emu", "iri", "osa")]


def sentence(number: int) -> str:
    """Return five words that no other number has together."""
    return " ".join(random.Random(number).sample(WORDS, 5))


def store(library: Library, name: str, *texts: str) -> None:
    text, pieces = drafts(*texts)
    library.store("shared", made(name, text), pieces)


def opened(library: Library, folder: Path, embedder: BagOfWords | None = None) -> CollectionIndex:
    index = CollectionIndex(library, embedder or BagOfWords(), "shared", folder)
    index.refresh()
    return index


def found(index: CollectionIndex, question: str) -> Hits:
    vector = BagOfWords().embed_queries([question])[0]
    hits = index.search(vector, analyse(question), {}, 10)
    return Hits(
        tuple(sorted(hits.hits, key=lambda hit: hit.id)),
        hits.best_dense,
        hits.best_strength,
        hits.unknown,
    )


def assert_like_fresh(index: CollectionIndex, library: Library, nowhere: Path) -> None:
    fresh = opened(library, nowhere)
    assert len(index) == len(fresh)
    for question in QUESTIONS:
        ours, theirs = found(index, question), found(fresh, question)
        assert [hit.id for hit in ours.hits] == [hit.id for hit in theirs.hits]
        for hit in ours.hits:
            assert index.terms_of(hit.id) == fresh.terms_of(hit.id)
        for ours_hit, theirs_hit in zip(ours.hits, theirs.hits, strict=True):
            assert ours_hit.dense == pytest.approx(theirs_hit.dense, abs=1e-6)
            assert ours_hit.match.bm25 == pytest.approx(theirs_hit.match.bm25, abs=1e-5)
        assert ours.unknown == theirs.unknown
