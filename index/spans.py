"""Question + passage -> the words that may answer, and the evidence that any do.

An extractive question-answering model reads both together and says of each word how
likely an answer starts or ends there, and how likely there is none, which stands at its
first token (Devlin et al., "BERT", 2019, section 4.3).  The default one is trained by
``training`` and comes with Passage; any other of the kind is loaded by name or path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError
from index.weights import folder_digest, hub_revision, loaded, verified_digest

DEFAULT_READER = "passage-reader"
_FOLDER = Path(__file__).parent / "reader"
_SHA256 = "b8d3f514f08370d610cce9657b94f36f14ec4438af5a9913370fa760b0fbb530"

LONGEST = 30
"""Tokens of an answer at the most."""

_QUESTION = 64  # tokens of a question that are read; more is a story, not a question
_WINDOW = 384  # tokens read at once; a longer passage is read in windows
_STRIDE = 96  # tokens that two windows share
_BATCH = 4_096  # tokens that go through the model together, padding included
_EVEN = 1.2  # times as long as the shortest the longest of them may be: padding costs as much


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
class Span:
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
    spans: tuple[Span | None, ...]


class SpanModel(Protocol):
    """What a reader needs of a model."""

    @property
    def identity(self) -> str:
        """Name and revision."""

    def read(self, excerpts: Sequence[Excerpt]) -> list[Evidence]:
        """Return the evidence in each excerpt; those given together are read together."""


class TransformersSpanModel:
    """Any extractive question-answering model of transformers, on the processor."""

    def __init__(self, model: Any, tokenizer: Any, identity: str) -> None:
        self.identity = identity
        self._model = model
        self._tokenizer = tokenizer
        positions = getattr(model.config, "max_position_embeddings", None) or _WINDOW
        self._window = min(int(positions), int(tokenizer.model_max_length), _WINDOW)

    def read(self, excerpts: Sequence[Excerpt]) -> list[Evidence]:
        """Return the evidence in each excerpt; those given together are read together."""
        if not excerpts:
            return []
        windows = self._windows(excerpts)
        found: list[list[Evidence]] = [[] for _ in excerpts]
        for batch in _batches(windows):
            starts, ends = self._logits(batch)
            for window, start, end in zip(batch, starts, ends, strict=True):
                found[window.excerpt].append(window.evidence(start, end))
        return [_merged(parts) for parts in found]

    def _windows(self, excerpts: Sequence[Excerpt]) -> list[_Window]:
        """Tokenise once; a passage too long to be read at once becomes several windows."""
        questions = [excerpt.question for excerpt in excerpts]
        encoded = self._tokenizer(
            self._shortened(questions),
            [f"{e.context}\n{e.text}" if e.context else e.text for e in excerpts],
            truncation="only_second",
            max_length=self._window,
            stride=min(_STRIDE, self._window // 4),
            return_overflowing_tokens=True,
        )
        owners = encoded["overflow_to_sample_mapping"]
        return [
            _Window(owner, encoding, excerpts[owner], self._none_at(encoding.ids))
            for owner, encoding in zip(owners, encoded.encodings, strict=True)
        ]

    def _shortened(self, questions: Sequence[str]) -> list[str]:
        """Return questions cut to what is read of them; passages need the room."""
        most = min(_QUESTION, self._window // 4)
        encoded = self._tokenizer(
            list(questions), add_special_tokens=False, truncation=True, max_length=most
        )
        return [
            question[: encoding.offsets[-1][1]] if encoding.offsets else question
            for question, encoding in zip(questions, encoded.encodings, strict=True)
        ]

    def _none_at(self, ids: Sequence[int]) -> int:
        """Return the position that stands for "no answer": that of the classifying token."""
        token = self._tokenizer.cls_token_id
        return ids.index(token) if token in ids else 0

    def _logits(self, batch: Sequence[_Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        import torch

        given = {k: torch.from_numpy(v) for k, v in self._padded(batch).items()}
        with torch.inference_mode():
            output = self._model(**{k: v.to(self._model.device) for k, v in given.items()})
        start, end = (
            side.float().cpu().numpy() for side in (output.start_logits, output.end_logits)
        )
        return start, end

    def _padded(self, batch: Sequence[_Window]) -> dict[str, NDArray[np.int64]]:
        tokenizer = self._tokenizer
        parts = {
            "input_ids": ([w.encoding.ids for w in batch], tokenizer.pad_token_id),
            "token_type_ids": ([w.encoding.type_ids for w in batch], 0),
            "attention_mask": ([w.encoding.attention_mask for w in batch], 0),
        }
        shape = (len(batch), max(map(len, batch)))
        padded = {}
        for name in tokenizer.model_input_names:
            rows, filling = parts[name]
            padded[name] = np.full(shape, filling, np.int64)
            for target, row in zip(padded[name], rows, strict=True):
                target[: len(row)] = row
        return padded


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of an excerpt as tokens; ``none_at`` is the place that means "no answer"."""

    excerpt: int
    encoding: Any
    source: Excerpt
    none_at: int

    def __len__(self) -> int:
        return len(self.encoding.ids)

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
) -> Span | None:
    """Return the likeliest words of one sentence."""
    if not len(begins):
        return None
    together = left[:, None] + right[None, :]
    place = np.arange(len(begins))
    distance = place[None, :] - place[:, None]
    legal = (distance >= 0) & (distance < LONGEST)
    at = int(np.where(legal, together, -np.inf).argmax())
    first, last = divmod(at, len(begins))
    return Span(int(begins[first]), int(stops[last]), float(together[first, last]) / 2)


