"""Training runs: they resume, and what is exported is what is judged and served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from index.models.load_embedder import base_folder
from tests.support.training_texts import (
    encoded,
)
from training.corpus import Corpus
from training.examples import (
    UNTOLD,
    Encoder,
    Example,
    Examples,
)
from training.mixture import Mixture, Part
from training.negatives import Siblings

pytestmark = pytest.mark.slow


def test_a_mixture_goes_on_where_it_was_and_takes_its_shares(
    corpus: Corpus, tokenizer: Tokenizer, siblings: Siblings
) -> None:
    examples = Examples(corpus, Encoder(tokenizer), siblings, None)
    parts = [Part("many", examples, 8), Part("few", examples, 2)]
    made = Mixture(parts, "1", tokens=400)
    turns = [parts[1].numbers(round_, "1") for round_ in range(5)]
    assert sorted(n for turn in turns for n in turn) == sorted([*range(5)] * 2)
    whole = [batch for _, batch in zip(range(20), made.after(0), strict=False)]
    rest = [batch for _, batch in zip(range(8), made.after(12), strict=False)]
    assert rest == whole[12:]
    assert [number for number, _ in whole] == list(range(20))
    assert sum(len(batch) for batch in made.round(0)) == 10


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store a reader of a few weights, as one that ships is stored."""
    import shutil

    import torch
    from transformers import BertConfig, BertForQuestionAnswering

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    reader = BertForQuestionAnswering(BertConfig(intermediate_size=16, **sizes))
    target = tmp_path_factory.mktemp("reader")
    reader.save_pretrained(target)
    for path in base_folder().glob("*token*.json"):
        shutil.copy(path, target)
    return target


def test_a_sentence_is_judged_by_the_mean_of_its_tokens() -> None:
    import torch

    from training.reading import sentence_losses, sentence_scores

    example = Example(
        (1, 2, 3, 4, 5, 6, 7), 1, 2, (), 1.0, ((2, 4), (4, 5), (5, 6)), (0, 1, UNTOLD)
    )
    blank = Example((1, 2, 3), 1, 2, (), 1.0, (), ())
    third = torch.tensor([[9.0, 9.0, -1.0, -3.0, 4.0, 50.0, 9.0], [9.0] * 7])
    assert sentence_scores(third, [example, blank])[0].tolist() == [-2.0, 4.0, 50.0]
    judged, chosen = sentence_losses(third, [example, blank])
    soft = [float(np.log1p(np.exp(x))) for x in (-2.0, -4.0)]
    assert judged.tolist() == pytest.approx([sum(soft) / 2, 0.0], abs=1e-5)
    assert chosen.tolist() == pytest.approx([float(np.log1p(np.exp(-6.0))), 0.0], abs=1e-5)


def test_a_third_output_leaves_the_other_two_as_transformers_has_them(
    tiny: Path, tmp_path: Path, corpus: Corpus, tokenizer: Tokenizer, siblings: Siblings
) -> None:
    import torch
    from transformers import BertForQuestionAnswering

    from training.reading import EVIDENCE, opened, said, saved

    made = opened(tiny)
    made.evidence.bias.data += 0.5
    saved(made, tmp_path)
    assert (tmp_path / EVIDENCE).is_file()
    plain, found = BertForQuestionAnswering.from_pretrained(
        str(tmp_path), dtype=torch.float32, output_loading_info=True
    )
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    examples = encoded(corpus, tokenizer, siblings)[:1]
    again = opened(tmp_path, trained=False)
    ids = torch.tensor([examples[0].ids])
    kinds = (torch.arange(ids.shape[1]) >= examples[0].second).long()[None]
    with torch.inference_mode():
        told = said(again, examples, torch.device("cpu"))
        expected = plain.eval()(input_ids=ids, token_type_ids=kinds)
    inside = slice(examples[0].text, len(examples[0].ids) - 1)
    assert torch.allclose(told.start[:, inside], expected.start_logits[:, inside], atol=1e-5)
    assert torch.allclose(told.end[:, inside], expected.end_logits[:, inside], atol=1e-5)
    assert again.evidence.bias.tolist() == [0.5]


