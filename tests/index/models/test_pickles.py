"""Nothing that Passage reads can run code: no pickle is loaded, and no code comes with a model."""

from __future__ import annotations

import ast
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docx
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.support.paths import ROOT
from tests.support.scene import compile_models

pytestmark = pytest.mark.slow

OURS = sorted(
    p for part in ("bot", "index", "config", "training") for p in (ROOT / part).rglob("*.py")
)
PICKLERS = frozenset({
    "pickle", "_pickle", "cPickle", "pickletools", "marshal", "shelve", "dbm", "dill",
    "cloudpickle", "joblib",
})  # fmt: skip


def faults(source: str) -> Iterator[str]:
    """Name what a module does that could load a pickle or run code that is not its own."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        yield from (f"imports {name}" for name in names if name.split(".")[0] in PICKLERS)
        if isinstance(node, ast.Call):
            yield from _faults_of_call(node)


def _faults_of_call(call: ast.Call) -> Iterator[str]:
    function = ast.unparse(call.func)
    given = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
    said = {keyword.arg for keyword in call.keywords}
    if function in ("np.load", "numpy.load") and given.get("allow_pickle", False) is not False:
        yield f"{function} may load a pickle"
    if function.endswith("load") and "allow_pickle" in said - given.keys():
        yield f"{function} may load a pickle"
    if function == "torch.load" and given.get("weights_only") is not True:
        yield "torch.load may load a pickle"
    if "trust_remote_code" in said and given.get("trust_remote_code") is not False:
        yield f"{function} may run a model's code"
    weights = "Model" in function and function.endswith(".from_pretrained")
    if weights and given.get("use_safetensors") is not True:
        yield f"{function} may load a pickle"
    if function in ("eval", "exec", "__import__"):
        yield f"{function} runs code"


@pytest.mark.parametrize("path", OURS, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_loads_a_pickle_or_runs_code_that_comes_along(path: Path) -> None:
    assert list(faults(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import os, joblib.numpy_pickle",
        "from shelve import open",
        "np.load(f, allow_pickle=True)",
        "np.load(f, allow_pickle=maybe)",
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "torch.load(f, weights_only=maybe)",
        "SentenceTransformer(n, trust_remote_code=True)",
        "AutoTokenizer.from_pretrained(n, trust_remote_code=settings.trust)",
        "AutoModelForQuestionAnswering.from_pretrained(n)",
        "eval(text)",
        "exec(text)",
    ],
)
def test_each_way_to_do_so_would_be_found(line: str) -> None:
    assert len(list(faults(line))) == 1


WITHOUT_PICKLES = """
import os, pickle, sys, _pickle

def refuse(*_, **__):
    import traceback
    traceback.print_stack()
    os._exit(77)

class Refusing:
    __init__ = refuse

for module in (pickle, _pickle):
    module.load = module.loads = refuse
    module.Unpickler = Refusing
pickle._load = pickle._loads = refuse
pickle._Unpickler = Refusing
sys.addaudithook(lambda event, _: refuse() if event == "pickle.find_class" else None)

from bot.cli.app import main

for arguments in COMMANDS:
    sys.argv = ["passage", *arguments]
    try:
        main()
    except SystemExit as stop:
        if stop.code:
            raise
"""


def pages(folder: Path) -> None:
    """Write an article in every format there is a reader for."""
    told = "The {} of Arden was built by Peer Lund in 1704, and stands to this day."
    (folder / "mill.txt").write_text(told.format("mill"))
    (folder / "weir.md").write_text("# Weir\n\n" + told.format("weir"))
    (folder / "kiln.html").write_text(f"<html><body><p>{told.format('kiln')}</p></body></html>")
    document = docx.Document()
    document.add_paragraph(told.format("lock"))
    document.save(str(folder / "lock.docx"))
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 700, told.format("quay"))
    canvas.save()
    (folder / "quay.pdf").write_bytes(buffer.getvalue())
    row = json.dumps({"title": "Dike", "text": told.format("dike")})
    (folder / "dike.jsonl.gz").write_bytes(gzip.compress(row.encode()))


def run(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("way", ["loads(b'N.')", "Unpickler(io.BytesIO(b'N.'))", "_loads(b'N.')"])
def test_a_pickle_would_end_the_process(way: str) -> None:
    script = WITHOUT_PICKLES.replace("COMMANDS", "[]") + f"import io\npickle.{way}"
    assert run(script).returncode == 77


@pytest.mark.model
def test_a_library_is_filled_asked_and_built_anew_where_no_pickle_can_be_loaded(
    tmp_path: Path,
) -> None:
    compile_models()
    articles, data = tmp_path / "articles", tmp_path / "data"
    articles.mkdir()
    pages(articles)
    ask = ["ask", "Who built the quay of Arden?", "--json"]
    script = WITHOUT_PICKLES.replace(
        "COMMANDS", repr([["add", str(articles), "--json"], ask, ["search", "kiln", "--json"]])
    )
    script += f"\nimport shutil\nshutil.rmtree({str(data / 'index')!r})\n"
    script += f"sys.argv = ['passage', *{ask!r}]\nmain()\n"
    ran = run(script, PASSAGE_DATA=str(data), PASSAGE_STARTER="false")
    assert ran.returncode == 0, ran.stderr
    added, first, found, again = map(json.loads, ran.stdout.splitlines())
    assert (added["added"], added["errors"]) == (6, [])
    assert "Peer Lund" in first["answer"]["text"]
    assert found["passages"]
    assert again["answer"] == first["answer"]
