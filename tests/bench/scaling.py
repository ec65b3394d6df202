"""How Passage grows: ``python -m tests.bench.scaling [passages] [askers] [collections]``.

Vectors are real ones mixed two by two with a little noise, terms drawn by Zipf's law; each
size in a process of its own, so that memory can be told apart.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from index.digests import text_digest
from index.engine import Engine
from index.models.embedder import Vectors
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from index.records import Article
from index.search.collection import CollectionIndex, Hits
from index.store.library import Library
from tests.measure.sets import model_store, passages_of, questions_of
from tests.support.fakes import BagOfWords, drafts, made

PASSAGES = (1_000, 10_000, 100_000, 1_000_000)
ASKERS = (1, 4, 16, 64)
COLLECTIONS = (1, 10, 100, 1_000)
_ASKED = 200
_BLOCK = 20_000
_TERMS, _VOCABULARY = 60, 200_000  # of a passage; different ones in all
HELD = 200
"""Passages of a collection."""

_SYNTHETIC = "synthetic@1"
_FOR_SECONDS = 5.0


class Embedded(BagOfWords):
    """A model that has embedded everything already."""

    def __init__(self) -> None:
        super().__init__(dimension=384, identity=_SYNTHETIC)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Raise RuntimeError: it should not have been asked."""
        raise RuntimeError(f"{len(texts)} passages have no vector")


def main() -> None:
    """Run the curves named, or all, each point in a process of its own."""
    curves: dict[str, tuple[Sequence[int], Callable[[int], str]]] = {
        "passages": (PASSAGES, of_passages),
        "askers": (ASKERS, of_askers),
        "collections": (COLLECTIONS, of_collections),
    }
    if sys.argv[1:2] == ["build"]:
        build(int(sys.argv[2]), Path(sys.argv[3]))
        return
    if len(sys.argv) == 3 and sys.argv[2].isdigit():
        print(curves[sys.argv[1]][1](int(sys.argv[2])), flush=True)
        return
    for name in sys.argv[1:] or list(curves):
        for size in curves[name][0]:
            command = [sys.executable, "-m", "tests.bench.scaling", name, str(size)]
            subprocess.run(command, check=True)


def of_passages(count: int) -> str:
    """Open, search, add to and hold a collection of so many synthetic passages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "tests.bench.scaling", "build", str(count), name]
        subprocess.run(command, check=True)  # elsewhere, so that memory is that of serving
        asked = np.load(folder / "asked.npz")
        queries, words, right = asked["queries"], asked["words"], asked["right"]
        library = Library(folder / "library.db")
        base = _resident()
        started = time.perf_counter()
        index = _synthetic(library, folder)
        index.refresh()
        opened = time.perf_counter() - started
        assert len(index) == count
        hits = [_searched(index, *one).hits for one in zip(queries, words, strict=True)]
        nearest = [sorted(found, key=lambda hit: -hit.dense)[:10] for found in hits]
        found = [
            {hit.id for hit in ten} & set(ids) for ten, ids in zip(nearest, right, strict=True)
        ]
        recall = sum(map(len, found)) / right.size
        took = _p50(lambda n: _searched(index, queries[n], words[n]))
        held = _resident() - base
        fresh, texts = queries + np.float32(0.01), [" ".join(_words(row)) for row in words]
        added = _p50(lambda n: _added(library, index, texts[n], fresh[n]))
        library.close()
    return (
        f"{count:>9,} passages: opened in {opened:5.2f} s, search {took:6.2f} ms, "
        f"recall@10 {recall:.3f}; add one {added:5.2f} ms; memory {held:6,.0f} MB"
    )


def build(count: int, folder: Path) -> None:
    """Fill a library with so many passages, index them, and find what is nearest exactly."""
    chance = np.random.default_rng(count)
    real = np.load(_real_vectors())
    library = Library(folder / "library.db")
    index = _synthetic(library, folder)
    exact = faiss.IndexFlatIP(real.shape[1])
    queries = _mixed(real, _ASKED, chance)
    nearest: list[list[tuple[float, int]]] = [[] for _ in queries]
    for start in range(0, count, _BLOCK):
        block = _mixed(real, min(_BLOCK, count - start), chance)
        texts = [" ".join(_words(row)) for row in _zipf(len(block), chance)]
        _store(library, f"block {start}", texts, block)
        index.refresh()
        index.settle()
        exact.reset()
        exact.add(block)
        for best, scores, places in zip(nearest, *exact.search(queries, 10), strict=True):
            # The first passage of a library has the number 1.
            best.extend(zip(scores.tolist(), (places + start + 1).tolist(), strict=True))
            best.sort(reverse=True)
            del best[10:]
    index.save()
    library.close()
    right = np.asarray([[place for _, place in best] for best in nearest])
    np.savez(folder / "asked.npz", queries=queries, words=_zipf(_ASKED, chance)[:, :8], right=right)


def of_askers(count: int) -> str:
    """Answer so many people who each ask one question after the other."""
    with tempfile.TemporaryDirectory() as folder:
        engine = _engine(Path(folder))
        for passage in passages_of("squad2"):
            article = Article(passage.id, passage.title, passage.text, id=passage.id)
            engine.add_article(article, "shared")
        pending = iter([q.text for q in questions_of("squad2")])
        engine.search(next(pending), ["shared"], 5)
        stop = time.perf_counter() + _FOR_SECONDS
        waits: list[float] = []

        def ask() -> None:
            while time.perf_counter() < stop:
                started = time.perf_counter()
                engine.search(next(pending), ["shared"], 5)
                waits.append(time.perf_counter() - started)

        with ThreadPoolExecutor(count) as pool:
            for result in [pool.submit(ask) for _ in range(count)]:
                result.result()
        engine.close()
    p50, p99 = (1000 * float(np.quantile(waits, q)) for q in (0.5, 0.99))
    rate = len(waits) / _FOR_SECONDS
    return f"{count:>4} askers: {rate:5.0f} questions/s, p50 {p50:6.1f} ms, p99 {p99:6.1f} ms"


def of_collections(count: int) -> str:
    """Start with so many collections, answer one question in each of some, and weigh it."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), [f"guild:{number}" for number in range(count)])
        base = _resident()
        started = time.perf_counter()
        engine = _engine(Path(folder))
        engine.search("Who was it?", ["guild:0"], 5)
        start = 1000 * (time.perf_counter() - started)
        for number in range(count):
            engine.search("Who was it?", [f"guild:{number}"], 5)
        held = _resident() - base
        engine.close()
    return (
        f"{count:>5} collections of {HELD} passages: start to first answer {start:5.0f} ms, "
        f"memory after one question in each {held:4.0f} MB"
    )


