"""Compiling in a process of its own: nothing of it stays here, and each failure is a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from index.errors import ModelError
from index.models import compile_worker
from index.models.compiled import ModelStore
from index.models.compiling import (
    OUT_OF_MEMORY,
    CompileOutcome,
    CompileProcess,
    Request,
)
from index.models.embedder import CompiledEmbedder
from index.models.load_embedder import load_embedder
from tests.index.models import test_embedder
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return str(test_embedder.make_model(tmp_path / "tiny", seed=1))


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def instead_of_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have every further process meet this where it imports torch."""
    package = tmp_path / "path" / "torch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    path = [str(package.parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))


def test_a_model_is_compiled_without_torch_in_this_process(tiny: str, tmp_path: Path) -> None:
    script = (
        "import logging, sys; from pathlib import Path\n"
        "from index.models.load_embedder import load_embedder\n"
        "from index.models.compiled import ModelStore; logging.basicConfig(level='INFO')\n"
        "model = load_embedder(sys.argv[1], ModelStore(Path(sys.argv[2])))\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'onnx'}\n"
        "print(type(model).__name__, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tiny, str(tmp_path / "models")],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[0] == "CompiledEmbedder []"
    (line,) = [line for line in done.stderr.splitlines() if "compiling" in line]
    assert f"compiling the embedder {tiny} in a process of its own" in line


_MEMORY = "it takes about 1.5 GB for a minute. Make room for it and start again."
FAILURES = {
    "import os; os.kill(os.getpid(), 9)": (
        f"because its process was killed (signal 9), most likely for want of memory: {_MEMORY}"
    ),
    "raise MemoryError": f"for want of memory: {_MEMORY}",
    "raise ModuleNotFoundError('No module named torch')": (
        "because what compiles it is missing (No module named torch): install Passage again with "
        "all that it needs."
    ),
    "raise SystemError('a bug')": (
        "because its process failed (SystemError: a bug): start again, or choose another in the "
        "settings."
    ),
}


@pytest.mark.parametrize("code", FAILURES)
def test_a_process_that_fails_is_one_sentence(
    store: ModelStore,
    tiny: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
) -> None:
    instead_of_torch(tmp_path, monkeypatch, code)
    with pytest.raises(ModelError) as error:
        load_embedder(tiny, store)
    assert str(error.value) == f"The embedder {tiny!r} was not compiled, {FAILURES[code]}"
    assert list(store.folder.glob("*.refused.json")) == []  # the next start tries again
    assert list(store.folder.glob("new-*")) == []


def test_a_model_that_this_memory_is_too_small_for_is_not_refused_for_ever(
    store: ModelStore, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def full(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    monkeypatch.setattr(torch.onnx, "export", full)
    with pytest.raises(MemoryError):
        compile_worker.compiled(Request("embedder", tiny, "int8", str(store.folder)))
    monkeypatch.undo()
    assert list(store.folder.glob("*.refused.json")) == []


def test_the_process_says_by_its_exit_code_that_it_had_no_memory(tiny: str, tmp_path: Path) -> None:
    worker = [sys.executable, "-c", f"import os; os._exit({OUT_OF_MEMORY})"]
    request = Request("reader", tiny, "int8", str(tmp_path))
    with pytest.raises(ModelError, match="for want of memory"):
        CompileProcess(worker).compile(request)
    with pytest.raises(ModelError, match=r"no process can be started \(No such file"):
        CompileProcess(["/nowhere"]).compile(request)


def test_the_process_is_told_no_token(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    script = "import json, os; print(json.dumps({'identity': os.environ.get('DISCORD_TOKEN', '')}))"
    told = CompileProcess([sys.executable, "-c", script]).compile(
        Request("reader", tiny, "int8", str(tmp_path))
    )
    assert told == CompileOutcome("")


def test_a_process_is_ended_with_who_wanted_it(tiny: str, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    script = f"import time; open({str(begun)!r}, 'w').close(); time.sleep(600)"
    processes = CompileProcess([sys.executable, "-c", script])
    request = Request("reader", tiny, "int8", str(tmp_path))
    failures: list[ModelError] = []

    def compile_it() -> None:
        with pytest.raises(ModelError) as error:
            processes.compile(request)
        failures.append(error.value)

    thread = threading.Thread(target=compile_it)
    thread.start()
    while not begun.exists():
        assert thread.is_alive()
    processes.close()
    thread.join(60)
    assert "because I am being stopped" in str(failures[0])
    with pytest.raises(ModelError, match="because I am being stopped"):
        processes.compile(request)


def test_several_that_want_the_same_have_it_compiled_once(
    store: ModelStore, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    keep = ModelStore.keep

    def counted(self: ModelStore, key: str, *given: object) -> object:
        kept.append(key)
        return keep(self, key, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(ModelStore, "keep", counted)
    request = Request("embedder", tiny, "int8", str(store.folder))
    outcomes: list[CompileOutcome] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(compile_worker.compiled(request)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 1
    assert len(outcomes) == 3
    assert len(set(outcomes)) == 1


def test_a_folder_that_is_emptied_meanwhile_does_no_harm(store: ModelStore, tiny: str) -> None:
    model = load_embedder(tiny, store)
    before = model.embed_queries(["the gas"])
    for path in sorted(store.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    store.folder.rmdir()
    assert model.embed_queries(["the gas"]) == pytest.approx(before)
    again = load_embedder(tiny, store)
    assert isinstance(again, CompiledEmbedder)
    assert again.embed_queries(["the gas"]) == pytest.approx(before)


def test_one_that_is_emptied_before_the_model_is_loaded_is_one_sentence(
    tmp_path: Path, tiny: str
) -> None:
    class Emptied(CompileProcess):
        def compile(self, request: Request) -> CompileOutcome:
            return CompileOutcome(f"{request.name}@gone")

    with pytest.raises(ModelError, match=r"is gone from .* again: keep other programs from"):
        load_embedder(tiny, ModelStore(tmp_path / "models", Emptied()))
