"""Statements that store and delete an article and its passages in an open transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from index.digests import content_digest, text_digest
from index.language.characters import folded
from index.passages.draft import PassageDraft
from index.records import Article
from index.store.statements import Transaction


def put_article(db: Transaction, collection: int, name: str, article: Article) -> int:
    """Insert an article, or overwrite the one with its id; return its key."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    row = db.execute(
        "INSERT INTO articles (collection, id, source, origin, digest, title, author, url,"
        " published, text, sections, pages, added, updated, characters, folded)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (collection, id) DO UPDATE SET source = excluded.source,"
        " origin = excluded.origin,"
        " digest = excluded.digest, title = excluded.title, author = excluded.author,"
        " url = excluded.url, published = excluded.published, text = excluded.text,"
        " sections = excluded.sections, pages = excluded.pages, updated = excluded.updated,"
        " characters = excluded.characters, folded = excluded.folded"
        " RETURNING key",
        (
            collection,
            name,
            article.source,
            article.origin,
            content_digest(article),
            article.title,
            article.author,
            article.url,
            article.published,
            article.text,
            json.dumps([asdict(section) for section in article.sections]),
            json.dumps([asdict(page) for page in article.pages]),
            now,
            now,
            len(article.text),
            folded(article.title),
        ),
    ).fetchone()
    return int(row["key"])


def put_passages(
    db: Transaction,
    collection: int,
    generation: int,
    article_key: int,
    article: Article,
    drafts: Sequence[PassageDraft],
) -> None:
    """Insert an article's passages; their vectors are in use from now on."""
    digests = [text_digest(draft.embedded(article)) for draft in drafts]
    db.executemany("DELETE FROM unused WHERE digest = ?", [(digest,) for digest in digests])
    db.executemany(
        "INSERT INTO passages (article, collection, generation, start, end, section, page,"
        " sentences, context, text, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                article_key,
                collection,
                generation,
                draft.chunk.start,
                draft.chunk.end,
                draft.chunk.section,
                draft.chunk.page,
                json.dumps(draft.chunk.sentences),
                draft.context,
                article.text[draft.chunk.start : draft.chunk.end],
                digest,
            )
            for draft, digest in zip(drafts, digests, strict=True)
        ),
    )


def delete_passages(db: Transaction, article: int, collection: int, generation: int) -> list[str]:
    """Delete an article's passages and return the digests of what was embedded for them."""
    db.execute(
        "INSERT INTO removals SELECT ?, ?, id FROM passages WHERE article = ?",
        (collection, generation, article),
    )
    deleted = db.execute(
        "DELETE FROM passages WHERE article = ? RETURNING digest", (article,)
    ).fetchall()
    return [row["digest"] for row in deleted]
