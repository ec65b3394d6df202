"""Count how common words are in English at large: ``python -m training.common_words``.

Writes what ``index.search.common_words`` reads.  Half of each share is what encyclopaedias
and half what the articles of ``own-words`` show, which are news, manuals, forums and handbooks:
"click" is common in the one, "century" in the other.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from index.language.sentences import sentences
from index.language.terms import analyse
from index.search.common_words import FILE, STEPS
from training.corpus import LEFT_OUT, held_out_docs, rows
from training.own_words import KINDS

FEWEST = 6
"""Texts that must hold a word: of a rarer one the count says little."""

LENGTH = 600
"""Characters of a stretch of an article, about a passage as Passage cuts it."""


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, default=FILE)
    target = parser.parse_args().target
    levels = leveled([counted(encyclopaedias()), counted(own_words())])
    target.write_text(written(levels), "utf-8")
    print(f"{sum(map(len, levels.values()))} words, {target.stat().st_size} bytes")


def encyclopaedias() -> Iterator[str]:
    """Yield the paragraphs to learn from."""
    kept = held_out_docs("squad-train")
    for row in rows("squad-train/passages.jsonl.gz"):
        if row["doc"] not in kept and row["id"] not in LEFT_OUT:
            yield f"{row['title']}\n{row['text']}"
    for row in rows("nq/passages.jsonl.gz"):
        yield f"{row['title']}\n{row['text']}"


def own_words() -> Iterator[str]:
    """Yield stretches of the articles to learn from, with their titles."""
    for kind in KINDS:
        for row in rows(f"own-words/{kind}/articles.jsonl.gz"):
            if row["split"] == "train":
                for stretch in stretches(row["text"]):
                    yield f"{row['title']}\n{stretch}"


def stretches(text: str) -> Iterator[str]:
    """Yield a text in stretches of whole sentences, of ``LENGTH`` or a little more."""
    start = 0
    for _, end in sentences(text, language="en"):
        if end - start >= LENGTH:
            yield text[start:end]
            start = end
    if text[start:].strip():
        yield text[start:]


def counted(texts: Iterable[str]) -> tuple[Counter[str], int]:
    """Return how many of the texts hold each word, and how many there are."""
    counts: Counter[str] = Counter()
    number = 0
    for text in texts:
        counts.update({term for term in analyse(text) if term.isascii() and term.isalpha()})
        number += 1
    return counts, number


def leveled(parts: list[tuple[Counter[str], int]]) -> dict[int, list[str]]:
    """Return the words by how rare they are, on a scale of ``STEPS`` to the factor e."""
    levels: dict[int, list[str]] = defaultdict(list)
    for word in sorted(set().union(*(counts for counts, _ in parts))):
        if sum(counts[word] for counts, _ in parts) >= FEWEST:
            share = sum(counts[word] / number for counts, number in parts) / len(parts)
            levels[round(-math.log(share) * STEPS)].append(word)
    return dict(sorted(levels.items()))


def written(levels: dict[int, list[str]]) -> str:
    """Return a line for each level: its number, and its words."""
    return "".join(f"{level} {' '.join(words)}\n" for level, words in levels.items())


if __name__ == "__main__":
    main()
