"""Markdown and web pages: the words a reader sees, with their headings."""

from __future__ import annotations

import pytest

from index.errors import ExtractionError
from index.extract import extract_bytes
from index.records import Article

MARKDOWN = """---
title: "The harbour"
date: 2017-09-28
author: Jane Doe
---

# The harbour

A *long* [story](https://example.org/x) with `code`, ![image](a.png) and **bold**
words over two lines.

## Walls

1. First wall
2. Second wall
   - of brick

### Cost

| Year | Cost |
|------|-----:|
| 1901 | 12   |

```python
x = "*not emphasis*"

y = 2
```

## Trade

Nothing more &amp; nothing less.<br>Really.

<!-- a note to the editor -->
"""

PAGE = """<!doctype html><html><head><title>{title}</title>
<meta property="og:site_name" content="The Daily">{head}</head>
<body><nav><a href="/">Home</a> <a href="/world">World</a></nav>
<div class="cookie-banner">We use cookies to improve your experience.</div>
{body}
<footer>© 2017 The Daily <a href="/privacy">Privacy</a></footer></body></html>"""

PROSE = (
    "<p>The harbour of the old town was rebuilt three times before the railway came, and each "
    "time the council argued for years over who was to pay for it.</p>"
    "<p>Ships from the north brought timber and grain, and took salt and cloth home with them, "
    "until the great storm closed the mouth of the river for a whole winter.</p>"
)


def read(
    text: str, name: str, *, content_type: str | None = None, url: str | None = None
) -> Article:
    (article,) = extract_bytes(text.encode(), name=name, content_type=content_type, url=url)
    assert isinstance(article, Article), article
    return article


def sections(article: Article) -> dict[str, str]:
    return {s.title: article.text[s.start : s.end] for s in article.sections}


def page(body: str, *, title: str = "The harbour | The Daily", head: str = "") -> str:
    return PAGE.format(title=title, body=body, head=head)


def test_markdown_is_rendered_without_its_markup() -> None:
    assert read(MARKDOWN, "a.md").text == (
        "The harbour\n\n"
        "Published 28 September 2017 by Jane Doe.\n\n"
        "A long story with code, and bold words over two lines.\n\n"
        "Walls\n\n"
        "1. First wall\n2. Second wall\nof brick\n\n"
        "Cost\n\n"
        "Year | Cost\n1901 | 12\n\n"
        'x = "*not emphasis*"\n\ny = 2\n\n'
        "Trade\n\n"
        "Nothing more & nothing less.\nReally."
    )


def test_markdown_front_matter_and_headings() -> None:
    article = read(MARKDOWN, "a.md")
    assert (article.title, article.author, article.published) == (
        "The harbour",
        "Jane Doe",
        "2017-09-28",
    )
    assert sections(article) == {
        "Walls": "1. First wall\n2. Second wall\nof brick",
        "Walls › Cost": 'Year | Cost\n1901 | 12\n\nx = "*not emphasis*"\n\ny = 2',
        "Trade": "Nothing more & nothing less.\nReally.",
    }


def test_the_first_top_heading_of_markdown_is_the_title() -> None:
    article = read("Some words.\n\n# The *harbour*\n\nMore words.\n", "a.md")
    assert article.title == "The harbour"
    assert article.sections == ()
    assert article.text == "Some words.\n\nThe harbour\n\nMore words."


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<div>\n<img alt="a < b" src="x.png">\nSome words.\n</div>', "Some words."),
        ("<div>\nBefore.\n<script>\nnever closed", "Before."),
        ("<div>\nBefore.\n<!-- never closed", "Before."),
    ],
)
def test_tags_in_markdown_are_no_words(html: str, words: str) -> None:
    assert read(f"# Top\n\nFirst.\n\n{html}\n", "a.md").text == f"Top\n\nFirst.\n\n{words}"


@pytest.mark.parametrize("piece", ["<a ", "<!-- ", "<script> ", "</style ", "<a <"])
def test_tags_that_are_never_closed_take_no_time_by_their_square(piece: str) -> None:
    text = f"# Top\n\nFirst.\n\n<div>\n{piece * 40_000}\n"
    assert read(text, "a.md").text.startswith("Top")  # by the square, a minute


def test_a_rule_on_top_of_markdown_is_no_front_matter() -> None:
    assert read("---\n\nHello there.\n\n---\n\nBye.\n", "a.md").text == "Hello there.\n\nBye."


def test_a_news_page_keeps_the_article_and_drops_the_page() -> None:
    body = (
        "<article><h1>The harbour</h1><p class='byline'>By Jane Doe</p>"
        "<time datetime='2017-09-28'>28 September 2017</time><p>3 min read</p>"
        f"{PROSE}<h2>The storm</h2>{PROSE.replace('harbour', 'port')}"
        "<figure><img src='a.jpg'><figcaption>A ship [Getty]</figcaption></figure></article>"
    )
    head = (
        '<meta property="article:published_time" content="2017-09-28T10:00:00Z">'
        '<meta name="author" content="Jane Doe"><link rel="canonical" href="/harbour">'
    )
    article = read(page(body, head=head), "p", url="https://example.org/harbour?utm=1")
    assert article.title == "The harbour"
    assert article.author == "Jane Doe"
    assert article.published == "2017-09-28"
    assert article.url == "https://example.org/harbour"
    assert article.source == "https://example.org/harbour?utm=1"
    assert article.text.startswith(
        "The harbour\n\nBy Jane Doe\n28 September 2017\n\nThe harbour of"
    )
    assert list(sections(article)) == ["The storm"]
    assert sections(article)["The storm"].startswith("The port of the old town")
    for furniture in ("cookies", "min read", "Getty", "Privacy", "Home", "World"):
        assert furniture not in article.text


