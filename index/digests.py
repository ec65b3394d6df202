"""Digests of what is stored and embedded, by which changes and damage are noticed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from index.records import Article


def embedded_text(context: str, text: str) -> str:
    """Return the text that is embedded and indexed for a passage."""
    return f"{context}\n{text}" if context else text


def text_digest(text: str) -> str:
    """Return the digest of a text, under which its vector is kept where it is embedded."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def content_digest(article: Article) -> str:
    """Return a digest of all that answers and cards show of an article, text first."""
    details = asdict(article)
    for ignored in ("text", "id", "warnings", "empty_pages", "origin"):
        del details[ignored]
    return f"{text_digest(article.text)}:{text_digest(json.dumps(details, sort_keys=True))}"
