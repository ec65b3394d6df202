"""Paths, folders, dumps and lying names; and that nothing but a sentence comes out."""

from __future__ import annotations

import gzip
import io
import json
import time
from typing import TYPE_CHECKING

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import ExtractionError
from index.extract import Limits, expand, extract, extract_bytes
from index.records import Article

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LONG = (
    "The harbour of the old town was rebuilt three times before the railway came, and each time "
    "the council argued for years over who was to pay for it."
)


def sentences(results: Iterable[Article | ExtractionError]) -> list[str]:
    return [str(one) if isinstance(one, ExtractionError) else one.title for one in results]


def line(**fields: object) -> bytes:
    return json.dumps({"title": "T", "text": "X", **fields}).encode() + b"\n"


def test_a_folder_gives_its_readable_files_in_order(tmp_path: Path) -> None:
    for name in (
        "b.txt",
        "a.MD",
        "c/d.jsonl.gz",
        "c/old.doc",
        "c/e.bin",
        ".hidden/f.txt",
        "c/.g.txt",
        "~$a.docx",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    assert expand(str(tmp_path)) == [
        str(tmp_path / name) for name in ("a.MD", "b.txt", "c/d.jsonl.gz", "c/old.doc")
    ]


def test_a_file_and_a_url_stand_for_themselves(tmp_path: Path) -> None:
    path = tmp_path / "odd.name"
    path.write_text("x")
    assert expand(str(path)) == [str(path)]
    assert expand(" https://example.org/a ") == ["https://example.org/a"]


def test_a_missing_path_and_an_empty_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(ExtractionError, match=r"nowhere does not exist: check the path\.$"):
        expand(str(tmp_path / "nowhere"))
    with pytest.raises(
        ExtractionError, match=r"holds nothing that can be read: put articles into it"
    ):
        expand(str(tmp_path))


@pytest.mark.parametrize("path", ["a" * 5_000, "~nobody-of-this-name/a.txt", "a\0b"])
def test_a_path_that_can_be_none_is_told_like_a_missing_one(path: str) -> None:
    with pytest.raises(ExtractionError, match=r" does not exist: check the path\.$"):
        expand(path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a\nb\r\u2028\x1b[2J.txt", "a b [2J.txt"),
        ("\u202egnp.\u2066a\udc80.txt", "gnp.a\ufffd.txt"),
        ("\u200b", "A source without a name"),
        ("", "A source without a name"),
        ("x" * 10_000 + ".txt", "x" * 99 + "…" + "x" * 96 + ".txt"),
    ],
)
def test_a_sentence_holds_any_name_on_one_line_and_of_bounded_length(name: str, told: str) -> None:
    assert sentences(extract_bytes(b"", name=name)) == [
        f"{told} is empty: add a file with a text in it."
    ]


def test_a_small_file_may_not_unpack_to_more_text_than_the_limit() -> None:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("lamp " * 40_000)
    document.save(buffer)
    assert len(buffer.getvalue()) < 100_000
    limits = Limits(max_bytes=100_000)
    assert sentences(extract_bytes(buffer.getvalue(), name="a.docx", limits=limits)) == [
        "a.docx holds more text than the limit of 0.1 MB: split it into smaller files."
    ]


def test_comments_before_what_is_no_page_take_no_time() -> None:
    started = time.monotonic()
    (article,) = extract_bytes(b"<!---->" * 1_000 + b"<p>" + LONG.encode(), name="a.txt")
    assert isinstance(article, Article)
    assert time.monotonic() - started < 2


def test_one_source_that_fails_yields_its_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "a.txt"
    assert sentences(extract(str(missing))) == [f"{missing} does not exist: check the path."]
    assert sentences(extract(str(tmp_path))) == [f"{tmp_path} is not a file: check the path."]


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"word " * 300)
    assert sentences(extract(str(path), limits=Limits(max_bytes=1000))) == [
        f"{path} is over the limit of 0.001 MB: split it into smaller files."
    ]
    assert Limits().megabytes() == "25 MB"


def test_a_dump_is_kept_to_the_letter(tmp_path: Path) -> None:
    text = "  Two\r\n\r\nlines\u00a0and 3 min read\nAdvertisement\n\x07e\u0301\ufeff "
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        line(id="x/1", text=text, url="https://example.org/1", published="2017-09-28", author="J")
        + b"\n"
        + line(id="x/2")
        + line(published="2017-09-28T10:00:00Z")
    )
    assert list(extract(str(path))) == [
        Article(
            source="https://example.org/1",
            title="T",
            text=text,
            id="x/1",
            author="J",
            url="https://example.org/1",
            published="2017-09-28",
            origin=str(path),
        ),
        Article(source=f"{path}#x/2", title="T", text="X", id="x/2", origin=str(path)),
        Article(source=f"{path}#4", title="T", text="X", published="2017-09-28", origin=str(path)),
    ]


