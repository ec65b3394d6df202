"""From passages to an answer without a reader: the state, the sentence and the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from index.answer import sentence_reader
from index.answer.calibration import ANSWER, NONE
from index.answer.question import SearchQuery, prepare
from index.answer.reader import Reading, state_of
from index.answer.retrieve import retrieve
from index.answer.sentence_reader import SentenceReader, confidence
from index.answer.signals import SentenceSignals
from index.lru import LRUCache
from index.records import AnswerReason
from index.search.collection import CollectionIndex
from index.store.library import Library
from tests.support.fakes import BagOfWords, drafts, made

TALKS = "Hello there. Ankara signed the treaty on Thursday. Moscow sells gas."

Read = Callable[..., Reading]


@pytest.fixture
def reader(embedder: BagOfWords) -> SentenceReader:
    return SentenceReader(embedder)


@pytest.fixture
def read(library: Library, embedder: BagOfWords, reader: SentenceReader, tmp_path: Path) -> Read:
    """Read a question against the passages that are in the library."""
    index = CollectionIndex(library, embedder, "shared", tmp_path / "index")

    def read(question: str) -> Reading:
        prepared = prepare([SearchQuery(question)], embedder)[0]
        return reader.read([prepared], [retrieve(prepared, [index], library, 10)])[0]

    return read


@pytest.fixture
def store(library: Library) -> Callable[..., None]:
    def store(*texts: str, name: str = "talks", context: str = "") -> None:
        text, pieces = drafts(*texts, context=context)
        library.store("shared", made(name, text), pieces)

    return store


@pytest.fixture
def sure(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Make every confidence the one given."""

    def sure(value: float) -> None:
        monkeypatch.setattr(sentence_reader, "confidence", lambda *_: value)

    return sure


def test_an_empty_library_answers_nothing_and_says_why(read: Read) -> None:
    reading = read("treaty?")
    assert (reading.state, reading.confidence, reading.quote, reading.ranked) == (
        "none", 0.0, None, (),
    )  # fmt: skip
    assert reading.reason == AnswerReason("empty library")


def test_confidence_is_a_probability_that_grows_with_all_evidence() -> None:
    levels = [0.0, 0.25, 0.5, 0.75, 1.0]
    grown = [confidence(SentenceSignals(level, level, level, level**2, level)) for level in levels]
    assert grown == sorted(set(grown))
    assert 0.0 < grown[0] < NONE
    assert ANSWER < grown[-1] < 1.0


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (1.0, "answer"),
        (ANSWER, "answer"),
        (ANSWER - 1e-9, "closest"),
        (NONE, "closest"),
        (NONE - 1e-9, "none"),
        (0.0, "none"),
    ],
)
def test_states_begin_exactly_at_their_thresholds(value: float, state: str) -> None:
    assert state_of(value, value, NONE) == state


@pytest.mark.parametrize(("near", "state"), [(0.3, "closest"), (0.29, "none")])
def test_what_nothing_answers_is_shown_only_where_the_library_is_about_it(
    near: float, state: str
) -> None:
    assert state_of(ANSWER - 0.01, near, 0.3) == state
    assert state_of(ANSWER, near, 0.3) == "answer"
    assert state_of(ANSWER, near, 0.3, ANSWER + 0.01) == state


@pytest.mark.parametrize("value", [0.0, NONE, ANSWER, 1.0])
def test_state_confidence_and_passages_come_back_whatever_is_decided(
    read: Read, store: Callable[..., None], sure: Callable[[float], None], value: float
) -> None:
    store("The treaty.", "The gas.")
    sure(value)
    reading = read("treaty")
    assert (reading.state, reading.confidence) == (state_of(value, value, NONE), value)
    assert [ranked.passage.text for ranked in reading.ranked] == ["The treaty.", "The gas."]
    assert (reading.quote is None) == (reading.state == "none")


def test_the_quote_is_the_sentence_most_like_the_question_with_its_place(
    read: Read, store: Callable[..., None], sure: Callable[[float], None]
) -> None:
    store("Nothing of note.", TALKS)
    sure(0.9)
    quote = read("When was the treaty signed by Ankara?").quote
    assert quote is not None
    assert quote.text == "Ankara signed the treaty on Thursday."
    assert (quote.start, quote.end) == (31, 68)
    assert (quote.marked, quote.article_id) == (None, "talks")


def test_every_quote_is_the_articles_own_text(
    read: Read, store: Callable[..., None], sure: Callable[[float], None], library: Library
) -> None:
    store("Intro.", "Die Straße \U0001f600. 三つの条約。 Last one.")
    sure(0.9)
    text = library.article("shared", "talks").text
    for question in ("Straße", "条約", "last", "intro", "zeppelin"):
        quote = read(question).quote
        assert quote is not None
        assert quote.text == text[quote.start : quote.end]


def test_a_passage_with_one_sentence_that_answers_comes_before_a_diffuse_one(
    read: Read, store: Callable[..., None]
) -> None:
    store("The treaty talks. Something else altogether, at great length, about tomatoes, gas.")
    store("Treaty of gas, talks of tomatoes, and much else besides.", name="diffuse")
    assert read("the treaty talks").ranked[0].passage.article_id == "talks"


def test_sentences_of_a_passage_are_embedded_once(
    read: Read, store: Callable[..., None], embedder: BagOfWords
) -> None:
    store(TALKS)
    read("treaty")
    known = len(embedder.embedded)
    for question in ("treaty", "gas", "Moscow"):
        read(question)
    assert len(embedder.embedded) == known == 1 + 3


def test_a_reader_forgets_the_oldest_sentences(
    read: Read,
    store: Callable[..., None],
    reader: SentenceReader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "_known", LRUCache(2))
    store(*(f"Treaty {n}." for n in range(8)))
    first = read("treaty 1")
    assert [r.passage.text for r in read("treaty 1").ranked] == [
        r.passage.text for r in first.ranked
    ]
    assert len(reader._known) == 2


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("Ankara treaty", ()),
        ("Ankara oil treaty", ("oil",)),
        ("Ankara treaty, oils and missiles?", ("oils", "missiles")),
        ("Ankara treaty: oil, coal, wood", ("oil", "coal", "wood")),
        ("Ankara treaty: oil, coal, wood, wind, sun", ("oil", "coal", "wood", "wind", "sun")),
    ],
)
def test_the_reason_names_the_words_that_the_best_passage_lacks(
    read: Read,
    store: Callable[..., None],
    sure: Callable[[float], None],
    question: str,
    missing: tuple[str, ...],
) -> None:
    store(TALKS)
    sure(0.9)
    reading = read(question)
    similarity = reading.ranked[0].dense
    assert reading.reason == AnswerReason("near", similarity=similarity, missing=missing)


@pytest.mark.parametrize(
    ("question", "unknown"),
    [("Is gas sold?", ()), ("zeppelins", ("zeppelins",))],
)
def test_the_reason_for_nothing_names_words_that_no_passage_has(
    read: Read,
    store: Callable[..., None],
    sure: Callable[[float], None],
    question: str,
    unknown: tuple[str, ...],
) -> None:
    store(TALKS, "Gas was sold.")
    sure(0.0)
    assert read(question).reason == AnswerReason("nothing near", unknown=unknown)
