"""Web pages: trafilatura finds the article, the page's own structure is the second opinion."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from index.errors import ExtractionError
from index.extract.assembly import same_words
from index.extract.blocks import ArticleDraft, Block, BlockKind
from index.extract.readers.webfacts import (
    author_names,
    canonical_url,
    page_title,
    visible_datelines,
    vouched_date,
)
from index.extract.readers.webtree import flat, main_part, tree_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# They log at error level what is an ordinary answer here: that a page has no article.
for _chatty in ("trafilatura", "htmldate", "courlan", "justext"):
    logging.getLogger(_chatty).setLevel(logging.CRITICAL)

_KEPT_ENOUGH = 0.6  # of the words in the part that the page itself calls its main one
_SHORT = 80  # words; below, the page's own structure is the better witness
_FEWEST_LETTERS = 60
_LINKS_AT_MOST = 0.6
_PERMALINK = re.compile(r"^§(?=[^\W\d])|\s*[¶§]$")  # the sign that links a heading to itself
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:-]+)", re.IGNORECASE)
_ENDING = re.compile(r"[.!?。]")
_SENTENCE = 25  # characters from a word to the end of its sentence, at the least


def declared_charset(data: bytes) -> str | None:
    """What the page's own head says about its encoding."""
    found = _META_CHARSET.search(data[:4096])
    return found[1].decode("ascii", "replace") if found else None


def read_webpage(
    html: str, *, name: str, url: str | None = None, warnings: tuple[str, ...] = ()
) -> ArticleDraft:
    """Find the article on a page, with its title, author, date and address."""
    root = _tree(html, name)
    document = _trafilatura(html, url)
    blocks = _best(document, root)
    if not _is_article(blocks, root):
        raise ExtractionError(
            f"{name} shows no article (perhaps only links, or a page that needs JavaScript): "
            "open it, copy its text and add that."
        )
    title = page_title(document, root)
    blocks = _with_visible_title(blocks, root, title)
    published = vouched_date(getattr(document, "date", None), root, url)
    author = author_names(getattr(document, "author", None))
    return ArticleDraft(
        blocks,
        title=title,
        author=author,
        published=published,
        url=canonical_url(root, url),
        show_dateline=True,
        dateline=tuple(visible_datelines(root, published, author)),
        warnings=warnings,
    )


def _tree(html: str, name: str) -> Any:
    from lxml import etree
    from lxml import html as parser

    try:
        return parser.document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", html))
    except (etree.ParserError, ValueError) as error:
        raise ExtractionError(f"{name} is an empty page: check it in a browser.") from error


def _trafilatura(html: str, url: str | None) -> Any:
    """Trafilatura's view of the page, or None where it sees no article."""
    from trafilatura import bare_extraction

    return bare_extraction(
        html,
        url=url,
        with_metadata=True,
        include_comments=False,
        include_tables=True,
        favor_recall=False,
        # Otherwise any number on the page, such as a copyright year, becomes its date.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )


def _best(document: Any, root: Any) -> list[Block]:
    """Trafilatura's blocks, unless they miss much of what the page calls its main part."""
    found = [] if document is None or document.body is None else list(_converted(document.body))
    part, declared = main_part(root)
    kept = _count(found)
    if not declared and kept >= _SHORT:
        return found
    own = tree_blocks(part)
    if kept < _SHORT:  # trafilatura falls back on the bare words of the whole page
        return own or found
    return own if kept < _KEPT_ENOUGH * _count(own) else found


def _count(blocks: Sequence[Block]) -> int:
    return sum(len(block.text.split()) for block in blocks)


def _converted(body: Any) -> Iterator[Block]:
    """Trafilatura's small XML vocabulary as blocks."""
    for element in body:
        if element.tag == "head":
            level = str(element.get("rend") or "h2")[1:]
            words = _PERMALINK.sub("", " ".join(_line(element).split()))
            yield Block(words, BlockKind.HEADING, int(level) if level.isdigit() else 2)
        elif element.tag in ("code", "pre"):
            yield Block("".join(element.itertext()).strip("\n"), BlockKind.LITERAL)
        elif element.tag == "table":
            yield Block("\n".join(_rows(element)), BlockKind.LITERAL)
        elif element.tag == "list":
            yield from _items(element)
        elif element.tag in ("quote", "div") and len(element):
            yield from _mixed(element)
        else:
            yield Block(_line(element))


def _mixed(element: Any) -> Iterator[Block]:
    if element.text and element.text.strip():
        yield Block(" ".join(element.text.split()))
    if all(child.tag in ("lb", "hi", "ref", "del") for child in element):
        yield Block(_line(element))
    else:
        yield from _converted(element)


def _items(element: Any) -> Iterator[Block]:
    group: list[str] = []
    for item in element.iter("item"):
        if str(item.get("rend") or "").startswith("dt") and len(group) > 1:
            yield Block("\n".join(group))
            group = []
        if words := _line(item, without="list"):
            group.append(words)
    yield Block("\n".join(group))


def _rows(table: Any) -> Iterator[str]:
    for row in table.iter("row"):
        cells = [" ".join(_line(cell).split()) for cell in row.iter("cell")]
        if any(cells):
            yield " | ".join(cells)


def _line(element: Any, without: str = "") -> str:
    words = "".join(_pieces(element, without))
    lines = (re.sub(r"[ \t\r\n\f]+", " ", line).strip() for line in words.split("\v"))
    return "\n".join(line for line in lines if line)


def _pieces(element: Any, without: str) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag == "lb":
            yield "\v"
        elif child.tag != without:
            apart = (
                "\v"
                if child.tag in ("p", "item", "list", "code", "quote") and len(element) > 1
                else ""
            )
            yield apart if child.tag != "code" else ""
            yield from _pieces(child, without)
            yield apart if child.tag != "code" else ""
        yield child.tail or ""


def _is_article(blocks: Sequence[Block], root: Any) -> bool:
    """Prose, a table or code of some length that is not mostly links."""
    lines = [
        line.strip()
        for block in blocks
        if block.kind is not BlockKind.HEADING
        for line in block.text.split("\n")
    ]
    letters = sum(map(len, lines))
    if letters < _FEWEST_LETTERS:
        return False
    links = {flat(link) for link in root.iter("a")}
    linked = sum(len(line) for line in lines if line in links)
    told = any(map(_tells, lines))
    literal = any(block.kind is BlockKind.LITERAL for block in blocks)
    return linked <= _LINKS_AT_MOST * letters and (told or literal)


def _with_visible_title(blocks: list[Block], root: Any, title: str) -> list[Block]:
    """A heading that shows the title belongs to the text, as in every other format."""
    for index, block in enumerate(blocks[:4]):
        if same_words(block.text, title):
            rest = [*blocks[:index], *blocks[index + 1 :]]
            return (
                [Block(block.text, BlockKind.TITLE), *rest]
                if block.kind is BlockKind.HEADING
                else blocks
            )
    shown = [words for heading in root.iter("h1") if same_words(words := flat(heading), title)]
    return [Block(" ".join(shown[0].split()), BlockKind.TITLE), *blocks] if shown else blocks


def _tells(line: str) -> bool:
    """Whether a line ends as a sentence does, or holds one of some length.

    By splitting, since a search for both ends at once takes the square of a long line's length.
    """
    *ended, _rest = _ENDING.split(line)
    return line.endswith((".", "!", "?")) or any(
        re.search(r"\w", part[:-_SENTENCE]) for part in ended if len(part) > _SENTENCE
    )
