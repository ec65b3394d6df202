"""Models that can be followed by hand, and short ways to make articles."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

import numpy as np

from index.models.embedder import Vectors
from index.models.spans import AnswerSpan, Evidence, Excerpt
from index.passages.chunk import whole
from index.passages.draft import Chunk, PassageDraft
from index.records import Article

_WORD = re.compile(r"\w+")


class BagOfWords:
    """Embeds a text as the set of its words: the more words two texts share, the nearer.

    Each word is one direction, chosen by a stable hash.  ``synonyms`` says which words mean
    the same to this model; ``unknown`` which words it has no token of their own for.
    """

    def __init__(
        self,
        *,
        dimension: int = 512,
        passage_tokens: int = 256,
        synonyms: Mapping[str, str] | None = None,
        unknown: Sequence[str] = (),
        identity: str = "bag-of-words@1",
    ) -> None:
        self.identity = identity
        self.dimension = dimension
        self.passage_tokens = passage_tokens
        self.embedded: list[str] = []
        self._synonyms = synonyms or {}
        self._unknown = set(unknown)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the words between white space, those unknown to the model twice."""
        return [sum(1 + (w in self._unknown) for w in text.split()) for text in texts]

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions exactly as passages; lone surrogates are refused, as by any model."""
        return self._vectors(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages, and remember which."""
        self.embedded.extend(texts)
        return self._vectors(texts)

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            text.encode()
            for word in set(_WORD.findall(text.lower())) or {""}:
                vector[self._direction(self._synonyms.get(word, word))] = 1.0
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit.astype(np.float32)

    def _direction(self, word: str) -> int:
        digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") % self.dimension


def made(name: str, text: str, title: str = "", **details: str) -> Article:
    """Return an article called ``name``, titled so too unless told otherwise."""
    return Article(source=f"{name}.txt", title=title or name, text=text, id=name, **details)


def drafts(*texts: str, context: str = "") -> tuple[str, list[PassageDraft]]:
    """Return an article's text made of ``texts``, and each of them as a passage of it."""
    found, position = [], 0
    for text in texts:
        piece = whole(text)
        moved = tuple(type(s)(s.start + position, s.end + position) for s in piece.sentences)
        found.append(
            PassageDraft(Chunk(position, position + len(text), None, None, moved), context)
        )
        position += len(text) + 2
    return "\n\n".join(texts), found


class SharedWords:
    """Reads as a person who only compares words: the more a sentence shares, the likelier.

    The words that answer are always the last of a sentence; the log odds are twice the words
    shared with the question, less four, so that three shared words are more likely than not.
    """

    identity = "shared-words@1"

    def __init__(self) -> None:
        self.read_together: list[int] = []
        self.asked: list[str] = []

    def read(self, excerpts: Sequence[Excerpt]) -> list[Evidence]:
        """Compare, and remember what was asked and how many excerpts came together."""
        self.read_together.append(len(excerpts))
        self.asked.extend(excerpt.question for excerpt in excerpts)
        return [self._evidence(excerpt) for excerpt in excerpts]

    def _evidence(self, excerpt: Excerpt) -> Evidence:
        asked = set(_WORD.findall(excerpt.question.lower()))
        spans = []
        for start, end in excerpt.sentences:
            words = list(_WORD.finditer(excerpt.text, start, end))
            shared = sum(match.group().lower() in asked for match in words)
            spans.append(AnswerSpan(*words[-1].span(), 2.0 * shared - 5) if words else None)
        return Evidence(max((s.odds for s in spans if s), default=-5.0) + 1, tuple(spans))
