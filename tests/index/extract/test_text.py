"""Plain text: what is kept, what is left out, and what a file's first lines say."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from index.errors import ExtractionError
from index.extract import extract_bytes
from index.extract.furniture import is_furniture, without_credit
from index.language.datelines import read_dateline
from index.language.dates import parse_date
from index.records import Article
from tests.support.paths import ROOT

LONG = (
    "The harbour of the old town was rebuilt three times before the railway came, and each time "
    "the council argued for years over who was to pay for it."
)


def read(text: str | bytes, name: str = "note.txt") -> Article:
    data = text if isinstance(text, bytes) else text.encode()
    (article,) = extract_bytes(data, name=name)
    assert isinstance(article, Article), article
    return article


def refused(data: bytes, name: str) -> str:
    (error,) = extract_bytes(data, name=name)
    assert isinstance(error, ExtractionError)
    return str(error)


@pytest.fixture(scope="module")
def first_article() -> Article:
    default = ROOT.parent / "shared" / "data"
    folder = Path(os.environ.get("PASSAGE_EVAL_DATA", default))
    path = folder / "article" / "turkish-russian-relations.txt"
    if not path.is_file():
        pytest.skip("the first article is not here; PASSAGE_EVAL_DATA names its folder")
    return read(path.read_bytes(), name=str(path))


def test_the_first_article_has_one_title_a_date_and_a_section(first_article: Article) -> None:
    text = first_article.text
    assert text.count(first_article.title) == 1
    assert text.startswith(first_article.title + "\n\n")
    assert first_article.published == "2017-09-28"
    assert "\n\n28 September, 2017\n" in text
    (section,) = first_article.sections
    assert section.title == "'Loaded with contradictions'"
    assert text[: section.start].endswith(section.title + "\n\n")
    assert section.end == len(text)


def test_the_first_article_has_no_furniture_and_loses_no_paragraph(first_article: Article) -> None:
    text = first_article.text
    assert "min read" not in text
    assert "Getty" not in text
    lines = [line.strip() for line in Path(first_article.source).read_text().split("\n")]
    missing = [line for line in lines if line not in text]
    assert [line[-6:] for line in missing] == ["n read", "Getty]"]
    assert missing[1].removesuffix(" [Getty]") in text


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("28 September, 2017", "2017-09-28"),
        ("September 28, 2017", "2017-09-28"),
        ("Sept. 28th, 2017", "2017-09-28"),
        ("2017-09-28", "2017-09-28"),
        ("2017-09-28T23:59:00+02:00", "2017-09-28"),
        ("Thu 28 Sep 2017", "2017-09-28"),
        ("the 1st of May 2020", "2020-05-01"),
        ("28/09/2017", "2017-09-28"),
        ("09/28/2017", "2017-09-28"),
        ("28.09.2017", "2017-09-28"),
        ("03/04/2017", None),
        ("31 February 2017", None),
        ("version 2017-09-28.4", None),
        ("10.0.2017.1", None),
        ("1 May 2017 and 2 May 2017", None),
        ("2017", None),
    ],
)
def test_a_date_is_read_only_where_it_can_mean_one_day(words: str, day: str | None) -> None:
    assert parse_date(words) == day


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Thursday, 28 September 2017, 14:05 GMT", ("2017-09-28", None)),
        ("Published: 2017-09-28T10:00:00Z", ("2017-09-28", None)),
        ("Updated 2 October 2017 | Published 28 September 2017", ("2017-09-28", None)),
        ("28 September 2017 · 3 min read", ("2017-09-28", None)),
        ("By Jane Doe", (None, "Jane Doe")),
        (
            "By Jane Doe and Ludwig van der Berg, Science Correspondents",
            (None, "Jane Doe, Ludwig van der Berg"),
        ),
        ("By Jane Doe and Ludwig van der Berg", (None, "Jane Doe, Ludwig van der Berg")),
        ("By Jane Doe, 28 September 2017", ("2017-09-28", "Jane Doe")),
        ("28 September 2017 | By Jane Doe", ("2017-09-28", "Jane Doe")),
        ("Author: Madonna", (None, "Madonna")),
        ("By design", None),
        ("By the end of the year the bridge was gone", None),
        ("On 28 September 2017 the bridge fell.", None),
        ("The party is on 28 September 2017", None),
    ],
)
def test_a_dateline_says_nothing_but_date_and_author(
    line: str, said: tuple[str | None, str | None] | None
) -> None:
    assert read_dateline(line) == said


@pytest.mark.parametrize(
    "line",
    [
        "3 min read",
        "12-minute read",
        "Reading time: 4 minutes",
        "Share this article",
        "Advertisement",
        "ADVERTISEMENT",
        "Subscribe to our weekly newsletter",
        "Read more: The bridge that nobody wanted",
        "Photo: AFP",
        "Getty Images",
        "Skip to content",
    ],
)
def test_furniture_is_recognised(line: str) -> None:
    assert is_furniture(line)


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("The minister leaves after the vote [Getty]", "The minister leaves after the vote"),
        ("The minister leaves. (Photo: Jane Doe/AFP)", "The minister leaves."),
        ("A view in spring [AFP/Getty Images]", "A view in spring"),
        ("Rules of the Environmental Protection Agency (EPA)",) * 2,
        ("The fall was reported by an agency. (Reuters)",) * 2,
    ],
)
def test_a_caption_keeps_its_words_and_loses_its_credit(caption: str, words: str) -> None:
    assert without_credit(caption) == words


@pytest.mark.parametrize(
    "line",
    [
        "Reading takes 3 minutes.",
        "The article is a 3 min read for most people.",
        "Share prices fell sharply.",
        "Advertisement revenue fell by a third in 2017.",
        "Photo: the first of three essays on seeing. It was written in 1977.",
        "Rules of the Environmental Protection Agency (EPA)",
        "The fall was first reported by an agency. (Reuters)",
        "Subscribe",
        "Read the manual first.",
        "Getty was an oil magnate.",
        "Image: ubuntu:22.04",
        "We use cookies to keep you signed in.",
    ],
)
def test_a_sentence_of_the_article_is_never_taken_for_furniture(line: str) -> None:
    assert not is_furniture(line)


def test_furniture_between_paragraphs_goes_and_its_neighbours_stay() -> None:
    article = read(f"The harbour\n\n{LONG}\n\nAdvertisement\n\n{LONG}\nShare this article\n")
    assert article.text == f"The harbour\n\n{LONG}\n\n{LONG}"


def test_a_cookie_notice_goes_but_an_article_about_cookies_keeps_its_sentences() -> None:
    notice = "We use cookies to improve your experience. Accept or reject."
    assert read(f"The harbour\n\n{notice}\n\n{LONG}").text == f"The harbour\n\n{LONG}"
    policy = f"{notice}\n\nCookies are small files.\n\nYou can delete cookies."
    assert notice in read(f"Our policy\n\n{policy}").text


def test_a_credit_in_the_middle_of_a_wrapped_sentence_stays() -> None:
    wrapped = (
        "The man in the picture was seen by a camera\n"
        "of the news agency at noon today [AP]\n"
        "and by nobody else."
    )
    assert wrapped in read(f"A title\n\n{wrapped}").text


def test_the_title_is_the_first_line_or_else_the_file_name() -> None:
    assert read(f"The old harbour\n\n{LONG}").title == "The old harbour"
    assert (
        read(f"{LONG}\n\n{LONG} Again.", name="dir/the_old-harbour.txt").title == "The old harbour"
    )
    assert read("Only one short line", name="a_note.txt").title == "A note"


def test_a_byline_and_a_date_are_read_and_stay_in_the_text() -> None:
    article = read(f"The harbour\nBy Jane Doe\n28 September 2017\n\n{LONG}")
    assert (article.title, article.author, article.published) == (
        "The harbour",
        "Jane Doe",
        "2017-09-28",
    )
    assert article.text == f"The harbour\n\nBy Jane Doe\n28 September 2017\n\n{LONG}"


def test_short_paragraphs_before_long_ones_are_headings() -> None:
    article = read(
        f"The harbour\n\n{LONG}\n\nThe second wall\n\n{LONG}\n\nWho paid for it?\n\n{LONG}"
    )
    assert [s.title for s in article.sections] == ["The second wall", "Who paid for it?"]
    assert [article.text[s.start : s.end] for s in article.sections] == [LONG, LONG]


@pytest.mark.parametrize("line", ["He left.", "Dear Sir,", "- one thing", "28 September 2017"])
def test_what_ends_a_sentence_lists_or_dates_is_no_heading(line: str) -> None:
    assert read(f"The harbour\n\n{LONG}\n\n{line}\n\n{LONG}").sections == ()


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-16-le", "utf_16_le"),
        ("utf-32", None),
        ("cp1252", "cp1252"),
    ],
)
def test_an_encoding_is_recognised_and_an_unusual_one_is_told(
    encoding: str, told: str | None
) -> None:
    text = "Café “Zur Brücke”\n\nIt’s naïve – and that’s the café’s façade, as Zoë told the maître."
    article = read(text.encode(encoding))
    assert article.text == text
    assert article.warnings == ((f"It is not UTF-8 and was read as {told}.",) if told else ())


def test_cyrillic_in_a_windows_encoding_is_read() -> None:
    text = "Новости\n\nПривет, мир. Это обычный русский текст о погоде и политике в большом городе."
    article = read(text.encode("cp1251"))
    assert article.text == text
    assert article.warnings == ("It is not UTF-8 and was read as cp1251.",)


def test_line_ends_and_control_characters_are_tidied_and_nothing_else() -> None:
    article = read(
        "A title\r\n\r\nOne\x00 li\x07ne with ﬁ and e\u0301.\r\rA\ttab.\x0cEnd.".replace("\x00", "")
    )
    assert article.text == "A title\n\nOne line with ﬁ and e\u0301.\n\nA\ttab.\nEnd."


@pytest.mark.parametrize("data", [b"", b" \n\t\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused_in_a_sentence(data: bytes) -> None:
    assert refused(data, "a.txt") == "a.txt is empty: add a file with a text in it."


def test_a_binary_file_is_refused_in_a_sentence() -> None:
    assert refused(bytes(range(256)) * 9, "a.txt") == (
        "a.txt is a binary file, not text: "
        "add it as plain text, Markdown, HTML, PDF, DOCX or JSONL."
    )
    assert refused(b"\x89PNG\r\n\x1a\n" + bytes(99), "a.txt").startswith("a.txt is a PNG picture, ")


def test_a_file_of_furniture_only_is_refused() -> None:
    assert refused(b"3 min read\n\nAdvertisement\n", "a.txt") == (
        "a.txt holds no text that could be read: look at it and add another."
    )


def test_a_line_of_spaces_that_asks_nothing_takes_no_time() -> None:
    started = time.monotonic()
    article = read("A" + " " * 70 + "b c.\n\n" + "The lamp was lit by the keeper. " * 5)
    assert article.sections == ()
    assert time.monotonic() - started < 2
