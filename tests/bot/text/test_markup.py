"""Text of articles and people is shown exactly as it stands, and does nothing."""

from __future__ import annotations

from itertools import pairwise
from unicodedata import category
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.graphemes import MOST_MARKS, grapheme_starts, visible
from bot.text.links import LONGEST, passage_url, safe_url
from bot.text.markup import (
    NOTHING,
    Room,
    bold,
    inline,
    link,
    listed,
    quoted,
)
from tests.support.discord_markdown import acts, render

ROOMY = Room(100_000, 400_000)
ALLOWED = {"quote", "bold", "underlined"}

HOSTILE = [
    "@everyone",
    "@here",
    "@Everyone",
    "<@123>",
    "<@!123>",
    "<@&123>",
    "<#123>",
    "</ask:123>",
    "<t:1700000000:R>",
    "<:wave:123>",
    "<a:wave:123>",
    "<id:browse>",
    "<id:guide>",
    "<id:customize>",
    "</article add:123>",
    ":thumbsup:",
    "https://evil.example/a_b*c",
    "<https://evil.example>",
    "<a@evil.example>",
    "<mailto:a@evil.example>",
    "<tel:+15551234567>",
    "steam://run/1",
    "<+15551234567>",
    "discord.gg/abc",
    "discord.com/invite/abc",
    "[Passage](https://evil.example)",
    "[a[b]](https://evil.example)",
    "[a\\](https://evil.example)",
    "[https://good.example](https://evil.example)",
    '[a](https://evil.example "title")',
    "[a](<https://evil.example>)",
    "# heading",
    "### heading",
    "-# small",
    "- item",
    "* item",
    "1. item",
    "> quote",
    ">>> quote",
    "```\ncode\n```",
    "`code`",
    "``co`de``",
    "````\nfour\n````",
    "```ansi\n\x1b[31mred",
    "||spoiler||",
    "**bold**",
    "***both***",
    "*it*",
    "_it_",
    "__under__",
    "~~struck~~",
    "\\",
    "\\\\",
    "\\*a*",
    "¯\\_(ツ)_/¯",
    "\x1b[31mred\x1b[0m",
    "\x1b[5;7;45mloud",
    "\x1b[2J\x1b[H",
    "\x1b]8;;https://evil.example\x1b\\Passage\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1bP+q544e\x1b\\",
    "\x9b31mred\x9b0m",
    "\x9d52;c;ZXZpbA==\x9c",
    "\x07\x08\x7f\x0e",
    "\u202a\u202b\u202d left open",
    "\u2066\u2067\u2068 left open",
    "\u2069\u202c closed only",
    "\u061c\u200e\u200f",
    "\u202egnp.exe",
    "\u2067x\u2069",
    "a\u200bb\u2060c\ufeffd",
    "@\u200deveryone",
    "<\u200b@123>",
    "ht\u00adtps://evil.example",
    "z" + "\u0301\u0316" * 40,
    "z" + "\u0301\u200b" * 40,
    "\u0e01" + "\u0e49" * 40,
    "\u0301\u0301",
    "\u3164\u115f",
    "\r\n\r\n\r\n",
    "\u2028",
    "👩‍👩‍👧‍👦 🇩🇪 👍🏽",
    "👍" + "\u200d👍🏽" * 60,
    "می‌خواهم",
    "क्षत्रिय",
    "שלום world",
    "日本語。",
    "\ud800",
    "\udc00\ud800",
    "x" * 4_000,
    "𝔸" * 300,
]
fragments = st.lists(
    st.one_of(
        st.sampled_from(HOSTILE),
        st.text(max_size=8),
        st.text(alphabet="*_~|`\\<>[]()#@:/.-+&1a \n", max_size=12),
    ),
    max_size=10,
).map("".join)
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=2)


@pytest.mark.parametrize("text", HOSTILE[: HOSTILE.index("\\")])
def test_each_trick_works_where_it_is_not_escaped(text: str) -> None:
    assert acts(text) or render(text).kinds


@pytest.mark.parametrize("text", HOSTILE)
def test_each_trick_is_shown_and_does_nothing(text: str) -> None:
    for written in (quoted(text, ROOMY), f"So: {inline(text, ROOMY)}", bold(text, ROOMY)):
        assert acts(written) == set()


