"""A question-answering model of transformers, served by torch or compiled to do without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from index.errors import ModelError
from index.models.compiled import Compiled
from index.models.network import Row
from index.models.recipe import INPUTS, Precision, compiled_identity
from index.models.source import Source
from index.models.spans import (
    Evidence,
    Excerpt,
    Logits,
    WindowedSpanModel,
    compiled_span_model,
)
from index.models.torch.compile import Judged, compile_smallest
from index.models.torch.probes import QUESTIONS, TEXTS
from index.models.torch.weights import loaded

_BATCH = 4_096  # tokens that go through the model together, padding included
_EVEN = 1.2  # times as long as the shortest the longest of them may be: padding costs as much

_MOST = {"int8": (0.5, 0.34), "float32": (0.01, 0.01)}
"""How far the log odds may be off on average, and for what share other words may be marked."""


class TorchSpans:
    """A network that finds spans, in torch."""

    def __init__(self, model: Any, inputs: Sequence[str], padding: int) -> None:
        self._model = model
        self._inputs = inputs
        self._padding = padding

    def logits(self, rows: Sequence[Row]) -> list[Logits]:
        """Return the logits of the start and of the end, for each token of each row."""
        found: list[Logits | None] = [None] * len(rows)
        for batch in _batches(rows):
            for number, logits in zip(batch, self._together([rows[n] for n in batch]), strict=True):
                found[number] = logits
        return [logits for logits in found if logits is not None]

    def _together(self, rows: Sequence[Row]) -> Iterator[Logits]:
        longest = max(len(row.ids) for row in rows)
        given = {name: torch.zeros((len(rows), longest), dtype=torch.long) for name in INPUTS}
        given["input_ids"] += self._padding
        for number, row in enumerate(rows):
            given["input_ids"][number, : len(row.ids)] = torch.tensor(row.ids)
            given["token_type_ids"][number, : len(row.ids)] = torch.tensor(row.kinds)
            given["attention_mask"][number, : len(row.ids)] = 1
        with torch.inference_mode():
            output = self._model(**{n: given[n].to(self._model.device) for n in self._inputs})
        start, end = (
            side.float().cpu().numpy() for side in (output.start_logits, output.end_logits)
        )
        for number, row in enumerate(rows):
            yield start[number, : len(row.ids)], end[number, : len(row.ids)]


@dataclass(frozen=True, slots=True)
class TorchReader:
    """A question-answering model as transformers loads it."""

    model: Any
    tokenizer: Any
    identity: str

    @property
    def inputs(self) -> list[str]:
        """What the model takes."""
        return [name for name in INPUTS if name in self.tokenizer.model_input_names]

    @property
    def maximum(self) -> int:
        """The most tokens that it takes at once."""
        positions = getattr(self.model.config, "max_position_embeddings", None)
        # RoBERTa and its kin count positions from their padding token on.
        spare = 2 if self.tokenizer.pad_token_id == 1 and "token_type_ids" not in self.inputs else 0
        longest = int(self.tokenizer.model_max_length)
        return longest if positions is None else min(int(positions) - spare, longest)

    def served(self) -> WindowedSpanModel:
        """Return it as what the reader asks, served by torch."""
        return WindowedSpanModel(
            self.identity,
            Tokenizer.from_str(self.tokenizer.backend_tokenizer.to_str()),
            TorchSpans(self.model, self.inputs, self.tokenizer.pad_token_id or 0),
            self.maximum,
            self.tokenizer.cls_token_id,
        )

    def compile(self, wanted: Precision, folder: Path) -> Mapping[str, Any]:
        """Write it compiled to a folder and return what is to be known of it.

        Raises CompileError where what it finds is not near enough to what this does.
        """
        (folder / "tokenizer.json").write_text(self.tokenizer.backend_tokenizer.to_str(), "utf-8")
        network, reference = _Sides(self.model, self.inputs), _probed(self.served())

        def judge(precision: Precision) -> Judged:
            facts = self._facts(precision)
            found = _probed(compiled_span_model(Compiled(folder, facts)))
            off, other = _differences(found, reference)
            return Judged(
                off <= _MOST[precision][0] and other <= _MOST[precision][1],
                {**facts, "odds_off": round(off, 4), "other_words": round(other, 4)},
                f"its log odds are off by {off:.2f}, its words by {other:.0%}",
            )

        def calibrate() -> list[Evidence]:
            return _probed(self.served())

        sides = ["start", "end"]
        return compile_smallest(network, self.inputs, sides, folder, wanted, calibrate, judge)

    def _facts(self, precision: Precision) -> dict[str, Any]:
        return {
            "identity": compiled_identity(self.identity, precision),
            "precision": precision,
            "maximum": self.maximum,
            "none_token": self.tokenizer.cls_token_id,
        }


def load_torch_reader(source: Source) -> TorchReader:
    """Load a folder without the hub, a name with it.  Raises ModelError."""

    def load(here: Source) -> TorchReader:
        tokenizer = AutoTokenizer.from_pretrained(
            here.path, local_files_only=True, trust_remote_code=False
        )
        model, found = AutoModelForQuestionAnswering.from_pretrained(
            here.path,
            dtype=torch.float32,
            attn_implementation="eager",  # compiles to the plainest graph
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
        if any(key.startswith("qa_outputs") for key in found["missing_keys"]):
            raise ModelError(
                f"The model {here.name!r} was not trained to answer questions (give `reader` an "
                'extractive question-answering model, or "none").'
            )
        return TorchReader(model.eval(), tokenizer, str(here.identity))

    kind = "question-answering model by name or folder"
    return loaded(source, load, setting="reader", kind=kind)


class _Sides(torch.nn.Module):
    """A question-answering model as a function from tensors to tensors."""

    def __init__(self, model: Any, inputs: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.inputs = inputs

    def forward(self, *given: torch.Tensor) -> Any:
        output = self.model(**dict(zip(self.inputs, given, strict=True)))
        return output.start_logits, output.end_logits


def _probed(model: WindowedSpanModel) -> list[Evidence]:
    """Read every probing text for three questions, of which at most one is its own."""
    return model.read(
        [
            Excerpt(QUESTIONS[(number + step) % len(QUESTIONS)], "", text, ((0, len(text)),))
            for number, text in enumerate(TEXTS)
            for step in range(3)
        ]
    )


def _differences(found: Sequence[Evidence], reference: Sequence[Evidence]) -> tuple[float, float]:
    """Return how far the log odds are off on average, and the share of other words marked.

    Only words that seem to answer count: between others, which ones hardly matters.
    """
    pairs = [p for p in zip(found, reference, strict=True) if np.isfinite(p[1].odds)]
    off = [abs(one.odds - other.odds) for one, other in pairs]
    moved = [_words(one) != _words(other) for one, other in pairs if other.odds > 0]
    return float(np.mean(off)), float(np.mean(moved or [False]))


def _words(evidence: Evidence) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in evidence.spans if span is not None]


def _batches(rows: Sequence[Row]) -> Iterator[list[int]]:
    """Group rows of about the same length, by number, so that little is padded."""
    batch: list[int] = []
    for number in sorted(range(len(rows)), key=lambda n: len(rows[n].ids)):
        length = len(rows[number].ids)
        full = length * (len(batch) + 1) > _BATCH
        if batch and (full or length > _EVEN * len(rows[batch[0]].ids)):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
