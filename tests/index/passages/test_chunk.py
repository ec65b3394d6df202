"""Passages: what holds for every text, and where the cuts fall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.ingest import Ingest
from index.models.embedder import WindowedEmbedder
from index.passages.chunk import chunk, whole
from index.passages.context import context
from index.passages.draft import Chunk
from index.passages.packing import Budget
from index.records import Article, Page, Section
from index.store.library import Library
from tests.support.fakes import made


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def characters(texts: Sequence[str]) -> list[int]:
    return [len(text) for text in texts]


def words_and_gaps(texts: Sequence[str]) -> list[int]:
    """Count the spaces too, so that two texts joined have more tokens than both alone."""
    return [max(0, 2 * len(text.split()) - 1) for text in texts]


def known_words(texts: Sequence[str]) -> list[int]:
    """Count as a model does that knows no long words, and no characters that can't be seen."""
    return [sum(word.isprintable() for word in text.split()) for text in texts]


TOKENIZERS = (words, characters, words_and_gaps)
SMALL = Budget(target=8, limit=12, least=3)

plain = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("  \n\n.!?,。aA-"))
sentence = st.sampled_from(
    [
        "Short.",
        "The two met again in Ankara on Thursday",
        "It is worth $2.5 billion, said Mr. Smith of the U.S. delegation, who had come by car.",
        "- an item",
        "x" * 40,
        "契約は二十億ドルです。",
        "\n",
        "\n\n",
    ]
)
texts = plain | st.lists(sentence, max_size=12).map(" ".join)


