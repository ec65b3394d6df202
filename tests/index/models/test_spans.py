"""Models that read: which may be loaded, and that what they say is what comes out."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.errors import ModelError
from index.language.sentences import sentences
from index.models import load_reader, spans
from index.models.compiled import ModelStore
from index.models.load_reader import DEFAULT_READER, load_span_model, reader_source
from index.models.spans import (
    LONGEST,
    Evidence,
    Excerpt,
    WindowedSpanModel,
)
from index.models.torch import spans as torch_spans
from index.models.torch.spans import TorchReader, load_torch_reader

pytestmark = pytest.mark.slow

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "?"),
    *("treaty", "gas", "missile", "who", "signed", "the", "##s"),
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS if letter != "s"),
]
POSITIONS = 64


def make_model(folder: Path, seed: int = 0, *, answers: bool = True) -> Path:
    """Save a small BERT with weights drawn by chance, to answer questions or for nothing."""
    import torch
    from transformers import BertConfig, BertForQuestionAnswering, BertModel, BertTokenizerFast

    torch.manual_seed(seed)
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=POSITIONS,
        initializer_range=0.5,
    )
    (BertForQuestionAnswering if answers else BertModel)(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=POSITIONS).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    return ModelStore(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def original(folder: Path, store: ModelStore) -> TorchReader:
    return load_torch_reader(reader_source(str(folder), store.verified))


@pytest.fixture(scope="module", params=["by torch", "compiled"])
def model(
    request: pytest.FixtureRequest, original: TorchReader, folder: Path, store: ModelStore
) -> WindowedSpanModel:
    """The tiny model, served by torch and by ONNX Runtime."""
    if request.param == "by torch":
        return original.served()
    compiled = load_span_model(str(folder), store, "float32")
    assert isinstance(compiled._network, spans.CompiledSpans)
    return compiled


def excerpt(question: str, text: str, context: str = "") -> Excerpt:
    return Excerpt(question, context, text, tuple(sentences(text, language="en")))


EXCERPTS = [
    excerpt("Who signed the treaty?", "The gas. Ann signed the treaty, the missiles."),
    excerpt("gas?", "Gas, the gas. A treaty. Missile, gas.", "The treaty"),
    excerpt("Who?", "Ann."),
]


def by_hand(model: TorchReader, given: Excerpt) -> Evidence:
    """Read one excerpt alone, and go through every span of every sentence one by one."""
    import torch

    text = f"{given.context}\n{given.text}" if given.context else given.text
    skipped = len(text) - len(given.text)
    encoded = model.tokenizer(
        given.question, text, return_tensors="pt", return_offsets_mapping=True
    )
    places = encoded.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        output = model.model(**encoded)
    start, end = output.start_logits[0].tolist(), output.end_logits[0].tolist()
    owners = encoded.sequence_ids(0)
    held = [n for n, owner in enumerate(owners) if owner == 1 and places[n][0] >= skipped]
    found = []
    for a, b in given.sentences:
        tokens = [n for n in held if a <= places[n][0] - skipped < b]
        odds, first, last = max(
            ((start[i] + end[j] - start[0] - end[0]) / 2, i, j)
            for i in tokens
            for j in tokens
            if i <= j < i + LONGEST
        )
        found.append(spans.AnswerSpan(places[first][0] - skipped, places[last][1] - skipped, odds))
    left, right = (np.log(sum(np.exp(side[n]) for n in held)) - side[0] for side in (start, end))
    return Evidence(float(left + right) / 2, tuple(found))


def assert_same(found: Evidence, expected: Evidence) -> None:
    assert found.odds == pytest.approx(expected.odds, abs=1e-4)
    for one, other in zip(found.spans, expected.spans, strict=True):
        assert one is not None
        assert other is not None
        assert (one.start, one.end) == (other.start, other.end)
        assert one.odds == pytest.approx(other.odds, abs=1e-4)


@pytest.mark.parametrize("number", range(len(EXCERPTS)))
def test_the_evidence_is_what_the_model_says_worked_out_one_by_one(
    model: WindowedSpanModel, original: TorchReader, number: int
) -> None:
    given = EXCERPTS[number]
    assert_same(model.read([given])[0], by_hand(original, given))


def test_what_is_read_together_is_read_as_alone(
    model: WindowedSpanModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [model.read([given])[0] for given in EXCERPTS]
    for most in (4_096, 40, 1):
        monkeypatch.setattr(torch_spans, "_BATCH", most)
        for found, expected in zip(model.read(EXCERPTS), alone, strict=True):
            assert_same(found, expected)
    assert model.read([]) == []


def test_words_stand_inside_their_sentence_and_never_in_the_context(
    model: WindowedSpanModel,
) -> None:
    for given in EXCERPTS:
        for (start, end), span in zip(given.sentences, model.read([given])[0].spans, strict=True):
            assert span is not None
            assert start <= span.start < span.end <= end
            assert given.text[span.start : span.end].strip()


def test_a_passage_beyond_the_models_reach_is_read_to_its_end(
    model: WindowedSpanModel,
) -> None:
    given = excerpt("Who signed?", "The gas treaty, the missile. " * 30 + "Ann signed.", "Gas")
    evidence = model.read([given])[0]
    assert len(evidence.spans) == 31
    assert all(span is not None for span in evidence.spans)
    last = model.read([excerpt("Who signed?", given.text[-60:], "Gas")])[0].spans[-1]
    assert last is not None
    assert evidence.spans[-1] is not None


def test_a_question_without_end_leaves_room_for_the_passage(
    model: WindowedSpanModel,
) -> None:
    evidence = model.read([excerpt("who signed the gas treaty " * 100, "Ann. The gas.")])[0]
    assert all(span is not None for span in evidence.spans)


@pytest.mark.parametrize("text", ["\u200b", "🛰", "…"])
def test_a_passage_without_a_word_the_model_knows_is_no_answer_or_a_whole_one(
    model: WindowedSpanModel, text: str
) -> None:
    evidence = model.read([Excerpt("Who?", "", text, ((0, len(text)),))])[0]
    assert evidence.spans[0] is None or evidence.spans[0].end <= len(text)


def refused(name: str, tmp_path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_span_model(name, ModelStore(tmp_path / "compiled"))
    return str(caught.value)


def test_a_model_that_was_not_trained_to_answer_is_refused(tmp_path: Path) -> None:
    name = str(make_model(tmp_path / "encoder", answers=False))
    assert refused(name, tmp_path) == (
        f"The model {name!r} was not trained to answer questions (give `reader` an extractive "
        'question-answering model, or "none").'
    )


def test_a_folder_without_a_model_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert refused(str(tmp_path / "empty"), tmp_path) == (
        f"The folder {tmp_path / 'empty'} holds no model: it has neither modules.json nor "
        "config.json."
    )


def test_a_damaged_model_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"not weights")
    sentence = refused(str(damaged), tmp_path)
    assert sentence.startswith(f"The model {str(damaged)!r} can't be loaded: ")
    assert sentence.endswith(
        "(give `reader` a question-answering model by name or folder, or leave it out)."
    )


def test_weights_that_are_a_pickle_are_refused(folder: Path, tmp_path: Path) -> None:
    old = shutil.copytree(folder, tmp_path / "old")
    (old / "model.safetensors").rename(old / "pytorch_model.bin")
    assert refused(str(old), tmp_path) == (
        f"The model {str(old)!r} has no weights as safetensors, and a pickle could run code: give "
        "`reader` a model with a model.safetensors, or leave it out."
    )


def test_a_hub_name_without_a_network_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # for the process that compiles
    assert refused("no-such/reader", tmp_path).startswith("The model 'no-such/reader' can't be")


def test_models_of_other_weights_have_another_identity(folder: Path, tmp_path: Path) -> None:
    other = make_model(tmp_path / "other", seed=1)
    names = {reader_source(str(f), tmp_path / "hashes").identity for f in (folder, other)}
    assert len(names) == 2


def test_a_missing_or_changed_default_reader_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_reader, "_FOLDER", tmp_path)
    assert refused(DEFAULT_READER, tmp_path) == (
        f"The default reader is missing from {tmp_path}: install Passage again, or set "
        'reader = "none".'
    )
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    sentence = refused(DEFAULT_READER, tmp_path)
    assert sentence.startswith(f"The weights in {tmp_path / 'model.safetensors'} are not the ")
    assert sentence.endswith("Install Passage again.")


@pytest.fixture(scope="session")
def default_reader(models: Path) -> WindowedSpanModel:
    return load_span_model(DEFAULT_READER, ModelStore(models))


def best(evidence: Evidence) -> Any:
    return max((s for s in evidence.spans if s is not None), key=lambda s: s.odds)


TEXT = (
    "The Harbour Museum opened in 1932 in the old customs house. Its founder, Ida Brandt, gave it "
    "her collection of 400 model ships. Entry is free on Sundays; on other days it costs 7 euros."
)


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When did the museum open?", "1932"),
        ("Who founded the Harbour Museum?", "Ida Brandt"),
        ("how many model ships are there", "400"),
    ],
)
def test_the_default_reader_marks_the_words_that_answer(
    default_reader: WindowedSpanModel, question: str, answer: str
) -> None:
    evidence = default_reader.read([excerpt(question, TEXT, "Harbour Museum")])[0]
    found = best(evidence)
    assert answer in TEXT[found.start : found.end]
    assert evidence.odds > 0


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "near_miss"),
    [
        ("When did the museum open?", "When did the museum burn down?"),
        ("Who founded the Harbour Museum?", "Who is the director of the Harbour Museum?"),
        ("how many model ships are there", "how many people work there"),
    ],
)
def test_the_default_reader_has_less_evidence_for_a_near_miss(
    default_reader: WindowedSpanModel, question: str, near_miss: str
) -> None:
    asked = [excerpt(text, TEXT, "Harbour Museum") for text in (question, near_miss)]
    answered, missed = default_reader.read(asked)
    assert answered.odds > missed.odds + 1


def texts_of(found: Sequence[Evidence]) -> list[str]:
    return [TEXT[best(evidence).start : best(evidence).end] for evidence in found]


@pytest.mark.model
def test_the_default_reader_says_the_same_alone_and_in_company(
    default_reader: WindowedSpanModel,
) -> None:
    asked = [excerpt(q, TEXT) for q in ("When did it open?", "Who founded it?", "What is free?")]
    alone = [default_reader.read([one])[0] for one in asked]
    together = default_reader.read(asked)
    assert texts_of(together) == texts_of(alone)
    assert [e.odds for e in together] == pytest.approx([e.odds for e in alone], abs=1e-6)
