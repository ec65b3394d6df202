"""The reader with a third output: of each token, whether its sentence is evidence.

Where words are hard to bound (steps, rows of a table, yes/no), the sentence that answers can
still be told, and sets in which people marked sentences alone can be learnt from.  The other
two outputs stay those of BertForQuestionAnswering, whose weights are stored by themselves;
the third has a file of its own beside them (``EVIDENCE``).

A sentence's evidence is the mean of its tokens' logits: the log odds that it answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from transformers import BertForQuestionAnswering

from training.examples import UNTOLD, Example
from training.train import OFF, evidence, surprise

EVIDENCE = "evidence.safetensors"
"""The weights of the third output, in the folder of the reader."""

SPANS, ORDER, JUDGED, CHOSEN = 1.0, 0.3, 0.5, 0.3
"""What counts how much: the words, the order in a pair, each sentence judged by itself, and
the right sentence among those of its passage."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the reader says of each token of some examples, each of shape (examples, tokens)."""

    start: torch.Tensor
    end: torch.Tensor
    evidence: torch.Tensor


class EvidenceReader(torch.nn.Module):
    """A BertForQuestionAnswering with a third output."""

    def __init__(self, reader: BertForQuestionAnswering) -> None:
        super().__init__()
        self.reader = reader
        self.evidence = torch.nn.Linear(reader.config.hidden_size, 1)
        torch.nn.init.zeros_(self.evidence.weight)
        torch.nn.init.zeros_(self.evidence.bias)

    def forward(
        self, ids: torch.Tensor, kinds: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the logits of start, end and evidence, token by token."""
        hidden = self.reader.bert(input_ids=ids, token_type_ids=kinds, attention_mask=mask)[0]
        start, end = self.reader.qa_outputs(hidden).split(1, dim=-1)
        return start.squeeze(-1), end.squeeze(-1), self.evidence(hidden).squeeze(-1)


def opened(folder: Path, *, trained: bool = True, dropout: float = 0.0) -> EvidenceReader:
    """Return the reader of a folder, its third output new where it has none.

    Its word embeddings are frozen if it is to be ``trained`` on; ``dropout`` is the share of
    the hidden states that is left out then.
    """
    reader = BertForQuestionAnswering.from_pretrained(
        str(folder),
        dtype=torch.float32,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=0.0,
        attn_implementation="sdpa",
        local_files_only=True,
    )
    reader.bert.embeddings.word_embeddings.weight.requires_grad = not trained
    made = EvidenceReader(reader)
    if (folder / EVIDENCE).is_file():
        made.evidence.load_state_dict(
            {name: t.float() for name, t in load_file(folder / EVIDENCE).items()}
        )
    return made.train(trained)


def mean_of(checkpoints: Sequence[Path], start: Path) -> EvidenceReader:
    """Return the mean of the weights in some files, in the shape of the reader of a folder.

    Of a file that a run goes on from, what it has averaged so far counts, if it has any.
    """
    kept = [torch.load(path, map_location="cpu", weights_only=True) for path in checkpoints]
    weights = [k["mean"] or k["model"] if "model" in k else k for k in kept]
    made = opened(start, trained=False)
    made.load_state_dict(
        {name: torch.stack([w[name].float() for w in weights]).mean(0) for name in weights[0]}
    )
    return made


def saved(made: EvidenceReader, folder: Path) -> None:
    """Write a reader in half precision, as transformers loads it, and its third output."""
    made.reader.config.name_or_path = "passage-reader"
    made.half()
    made.reader.save_pretrained(folder)
    weights = {name: t.contiguous() for name, t in made.evidence.state_dict().items()}
    save_file(weights, folder / EVIDENCE)
    made.float()


def said(made: EvidenceReader, examples: Sequence[Example], device: torch.device) -> Said:
    """Return what is said of some examples; only position 0 and the text count."""
    longest = max(len(e.ids) for e in examples)
    ids = torch.zeros((len(examples), longest), dtype=torch.long)
    kinds, mask, legal = torch.zeros_like(ids), torch.zeros_like(ids), torch.zeros_like(ids)
    for row, e in enumerate(examples):
        ids[row, : len(e.ids)] = torch.tensor(e.ids)
        kinds[row, e.second : len(e.ids)] = 1
        mask[row, : len(e.ids)] = 1
        legal[row, e.text : len(e.ids) - 1] = 1
    legal[:, 0] = 1
    # In bfloat16 on a processor without its own units for it, a step takes half as long again.
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
        start, end, third = made(ids.to(device), kinds.to(device), mask.to(device))
    closed = (legal == 0).to(device)
    return Said(
        start.float().masked_fill(closed, OFF), end.float().masked_fill(closed, OFF), third.float()
    )


def loss(told: Said, examples: Sequence[Example]) -> torch.Tensor:
    """Return what is to be made small, of examples of which the second half are the misses."""
    weights = torch.tensor([e.weight for e in examples], device=told.start.device)
    spans = sum(
        surprise(side, [e.places(at) for e in examples])
        for at, side in enumerate((told.start, told.end))
    )
    yes, no = (evidence(told.start) + evidence(told.end)).chunk(2)
    order = (weights.chunk(2)[1] * functional.softplus(no - yes)).mean()
    judged, chosen = sentence_losses(told.evidence, examples)
    return (
        SPANS * (weights * spans / 2).mean()
        + ORDER * order
        + JUDGED * (weights * judged).mean()
        + CHOSEN * (weights * chosen).mean()
    )


def sentence_losses(
    third: torch.Tensor, examples: Sequence[Example]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return for each example how wrongly its sentences are judged, and which is chosen."""
    scores = sentence_scores(third, examples)
    most = max(len(e.sentences) for e in examples)
    labels = torch.full((len(examples), max(1, most)), UNTOLD)
    for row, e in enumerate(examples):
        labels[row, : len(e.labels)] = torch.tensor(e.labels)
    labels = labels.to(third.device)
    known, right = labels != UNTOLD, labels == 1
    judged = functional.binary_cross_entropy_with_logits(scores, right.float(), reduction="none")
    share = (judged * known).sum(1) / known.sum(1).clamp(min=1)
    among = torch.logsumexp(scores.masked_fill(~known, OFF), 1)
    chosen = among - torch.logsumexp(scores.masked_fill(~right, OFF), 1)
    return share, torch.where(right.any(1), chosen, torch.zeros_like(chosen))


def sentence_scores(third: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Return the evidence of each sentence: the mean of its tokens' logits."""
    most = max(1, *(len(e.sentences) for e in examples))
    first = torch.zeros((len(examples), most), dtype=torch.long)
    behind = torch.ones_like(first)
    for row, e in enumerate(examples):
        for at, (a, b) in enumerate(e.sentences):
            first[row, at], behind[row, at] = a, b
    sums = functional.pad(third.cumsum(1), (1, 0))
    first, behind = first.to(third.device), behind.to(third.device)
    return (sums.gather(1, behind) - sums.gather(1, first)) / (behind - first)
