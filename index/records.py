"""The small frozen records that travel between the modules.

Every offset is a position in ``Article.text``, in characters (code points),
half-open: ``text[start:end]``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of an article under one heading; the heading line itself lies outside it.

    ``title`` is the path of headings that leads here, joined by `` › ``.
    """

    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a paginated article, numbered as a reader counts (from 1)."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """One article as extracted: its text and what is known about it.

    ``source`` (a URL, a file's path, or a name inside a dump) is what makes a later
    version of an article recognisable as the same article.  ``id`` is its short name in
    a collection; empty means that the library derives one from ``source``.  ``origin`` is
    the file or URL to read again for a newer version, if there is one.
    ``published`` is an ISO 8601 date (``2017-09-28``).  ``sections`` and ``pages`` are
    in order and do not overlap; text outside every section has no heading.
    """

    source: str
    title: str
    text: str
    id: str = ""
    author: str | None = None
    url: str | None = None
    published: str | None = None
    sections: tuple[Section, ...] = ()
    pages: tuple[Page, ...] = ()
    warnings: tuple[str, ...] = ()
    empty_pages: tuple[int, ...] = ()
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a stored article: ``text == article.text[start:end]``, always.

    ``id`` is unique in the library and never given to another passage.  ``sentences`` are
    the places of its sentences in the article, ``context`` what is embedded with it.
    """

    id: int
    article_id: str
    title: str
    text: str
    start: int
    end: int
    sentences: tuple[tuple[int, int], ...]
    context: str = ""
    section: str | None = None
    page: int | None = None
    url: str | None = None
    published: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage with what it was ranked by.

    ``score`` orders; ``dense`` is the cosine to the question; ``bm25`` the BM25 score, and
    ``strength`` that against the highest possible; ``coverage`` and ``phrase`` the shares
    of the question's terms, and of its neighbouring pairs, that the passage holds.
    ``evidence`` is how probable a reader, by itself, finds it that the passage answers;
    None where none has read it.
    """

    passage: Passage
    score: float
    dense: float
    bm25: float
    strength: float
    coverage: float
    phrase: float
    evidence: float | None = None


State = Literal["answer", "closest", "none"]
"""answer: these words answer.  closest: near, but nothing clearly answers.  none: not in here."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What a person thought of an answer that was given with some confidence."""

    confidence: float
    helpful: bool
    person: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class Threshold:
    """The confidence from which on a passage is called an answer.

    ``votes`` are those of its library that moved it, 0 where it is the usual one.
    """

    value: float
    votes: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """The sentences that answer, with the exact words where they are known.

    ``start`` and ``end`` are those of ``text`` in the article, and ``marked_at`` is where the
    exact words start there.
    """

    text: str
    marked: str | None
    article_id: str
    start: int
    end: int
    marked_at: int | None = None

    @property
    def words(self) -> tuple[int, int] | None:
        """Where the exact words stand in the article, if they are known."""
        if self.marked is None or self.marked_at is None:
            return None
        return self.marked_at, self.marked_at + len(self.marked)


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time went, in milliseconds."""

    embed: float
    search: float
    read: float
    total: float


ReasonKind = Literal["empty question", "empty library", "nothing near", "near"]


@dataclass(frozen=True, slots=True)
class AnswerReason:
    """Why an answer has its state, as data; a front end makes the words for people.

    Where the library is about something else (``nothing near``), ``unknown`` are the words
    of the question that no passage has.  Of a passage that comes near, ``similarity`` is its
    cosine to the question, ``missing`` are the words of the question that it lacks, and
    ``unclear`` says that it was read and that nothing in it clearly answers.
    """

    kind: ReasonKind
    similarity: float = 0.0
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gets: the state, how sure, why, and the passages by rank.

    ``reason`` is in words where the answer comes from the store, which holds the words shown;
    ``threshold`` is known of an answer just made.
    """

    question: str
    state: State
    confidence: float
    reason: AnswerReason | str
    quote: Quote | None
    passages: tuple[Ranked, ...]
    timing: Timing
    threshold: Threshold | None = None
