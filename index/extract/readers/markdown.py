"""Markdown as a reader sees it: the words, and no mark-up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from index.extract.blocks import ArticleDraft, Block, BlockKind
from index.extract.decoding import clean
from index.language.dates import parse_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_FRONT = re.compile(
    r"\A\s*---[ \t]*\n(?P<body>.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE
)
_PAIR = re.compile(r"(?P<key>[A-Za-z][\w-]*)[ \t]*:(?:[ \t]+(?P<value>.*))?$")
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?:script|style)\b.*?(?:</(?:script|style)>|\Z)|</?[A-Za-z][^>]{0,1000}>",
    re.DOTALL | re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def read_markdown(text: str, *, warnings: tuple[str, ...] = ()) -> ArticleDraft:
    """Render Markdown to plain blocks; the first top heading is the title."""
    front, body = _front_matter(clean(text))
    blocks = list(
        _Renderer(MarkdownIt("commonmark").enable(["table", "strikethrough"])).render(body)
    )
    tops = [
        i for i, block in enumerate(blocks) if block.kind is BlockKind.HEADING and block.level == 1
    ]
    title = front.get("title") or (blocks[tops[0]].text if tops else "")
    if tops and (tops[0] == 0 or "title" not in front):
        blocks[tops[0]] = Block(blocks[tops[0]].text, BlockKind.TITLE)
    published = parse_date(front.get("date") or front.get("published") or "")
    return ArticleDraft(
        blocks,
        title=title,
        author=front.get("author") or front.get("authors"),
        published=published,
        url=_web_address(front.get("url") or front.get("canonical_url") or ""),
        show_dateline=True,
        warnings=warnings,
    )


def _web_address(words: str) -> str | None:
    return words if re.match(r"https?://\S+$", words) else None


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """The simple ``key: value`` lines of a YAML head; anything deeper is passed over."""
    match = _FRONT.match(text)
    if match is None or not any(_PAIR.match(line) for line in match["body"].split("\n")):
        return {}, text
    values: dict[str, list[str]] = {}
    key = ""
    for line in match["body"].split("\n"):
        if pair := _PAIR.match(line):
            key = pair["key"].lower()
            values.setdefault(key, []).extend(_values(pair["value"] or ""))
        elif key and (item := re.match(r"\s+-\s+(.*)|-\s+(.*)", line)):
            values[key].extend(_values(item[1] or item[2] or ""))
    return {key: ", ".join(found) for key, found in values.items() if found}, text[match.end() :]


def _values(words: str) -> list[str]:
    words = words.strip()
    if words.startswith("[") and words.endswith("]"):
        return [value for one in words[1:-1].split(",") for value in _values(one)]
    if len(words) > 1 and words[0] == words[-1] and words[0] in "\"'":
        words = words[1:-1]
    return [words] if words and words not in ("|", ">", "~", "null") else []


class _Renderer:
    """Walks the flat list of tokens; a list and a table gather their lines as they go."""

    def __init__(self, parser: MarkdownIt) -> None:
        self._parser = parser
        self._lists: list[int | None] = []  # the next number of each open list
        self._lines: list[str] = []  # of the outermost open list
        self._row: list[str] = []
        self._marker = ""

    def render(self, text: str) -> Iterator[Block]:
        tokens = self._parser.parse(text)
        for index, token in enumerate(tokens):
            if token.type == "inline":
                yield from self._inline(token, tokens[index - 1])
            elif token.type in ("fence", "code_block"):
                yield from self._literal(token.content.rstrip("\n"))
            elif token.type == "html_block":
                yield from self._paragraph(_without_tags(token.content))
            else:
                yield from self._structure(token)

    def _structure(self, token: Token) -> Iterator[Block]:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            ordered = token.type.startswith("ordered")
            self._lists.append(int(token.attrs.get("start") or 1) if ordered else None)
        elif token.type == "list_item_open":
            self._marker = self._next_marker()
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self._lists.pop()
            if not self._lists:
                yield from self._gathered(BlockKind.BODY)
        elif token.type == "tr_close":
            self._lines.append(" | ".join(self._row))
            self._row = []
        elif token.type == "table_close" and not self._lists:
            yield from self._gathered(BlockKind.LITERAL)

    def _next_marker(self) -> str:
        number = self._lists[-1]
        if number is None:
            return ""
        self._lists[-1] = number + 1
        return f"{number}. "

    def _inline(self, token: Token, opened: Token) -> Iterator[Block]:
        words = _words(token.children or ())
        if opened.type in ("th_open", "td_open"):
            self._row.append(" ".join(words.split()))
        elif opened.type == "heading_open" and not self._lists:
            if words.strip():
                yield Block(" ".join(words.split()), BlockKind.HEADING, level=int(opened.tag[1:]))
        else:
            yield from self._paragraph(words)

    def _paragraph(self, words: str) -> Iterator[Block]:
        if not words.strip():
            return
        if self._lists:
            self._lines.append(self._marker + words.strip())
            self._marker = ""
        else:
            yield Block(words.strip())

    def _literal(self, content: str) -> Iterator[Block]:
        if self._lists:
            self._lines.append(content)
        elif content.strip():
            yield Block(content, BlockKind.LITERAL)

    def _gathered(self, kind: BlockKind) -> Iterator[Block]:
        if self._lines:
            yield Block("\n".join(self._lines), kind)
        self._lines = []


def _words(children: Sequence[Token]) -> str:
    words = "".join(map(_word, children))
    dropped = any(token.type == "image" for token in children)
    return re.sub(" {2,}", " ", words) if dropped else words


def _word(token: Token) -> str:
    if token.type in ("text", "code_inline"):
        return token.content
    if token.type == "softbreak":
        return " "
    if token.type == "hardbreak" or (token.type == "html_inline" and _BREAK.match(token.content)):
        return "\n"
    return ""


def _without_tags(html: str) -> str:
    """The words of a piece of raw HTML; Markdown files hold little of it."""
    from html import unescape

    lines = (" ".join(line.split()) for line in unescape(_TAG.sub("", html)).split("\n"))
    return "\n".join(line for line in lines if line)
