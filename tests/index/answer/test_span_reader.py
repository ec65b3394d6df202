"""From passages to an answer with a reader: ranks, the words that are marked, the states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index.answer import span_reader
from index.answer.calibration import ANSWER, NEAR
from index.answer.question import SearchQuery, prepare
from index.answer.reader import READ, Reading
from index.answer.retrieve import retrieve
from index.answer.signals import EvidenceSignals, LibrarySignals, SpanSignals
from index.answer.span_reader import (
    SpanReader,
    confidence,
    nearness,
)
from index.records import AnswerReason, Threshold
from index.search.collection import CollectionIndex
from index.store.library import Library
from tests.support.fakes import (
    BagOfWords,
    SharedWords,
    drafts,
    made,
)

Read = Callable[..., list[Reading]]


@pytest.fixture
def model() -> SharedWords:
    return SharedWords()


@pytest.fixture
def read(library: Library, embedder: BagOfWords, model: SharedWords, tmp_path: Path) -> Read:
    """Read questions against the passages that are in the library."""
    index = CollectionIndex(library, embedder, "shared", tmp_path / "index")
    reader = SpanReader(model, embedder)

    def read(*questions: str | SearchQuery) -> list[Reading]:
        asked = [q if isinstance(q, SearchQuery) else SearchQuery(q) for q in questions]
        prepared = prepare(asked, embedder)
        return reader.read(prepared, [retrieve(p, [index], library, 10) for p in prepared])

    return read


@pytest.fixture(autouse=True)
def all_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have passages read however far behind they are: these libraries are tiny."""
    monkeypatch.setattr(span_reader, "BEHIND", 9.0)


@pytest.fixture
def store(library: Library) -> Callable[..., None]:
    def store(*texts: str, name: str = "talks") -> None:
        text, pieces = drafts(*texts)
        library.store("shared", made(name, text), pieces)

    return store


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> Callable[[float, float], None]:
    """Make every confidence and every nearness those given."""

    def decided(sure: float, near: float) -> None:
        monkeypatch.setattr(span_reader, "confidence", lambda *_: sure)
        monkeypatch.setattr(span_reader, "nearness", lambda *_: near)

    return decided


def test_an_empty_library_answers_nothing_and_says_why(read: Read) -> None:
    reading = read("treaty?")[0]
    assert (reading.state, reading.confidence, reading.quote, reading.ranked) == (
        "none", 0.0, None, (),
    )  # fmt: skip
    assert reading.reason == AnswerReason("empty library")


def signals_of(level: float) -> SpanSignals:
    """Return signals that all speak for an answer, the more the higher the level."""
    return SpanSignals(
        LibrarySignals(level, level, level**2, level, 8 * level - 4, 3.0),
        EvidenceSignals(
            10 * level - 5, 6 * level - 3, 6 * level - 3, level, level / 5, 0.0, 0.0, level
        ),
    )


def test_what_is_estimated_is_a_probability_that_grows_with_all_evidence() -> None:
    levels = [signals_of(level) for level in (0.0, 0.25, 0.5, 0.75, 1.0)]
    near, sure = list(map(nearness, levels)), list(map(confidence, levels))
    for grown in (near, sure):
        assert grown == sorted(set(grown))
        assert 0.0 < grown[0] < grown[-1] < 1.0
    assert near[0] < NEAR < near[-1]
    assert sure[0] < ANSWER < sure[-1]


def test_an_answer_is_never_surer_than_that_the_library_is_about_it() -> None:
    sure = replace(signals_of(1.0), library=signals_of(0.0).library)
    assert confidence(sure) < nearness(sure) < NEAR


def test_a_name_or_number_that_the_passage_lacks_makes_less_sure(
    read: Read, store: Callable[..., None]
) -> None:
    store("Peskov signed the treaty in Ankara. The talks of 2017 were about gas, said Lavrov.")
    questions = (
        "Who signed the treaty in 2017?",
        "Who signed the treaty in 2018?",
        "Who signed the treaty with Smith in Oslo in 2018?",
    )
    signals = [read(question)[0].signals for question in questions]
    found = [one.answer for one in signals if isinstance(one, SpanSignals)]
    assert [one.missing_names for one in found] == [0, 1, 2]  # and no more than two count
    sure = [
        confidence(SpanSignals(signals_of(0.5).library, replace(found[0], missing_names=missing)))
        for missing in (0, 1, 2)
    ]
    assert sure[0] > sure[1] > sure[2]


