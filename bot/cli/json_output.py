"""What the command line prints for other programs: one JSON object a line.

The shapes are a promise; ``docs/json.md`` shows them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bot.text.reasons import reason_phrase
from index.ingest import Report
from index.records import Answer, Article, Passage, Ranked
from index.store.entries import Entry

Json = dict[str, Any]


def line(record: Mapping[str, Any]) -> str:
    """Return one line of pure ASCII, so that no terminal or locale can garble it."""
    return json.dumps(record)


def answer_json(answer: Answer) -> Json:
    """Return an answer as ``passage ask --json`` prints it."""
    quote = answer.quote
    return {
        "question": answer.question,
        "state": answer.state,
        "confidence": round(answer.confidence, 4),
        "reason": reason_phrase(answer.reason),
        "answer": quote
        and {
            "text": quote.text,
            "marked": quote.marked,
            "marked_start": quote.marked_at,
            "article": quote.article_id,
            "start": quote.start,
            "end": quote.end,
        },
        "passages": passages_json(answer.passages),
        "timing_ms": {name: round(value, 2) for name, value in asdict(answer.timing).items()},
    }


def passages_json(ranked: Sequence[Ranked]) -> list[Json]:
    """Return passages by rank, counted from 1."""
    return [
        {
            "rank": rank,
            "score": round(item.score, 4),
            "dense": round(item.dense, 4),
            "bm25": round(item.bm25, 4),
            "evidence": None if item.evidence is None else round(item.evidence, 4),
            **_place(item.passage),
        }
        for rank, item in enumerate(ranked, 1)
    ]


def _place(passage: Passage) -> Json:
    return {
        "article": {
            "id": passage.article_id,
            "title": passage.title,
            "url": passage.url,
            "published": passage.published,
        },
        "section": passage.section,
        "page": passage.page,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
    }


def report_json(report: Report, collection: str) -> Json:
    """Return what became of everything that was to be added."""
    return {
        "collection": collection,
        "added": report.count("added"),
        "replaced": report.count("replaced"),
        "unchanged": report.count("unchanged"),
        "duplicates": report.count("duplicate"),
        "passages": report.passages,
        "articles": [asdict(item) for item in report.added],
        "errors": list(report.errors),
    }


def entries_json(entries: Sequence[Entry], collection: str) -> Json:
    """Return the articles of a collection, newest first."""
    return {"collection": collection, "articles": [asdict(entry) for entry in entries]}


def article_json(entry: Entry, article: Article, passages: Sequence[Passage]) -> Json:
    """Return one article whole, with its passages in reading order."""
    return {
        **asdict(entry),
        "text": article.text,
        "sections": [asdict(section) for section in article.sections],
        "pages": [asdict(page) for page in article.pages],
        "passages": [
            {"start": p.start, "end": p.end, "section": p.section, "page": p.page, "text": p.text}
            for p in passages
        ],
    }
