"""Whatever the texts are, each card is within Discord's limits, and nothing in it acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from discord import ui
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import cards
from index.ingest import Added, Outcome, Report
from index.records import Answer, Passage, Quote, Ranked, State, Timing
from index.store.entries import Entry
from index.store.servers import ServerSettings
from tests.bot.text.test_markup import HOSTILE, fragments
from tests.support.discord_markdown import acts, render
from tests.support.sent_cards import check, parts, texts

LONGEST = 10_000
OURS = {"heading", "subtext", "list", "link", "raw https://"}
OUTCOMES: tuple[Outcome, ...] = ("added", "replaced", "unchanged", "duplicate")
STATES: tuple[State, ...] = ("answer", "closest", "none")

long_texts = st.one_of(
    fragments,
    st.builds(
        lambda text, times: (text * times)[:LONGEST],
        st.one_of(
            fragments,
            st.sampled_from(
                [
                    *HOSTILE,
                    "世",
                    "世界。",
                    "😀",
                    "👩‍👩‍👧‍👦",
                    "🇩🇪",
                    "ب",
                    "שלום ",
                    "क्ष",
                    "*",
                    "\\",
                    "\n",
                    "@everyone ",
                    "\U0001d518",
                ]
            ),
        ),
        st.integers(1, LONGEST),
    ),
)
names = st.one_of(st.none(), long_texts)
urls = st.one_of(
    names,
    long_texts.map(lambda path: f"https://a.example/{path}"),
    st.integers(0, 600).map(lambda n: "https://a.example/" + "x" * n),
)
shares = st.floats(0, 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def passages(draw: st.DrawFn) -> Passage:
    text, start = draw(long_texts), draw(st.integers(0, 10**6))
    return Passage(
        id=draw(st.integers(1, 10**12)),
        article_id=draw(st.sampled_from(["a", "b"])),
        title=draw(long_texts),
        text=text,
        start=start,
        end=start + len(text),
        sentences=(),
        section=draw(names),
        page=draw(st.one_of(st.none(), st.integers(1, 10**6))),
        url=draw(urls),
        published=draw(st.one_of(names, st.dates().map(str))),
    )


ranked = st.builds(Ranked, passages(), numbers, numbers, numbers, shares, shares, shares)
many_ranked = st.builds(
    lambda some, times: (some * times)[:50], st.lists(ranked, max_size=6), st.integers(1, 50)
)
entries = st.builds(
    Entry,
    id=long_texts,
    title=long_texts,
    source=long_texts,
    origin=names,
    author=names,
    url=urls,
    published=names,
    passages=st.integers(0, 10**6),
    characters=st.integers(0, 10**9),
    added=long_texts,
    updated=long_texts,
)
added = st.builds(
    Added,
    st.sampled_from(OUTCOMES),
    long_texts,
    long_texts,
    st.integers(0, 10**6),
    st.lists(st.integers(1, 10**5), max_size=30).map(tuple),
    st.lists(long_texts, max_size=6).map(tuple),
    names,
)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    found = draw(many_ranked)
    return Answer(
        question=draw(long_texts),
        state=draw(st.sampled_from(STATES)),
        confidence=draw(shares),
        reason=draw(long_texts),
        quote=draw(quotes(found[0].passage)) if found else None,
        passages=tuple(found),
        timing=Timing(1, 2, 3, draw(numbers)),
    )


@st.composite
def quotes(draw: st.DrawFn, passage: Passage) -> Quote | None:
    if draw(st.booleans()):
        return None
    low, high = sorted(draw(st.tuples(*[st.integers(0, len(passage.text))] * 2)))
    text = passage.text[low:high]
    marked = draw(st.one_of(st.none(), st.just(text[1:3]), long_texts))
    start = passage.start + low
    place = draw(st.one_of(st.none(), st.just(start + 1), st.integers(0, 10_000)))
    return Quote(text, marked, passage.article_id, start, passage.start + high, place)


keys = st.from_regex(r"[0-9A-Za-z_-]{1,64}", fullmatch=True)
pages = st.integers(-3, 60)
counts = st.integers(0, 10**9)
snowflakes = st.integers(1, 2**63 - 1)

CARDS: dict[str, st.SearchStrategy[ui.LayoutView]] = {
    "answer": st.builds(
        cards.answer_card,
        answers(),
        reference=keys,
        shown=pages,
        left=st.one_of(st.none(), st.lists(st.one_of(st.none(), ranked), max_size=4)),
        private=st.booleans(),
        names=st.lists(long_texts, max_size=8),
        tell=long_texts,
    ),
    "changed": st.builds(
        cards.changed_card,
        st.sampled_from(["changed", "removed", "changed or removed"]),
        title=long_texts,
        reference=long_texts,
    ),
    "neighbours": st.builds(cards.neighbours_card, passages(), long_texts, long_texts),
    "why": st.builds(cards.why_card, answers()),
    "search": st.builds(
        cards.search_card, long_texts, many_ranked, key=keys, page=pages, article=names
    ),
    "articles": st.builds(
        cards.articles_card,
        st.builds(lambda some, n: some * n, st.lists(entries, max_size=4), st.integers(1, 40)),
        page=pages,
        shared=counts,
    ),
    "article": st.builds(cards.article_card, entries, long_texts),
    "remove": st.builds(cards.remove_card, entries),
    "queued": st.builds(cards.queued_card, counts),
    "progress": st.builds(
        cards.progress_card, long_texts, counts, counts, number=counts, of=counts
    ),
    "report": st.builds(
        lambda items, errors, times: cards.report_card(Report(items * times, errors * times)),
        st.lists(added, max_size=5),
        st.lists(long_texts, max_size=5),
        st.integers(1, 40),
    ),
    "settings": st.builds(
        cards.settings_card,
        st.builds(
            ServerSettings,
            st.one_of(st.none(), snowflakes),
            st.frozensets(snowflakes, max_size=40),
            st.booleans(),
            st.integers(1, 600),
            st.integers(0, 3_650),
        ),
    ),
    "getting_ready": st.builds(cards.getting_ready_card),
    "help": st.builds(cards.help_card, manager=st.booleans()),
    "howto": st.builds(cards.howto_card),
    "privacy": st.builds(
        cards.privacy_card, questions=counts, ratings=counts, articles=counts, days=counts
    ),
    "forget": st.builds(cards.forget_card),
    "sentence": st.builds(
        cards.sentence_card,
        long_texts,
        reference=long_texts,
        tone=st.sampled_from(["fine", "plain", "warning", "error"]),
    ),
}


@pytest.mark.parametrize("name", CARDS)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_card_is_valid_and_inert(name: str, data: st.DataObject) -> None:
    card = data.draw(CARDS[name])
    check(card)
    for text in texts(card):
        without_links = {act for act in acts(text) if not act.startswith("raw discord")}
        assert without_links <= OURS


@pytest.mark.parametrize("words", ["]()", "](x) and [y](z)", "a] (b](c)d"])
def test_a_passage_can_not_take_over_the_link_above_it(words: str) -> None:
    passage = replace(_full(words), url="https://a.example/")
    found = Ranked(passage, 0.5, 0.5, 1.0, 0.5, 0.5, 0.0)
    rendered = [render(text) for text in texts(cards.search_card("", [found], key="0"))]
    links = [link for one in rendered for link in one.links]
    assert [label for label, _ in links] == ["Open the article"]
    assert links[0][1].startswith("https://a.example/")
    assert any(words in one.text for one in rendered)


def test_every_card_is_among_those() -> None:
    made = {name.removesuffix("_card") for name in cards.__all__ if name.endswith("_card")}
    assert made == set(CARDS)


def _full(text: str) -> Passage:
    url = f"https://a.example/{'x' * 400}"
    return Passage(
        1, "a", text, text, 0, len(text), (), section=text, page=9, url=url, published=text
    )


def _cards_full_of(text: str) -> dict[str, Callable[[], ui.LayoutView]]:
    passage = _full(text)
    found = (Ranked(passage, 1e300, 1e300, 1e300, 1.0, 1.0, 1.0),) * 50
    answer = Answer(text, "answer", 0.5, text, None, found, Timing(1, 2, 3, 4))
    nothing = Answer(text, "none", 0.0, text, None, (), Timing(1, 2, 3, 4))
    entry = Entry(text, text, text, text, text, passage.url, text, 9, 9, text, text)
    item = [Added(o, text, text, 9, (1,) * 99, (text,) * 9, text) for o in OUTCOMES]
    return {
        "answer": lambda: cards.answer_card(answer, reference="k" * 64, private=True),
        "none": lambda: cards.answer_card(
            nothing, reference="k", private=True, names=[text] * 9, tell=text
        ),
        "neighbours": lambda: cards.neighbours_card(passage, text, text),
        "why": lambda: cards.why_card(answer),
        "search": lambda: cards.search_card(text, found, key="k" * 64, page=9, article=text),
        "articles": lambda: cards.articles_card([entry] * 99, page=5, shared=9),
        "article": lambda: cards.article_card(entry, text),
        "report": lambda: cards.report_card(Report(item * 99, [text] * 99)),
        "sentence": lambda: cards.sentence_card(text, reference=text),
    }


@pytest.mark.parametrize("name", _cards_full_of("x"))
@pytest.mark.parametrize(
    "letter", ["x", "*", "word ", "世", "😀", "\U0001d518", "a\u0301\u0301", "ب ", "a\n", "@here "]
)
def test_a_card_that_is_full_to_the_brim_still_fits(name: str, letter: str) -> None:
    text = letter * (LONGEST // len(letter))
    check(_cards_full_of(text)[name]())


def test_a_card_is_never_made_of_more_parts_than_discord_takes() -> None:
    made = [make() for make in _cards_full_of("word " * 2_000).values()]
    assert max(len(parts(card)) for card in made) <= 40