@given(text=fragments, bold=spans, underlined=spans)
def test_a_quote_reads_as_the_original_and_does_nothing(
    text: str, bold: list[tuple[int, int]], underlined: list[tuple[int, int]]
) -> None:
    written = quoted(text, ROOMY, bold=bold, underlined=underlined)
    assert render(written).text == (visible(text).replace("\u200b", "") or NOTHING)
    assert acts(written) == set()
    assert all(line.startswith("> ") for line in written.split("\n"))


@given(fragments)
def test_a_line_reads_as_the_original_and_does_nothing(text: str) -> None:
    for written in (inline(text, ROOMY), bold(text, ROOMY)):
        assert render(written).text == (" ".join(visible(text).split()) or NOTHING)
        assert acts(written) == set()
        assert "\n" not in written


@given(fragments, st.integers(30, 120), st.integers(40, 300), st.sampled_from(["start", "end"]))
def test_a_text_stays_within_its_room_and_inert_wherever_it_is_cut(
    text: str, characters: int, size: int, keep: str
) -> None:
    room = Room(characters, size)
    for written in (
        quoted(text, room, bold=[(5, 15)], underlined=[(7, 9)], keep="start"),
        quoted(text, room, keep="end" if keep == "end" else "start"),
        inline(text, room),
        bold(text, room),
    ):
        assert room.holds(written)
        assert acts(written) == set()
        assert render(written).text.strip()


@given(
    st.lists(
        st.sampled_from(["e\u0301", "👩‍👩‍👧", "🇩🇪", "👍🏽", "한", "क्ष", "@everyone", "*", "日"]),
        min_size=1,
    )
)
def test_a_cut_never_splits_what_is_read_as_one_character(parts: list[str]) -> None:
    text = " ".join(parts)
    whole = render(inline(text, Room(40, 120))).text
    shown = whole.removesuffix("…").strip()
    assert text.startswith(shown)
    edges = {*grapheme_starts(text), len(text)}
    assert len(shown) in edges


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", [0, 1, 2]),
        ("e\u0301a", [0, 2]),
        ("🇩🇪🇫🇷", [0, 2]),
        ("👩‍👩‍👧!", [0, 5]),
        ("👍🏽👍", [0, 2]),
        ("क्ष", [0]),
        ("\u1100\u1161\u11a8한", [0, 3]),
        ("กำ", [0]),
        ("", []),
    ],
)
def test_characters_start_where_readers_see_them_start(text: str, expected: list[int]) -> None:
    assert list(grapheme_starts(text)) == expected


@given(fragments)
def test_what_is_visible_has_nothing_hidden_in_it(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not [c for c in shown if category(c) in {"Cc", "Cs"} and c != "\n"]
    assert not set(shown) & set("\u200b\u2060\ufeff\u00ad\u202e\u2066\u2067\u2068\u2069\u3164")
    assert not [pair for pair in pairwise(shown) if set(pair) <= set("\u200c\u200d")]


def test_real_writing_is_left_alone() -> None:
    for text in (
        "می‌خواهم",
        "क्षत्रिय",
        "Tiếng Việt",
        "שָׁלוֹם",
        "👩‍👩‍👧‍👦 🇩🇪 👍🏽",
        "한국어",
        "ภาษาไทยที่",
    ):
        assert visible(text) == text


def test_piled_up_marks_are_thinned() -> None:
    assert visible("Z" + "\u0301" * 40 + "a") == "Z" + "\u0301" * MOST_MARKS + "a"


def test_lines_and_blanks_are_tidied() -> None:
    assert visible("\n  a \r\n\n\n\nb\tc\u2028d  \n") == "a\n\nb c\nd"


def test_the_exact_writing_of_a_quote() -> None:
    text = "Signed in 2016, at 10:30.\n1. It is worth US$5.43 billion; see a_b."
    start = text.index("It is")
    assert quoted(
        text,
        ROOMY,
        bold=[(start, len(text))],
        underlined=[(text.index("US$"), text.index(";"))],
    ) == ("> Signed in 2016, at 10\\:30.\n> 1\\. **It is worth __US$5.43 billion__; see a\\_b.**")


def test_a_mark_over_several_lines_is_closed_on_each() -> None:
    assert (
        quoted("one\n two \nthree", ROOMY, bold=[(0, 15)]) == "> **one**\n>  **two**\n> **three**"
    )


def test_marks_may_overlap_in_any_way() -> None:
    written = quoted("abcdef", ROOMY, bold=[(0, 4)], underlined=[(2, 6)])
    assert written == "> **ab__cd__**__ef__"
    assert render(written).bold == ["abcd"]


def test_marked_words_deep_in_a_long_text_are_what_is_shown() -> None:
    text = "before " * 400 + "THE ANSWER" + " after" * 400
    at = text.index("THE")
    written = quoted(text, Room(200, 400), bold=[(at, at + 10)])
    assert render(written).bold == ["THE ANSWER"]
    assert written.startswith("> … before before")
    assert written.endswith("after after …")


def test_the_end_of_a_text_can_be_kept() -> None:
    assert (
        quoted("one two three four " * 9, Room(40, 90), keep="end") == "> … four one two three four"
    )


def test_a_text_is_cut_between_words() -> None:
    assert inline("one two three four five six", Room(26, 90)) == "one two …"


def test_right_to_left_titles_do_not_turn_the_line() -> None:
    assert inline("שלום", ROOMY) == "\u2068שלום\u2069"


def test_a_list_says_how_much_it_leaves_out() -> None:
    assert listed(["one", "two"], str, Room(7, 7)) == "one\ntwo"
    assert listed(range(1_200), str, Room(20, 30)) == "0\n1\n… and 1,198 more"
    assert listed(["one", "two"], str, Room(6, 6)) == "… and 2 more"
    assert listed([], str, Room(7, 7)) == ""


def test_a_text_that_ends_in_the_middle_of_a_trick_is_inert_too() -> None:
    # What follows is never looked at, however it goes on there.
    assert inline("<t:", ROOMY) == "\\<t\\:"
    assert inline("note: at 10:30", ROOMY) == "note: at 10\\:30"


def test_a_label_cannot_end_its_link() -> None:
    written = link("a](https://evil.example) [b", "https://good.example/")
    assert render(written).links == [("a)(https://evil.example) (b", "https://good.example/")]
    assert render(written).kinds == {"link"}


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "ftp://a.example/",
        "javascript:alert(1)",
        "//a.example",
        "https://",
        "https://a.example/b c",
        "https://a.example/\n",
        "https://a.example/\u202e",
        "https://a.example/\ud800",
        "https://bank.example@evil.example/",
        "https://[::1]/",
        "https://a.example)x/",
        "https://a.example:port/",
        "https://[",
    ],
)
def test_an_address_that_could_do_harm_is_no_link(url: str | None) -> None:
    assert safe_url(url) is None
    assert passage_url(url, "words") is None


