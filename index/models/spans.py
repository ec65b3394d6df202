"""Question + passage -> the words that may answer, and the evidence that any do.

An extractive question-answering model reads both together and says of each word how
likely an answer starts or ends there, and how likely there is none, which stands at its
first token (Devlin et al., "BERT", 2019, section 4.3).  ``span_models`` loads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.models.compiled import Compiled
from index.models.network import Network, Row

Logits = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Of the start and of the end of an answer, token by token."""

LONGEST = 30
"""Tokens of an answer at the most."""

_QUESTION = 64  # tokens of a question that are read; more is a story, not a question
_WINDOW = 384  # tokens read at once; a longer passage is read in windows
_STRIDE = 96  # tokens that two windows share


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A question, and a passage to look for the answer in.

    ``sentences`` are places in ``text``; ``context`` is read with it and never quoted.
    """

    question: str
    context: str
    text: str
    sentences: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """Words of a text, and the log odds that they answer, against no answer being there."""

    start: int
    end: int
    odds: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a model makes of an excerpt.

    ``odds`` are the log odds that the text answers at all; ``spans`` the likeliest words of
    each sentence, None where a sentence has no word of its own.
    """

    odds: float
    spans: tuple[AnswerSpan | None, ...]


class SpanModel(Protocol):
    """What a reader needs of a model."""

    @property
    def identity(self) -> str:
        """Name and revision."""

    def read(self, excerpts: Sequence[Excerpt]) -> list[Evidence]:
        """Return the evidence in each excerpt; those given together are read together."""


class SpanNetwork(Protocol):
    """A network that says of each token how likely an answer starts, and ends, there."""

    def logits(self, rows: Sequence[Row]) -> list[Logits]:
        """Return the logits of the start and of the end, for each token of each row."""


class WindowedSpanModel:
    """An extractive question-answering model: a tokenizer and a network.

    ``maximum`` is the most tokens that the network takes at once, ``none_token`` the one
    whose place means "no answer": the classifying token.
    """

    def __init__(
        self,
        identity: str,
        tokenizer: Tokenizer,
        network: SpanNetwork,
        maximum: int,
        none_token: int,
    ) -> None:
        self.identity = identity
        self._network = network
        self._none_token = none_token
        self._window = min(maximum, _WINDOW)
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        # Always the passage is cut: it is the longer one, since questions are shortened.
        tokenizer.enable_truncation(self._window, stride=min(_STRIDE, self._window // 4))

    def read(self, excerpts: Sequence[Excerpt]) -> list[Evidence]:
        """Return the evidence in each excerpt; those given together are read together."""
        if not excerpts:
            return []
        windows = self._windows(excerpts)
        logits = self._network.logits([window.row for window in windows])
        found: list[list[Evidence]] = [[] for _ in excerpts]
        for window, (start, end) in zip(windows, logits, strict=True):
            found[window.excerpt].append(window.evidence(start, end))
        return [_merged(parts) for parts in found]

    def _windows(self, excerpts: Sequence[Excerpt]) -> list[_Window]:
        """Tokenise once; a passage too long to be read at once becomes several windows."""
        questions = self._shortened([excerpt.question for excerpt in excerpts])
        texts = [f"{e.context}\n{e.text}" if e.context else e.text for e in excerpts]
        encoded = self._tokenizer.encode_batch(list(zip(questions, texts, strict=True)))
        return [
            _Window(owner, encoding, excerpts[owner], self._none_at(encoding.ids))
            for owner, first in enumerate(encoded)
            for encoding in (first, *first.overflowing)
        ]

    def _shortened(self, questions: Sequence[str]) -> list[str]:
        """Return questions cut to what is read of them; passages need the room."""
        most = min(_QUESTION, self._window // 4)
        encoded = self._tokenizer.encode_batch(list(questions), add_special_tokens=False)
        return [
            question[: encoding.offsets[most - 1][1]] if len(encoding.ids) > most else question
            for question, encoding in zip(questions, encoded, strict=True)
        ]

    def _none_at(self, ids: Sequence[int]) -> int:
        return ids.index(self._none_token) if self._none_token in ids else 0


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of an excerpt as tokens; ``none_at`` is the place that means "no answer"."""

    excerpt: int
    encoding: Any
    source: Excerpt
    none_at: int

    @property
    def row(self) -> Row:
        """What goes into the network."""
        return Row(self.encoding.ids, self.encoding.type_ids)

    def evidence(self, start: NDArray[np.float32], end: NDArray[np.float32]) -> Evidence:
        """Return what the logits of where an answer starts and ends say."""
        begins, stops, first = self._places()
        last = first + len(begins)
        left = start[first:last].astype(np.float64) - float(start[self.none_at])
        right = end[first:last].astype(np.float64) - float(end[self.none_at])
        if not len(begins):
            return Evidence(-np.inf, (None,) * len(self.source.sentences))
        edges = np.searchsorted(begins, [a for a, _ in self.source.sentences])
        bounds = zip(edges, [*edges[1:], len(begins)], strict=True)
        spans = [_best(left[a:b], right[a:b], begins[a:b], stops[a:b]) for a, b in bounds]
        odds = (np.logaddexp.reduce(left) + np.logaddexp.reduce(right)) / 2
        return Evidence(float(odds), tuple(spans))

    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """Return where the tokens of the text begin and end in it, and the first one's place."""
        skipped = len(self.source.context) + 1 if self.source.context else 0
        offsets = np.asarray(self.encoding.offsets, np.int64) - skipped
        inside = np.asarray([part == 1 for part in self.encoding.sequence_ids])
        held = np.flatnonzero(inside & (offsets[:, 0] >= 0) & (offsets[:, 1] > offsets[:, 0]))
        if not len(held):
            return held, held, 0
        block = offsets[held[0] : held[-1] + 1]
        return block[:, 0], block[:, 1], int(held[0])


def _best(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    begins: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> AnswerSpan | None:
    """Return the likeliest words of one sentence."""
    if not len(begins):
        return None
    together = left[:, None] + right[None, :]
    place = np.arange(len(begins))
    distance = place[None, :] - place[:, None]
    legal = (distance >= 0) & (distance < LONGEST)
    at = int(np.where(legal, together, -np.inf).argmax())
    first, last = divmod(at, len(begins))
    return AnswerSpan(int(begins[first]), int(stops[last]), float(together[first, last]) / 2)


def _merged(parts: Sequence[Evidence]) -> Evidence:
    """Return the evidence of a passage from that of its windows: the best of each."""
    if len(parts) == 1:
        return parts[0]
    spans = [
        max((s for s in sentence if s is not None), key=lambda s: s.odds, default=None)
        for sentence in zip(*(part.spans for part in parts), strict=True)
    ]
    return Evidence(max(part.odds for part in parts), tuple(spans))


class CompiledSpans:
    """A compiled network that finds spans."""

    def __init__(self, path: Path) -> None:
        self._network = Network(path)

    def logits(self, rows: Sequence[Row]) -> list[Logits]:
        """Return the logits of the start and of the end, for each token of each row."""
        return [(start, end) for start, end in self._network.run(rows)]


def compiled_span_model(compiled: Compiled) -> WindowedSpanModel:
    """Return a model from its compiled files."""
    facts: Any = compiled.facts
    return WindowedSpanModel(
        facts["identity"],
        Tokenizer.from_file(str(compiled.folder / "tokenizer.json")),
        CompiledSpans(compiled.folder / "model.onnx"),
        facts["maximum"],
        facts["none_token"],
    )
