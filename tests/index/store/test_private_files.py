"""What is kept is its owner's alone, whatever the umask, and an older Passage's is closed too."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.cli.doctor import examine
from config.settings import Settings
from index.engine import Engine
from index.models.compiled import ModelStore
from index.store.library import Library
from tests.support.fakes import BagOfWords, SharedWords, made
from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files"),
    pytest.mark.slow,
]


@pytest.fixture(params=[0o000, 0o022], ids=["umask 000", "umask 022"], autouse=True)
def careless(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def engine_of(data: Path) -> Engine:
    return Engine(data, BagOfWords)


def filled(data: Path) -> Engine:
    """Return an engine over a library with an article and an index on the disk."""
    engine = engine_of(data)
    engine.add_article(made("a", "The harbour was built in 1850."), "shared")
    engine.ask("Who built the harbour?", ["shared"])
    engine.save()
    return engine


def open_paths(folder: Path) -> list[str]:
    """Return what others may look into, below a folder and itself."""
    paths = [folder, *folder.rglob("*")]
    return [str(p) for p in paths if stat.S_IMODE(p.lstat().st_mode) & 0o077]


def test_a_new_library_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    engine = filled(data)
    names = {path.name for path in data.rglob("*")}
    assert {"library.db", "library.db-wal", "library.db-shm", "index"} <= names
    assert open_paths(tmp_path / "new") == []
    engine.close()
    assert open_paths(tmp_path / "new") == []


def test_a_library_in_memory_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Library(Path(":memory:")).close()
    assert list(tmp_path.iterdir()) == []


def left_open(data: Path) -> None:
    """Open everything to everybody, as an older Passage might have left it."""
    for path in [data, *data.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_what_an_older_passage_left_open_is_closed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    filled(data).close()
    (data / "models" / "one").mkdir(parents=True)
    (data / "models" / "one" / "model.onnx").touch()
    (data / "backups").mkdir()
    (data / "backups" / "old.db").touch()
    left_open(data)
    assert len(open_paths(data)) > 6
    engine = engine_of(data)
    assert open_paths(data) == []
    assert engine.ask("harbour built", ["shared"]).passages
    engine.close()


def test_a_closed_folder_with_open_files_is_closed_to_the_last(tmp_path: Path) -> None:
    data = tmp_path / "data"
    filled(data).close()
    left_open(data)
    data.chmod(0o700)
    engine_of(data).close()
    assert open_paths(data) == []


def test_a_folder_that_holds_other_things_too_is_left_alone_but_for_ours(tmp_path: Path) -> None:
    data = tmp_path / "home"
    filled(data).close()
    (data / "pictures").mkdir()
    left_open(data)
    engine_of(data).close()
    assert open_paths(data) == [str(data), str(data / "pictures")]


def test_a_folder_without_a_library_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir(mode=0o755)
    (tmp_path / "index").chmod(0o755)
    engine_of(tmp_path).close()
    assert str(tmp_path / "index") in open_paths(tmp_path)


def test_what_a_link_leads_to_is_left_alone(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    filled(data).close()
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    (data / "models").symlink_to(elsewhere)
    engine_of(data).close()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


def test_a_compiled_model_is_its_owners_alone(tmp_path: Path) -> None:
    def write(folder: Path) -> Mapping[str, Any]:
        (folder / "model.onnx").write_bytes(b"weights")
        return {}

    store = ModelStore(tmp_path / "new" / "models")
    store.keep("a model", write)
    store.refuse("another", "no")
    assert len([path for path in store.folder.rglob("*") if path.is_file()]) == 3
    assert open_paths(tmp_path / "new") == []


def test_the_command_leaves_nothing_open(tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text("The harbour was built in 1850.")
    data = tmp_path / "data"
    script = "import sys; from tests.support.fakes import BagOfWords; "
    script += "from bot import compose; from bot.cli import app; "
    script += "compose.load_embedder = lambda *_: BagOfWords(); sys.argv = sys.argv[1:]; app.main()"
    subprocess.run(
        [sys.executable, "-c", script, "passage", "add", str(article)],
        env=os.environ | {"PASSAGE_DATA": str(data), "PASSAGE_STARTER": "false"},
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert (data / "library.db").is_file()
    assert open_paths(data) == []


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[bool, str]]:
    """Return what the check-up says of a library's privacy."""
    monkeypatch.setattr("bot.compose.load_embedder", lambda *_: BagOfWords())
    monkeypatch.setattr("bot.compose.load_span_model", lambda *_: SharedWords())
    settings = Settings(data=tmp_path / "data", starter=False)

    def check() -> tuple[bool, str]:
        (found,) = (one for one in examine(settings) if one.name == "private")
        return found.good, found.sentence

    return check


def test_the_check_up_finds_a_new_library_private(checked: Callable[[], tuple[bool, str]]) -> None:
    assert checked() == (True, "The data can be read by its owner alone")


def test_the_check_up_says_what_others_can_look_into(
    checked: Callable[[], tuple[bool, str]], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    filled(data).close()
    (data / "notes.txt").touch()  # so that the folder may be anybody's
    left_open(data)
    assert checked() == (
        False,
        f"Others on this machine can look into {data}: run `chmod go-rwx {data}` as its owner.",
    )
    data.chmod(0o700)
    assert checked()[0]