def test_addresses_are_written_so_that_they_stay_in_their_link() -> None:
    assert (
        safe_url("HTTPS://a.example:8080/b(c)[d]/@everyone*?q=<x>&r=1#top:~:text=old")
        == "https://a.example:8080/b%28c%29%5Bd%5D/%40everyone%2A?q=%3Cx%3E&r=1#top"
    )
    assert safe_url("https://bücher.example/ä") == "https://xn--bcher-kva.example/%C3%A4"


@given(fragments, fragments)
def test_a_link_to_anything_is_one_link_to_it(path: str, words: str) -> None:
    address = passage_url(f"https://a.example/{path}", words)
    if address is not None:
        rendered = render(f"x {link('Open', address)} y")
        assert rendered.kinds == {"link"}
        assert rendered.links == [("Open", address)]
        assert len(address) <= LONGEST
        done = {act for act in acts(link("Open", address)) if not act.startswith("raw discord")}
        assert done == {"link", "raw https://"}


def test_a_link_leads_to_the_words() -> None:
    url = "https://a.example/page#part"
    assert passage_url(url, "worth 5-6 %, A & B") == (
        "https://a.example/page#part:~:text=worth%205%2D6%20%25%2C%20A%20%26%20B"
    )


def test_a_long_quote_is_named_by_its_ends() -> None:
    words = " ".join(f"w{n}" for n in range(60))
    address = passage_url("https://a.example/", words)
    assert address == (
        "https://a.example/#:~:text=w0%20w1%20w2%20w3%20w4%20w5,w54%20w55%20w56%20w57%20w58%20w59"
    )
    assert passage_url("https://a.example/", "one two\nthree four") == (
        "https://a.example/#:~:text=one%20two,three%20four"
    )


def test_words_without_spaces_are_named_by_their_first_and_last_characters() -> None:
    address = passage_url("https://a.example/", "日本語" * 100)
    assert address is not None
    assert unquote(address).endswith(
        ":~:text=" + "日本語日本語日本語日本語日本語日," + "語日本語日本語日本語日本語日本語"
    )


def test_a_link_that_would_be_too_long_loses_its_words_first() -> None:
    long = f"https://a.example/{'x' * 480}"
    assert passage_url(long, "some words that answer") == long
    assert passage_url(long + "x" * 20, "words") is None
