"""Links to articles, straight to the words that are quoted where the browser can find them.

A text fragment (``#:~:text=``) makes a browser scroll to the words and mark them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import category
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from bot.text.graphemes import visible

LONGEST = 512
"""Discord takes no longer link on a button, and more would crowd out the text of a card."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_DIRECTIVE = ":~:"
_WHOLE = 100  # characters; a longer quote is named by its first and last words
_ENDS = 1_000  # characters at each end of a text among which its first and last words are
_WORDS = (6, 4, 2)
_CHARACTERS = (16, 8)
_LETTERS = "/:=&?;,+!$%~"  # what may stand unescaped; no bracket, quote, `*` or `@` is among it


def safe_url(url: str | None) -> str | None:
    """Return a web address that can't leave a Markdown link or pose as another, or None.

    An address with a user name in it (``https://bank.example@evil.example``) is refused.
    """
    if not url or any(char.isspace() or category(char) in {"Cc", "Cf", "Cs"} for char in url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        return None
    path, query, fragment = (
        quote(part, safe=_LETTERS)
        for part in (parts.path, parts.query, parts.fragment.partition(_DIRECTIVE)[0])
    )
    return urlunsplit(SplitResult(parts.scheme, host, path, query, fragment))


def passage_url(url: str | None, text: str, longest: int = LONGEST) -> str | None:
    """Return a link to some words of a page, to the page where that is too long, or None."""
    plain = safe_url(url)
    if plain is None or len(plain) > longest:
        return None
    base, _, fragment = plain.partition("#")
    named = text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]}\n{text[-_ENDS:]}"
    for words in _directives(visible(named)):
        exact = f"{base}#{fragment}{_DIRECTIVE}text={words}"
        if len(exact) <= longest:
            return exact
    return plain


def _directives(text: str) -> Iterator[str]:
    """Yield ways to name a text, the most exact first.

    Words that are named as a whole must not run over the end of a paragraph; a range may.
    """
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if not lines:
        return
    if len(lines) == 1 and len(lines[0]) <= _WHOLE:
        yield _encoded(lines[0])
    for start, end in _ends(lines[0], lines[-1], apart=len(lines) > 1):
        yield f"{_encoded(start)},{_encoded(end)}"


def _ends(first: str, last: str, *, apart: bool) -> Iterator[tuple[str, str]]:
    """Yield the first and last words, fewer and fewer; characters where words have no spaces."""
    opening, closing = first.split(), last.split()
    for count in _WORDS:
        if apart or len(opening) >= 2 * count:
            yield " ".join(opening[:count]), " ".join(closing[-count:])
    for count in _CHARACTERS:
        if apart or len(first) >= 2 * count:
            yield first[:count].strip(), last[-count:].strip()


def _encoded(words: str) -> str:
    """Percent-encode words; ``-``, ``,`` and ``&`` have a meaning of their own in a directive."""
    return quote(words, safe="").replace("-", "%2D")