def test_a_code_that_the_passage_holds_is_never_nothing(
    read: Read, store: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_reader, "nearness", lambda *_: 0.0)
    store("ERR_CONN_4021 is written to the log. Open port 8443 in the firewall.")
    assert read("ERR_CONN_4021")[0].state == "closest"
    assert read("ERR_CONN_4099")[0].state == "none"


def test_a_passage_with_more_evidence_comes_first_however_near_another_is(
    read: Read, store: Callable[..., None]
) -> None:
    store(
        "Gas. Treaty. Signed. Who? Tomatoes, cucumbers, onions, garlic, peppers and much else.",
        "A city. It was here in Ankara, long ago, that the gas treaty was signed by Peskov.",
    )
    first, second = read("Who signed the gas treaty?")[0].ranked
    assert first.passage.text.startswith("A city.")
    assert (first.evidence or 0) > 0.9 > 0.2 > (second.evidence or 0)
    assert first.score > second.score


def test_the_words_are_marked_where_they_stand_even_when_they_stand_twice(
    read: Read, store: Callable[..., None], library: Library, decided: Callable[..., None]
) -> None:
    store("Nothing of note.", "Peskov met the minister, and who signed the treaty was Peskov.")
    decided(0.9, 0.9)
    quote = read("Who signed the treaty?")[0].quote
    assert quote is not None
    assert quote.marked == "Peskov"
    text = library.article("shared", "talks").text
    assert quote.words == (text.rindex("Peskov"), text.rindex("Peskov") + 6)
    assert text[quote.start : quote.end] == quote.text
    assert quote.start <= quote.words[0] < quote.words[1] <= quote.end


@pytest.mark.parametrize(
    ("sure", "near", "state", "quoted", "marked"),
    [
        (ANSWER, 0.0, "answer", True, True),
        (ANSWER - 1e-9, 1.0, "closest", True, False),
        (ANSWER - 1e-9, NEAR, "closest", True, False),
        (NEAR - 1e-9, NEAR - 1e-9, "none", False, False),
        (NEAR, 0.0, "closest", True, False),
    ],
)
def test_words_are_marked_only_where_they_are_said_to_answer(
    read: Read,
    store: Callable[..., None],
    decided: Callable[..., None],
    sure: float,
    near: float,
    state: str,
    quoted: bool,
    marked: bool,
) -> None:
    store("Who signed the treaty was Peskov.")
    decided(sure, near)
    reading = read("Who signed the treaty?")[0]
    assert (reading.state, reading.confidence) == (state, sure)
    assert (reading.quote is not None) == quoted
    assert bool(reading.quote and reading.quote.marked) == marked


@pytest.mark.parametrize(
    ("sure", "unclear"),
    [(0.9, False), (0.3, True)],
)
def test_the_reason_says_that_what_is_near_was_read_and_does_not_answer(
    read: Read, store: Callable[..., None], decided: Callable[..., None], sure: float, unclear: bool
) -> None:
    store("The treaty was signed.")
    decided(sure, 0.9)
    reading = read("Who signed the missile treaty?")[0]
    assert reading.reason == AnswerReason(
        "near", similarity=reading.ranked[0].dense, missing=("missile",), unclear=unclear
    )


def test_only_the_first_passages_are_read_and_the_rest_stay_behind_in_their_order(
    read: Read, store: Callable[..., None], model: SharedWords
) -> None:
    for number in range(READ + 3):
        store("Treaty. " + "Gas. " * number, name=f"article{number}")
    ranked = read("treaty")[0].ranked
    assert model.read_together == [READ]
    assert [item.evidence is not None for item in ranked] == [True] * READ + [False] * 3
    assert [item.score for item in ranked[READ:]] == sorted(
        (item.score for item in ranked[READ:]), reverse=True
    )


def test_an_answer_is_as_sure_however_many_passages_are_asked_for(
    library: Library, embedder: BagOfWords, store: Callable[..., None], tmp_path: Path
) -> None:
    for number in range(READ + 3):
        store("Who signed the treaty was Peskov. " + "Gas. " * number, name=f"article{number}")
    index = CollectionIndex(library, embedder, "shared", tmp_path / "depth")
    asked = prepare([SearchQuery("Who signed the treaty?")], embedder)
    reader = SpanReader(SharedWords(), embedder)
    few, many = (
        reader.read(asked, [retrieve(asked[0], [index], library, k)])[0] for k in (READ, READ + 3)
    )
    assert len(few.ranked) < len(many.ranked)
    assert (few.confidence, few.signals) == (many.confidence, many.signals)