def test_bad_lines_of_a_dump_are_told_by_number_and_the_rest_goes_on() -> None:
    data = b"".join(
        [
            line(title="one"),
            b'{"title": "cut\n',
            b"[1, 2]\n",
            line(title=" "),
            line(text=None),
            line(text=7),
            line(id=["7"]),
            b'{"title": "T", "text": "\\ud800"}\n',
            b"[" * 50_000 + b"\n",
            line(title="ten"),
            line(title="eleven", published="some day"),
        ]
    )
    results = list(extract_bytes(data, name="a.jsonl"))
    shape = '{"title": "…", "text": "…"}'
    assert sentences(results) == [
        "one",
        f"a.jsonl, line 2 is not valid JSON: write one object a line, {shape}.",
        f"a.jsonl, line 3 is not a JSON object: write one a line, {shape}.",
        'a.jsonl, line 4 has no "title": every article needs a title and a text.',
        'a.jsonl, line 5 has no "text": every article needs a title and a text.',
        'a.jsonl, line 6 has a "text" that is not text (7): put it in quotes.',
        'a.jsonl, line 7 has a "id" that is not text (["7"]): put it in quotes.',
        'a.jsonl, line 8 has half a character (a lone surrogate) in its "text": write it as UTF-8.',
        f"a.jsonl, line 9 is not valid JSON: write one object a line, {shape}.",
        "ten",
        "eleven",
    ]
    last = results[-1]
    assert isinstance(last, Article)
    assert last.published is None
    assert last.warnings == ("Its date “some day” can't be read and was left out.",)