@st.composite
def articles(draw: st.DrawFn) -> Article:
    """Any text, cut anywhere into sections with stretches between them, and into pages."""
    text = draw(texts)
    places = st.integers(0, len(text))
    cuts = sorted(draw(st.lists(places, max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    sections = tuple(Section(f"Part {n}", a, b) for n, (a, b) in enumerate(pairs) if a < b)
    breaks = sorted({0, *draw(st.lists(places, max_size=3))})
    ends = [*breaks[1:], len(text)]
    pages = tuple(Page(n, a, b) for n, (a, b) in enumerate(zip(breaks, ends, strict=True), 1))
    return Article(
        "a.txt", "A title", text, sections=sections, pages=pages * draw(st.integers(0, 1))
    )


@settings(max_examples=300)
@given(articles(), st.sampled_from(TOKENIZERS), st.integers(1, 30))
def test_passages_are_exact_ordered_within_a_section_and_within_the_budget(
    article: Article, count: Callable[[Sequence[str]], list[int]], limit: int
) -> None:
    position = 0
    for piece in chunk(article, count, SMALL.within(limit)):
        text = article.text[piece.start : piece.end]
        assert position <= piece.start < piece.end <= len(article.text)
        assert text == text.strip() != ""
        assert count([text])[0] <= min(limit, SMALL.limit)
        assert_section_and_page(article, piece)
        assert_sentences(article.text, piece)
        position = piece.end


def assert_section_and_page(article: Article, piece: Chunk) -> None:
    inside = [s for s in article.sections if s.start < piece.end and s.end > piece.start]
    if piece.section is None:
        assert inside == []
    else:
        assert [s.title for s in inside] == [piece.section]
        assert inside[0].start <= piece.start < piece.end <= inside[0].end
    pages = [p.number for p in article.pages if p.start <= piece.start < p.end]
    assert piece.page == (pages[0] if pages else None)


def assert_sentences(text: str, piece: Chunk) -> None:
    assert piece.sentences[0].start == piece.start
    assert piece.sentences[-1].end == piece.end
    position = piece.start
    for span in piece.sentences:
        assert position <= span.start < span.end
        assert not text[position : span.start].strip()
        position = span.end


@given(articles(), st.sampled_from(TOKENIZERS))
def test_everything_but_headings_is_in_some_passage(
    article: Article, count: Callable[[Sequence[str]], list[int]]
) -> None:
    passed = [False] * len(article.text)
    for piece in chunk(article, count, SMALL):
        passed[piece.start : piece.end] = [True] * (piece.end - piece.start)
    first = article.sections[0].start if article.sections else len(article.text)
    lead = range(first) if "Part" not in article.text else range(0)
    inside = (i for s in article.sections for i in range(s.start, s.end))
    left = [article.text[i] for i in (*lead, *inside) if not passed[i]]
    assert "".join(left).strip() == ""


def pieces(text: str, budget: Budget = SMALL, **details: object) -> list[str]:
    article = Article("a.txt", "A title", text, **details)  # type: ignore[arg-type]
    return [text[c.start : c.end] for c in chunk(article, words, budget)]


def test_short_paragraphs_are_joined_up_to_the_target() -> None:
    text = "One two three.\n\nFour five six.\n\nSeven eight nine."
    assert pieces(text) == ["One two three.\n\nFour five six.", "Seven eight nine."]
    assert pieces(text, Budget(target=9, limit=12)) == [text]


def test_a_rest_too_short_to_stand_alone_goes_with_its_neighbour_up_to_the_limit() -> None:
    text = "One two three four five six seven eight.\n\nNine ten."
    assert pieces(text) == [text]


def test_a_long_paragraph_is_split_between_sentences_into_parts_of_about_one_size() -> None:
    sentences = [f"Sentence {n} has five words." for n in range(6)]
    assert pieces(" ".join(sentences)) == [" ".join(sentences[i : i + 2]) for i in (0, 2, 4)]


def test_abbreviations_never_split_a_passage() -> None:
    text = "Mr. Smith paid the U.S. firm $2.5 million. Nobody had seen the bill before that day."
    assert pieces(text, Budget(8, 10, 1)) == [
        "Mr. Smith paid the U.S. firm $2.5 million.",
        "Nobody had seen the bill before that day.",
    ]


def test_an_over_long_sentence_is_split_after_a_clause_else_a_word_else_a_character() -> None:
    budget = Budget(5, 5, 1)
    assert pieces("one two three, four five six seven", budget) == [
        "one two three,",
        "four five six seven",
    ]
    assert pieces("one two three four five six seven", budget) == [
        "one two three four five",
        "six seven",
    ]
    article = made("a", "abcdefghij klm")
    cut = chunk(article, characters, Budget(4, 4, 1))
    assert [article.text[c.start : c.end] for c in cut] == ["abcd", "efgh", "ij", "klm"]


def test_a_passage_never_crosses_into_the_next_section() -> None:
    text = "Before.\n\nFirst\n\nOne.\n\nBetween.\n\nSecond\n\nTwo."
    sections = (Section("First", 16, 20), Section("Second", 40, 44))
    article = Article("a.txt", "A title", text, sections=sections)
    found = [(text[c.start : c.end], c.section) for c in chunk(article, words, SMALL)]
    assert found == [
        ("Before.", None),
        ("One.", "First"),
        ("Between.", None),
        ("Two.", "Second"),
    ]


def test_a_dateline_stands_alone_and_is_embedded_as_what_it_is() -> None:
    article = made(
        "a",
        "28 September, 2017\n\nThe two met.",
        author="Ann Bell",
        published="2017-09-28",
    )
    dateline, body = chunk(article, words, SMALL)
    assert (dateline.dateline, dateline.end, body.dateline) == (True, 18, False)
    assert context(article, dateline, opening=True) == (
        "This article was published on 28 September 2017 by Ann Bell"
    )


def test_a_dateline_at_the_head_of_a_paragraph_is_split_from_it() -> None:
    article = made("a", "28 September, 2017\nThe two met.", published="2017-09-28")
    found = [(article.text[c.start : c.end], c.dateline) for c in chunk(article, words, SMALL)]
    assert found == [("28 September, 2017", True), ("The two met.", False)]


def test_context_is_the_title_and_section_and_for_the_opening_the_byline_too() -> None:
    article = made("a", "The two met.", "Talks", author="Ann Bell", published="2017-09-28")
    piece = Chunk(0, 12, "Day one", None, ())
    assert context(article, piece, opening=False) == "Talks\nDay one"
    assert context(article, piece, opening=True) == (
        "Talks\nDay one\nby Ann Bell\npublished on 28 September 2017"
    )
    assert context(made("a", "x"), Chunk(0, 1, None, None, ()), opening=True) == "a"


def test_the_title_repeated_as_a_line_is_no_passage() -> None:
    assert pieces("A title\n\nThe two met.") == ["The two met."]


@pytest.mark.parametrize("text", ["", " \n\n\t ", "\u2003"])
def test_a_blank_text_has_no_passages(text: str) -> None:
    assert pieces(text) == []


def test_a_whole_text_is_one_passage_with_its_sentences() -> None:
    assert whole("One. Two.").sentences == ((0, 4), (5, 9))
    assert whole("").sentences == ((0, 0),)


def test_a_budget_is_held_to_a_smaller_models_limit() -> None:
    assert Budget(128, 200, 24).within(100) == Budget(100, 100, 24)
    assert Budget(128, 200, 24).within(-5) == Budget(1, 1, 1)


@pytest.mark.model
def test_no_passage_passes_the_real_models_maximum(
    default_model: WindowedEmbedder, tmp_path: Path
) -> None:
    hard = [
        "Donaudampfschifffahrtsgesellschaftskapitän " * 300,
        "契約は二十億ドルの価値がありますが" * 80,
        "\U0001f600" * 900 + " é" * 900,
        "The deal, which was signed in Ankara, is worth $2.5 billion; " * 90,
        "x" * 5_000,
    ]
    library = Library(tmp_path / "library.db")
    article = made("a", "\n\n".join(hard), "A very long title " * 40)
    ingest = Ingest(library, default_model, "shared")
    lengths = default_model.count_tokens([d.embedded(article) for d in ingest._drafts(article)])
    library.close()
    assert 100 < max(lengths) <= default_model.passage_tokens == 254
    assert sum(lengths) >= sum(default_model.count_tokens(hard)) * 0.9


@pytest.mark.parametrize(
    "text",
    [
        "a" * 30_000,
        "\U0001f600" * 30_000,
        "x\u0301\u0327" * 10_000,
        "\u200f" * 30_000,
        "\u200b\n\n" * 10_000,
        "\u200b \u200b. " * 6_000,
        "One." + "\n" * 30_000 + "Two.",
        "one" + " " * 30_000 + "two",
        "word | " + " " * 9_000 + "| word. " + " " * 30_000 + "End.",
    ],
)
def test_a_passage_is_short_even_where_its_tokens_are_few(text: str) -> None:
    budget = Budget()
    chunks = chunk(made("a", text), known_words, budget)
    assert max(piece.end - piece.start for piece in chunks) <= budget.limit * 12 + 12
    kept = "".join(text[piece.start : piece.end] for piece in chunks)
    assert "".join(kept.split()) == "".join(text.split())