def test_questions_that_come_together_are_read_together_and_answered_as_alone(
    read: Read, store: Callable[..., None], model: SharedWords
) -> None:
    store("Who signed the treaty was Peskov.", "What Moscow sells is gas.")
    questions = ["Who signed the treaty?", "What does Moscow sell?", "zeppelin"]
    together = read(*questions)
    assert model.read_together == [6]
    assert together == [read(question)[0] for question in questions]


def test_a_follow_up_is_read_by_itself_unless_it_has_no_word_of_its_own(
    read: Read, store: Callable[..., None], model: SharedWords
) -> None:
    store("The treaty was signed.")
    read(SearchQuery("and when was it signed?", before="What is the treaty?"))
    read(SearchQuery("and why?", before="What is the treaty?"))
    assert model.asked == ["and when was it signed?", "What is the treaty? and why?"]


def test_passages_far_behind_the_first_are_not_read_and_stay_behind(
    read: Read, store: Callable[..., None], model: SharedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_reader, "BEHIND", 0.3)
    store("Who signed the gas treaty in Ankara was Peskov.", "Tomatoes of a treaty.", "Onions.")
    ranked = read("Who signed the gas treaty in Ankara?")[0].ranked
    assert model.read_together == [1]
    assert [item.evidence is not None for item in ranked] == [True, False, False]
    assert ranked[0].score > ranked[1].score > ranked[2].score


def test_among_equals_the_one_whose_title_is_asked_for_comes_first(
    read: Read, library: Library, embedder: BagOfWords
) -> None:
    for name in ("Opening hours", "Ticket prices"):
        text, pieces = drafts("At nine, on all days.", context=name)
        library.store("shared", made(name, text), pieces)
    for asked in ("ticket prices", "opening hours"):
        assert read(asked)[0].ranked[0].passage.article_id.lower() == asked
    before = list(embedder.embedded)
    read("ticket hours")
    assert embedder.embedded == before  # the vectors of titles are remembered


def test_what_a_library_calls_an_answer_is_for_its_threshold(
    read: Read, store: Callable[..., None], decided: Callable[..., None]
) -> None:
    store("Peskov signed the treaty.")
    decided(0.55, 0.9)
    asked = [SearchQuery("Who signed?", threshold=Threshold(value)) for value in (0.54, 0.56)]
    assert [read(one)[0].state for one in asked] == ["answer", "closest"]


def test_two_sentences_side_by_side_are_shown_where_neither_is_ahead(
    read: Read, store: Callable[..., None], decided: Callable[..., None]
) -> None:
    decided(0.9, 0.9)
    store(
        "The gas treaty was signed in Ankara. The gas treaty was signed by Peskov. Rain fell.",
        name="both",
    )
    reading = read("Who signed the gas treaty?")[0]
    assert reading.quote is not None
    assert reading.quote.text == (
        "The gas treaty was signed in Ankara. The gas treaty was signed by Peskov."
    )
    assert reading.quote.marked is not None
    assert reading.quote.marked in reading.quote.text
    assert isinstance(reading.signals, SpanSignals)
    assert reading.signals.answer.sentence_lead > 0  # of the one that is not shown


def test_one_sentence_is_shown_where_it_is_ahead_or_a_paragraph_ends(
    read: Read, store: Callable[..., None], decided: Callable[..., None]
) -> None:
    decided(0.9, 0.9)
    store("Rain fell on Ankara. The gas treaty was signed by Peskov. Tomatoes are red.", name="one")
    quote = read("Who signed the gas treaty?")[0].quote
    assert quote is not None
    assert quote.text == "The gas treaty was signed by Peskov."
    store("Bees swarm in May.\n\nBees swarm in June.", name="apart")
    quote = read("When do bees swarm?")[0].quote
    assert quote is not None
    assert quote.text in ("Bees swarm in May.", "Bees swarm in June.")


def test_an_answer_under_the_very_question_is_surer_than_under_a_name(
    library: Library, read: Read
) -> None:
    text, pieces = drafts("Press the green button.")
    for name, title in (("asks", "How do I start the pump?"), ("names", "The pump")):
        library.store("shared", made(name, text, title=title), [replace(pieces[0], context=title)])
        signals = read("How do I start the pump?")[0].signals
        assert isinstance(signals, SpanSignals)
        assert (signals.answer.same_question > 0.9) is (name == "asks")
        library.remove("shared", name)