def fill(folder: Path, collections: Sequence[str]) -> None:
    """Put the same passages into each of some collections, and save their indexes."""
    engine = _engine(folder)
    texts = [passage.text[:300] for passage in passages_of("squad2")[:HELD]]
    for collection in collections:
        articles = (Article(f"{n}", "", text, id=f"{n}") for n, text in enumerate(texts))
        for _ in engine.add_articles(articles, collection):
            pass
        engine.index(collection)
    engine.close()


def _engine(folder: Path) -> Engine:
    return Engine(folder, lambda: load_embedder(DEFAULT_MODEL, model_store()))


def _real_vectors() -> Path:
    """Return a file of real vectors, embedded once for all sizes."""
    path = Path(tempfile.gettempdir()) / "passage-bench-vectors.npy"
    if not path.is_file():
        texts = [p.text for name in ("squad2", "stackfaq", "clapnq") for p in passages_of(name)]
        np.save(path, load_embedder(DEFAULT_MODEL, model_store()).embed_passages(texts))
    return path


def _mixed(real: Vectors, count: int, chance: np.random.Generator) -> Vectors:
    one, other = (real[chance.integers(len(real), size=count)] for _ in range(2))
    share = chance.uniform(0.5, 1.0, (count, 1)).astype(np.float32)
    noise = chance.standard_normal(one.shape, np.float32) * np.float32(0.3 / one.shape[1] ** 0.5)
    mixed = share * one + (1 - share) * other + noise
    unit: Vectors = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return unit


def _zipf(count: int, chance: np.random.Generator) -> NDArray[np.int64]:
    drawn: NDArray[np.int64] = chance.zipf(1.2, (count, _TERMS)) % _VOCABULARY
    return drawn


def _words(row: NDArray[np.int64]) -> list[str]:
    return [f"t{number}" for number in row.tolist()]


def _synthetic(library: Library, folder: Path) -> CollectionIndex:
    return CollectionIndex(library, Embedded(), "shared", folder / "index")


def _searched(index: CollectionIndex, vector: Vectors, row: NDArray[np.int64]) -> Hits:
    words = _words(row)
    return index.search(vector, words, dict.fromkeys(words, True), 50)


def _store(library: Library, name: str, texts: Sequence[str], vectors: Vectors) -> None:
    text, passages = drafts(*texts)
    digests = [text_digest(text) for text in texts]
    library.vectors.store(_SYNTHETIC, dict(zip(digests, vectors, strict=True)))
    library.store("shared", made(name, text), passages)


def _added(library: Library, index: CollectionIndex, text: str, vector: Vectors) -> None:
    _store(library, text, [text], vector[None])
    index.refresh()


def _p50(act: Callable[[int], object]) -> float:
    """Return the median milliseconds of an act, done for each of some numbers."""
    took = []
    for number in range(_ASKED):
        started = time.perf_counter()
        act(number)
        took.append(time.perf_counter() - started)
    return 1000 * statistics.median(took)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
