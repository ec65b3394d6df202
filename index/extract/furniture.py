"""Furniture: the lines of a page that are about the page and not of the article.

A sentence lost is worse than a label kept, so only lines that are furniture from end to
end are dropped, and only where they stand by themselves.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from index.extract.blocks import BlockKind
from index.language.datelines import read_dateline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.extract.blocks import Block

_WHOLE_LINES = re.compile(
    r"""(?:
      (?:about\ )?\d+[\s-]?min(?:ute)?s?\.?\s(?:read|reading(?:\ time)?)
    | (?:estimated\ )?read(?:ing)?\ time:?\ (?:about\ )?\d+\ ?min(?:ute)?s?
    | share\ (?:this|on|via|with)\b[^.!?]{0,60} | copy\ link | print\ this(?:\ (?:page|article))?
    | advertise(?:ment|ments) | (?:story|article)\ continues\ below(?:\ (?:this\ )?advertisement)?
    | skip\ (?:ad|advertisement|to\ (?:main\ )?content) | back\ to\ top | sponsored\ content
    | listen\ to\ (?:this\ )?article(?:\ \d+\ min(?:ute)?s?)?
    | (?:subscribe|sign\ up)\ (?:to|for)\ (?:our|the|my)\ [^.!?]{0,30}newsletters?\b[^.!?]{0,60}
    | (?:get|join)\ our\ [^.!?]{0,30}newsletter\b[^.!?]{0,60}
    | (?:read\ more|read\ also|also\ read|read\ next)(?:\s*(?:[:»→>]|\.\.\.|…).{0,150})?
    | (?:leave\ a\ comment|\d+\ comments?|comments\ ?\(\d+\))
    | follow\ us\ on\ [^.!?]{0,60}
    | (?:accept|reject|allow)\ (?:all\ )?cookies | cookie\ (?:settings|preferences)
    | related\ (?:articles|stories|posts)
    )[\s.!:»→>]*""",
    re.VERBOSE | re.IGNORECASE,
)
_AGENCY = (
    r"(?:getty(?:\ images)?|afp|ap|associated\ press|reuters|epa|efe|dpa|tass|anadolu(?:\ agency)?"
    r"|shutterstock|istock|alamy|unsplash|pixabay|wikimedia(?:\ commons)?|bloomberg|xinhua"
    r"|file(?:\ photo)?)"
)
_CREDIT = r"(?:photo(?:graph)?(?:\ credit)?|image\ credit|picture\ credit|photo\ by|image\ by)"
_CREDIT_LINE = re.compile(
    rf"(?:{_CREDIT}\s*:\s*[^.!?]{{2,100}}|photo(?:graph)?\ by\ [^.!?]{{2,80}}"
    rf"|(?:image|picture|source|credit):\s*{_AGENCY}(?:[\s/,].{{0,60}})?"
    rf"|[\[(]?{_AGENCY}(?:\s*/\s*[\w\ .]+)?[\])]?)\.?",
    re.IGNORECASE | re.VERBOSE,
)
_CAPTION = re.compile(
    rf"(?P<words>.*\S)\s*[\[(]\s*(?:(?P<named>{_CREDIT}\s*:?\s*[^\])]+)"
    rf"|(?P<agency>(?:[\w\ .'’-]+/)?\s*{_AGENCY}(?:\s*[/|,][^\])]*)?))\s*[\])]\.?",
    re.IGNORECASE | re.VERBOSE,
)
_COOKIES = re.compile(
    r"(?:(?:we|this (?:web)?site|our (?:web)?site|this page)\s+(?:and our partners\s+)?uses?\s+"
    r"(?:\w+\s+){0,3}cookies|by (?:continuing|using|browsing|clicking)\b.*\bcookies)\b.*",
    re.IGNORECASE,
)
_LONGEST = 320
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*$")
_TWO_SENTENCES = re.compile(r"[.!?][\"'”’)]*\s+[\"'“‘(]?[A-ZÀ-Þ]")


def without_furniture(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without their furniture; a block that is nothing else goes altogether."""
    edges = _cookie_notices(blocks)
    kept: list[Block] = []
    for index, block in enumerate(blocks):
        if index in edges:
            continue
        if block.kind is BlockKind.BODY and not block.turns:
            block = replace(block, text=_without_furniture(block.text))
        if block.text.strip():
            kept.append(block)
    return kept


def is_furniture(line: str) -> bool:
    """Whether a line that stands by itself is about the page and not of the article."""
    line = line.strip()
    if not line or len(line) > _LONGEST:
        return False
    return bool(_WHOLE_LINES.fullmatch(line) or _CREDIT_LINE.fullmatch(line))


def without_credit(line: str) -> str:
    """A caption without the credit in brackets at its end; any other line as it is."""
    match = _CAPTION.fullmatch(line.strip()) if len(line) <= _LONGEST else None
    if match is None or _TWO_SENTENCES.search(match["words"]):
        return line
    words: str = match["words"]
    if match["named"]:
        return words
    abbreviated = _abbreviates(words, match["agency"])
    caption = len(words.split()) > 2 and not _SENTENCE_END.search(words) and not abbreviated
    return words if caption else line


def _abbreviates(words: str, letters: str) -> bool:
    """Whether the bracket shortens what stands before it: 'Protection Agency (EPA)'."""
    initials = "".join(word[0] for word in re.findall(r"\w+", words))
    return initials.lower().endswith(letters.strip().lower())


def _without_furniture(text: str) -> str:
    lines = text.split("\n")
    marks = [is_furniture(line) for line in lines]
    if not any(marks):
        return without_credit(text) if len(lines) == 1 else text
    dated = [
        mark or read_dateline(line) is not None for mark, line in zip(marks, lines, strict=True)
    ]
    kept = [
        without_credit(line) if _stands_alone(lines, dated, index) else line
        for index, line in enumerate(lines)
        if not (marks[index] and _stands_alone(lines, dated, index))
    ]
    return "\n".join(kept).strip("\n")


def _stands_alone(lines: list[str], labels: list[bool], index: int) -> bool:
    """Not a line in the middle of a wrapped sentence."""
    before = index == 0 or labels[index - 1] or _SENTENCE_END.search(lines[index - 1].rstrip())
    after = (
        index + 1 == len(lines) or labels[index + 1] or not lines[index + 1].lstrip()[:1].islower()
    )
    return bool(before) and after


def _cookie_notices(blocks: Sequence[Block]) -> set[int]:
    """Consent notices stand at the edges of a page, in an article about something else."""
    mentions = [index for index, block in enumerate(blocks) if "cookie" in block.text.lower()]
    if len(mentions) > 2:
        return set()
    edge = {*range(3), *range(len(blocks) - 3, len(blocks))}
    return {
        index
        for index in mentions
        if index in edge
        and len(blocks) > 1
        and len(blocks[index].text) <= 400
        and _COOKIES.match(blocks[index].text.replace("\n", " "))
    }
