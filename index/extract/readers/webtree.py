"""A web page's own structure, for pages on which finding 'the article' loses too much.

Documentation, FAQ and short pages are made of lists, tables and code; a reader trained
on news drops them.  Here the main part of the page is taken as it stands, without what
its mark-up calls navigation, footer, banner and the like.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from index.extract.blocks import Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Iterator

_DROPPED = frozenset({
    "script", "style", "noscript", "template", "nav", "aside", "form", "button", "select", "input",
    "textarea", "svg", "math", "iframe", "object", "embed", "video", "audio", "canvas", "dialog",
    "figure", "img", "picture", "head", "link", "meta", "menu",
})  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset({
    "p", "div", "section", "article", "main", "header", "footer", "ul", "ol", "dl", "table", "pre",
    "blockquote", "details", "summary", "fieldset", "address", "hr", "body", "center", "figure",
    "li", "dt", "dd", "tr", *_HEADINGS,
})  # fmt: skip
_FURNITURE_NAMES = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|newsletter|subscribe|share|sharing|social|breadcrumbs?"
    r"|sidebar|related|advert(?:isement)?|ads?|promo|nav|navbar|navigation|menu|pagination|skip"
    r"|comments|headerlink|toc)(?:$|[\s_-])",
    re.IGNORECASE,
)
_FURNITURE_ROLES = frozenset({"navigation", "banner", "contentinfo", "complementary", "search"})
_SPACES = re.compile(r"[ \t\r\n\f]+")


def main_part(root: Any) -> tuple[Any, bool]:
    """The element that holds the content, and whether the page itself says so."""
    for path in ("//main", "//*[@role='main']", "//article"):
        found = root.xpath(path)
        if len(found) == 1:
            return found[0], True
    bodies = root.xpath("//body")
    return (bodies[0] if bodies else root), False


def tree_blocks(part: Any) -> list[Block]:
    """The blocks of ``part`` in document order."""
    return [block for block in _walk(part) if block.text.strip()]


def is_dropped(element: Any) -> bool:
    """Whether an element is furniture by its name, role, class or id."""
    tag = element.tag
    if not isinstance(tag, str) or tag in _DROPPED:
        return True
    if element.get("role") in _FURNITURE_ROLES or element.get("aria-hidden") == "true":
        return True
    if "hidden" in element.attrib or "display:none" in element.get("style", "").replace(" ", ""):
        return True
    if tag in ("header", "footer"):
        return not element.xpath(".//h1") or (element.getparent().tag == "body" and tag == "footer")
    if tag == "a" and not len(element) and (element.text or "").strip() in ("¶", "#", "§", "🔗"):
        return True
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return tag not in ("body", "main", "article") and bool(_FURNITURE_NAMES.search(names))


def flat(element: Any) -> str:
    """The visible words of an element on one line, line breaks kept."""
    return _tidy("".join(_pieces(element)))


def _tidy(words: str) -> str:
    lines = (_SPACES.sub(" ", line).strip(" ") for line in words.split("\v"))
    return "\n".join(line for line in lines if line)


def _pieces(element: Any) -> Iterator[str]:
    """Words, with a vertical tab where the page breaks the line."""
    yield element.text or ""
    for child in element:
        if child.tag == "br":
            yield "\v"
        elif not is_dropped(child):
            around = "\v" if child.tag in _BLOCKS else ""
            yield around
            yield from _pieces(child)
            yield around
        yield child.tail or ""


def _walk(element: Any) -> Iterator[Block]:
    """Blocks below ``element``; words between blocks become paragraphs of their own."""
    loose = [element.text or ""]
    for child in element:
        if child.tag == "br":
            loose.append("\v")
        elif child.tag in _BLOCKS and not is_dropped(child):
            yield Block(_tidy("".join(loose)))
            loose = []
            yield from _block(child)
        elif not is_dropped(child):
            if any(inner.tag in _BLOCKS for inner in child.iter()):
                yield Block(_tidy("".join(loose)))
                loose = []
                yield from _walk(child)
            else:
                loose += _pieces(child)
        loose.append(child.tail or "")
    yield Block(_tidy("".join(loose)))


def _block(element: Any) -> Iterator[Block]:
    tag = element.tag
    if tag in _HEADINGS:
        yield Block(" ".join(flat(element).split()), BlockKind.HEADING, _HEADINGS[tag])
    elif tag == "summary":
        yield Block(" ".join(flat(element).split()), BlockKind.HEADING, 6)
    elif tag == "pre":
        yield Block("".join(element.itertext()).strip("\n").expandtabs(4), BlockKind.LITERAL)
    elif tag == "table":
        yield from _table(element)
    elif tag in ("ul", "ol"):
        yield from _list(element)
    elif tag == "dl":
        yield from _definitions(element)
    elif tag == "p":
        yield Block(flat(element))
    else:
        yield from _walk(element)


def _table(table: Any) -> Iterator[Block]:
    """A row a line; a table that only lays out the page is walked like any other part."""
    if table.xpath(".//table|.//h1|.//h2|.//h3|.//p[2]/following-sibling::p"):
        for cell in table.xpath("./tr/td|./tbody/tr/td"):
            yield from _walk(cell)
        return
    rows = (
        [" ".join(flat(cell).split()) for cell in row.xpath("./th|./td")]
        for row in table.iter("tr")
    )
    yield Block("\n".join(" | ".join(row) for row in rows if any(row)), BlockKind.LITERAL)


def _list(element: Any) -> Iterator[Block]:
    """An item a line, unless items hold whole sections."""
    if element.xpath("./li//h1|./li//h2|./li//h3|./li//h4|./li//pre|./li//table"):
        for item in element.xpath("./li"):
            yield from _walk(item)
        return
    items = (flat(item) for item in element if item.tag in ("li", "ul", "ol"))
    yield Block("\n".join(item for item in items if item))


def _definitions(element: Any) -> Iterator[Block]:
    """A term with its definitions stays together."""
    group: list[str] = []
    for part in element.xpath("./dt|./dd|./div/dt|./div/dd"):
        if part.tag == "dt" and len(group) > 1:
            yield Block("\n".join(group))
            group = []
        if words := flat(part):
            group.append(words)
    yield Block("\n".join(group))
