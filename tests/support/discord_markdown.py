"""A small reading of Discord's Markdown: what a text looks like, and what it would do.

After the rules of its client (simple-markdown with Discord's additions), in their order; and
what its server looks for in the raw text, whatever stands before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MASKED = r"\[((?:\[[^\]]*\]|[^\[\]]|\](?=[^\[]*\]))*)\]\(\s*<?([^\s\\]*?)>?\s*\)"
BLOCKS = (
    ("quote", re.compile(r"> ")),
    ("quote to the end", re.compile(r" *>>> ")),
    ("heading", re.compile(r" *#{1,3} +")),
    ("subtext", re.compile(r" *-# +")),
    ("list", re.compile(r"\s*(?:[-*]|\d+\.) ")),
)
INLINE = (
    ("code", re.compile(r"```.*?```|(`+).*?[^`]\1(?!`)", re.DOTALL)),
    ("escape", re.compile(r"\\([^0-9A-Za-z\s])")),
    ("mention", re.compile(r"<@[!&]?\d+>|<#\d+>|@everyone|@here|<id:\w+>|</[^>:]+:\d+>")),
    ("time", re.compile(r"<t:-?\d+(?::\w)?>")),
    ("emoji", re.compile(r"<a?:\w+:\d+>|:[^\s:]+:")),
    ("autolink", re.compile(r"<(?:https?://|mailto:|tel:|\+\d)[^\s>]*>|<[^\s@>]+@[^\s>]+>")),
    ("link", re.compile(MASKED)),
    ("URL", re.compile(r"(?:https?|steam)://[^\s<]+[^<.,:;\"'\])\s]")),
    ("bold", re.compile(r"\*\*((?:\\.|[^\\])+?)\*\*(?!\*)", re.DOTALL)),
    ("underlined", re.compile(r"__((?:\\.|[^\\])+?)__(?!_)", re.DOTALL)),
    ("italic", re.compile(r"\*(?=\S)(?:\\.|[^*\\])+?\*|\b_(?:\\.|[^\\_])+?_\b", re.DOTALL)),
    ("struck", re.compile(r"~~.+?~~(?!_)", re.DOTALL)),
    ("spoiler", re.compile(r"\|\|.+?\|\|", re.DOTALL)),
)
RAW = re.compile(
    r"@everyone|@here|<@[!&]?\d|<#\d|</\w|<t:-?\d|<id:\w|<a?:\w+:\d"
    r"|https?://|discord(?:app)?\.(?:gg|com)/|\x1b|[\u202a-\u202e\u2066\u2067]",
    re.IGNORECASE,
)
OURS = re.compile("[\u200b\u2068\u2069]")  # what bot.markup puts in, and nobody sees


@dataclass
class Rendered:
    """What a person sees, which parts are formatted how, and where links lead."""

    text: str = ""
    kinds: set[str] = field(default_factory=set)
    bold: list[str] = field(default_factory=list)
    underlined: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


def render(markdown: str) -> Rendered:
    """Return how Discord shows a text."""
    rendered = Rendered()
    lines = [_without_blocks(line, rendered) for line in markdown.split("\n")]
    rendered.text = _inline("\n".join(lines), rendered)
    return rendered


def acts(markdown: str) -> set[str]:
    """Return all that a text would do on Discord besides being quoted or shown."""
    found = render(markdown).kinds - {"quote", "bold", "underlined"}
    return found | {f"raw {match}" for match in RAW.findall(markdown)}


def _without_blocks(line: str, rendered: Rendered) -> str:
    for kind, pattern in BLOCKS:
        if match := pattern.match(line):
            rendered.kinds.add(kind)
            rest = line[match.end() :]
            return _without_blocks(rest, rendered) if kind in {"quote", "list"} else rest
    return line


def _inline(markdown: str, rendered: Rendered) -> str:
    shown, at = [], 0
    while at < len(markdown):
        kind, match = next(
            ((k, m) for k, pattern in INLINE if (m := pattern.match(markdown, at))), ("", None)
        )
        if match is None:
            shown.append(OURS.sub("", markdown[at]))
            at += 1
            continue
        shown.append(_shown(kind, match, rendered))
        at = match.end()
    return "".join(shown)


def _shown(kind: str, match: re.Match[str], rendered: Rendered) -> str:
    if kind == "escape":
        return match[1]
    rendered.kinds.add(kind)
    if kind not in {"bold", "underlined", "link"}:
        return match[0]
    inner = _inline(match[1], rendered)
    if kind == "link":
        rendered.links.append((inner, match[2]))
    else:
        (rendered.bold if kind == "bold" else rendered.underlined).append(inner)
    return inner
