"""Compiled models: whole or not there, never another's, and served without torch."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.models import compiled as model_store
from index.models.compile_worker import compiled
from index.models.compiled import ModelStore
from index.models.compiling import CompileOutcome, Request
from index.models.load_embedder import embedder_source, load_embedder
from index.models.load_reader import load_span_model
from index.models.network import Network, Row
from index.models.recipe import MADE_BY, CompileError, installed
from index.models.spans import Excerpt
from index.models.torch import compile as compile_module
from index.models.torch import embedder, spans
from tests.index.models import test_embedder, test_spans

pytestmark = pytest.mark.slow

Write = Callable[[Path], Mapping[str, Any]]


def writing(content: bytes) -> Write:
    def write(folder: Path) -> Mapping[str, Any]:
        (folder / "model.onnx").write_bytes(content)
        return {"content": content.decode()}

    return write


class Here:
    """Compiles in the process of the tests, where they can see and change what it does."""

    def compile(self, request: Request) -> CompileOutcome:
        return compiled(request)

    def close(self) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", Here())


def with_versions(monkeypatch: pytest.MonkeyPatch, **changed: str | None) -> None:
    """Have other versions installed, or none at all."""
    versions = {**installed(), **changed}
    present = {name: version for name, version in versions.items() if version is not None}
    monkeypatch.setattr(model_store, "installed", lambda: present)


def test_what_is_kept_is_found_by_its_key_alone(store: ModelStore) -> None:
    kept = store.keep("embedder one@1 int8", writing(b"one"))
    found = store.find("embedder one@1 int8")
    assert found is not None
    assert (found.folder / "model.onnx").read_bytes() == b"one"
    assert found.facts["content"] == kept.facts["content"] == "one"
    assert store.find("embedder one@2 int8") is None
    assert store.find("embedder one@1 float32") is None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json"])
@pytest.mark.parametrize("damage", [cut, flipped, Path.unlink, lambda p: p.write_bytes(b"")])
def test_a_damaged_model_is_not_found_and_made_anew(
    store: ModelStore, name: str, damage: Callable[[Path], object]
) -> None:
    kept = store.keep("a model", writing(b"whole model"))
    damage(kept.folder / name)
    assert store.find("a model") is None
    store.keep("a model", writing(b"whole model"))
    assert store.find("a model") is not None


def test_a_folder_in_the_place_of_another_is_not_taken_for_it(store: ModelStore) -> None:
    one, other = store.keep("one", writing(b"1")), store.keep("other", writing(b"2"))
    for path in one.folder.iterdir():
        (other.folder / path.name).write_bytes(path.read_bytes())
    assert store.find("other") is None


def test_a_failed_build_leaves_nothing_behind(store: ModelStore, tmp_path: Path) -> None:
    def failing(folder: Path) -> Mapping[str, Any]:
        (folder / "model.onnx").write_bytes(b"half")
        raise CompileError("no")

    with pytest.raises(CompileError):
        store.keep("a model", failing)
    assert list((tmp_path / "models").iterdir()) == []


def test_what_a_killed_process_left_is_cleared_away(store: ModelStore, tmp_path: Path) -> None:
    left, recent = tmp_path / "models" / "new-left", tmp_path / "models" / "new-recent"
    for folder in (left, recent):
        folder.mkdir(parents=True)
    long_ago = time.time() - 10_000
    os.utime(left, (long_ago, long_ago))
    store.keep("a model", writing(b"one"))
    assert not left.exists()
    assert recent.exists()


def test_what_another_recipe_made_of_the_same_model_goes(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_store, "RECIPE", 0)
    older = store.keep("a model", writing(b"older"))
    other = store.keep("a model of others", writing(b"not its"))
    monkeypatch.undo()
    assert store.find("a model") is None
    kept = store.keep("a model", writing(b"newer"))
    assert not older.folder.exists()
    assert other.folder.exists()
    assert store.find("a model") == kept


def test_what_a_newer_recipe_made_stays_and_what_is_no_model_does_no_harm(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_store, "RECIPE", 99)
    newer = store.keep("a model", writing(b"newer"))
    monkeypatch.undo()
    odd = newer.folder.with_name("a-model-odd")
    odd.mkdir()
    (odd / "manifest.json").write_text("[]")
    kept = store.keep("a model", writing(b"ours"))
    assert newer.folder.exists()
    assert store.find("a model") == kept


@pytest.mark.parametrize("name", MADE_BY)
def test_what_other_versions_made_is_not_served_and_goes_when_they_are_older(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    older = store.keep("a model", writing(b"older"))
    store.refuse("another", "an odd layer")
    with_versions(monkeypatch, **{name: "99.10.1"})
    assert store.find("a model") is None
    assert store.refusal("another") is None
    newer = store.keep("a model", writing(b"newer"))
    store.keep("another", writing(b"compiles by now"))
    assert store.find("a model") == newer
    assert not older.folder.exists()
    assert list(store.folder.glob("*.refused.json")) == []
    # An installation of older versions makes its own, and takes nothing from the newer one.
    with_versions(monkeypatch, **{name: "99.9.2"})
    assert store.find("a model") is None
    between = store.keep("a model", writing(b"between"))
    assert newer.folder.exists()
    assert store.find("a model") == between


def test_what_is_not_installed_may_have_had_any_version(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = store.keep("a model", writing(b"whole"))
    with_versions(monkeypatch, torch=None, onnx=None)
    assert store.find("a model") == kept
    with_versions(monkeypatch, torch=None, onnxruntime="99")
    assert store.find("a model") is None


def test_vectors_are_comparable_whatever_version_compiled_the_model(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = test_embedder.make_model(tmp_path / "tiny", seed=1)
    one = load_embedder(str(folder), store)
    with_versions(monkeypatch, onnxruntime="99")
    other = load_embedder(str(folder), store)
    assert len(store.models()) == 1  # made anew, and the older one cleared away
    assert one.identity == other.identity
    assert one.embed_queries(["the gas"]) == pytest.approx(other.embed_queries(["the gas"]))


def test_all_that_is_kept_is_cleared_away_and_nothing_else(store: ModelStore) -> None:
    store.keep("a model", writing(b"one"))
    store.refuse("another", "no")
    store.verified.mkdir()
    (store.verified / "1.json").touch()
    mine = store.folder / "my-model"
    mine.mkdir()
    (mine / "manifest.json").write_text("{}")
    store.clear_away()
    assert list(store.folder.iterdir()) == [mine]
    (mine / "manifest.json").unlink()
    mine.rmdir()
    store.clear_away()
    assert not store.folder.exists()


def test_two_that_build_the_same_at_once_share_it(store: ModelStore) -> None:
    meeting = threading.Barrier(4)
    folders: list[Path] = []

    def build() -> None:
        def write(folder: Path) -> Mapping[str, Any]:
            meeting.wait()
            return writing(b"same")(folder)

        folders.append(store.keep("a model", write).folder)

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(folders) == 4
    assert len(set(folders)) == 1
    assert store.find("a model") is not None


def test_refusals_are_remembered_by_key(store: ModelStore) -> None:
    assert store.refusal("a model") is None
    store.refuse("a model", "an odd layer")
    assert store.refusal("a model") == "an odd layer"
    assert store.refusal("another") is None


def failing_export(*_: object) -> None:
    raise CompileError("an odd layer")


def test_a_model_that_cant_be_compiled_is_served_by_torch_and_not_tried_again(
    store: ModelStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = test_embedder.make_model(tmp_path / "tiny", seed=1)
    monkeypatch.setattr(compile_module, "export", failing_export)
    first = load_embedder(str(folder), store)
    assert isinstance(first, embedder.SentenceTransformerEmbedder)
    assert "is served by torch: an odd layer" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO):
        again = load_embedder(str(folder), store)
    assert "compiling" not in caplog.text
    assert again.identity == first.identity
    assert again.embed_queries(["the gas"]) == pytest.approx(first.embed_queries(["the gas"]))


def test_a_reader_that_cant_be_compiled_is_served_by_torch(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = test_spans.make_model(tmp_path / "tiny")
    monkeypatch.setattr(compile_module, "export", failing_export)
    model = load_span_model(str(folder), store)
    assert isinstance(model._network, spans.TorchSpans)
    assert model.read([Excerpt("gas?", "", "the gas", ((0, 7),))])[0].spans[0] is not None


def test_what_comes_out_wrong_is_not_trusted(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = test_embedder.make_model(tmp_path / "tiny", seed=1)
    other = test_embedder.make_model(tmp_path / "other", seed=2)
    real = compile_module.export

    def exchanged(_: object, inputs: Any, outputs: Any, path: Path) -> None:
        from sentence_transformers import SentenceTransformer

        wrong = SentenceTransformer(str(other), device="cpu")
        real(embedder._Vectors(wrong, inputs), inputs, outputs, path)

    monkeypatch.setattr(compile_module, "export", exchanged)
    model = load_embedder(str(folder), store)
    assert isinstance(model, embedder.SentenceTransformerEmbedder)
    assert "a cosine of" in str(store.refusal(f"embedder {model.identity} int8"))


def test_where_nothing_can_be_kept_it_is_compiled_for_this_start_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = test_embedder.make_model(tmp_path / "tiny", seed=1)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(model_store.tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "cache").touch()  # whoever may write everywhere, as root, can't write in here
    store = ModelStore(tmp_path / "cache" / "models", Here())
    model = load_embedder(str(folder), store)
    assert model.identity == load_embedder(str(folder), ModelStore(tmp_path, Here())).identity
    assert model.embed_queries(["the gas"]).shape == (1, 16)
    assert list((tmp_path / "temporary").iterdir()) == []
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told.startswith(f"Compiled models can't be kept, because {store.folder} can't be writ")
    assert "name a folder that can be in the setting `models` (or PASSAGE_MODELS)." in told


def test_a_disk_that_is_full_is_a_warning_and_torch_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = test_embedder.make_model(tmp_path / "tiny", seed=1)
    store = ModelStore(tmp_path / "models", Here())

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_store.tempfile, "mkdtemp", full)
    model = load_embedder(str(folder), store)
    assert isinstance(model, embedder.SentenceTransformerEmbedder)
    assert "can't be written (No space left on device)" in caplog.text
    assert store.refusal(f"embedder {model.identity} int8") is None  # there may be room later


def test_a_file_that_this_onnx_runtime_cant_load_is_served_by_torch(
    store: ModelStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = test_embedder.make_model(tmp_path / "tiny", seed=1)
    source = embedder_source(str(folder), store.verified)
    facts = {"identity": "x", "dimension": 16, "passage_tokens": 28, "maximum": 32, "prompts": {}}

    def write(building: Path) -> Mapping[str, Any]:
        (building / "model.onnx").write_bytes(b"of another age")
        return facts

    store.keep(f"embedder {source.identity} int8", write)
    model = load_embedder(str(folder), store)
    assert isinstance(model, embedder.SentenceTransformerEmbedder)
    assert "ONNX Runtime can't load it" in caplog.text


@pytest.mark.model
def test_rows_come_out_alike_alone_and_beside_others(default_model: Any) -> None:
    network: Network = default_model._network
    rows = [Row([101, *range(2_000, 2_000 + n), 102], [0] * (n + 2)) for n in (3, 120, 7, 60, 3)]
    together = network.run(rows)
    for row, (vector,) in zip(rows, together, strict=True):
        assert np.array_equal(vector, network.run([row])[0][0])
    assert network.run([]) == []


@pytest.mark.model
def test_answers_come_without_torch_and_discord(default_model: Any, tmp_path: Path) -> None:
    """The usual way loads no framework, so it starts at once and stays small."""
    del default_model  # compiled by now
    script = (
        "import sys; from bot.cli import app; sys.argv = ['passage', 'ask', 'Who?', '--json']\n"
        "try: app.app()\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'onnx', 'discord'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "PASSAGE_DATA": str(tmp_path / "data")}
    for _ in range(2):  # the first may have the reader to compile
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True
        )
    assert json.loads(done.stdout)["question"] == "Who?"
    assert done.stderr.splitlines()[-1] == "[]"
