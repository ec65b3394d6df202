"""Articles with questions in people's own words, cut and ranked as Passage does it.

An article is cut by Passage's own chunker, once as it comes in a dump and once as it comes
in a file of text, whose headings become sections.  A miss is what Passage's own ranking, over
all the articles of a kind, puts beside the passage that answers.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.answer.question import SearchQuery, prepare
from index.answer.retrieve import retrieve
from index.evaluation.articles import LabelledArticle
from index.ingest import Ingest
from index.language.sentences import TextSpan
from index.models.embedder import Embedder
from index.records import Article, Passage
from index.search.collection import CollectionIndex
from index.store.library import Library
from index.store.sqlite.connection import IN_MEMORY
from training.corpus import Corpus, Source, Task, places, rows

KINDS = (
    "news",
    "reports",
    "docs",
    "support",
    "structured",
    "community",
    "handbooks",
    "knowledge",
)

Form = Literal["dump", "file"]
"""How an article comes: as a line of a dump, taken as it is, or as a file of text."""

Split = Literal["train", "fit"]

RANKED = 8
"""How many passages are kept of what a question's ranking puts first."""

MISSES = 3
"""On how many of the first passages of its article an unanswerable question is asked."""

_DEPTH = 50
_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Ranking:
    """A corpus of passages as served, and which of them each question finds.

    ``near`` are passages that don't answer, best first, -1 where there are no more; shape
    (tasks, RANKED).  ``own`` are the passages of the question's own article, best first, and
    ``rows`` the questions as they were given.
    """

    corpus: Corpus
    near: NDArray[np.int32]
    own: Sequence[tuple[int, ...]]
    rows: Sequence[Mapping[str, Any]]


def load_kind(kind: str, split: Split, form: Form, embedder: Embedder) -> Ranking:
    """Return the questions of a kind, once for each passage that answers, and their rankings.

    An unanswerable question stands on the passages of its article that Passage puts first.
    """
    articles = [r for r in rows(f"own-words/{kind}/articles.jsonl.gz") if r["split"] == split]
    asked = [r for r in rows(f"own-words/{kind}/questions.jsonl.gz") if r["split"] == split]
    library = Library(IN_MEMORY)
    try:
        ingest = Ingest(library, embedder, kind)
        for row in articles:
            ingest.add(article(row, form))
        with tempfile.TemporaryDirectory() as nowhere:
            index = CollectionIndex(library, embedder, kind, Path(nowhere))
            index.refresh(None)
            ranked = _ranked([row["text"] for row in asked], index, library, embedder)
        passages = {row["id"]: library.passages_of(kind, row["id"]) for row in articles}
    finally:
        library.close()
    return _ranking(asked, ranked, passages)


def kept_kind(kind: str, split: Split, form: Form, embedder: Embedder, kept: Path) -> Ranking:
    """Return what ``load_kind`` does, from the folder ``kept`` where it lies there already."""
    path = kept / f"{kind}-{split}-{form}.json"
    if not path.is_file():
        found = load_kind(kind, split, form, embedder)
        kept.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_as_json(found)), "utf-8")
    return _from_json(json.loads(path.read_text("utf-8")))


def _as_json(ranking: Ranking) -> dict[str, Any]:
    return {
        "sources": [asdict(source) for source in ranking.corpus.sources],
        "tasks": [asdict(task) for task in ranking.corpus.tasks],
        "near": ranking.near.tolist(),
        "own": ranking.own,
        "rows": ranking.rows,
    }


def _from_json(value: Mapping[str, Any]) -> Ranking:
    def spans(found: Sequence[Sequence[int]]) -> tuple[TextSpan, ...]:
        return tuple(TextSpan(*span) for span in found)

    sources = [Source(**{**s, "sentences": spans(s["sentences"])}) for s in value["sources"]]
    tasks = [
        Task(
            t["question"],
            t["source"],
            spans(t["spans"]),
            tuple(t["answers"]),
            spans(t["evidence"]),
            spans(t["aside"]),
        )
        for t in value["tasks"]
    ]
    near = np.asarray(value["near"], np.int32)
    return Ranking(Corpus(sources, tasks), near, [tuple(o) for o in value["own"]], value["rows"])