def test_what_is_judged_is_what_is_served(tiny: Path, corpus: Corpus, tokenizer: Tokenizer) -> None:
    from transformers import AutoTokenizer, BertForQuestionAnswering

    from index.models.spans import Excerpt
    from index.models.torch.spans import TorchReader
    from training.judge import Asked, Judge
    from training.reading import opened

    plain = BertForQuestionAnswering.from_pretrained(str(tiny)).eval()
    served = TorchReader(plain, AutoTokenizer.from_pretrained(str(tiny)), "tiny").served()
    judge = Judge(opened(tiny, trained=False), Encoder(tokenizer))
    asked = [Asked(task.question, task.source) for task in corpus.tasks]
    for one, look in zip(asked, judge.read(corpus, asked), strict=True):
        held = corpus.sources[one.source]
        excerpt = Excerpt(one.question, held.context, held.text, held.sentences)
        (expected,) = served.read([excerpt])
        spans = [span for span in expected.spans if span is not None]
        assert look.odds == pytest.approx(expected.odds, abs=1e-4)
        assert look.spans.tolist() == pytest.approx([span.odds for span in spans], abs=1e-4)
        best = max(spans, key=lambda span: span.odds)
        assert look.words == held.text[best.start : best.end]


def test_the_learning_rate_is_down_at_every_end() -> None:
    from training.further import slope

    rates = [slope(step, (100, 300)) for step in range(300)]
    assert max(rates) == 1.0
    assert (rates[99], rates[299]) == (pytest.approx(1 / 60), pytest.approx(1 / 120))
    assert rates[100] == pytest.approx(1 / 30)
    assert all(0 < rate <= 1 for rate in rates)


def test_learning_further_goes_on_as_if_it_had_not_been_stopped(
    tiny: Path,
    tmp_path: Path,
    corpus: Corpus,
    tokenizer: Tokenizer,
    siblings: Siblings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    from training import further

    part = Part("corpus", Examples(corpus, Encoder(tokenizer), siblings, None), 5)
    monkeypatch.setattr(further, "mixture", lambda *_: Mixture([part], "1", tokens=300))
    given: dict[str, Any] = {
        "start": tiny,
        "every": 2,
        "minutes": 5,
        "seed": "1",
        "dropout": 0.0,
        "own": 1.0,
        "shares": {},
    }
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    further.run(whole, ends=[2, 4], **given)
    slope = further.slope
    monkeypatch.setattr(further, "slope", lambda step, _: slope(step, (2, 4)))
    for done in ([1], [2], [3], [4]):
        further.run(parts, ends=done, **given)
    kept, pieced = (torch.load(out / "checkpoint.pt", weights_only=True) for out in (whole, parts))
    assert (kept["done"], kept["averaged"]) == (4, 2)
    assert all(torch.equal(kept["model"][name], pieced["model"][name]) for name in kept["model"])
    assert (whole / "step-00002.pt").is_file()


def test_the_mean_of_checkpoints_is_put_where_readers_are_loaded_from(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from index.models.source import Source as Weights
    from index.models.torch.spans import load_torch_reader
    from training import export
    from training.reading import opened

    monkeypatch.setattr(export, "digests", lambda _: {})
    target, files = tmp_path / "reader", [tmp_path / "1.pt", tmp_path / "2.pt"]
    state = opened(tiny).state_dict()
    for number, path in enumerate(files):
        torch.save({name: (tensor + number).half() for name, tensor in state.items()}, path)
    export.export_mean(files, None, target, start=tiny)
    read = opened(target, trained=False).state_dict()
    assert all(torch.allclose(read[name], state[name] + 0.5, atol=2e-2) for name in state)
    served = load_torch_reader(Weights("tiny", str(target), "tiny@1"))
    assert served.served().identity == "tiny@1"
    assert json.loads((target / "training.json").read_text())["averaged"] == 2


@pytest.mark.model
@pytest.mark.usefixtures("folder")
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from training import train

    monkeypatch.setattr(train, "TOKENS", 300)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train.run(whole, ends=[2, 3], minutes=5, every=100)
    train.run(parts, ends=[2, 3], minutes=0, every=100)
    slope = train._slope
    monkeypatch.setattr(train, "_slope", lambda step, _: slope(step, 2 if step < 2 else 3))
    for done in (1, 2, 3):
        train.run(parts, ends=[done], minutes=5, every=100)
    kept, pieced = (torch.load(out / "checkpoint.pt", weights_only=True) for out in (whole, parts))
    assert all(torch.equal(kept["model"][name], pieced["model"][name]) for name in kept["model"])
    assert kept["averaged"] == 2
    figures = [json.loads(line) for line in (whole / "figures.jsonl").read_text().splitlines()]
    assert figures[-1]["step"] == 3
    assert figures[-1]["questions"] > 0


def test_the_mean_of_weights_is_that_of_all_moments_and_keeps_to_itself() -> None:
    import torch

    from training.train import Mean

    weights = {"layer": torch.tensor([1.0, 4.0])}
    mean = Mean()
    mean.add(weights)
    mean = Mean(mean.weights, mean.count)  # as after a stop
    for _ in range(2):
        weights["layer"] += 3.0
        mean.add(weights)
    assert mean.count == 3
    assert mean.weights["layer"].tolist() == pytest.approx([4.0, 7.0])