def test_a_gzipped_dump_is_read_and_a_cut_one_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    data = gzip.compress(b"".join(line(id=str(n), text=f"{n} " * 90) for n in range(500)))
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(data)
    assert len(list(extract(str(path)))) == 500
    path.write_bytes(data[: len(data) // 2])
    *articles, error = extract(str(path))
    assert articles
    assert all(isinstance(one, Article) for one in articles)
    assert str(error).startswith(f"{path} is cut off or damaged after line ")


def test_a_dump_may_be_longer_than_the_limit_but_no_line_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line(title="a") * 50 + line(text="x" * 900) + line(title="z"))
    results = sentences(extract(str(path), limits=Limits(max_bytes=500)))
    assert results[:50] == ["a"] * 50
    assert results[50:] == [
        f"{path}, line 51 is over the limit of 0.0005 MB: split the article.",
        "z",
    ]


def test_a_hundred_bad_lines_are_named_and_the_others_counted() -> None:
    data = line(title="first") + b"x\n" * 5_000 + line(title="last")
    first, *errors, last, more = sentences(extract_bytes(data, name="a.jsonl"))
    assert (first, last) == ("first", "last")
    assert len(errors) == 100
    assert errors[-1].startswith("a.jsonl, line 101 is not valid JSON")
    assert more == "a.jsonl has 4900 more lines that can't be read: see to those named first."


@pytest.mark.parametrize(
    "packed", [bytes(2_000_000), line(text="x" * 90) * 20_000, b"x\n" * 999_999]
)
def test_a_packed_dump_that_is_sent_unpacks_to_no_more_than_the_limit(packed: bytes) -> None:
    data = gzip.compress(packed)
    limits = Limits(max_bytes=500_000)
    for name in ("a.jsonl.gz", "https://example.org/page.html"):
        assert sentences(
            extract_bytes(data, name=name, content_type="text/html", limits=limits)
        ) == [f"{name} unpacks to more than the limit of 0.5 MB: split it into smaller files."]


def test_a_packed_dump_that_is_sent_is_read_up_to_the_limit_and_as_far_as_it_goes() -> None:
    dump = b"".join(line(id=str(n), text=f"{n} " * 90) for n in range(50))
    data, limits = gzip.compress(dump), Limits(max_bytes=len(dump))
    assert len(list(extract_bytes(data, name="a.jsonl.gz", limits=limits))) == 50
    *articles, error = extract_bytes(data[: len(data) // 2], name="a.jsonl.gz", limits=limits)
    assert articles
    assert "is cut off or damaged after line " in str(error)


def test_the_content_decides_where_name_and_type_lie() -> None:
    html = f"<!DOCTYPE html><html><body><main><h1>A</h1><p>{LONG}</p></main></body></html>".encode()
    (page,) = extract_bytes(html, name="a.txt", content_type="text/plain")
    assert isinstance(page, Article)
    assert page.text == f"A\n\n{LONG}"
    (plain,) = extract_bytes(LONG.encode(), name="a.pdf", content_type="application/pdf")
    assert isinstance(plain, Article)
    assert plain.text == LONG
    (record,) = extract_bytes(line(text=LONG), name="a.txt")
    assert isinstance(record, Article)
    assert record.source == "a.txt#1"
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(LONG)
    document.save(buffer)
    (word,) = extract_bytes(buffer.getvalue(), name="a.html", content_type="text/html")
    assert isinstance(word, Article)
    assert word.text == LONG


def test_a_paste_without_a_suffix_may_be_markdown() -> None:
    (article,) = extract_bytes(b"# Title\n\nSome *words*.", name="paste")
    assert isinstance(article, Article)
    assert (article.title, article.text) == ("Title", "Title\n\nSome words.")


def test_a_given_url_becomes_source_and_url() -> None:
    (article,) = extract_bytes(LONG.encode(), name="a.txt", url="https://example.org/a.txt")
    assert isinstance(article, Article)
    assert (article.source, article.url, article.origin) == ("https://example.org/a.txt",) * 3


NAMES = st.sampled_from(["a.txt", "a.md", "a.html", "a.jsonl", "a.pdf", "a.docx", "a"])
PIECES = st.sampled_from(
    [
        "\n", "\n\n", "# Head\n", "## Sub\n\n", "- item\n", "Advertisement\n", "By Jane Doe\n",
        "28 September 2017\n", "---\n", "| a | b |\n|---|---|\n", "```\n", "<p>", "</p>",
        "<h2>Hi</h2>", "<html><body>", "<table><tr><td>x", "<dl><dt>a<dd>b", "[Getty]\n", "\ufeff",
        "\x00", "\ud7ff", LONG, "A Title", '{"title": "t", "text": "x"}\n', "%PDF-1.4\n", "%%EOF",
        "PK\x03\x04", "é",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=14).map("".join))


@given(TEXTS, NAMES)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_gives_articles_with_sound_offsets_or_sentences(text: str, name: str) -> None:
    for result in extract_bytes(text.encode(), name=name):
        if isinstance(result, ExtractionError):
            assert str(result).startswith(name)
            assert str(result).endswith(".")
            assert "content is damaged or unusual" not in str(result)
            continue
        assert result.title
        assert result.text.strip()
        for spans in (result.sections, result.pages):
            position = 0
            for span in spans:
                assert position <= span.start < span.end <= len(result.text)
                position = span.end
        for section in result.sections:
            inside = result.text[section.start : section.end]
            assert inside == inside.strip("\n")
            assert result.text[: section.start].endswith("\n\n")


@given(st.binary(max_size=400), NAMES)
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_articles_or_sentences(data: bytes, name: str) -> None:
    for result in extract_bytes(data, name=name):
        assert isinstance(result, (Article, ExtractionError))