def test_a_date_that_only_the_head_knows_gets_a_line_on_top() -> None:
    head = (
        '<meta property="article:published_time" content="2017-09-28T10:00:00Z">'
        '<meta name="author" content="Jane Doe">'
    )
    article = read(page(f"<article><h1>The harbour</h1>{PROSE}</article>", head=head), "a.html")
    assert article.text.startswith(
        "The harbour\n\nPublished 28 September 2017 by Jane Doe.\n\nThe harbour of the old"
    )


def test_a_copyright_year_is_no_date() -> None:
    article = read(page(f"<article><h1>The harbour</h1>{PROSE}</article>"), "a.html")
    assert article.published is None
    assert "Published" not in article.text


def test_a_documentation_page_keeps_code_tables_and_lists() -> None:
    body = (
        "<div class='sidebar'><ul><li><a href='a'>Intro</a></li></ul></div>"
        "<main><h1>Install<a class='headerlink' href='#i'>¶</a></h1><p>Run this in a shell:</p>"
        "<pre><code>pip install passage\npassage run</code></pre>"
        "<h2>Options</h2><table><thead><tr><th>Name</th><th>Meaning</th></tr></thead>"
        "<tbody><tr><td><code>--json</code></td><td>One object a line</td></tr></tbody></table>"
        "<h3>Exit codes</h3><ul><li>0 is success</li><li>1 is <em>failure</em></li></ul></main>"
    )
    article = read(page(body, title="Install — Passage docs"), "a.html")
    assert article.title == "Install"
    assert "Run this in a shell:" in article.text
    assert "pip install passage\npassage run" in article.text
    assert "Intro" not in article.text
    assert sections(article) == {
        "Options": "Name | Meaning\n--json | One object a line",
        "Options › Exit codes": "0 is success\n1 is failure",
    }


def test_a_faq_page_keeps_questions_with_their_answers() -> None:
    body = (
        "<main><h1>Questions</h1><dl>"
        "<dt>How do I reset my password?</dt><dd>Open the settings and choose Reset.</dd>"
        "<dt>Where is my data?</dt><dd>In a folder of your own.</dd></dl>"
        "<details><summary>Is it free?</summary><p>Yes, and it stays free for all.</p></details>"
        "</main>"
    )
    article = read(page(body, title="Questions"), "a.html")
    assert article.text == (
        "Questions\n\n"
        "How do I reset my password?\nOpen the settings and choose Reset.\n\n"
        "Where is my data?\nIn a folder of your own.\n\n"
        "Is it free?\n\n"
        "Yes, and it stays free for all."
    )
    assert sections(article) == {"Is it free?": "Yes, and it stays free for all."}


@pytest.mark.parametrize(
    "body",
    [
        "<ul>"
        + "".join(f"<li><a href='/{i}'>Story number {i} of the day</a></li>" for i in range(40))
        + "</ul>",
        "<div id='root'></div><noscript>You need to enable JavaScript to run this app.</noscript>",
        "",
    ],
)
def test_a_page_without_an_article_is_refused(body: str) -> None:
    (error,) = extract_bytes(page(body).encode(), name="https://example.org/")
    assert isinstance(error, ExtractionError)
    assert str(error) == (
        "https://example.org/ shows no article (perhaps only links, or a page that needs "
        "JavaScript): open it, copy its text and add that."
    )


@pytest.mark.parametrize("where", ["header", "meta", "nowhere"])
def test_a_page_in_another_encoding_is_decoded(where: str) -> None:
    meta = "<meta charset='iso-8859-1'>" if where == "meta" else ""
    kind = "text/html; charset=ISO-8859-1" if where == "header" else "text/html"
    html = page(f"<article><h1>Café</h1>{PROSE.replace('harbour', 'façade')}</article>", head=meta)
    (article,) = extract_bytes(html.encode("latin-1"), name="a.html", content_type=kind)
    assert isinstance(article, Article)
    assert "The façade of the old town" in article.text
    assert article.warnings == ("It is not UTF-8 and was read as cp1252.",)


def test_very_deep_nesting_is_survived() -> None:
    html = page("<div>" * 5000 + PROSE + "</div>" * 5000)
    (result,) = extract_bytes(html.encode(), name="a.html")
    assert isinstance(result, (Article, ExtractionError))


def test_a_date_that_is_about_something_else_is_not_taken() -> None:
    head = "<meta name='generator' content='builder 1.95 (2026-04-14)'>"
    article = read(page(f"<article><h1>The harbour</h1>{PROSE}</article>", head=head), "a.html")
    assert article.published is None


def test_the_title_is_the_heading_of_the_main_part() -> None:
    body = (
        "<div id='help'><h1>Keyboard shortcuts</h1></div>"
        f"<main><h1>Walls <button>Copy</button></h1>{PROSE}</main>"
    )
    assert read(page(body, title="Walls - The Book"), "a.html").title == "Walls"