def _merged(parts: Sequence[Evidence]) -> Evidence:
    """Return the evidence of a passage from that of its windows: the best of each."""
    if len(parts) == 1:
        return parts[0]
    spans = [
        max((s for s in sentence if s is not None), key=lambda s: s.odds, default=None)
        for sentence in zip(*(part.spans for part in parts), strict=True)
    ]
    return Evidence(max(part.odds for part in parts), tuple(spans))


def _batches(windows: Sequence[_Window]) -> Iterator[list[_Window]]:
    """Group windows of about the same length, so that little is padded."""
    batch: list[_Window] = []
    for window in sorted(windows, key=len):
        full = len(window) * (len(batch) + 1) > _BATCH
        if batch and (full or len(window) > _EVEN * len(batch[0])):
            yield batch
            batch = []
        batch.append(window)
    yield batch


def load_span_model(name: str, cache: Path) -> TransformersSpanModel:
    """Load the model ``name``: the default, a folder, or a name on the model hub.

    ``cache`` is a folder to remember verified hashes in.  Raises ModelError, with one
    sentence, where the model can't be had.
    """
    if name == DEFAULT_READER:
        weights = _FOLDER / "model.safetensors"
        if not weights.is_file():
            raise ModelError(
                f"The default reader is missing from {_FOLDER}: install Passage again, or set "
                'reader = "none".'
            )
        digest = verified_digest(weights, cache, _SHA256, "Install Passage again.")
        return _load(str(_FOLDER), f"{DEFAULT_READER}@{digest[:16]}")
    if Path(name).is_dir():
        return _load(name, f"{name}@{folder_digest(Path(name), cache)[:16]}")
    return _load(name, None)


def _load(source: str, identity: str | None) -> TransformersSpanModel:
    """Load a local folder (whose ``identity`` is known) without the hub, a name with it."""

    def load() -> TransformersSpanModel:
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        local = identity is not None
        tokenizer = AutoTokenizer.from_pretrained(
            source, local_files_only=local, trust_remote_code=False
        )
        model, found = AutoModelForQuestionAnswering.from_pretrained(
            source,
            dtype=_precision(),
            attn_implementation="eager",  # on a processor, a third faster than torch's own
            local_files_only=local,
            trust_remote_code=False,
            output_loading_info=True,
        )
        if any(key.startswith("qa_outputs") for key in found["missing_keys"]):
            raise ModelError(
                f"The model {source!r} was not trained to answer questions (give `reader` an "
                'extractive question-answering model, or "none").'
            )
        name = identity or f"{source}@{hub_revision(model)}"
        return TransformersSpanModel(model.eval(), tokenizer, name)

    kind = "question-answering model by name or folder"
    return loaded(source, load, setting="reader", kind=kind)


def _precision() -> Any:
    """Return bfloat16 where the processor computes in it, half as long; else float32."""
    import torch

    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    fast = any(able.get(name) for name in ("avx512_bf16", "amx_bf16"))
    return torch.bfloat16 if fast else torch.float32