def article(row: Mapping[str, Any], form: Form) -> Article:
    """Return an article as Passage takes it in, in one of the forms that it may come in."""
    name, published, url = row["id"], row["published"], row["url"]
    if form == "dump":
        return Article(name, row["title"], row["text"], name, url=url, published=published)
    return LabelledArticle(name, row["title"], row["text"], url, published).as_file()


def _ranked(
    asked: Sequence[str], index: CollectionIndex, library: Library, embedder: Embedder
) -> list[list[Passage]]:
    """Return for each question the passages that Passage would read, best first."""
    found = []
    for at in range(0, len(asked), _TOGETHER):
        batch = [SearchQuery(text, [index]) for text in asked[at : at + _TOGETHER]]
        for question in prepare(batch, embedder):
            retrieval = retrieve(question, [index], library, _DEPTH)
            found.append([ranked.passage for ranked in retrieval.ranked])
    return found


def _ranking(
    asked: Sequence[Mapping[str, Any]],
    ranked: Sequence[Sequence[Passage]],
    passages: Mapping[str, Sequence[Passage]],
) -> Ranking:
    sources: list[Source] = []
    at: dict[int, int] = {}
    for passage in (p for own in passages.values() for p in own):
        at[passage.id] = len(sources)
        sources.append(_source(passage))
    tasks, near, own, rows_ = [], [], [], []
    for row, found in zip(asked, ranked, strict=True):
        mine = _in_order(passages[row["article"]], found)
        held = [
            Task(row["text"], at[p.id], *answered) for p in mine if (answered := _answered(row, p))
        ]
        if not row["answerable"]:
            held = [Task(row["text"], at[p.id], (), ()) for p in mine[:MISSES]]
        misses = [at[p.id] for p in found if not _might_answer(row, p)][:RANKED]
        for task in held:
            tasks.append(task)
            near.append(misses + [-1] * (RANKED - len(misses)))
            own.append(tuple(at[p.id] for p in mine))
            rows_.append(row)
    return Ranking(Corpus(sources, tasks), np.asarray(near, np.int32), own, rows_)


def _source(passage: Passage) -> Source:
    bounds = tuple(TextSpan(a - passage.start, b - passage.start) for a, b in passage.sentences)
    return Source(str(passage.id), passage.article_id, passage.context, passage.text, bounds)


def _in_order(own: Sequence[Passage], found: Sequence[Passage]) -> list[Passage]:
    """Return the passages of an article as a question ranks them, those not found behind."""
    place = {passage.id: number for number, passage in enumerate(found)}
    return sorted(own, key=lambda passage: (place.get(passage.id, len(found)), passage.start))


def _answered(
    row: Mapping[str, Any], passage: Passage
) -> (
    tuple[tuple[TextSpan, ...], tuple[str, ...], tuple[TextSpan, ...], tuple[TextSpan, ...]] | None
):
    """Return the words, the answers, the evidence and what is aside in a passage.

    Of several lines the first is the evidence, with others that hold an answer; the rest
    are a row's head or a lead-in.  None where the passage doesn't answer.
    """
    if not row["answerable"]:
        return None
    text, answers = passage.text, tuple(row["answers"])
    spans: list[TextSpan] = []
    evidence: list[TextSpan] = []
    aside: list[TextSpan] = []
    for number, line in enumerate(row["evidence"]):
        counts = number == 0 or any(answer in line for answer in answers)
        for place in places(line, text):
            (evidence if counts else aside).append(place)
            if counts:
                spans.extend(_inside(answers, text, place))
    if not evidence or all(text[a:b].rstrip().endswith("?") for a, b in evidence):
        return None
    return tuple(spans), answers, tuple(evidence), tuple(aside)


def _inside(answers: Sequence[str], text: str, place: TextSpan) -> list[TextSpan]:
    """Return where the answers stand in a stretch, as whole words if they do."""
    found = []
    for answer in answers:
        bounds = rf"(?<!\w){re.escape(answer)}(?!\w)", re.escape(answer)
        matches = (re.compile(b).search(text, place.start, place.end) for b in bounds)
        match = next((m for m in matches if m), None)
        if match:
            found.append(TextSpan(match.start(), match.end()))
    return found


def _might_answer(row: Mapping[str, Any], passage: Passage) -> bool:
    """Say whether a passage holds an answer, or what people marked: it is no sure miss."""
    if not row["answerable"]:
        return False
    folded = passage.text.casefold()
    told = (*row["answers"], *row["evidence"])
    return any(words.casefold() in folded for words in told)
