"""Settings: where they come from, which wins, and what a wrong one says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from config.settings import Settings, load
from index.errors import SettingsError
from tests.support.paths import ROOT

EXAMPLE = ROOT / "config" / "passage.example.toml"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*Settings.model_fields, "config"):
        monkeypatch.delenv(f"PASSAGE_{name.upper()}", raising=False)


def test_the_example_file_is_valid_and_says_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = EXAMPLE.read_text("utf-8")
    assert tomllib.loads(lines) == {}
    file = tmp_path / "all.toml"
    file.write_text(re.sub(r"^# (\w+ = )", r"\1", lines, flags=re.MULTILINE), "utf-8")
    monkeypatch.setenv("PASSAGE_CONFIG", str(file))
    shown = load()
    assert set(tomllib.loads(file.read_text("utf-8"))) == set(Settings.model_fields)
    assert shown.model_copy(update={"data": Settings().data}) == Settings(data=Settings().data)


def test_options_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "passage.toml").write_text('model = "file"\npassages = 7\nstarter = false\n')
    monkeypatch.setenv("PASSAGE_MODEL", "environment")
    monkeypatch.setenv("PASSAGE_PASSAGES", "8")
    settings = load(passages=9, data=None)
    assert (settings.passages, settings.model, settings.starter) == (9, "environment", False)


def test_compiled_models_lie_in_the_cache_folder_of_the_user_whatever_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name, **_: str(tmp_path / name))
    assert load(data=tmp_path / "one").models == tmp_path / "passage" / "models"
    assert load(data=tmp_path / "two").models == tmp_path / "passage" / "models"
    monkeypatch.setenv("PASSAGE_MODELS", str(tmp_path / "mine"))
    assert load().models == tmp_path / "mine"


def test_a_list_is_written_with_commas_or_spaces_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PASSAGE_ALLOWED_HOSTS", " wiki.lan,10.0.0.0/8  ::1, ")
    assert load().allowed_hosts == ("wiki.lan", "10.0.0.0/8", "::1")
    monkeypatch.setenv("PASSAGE_ALLOWED_HOSTS", "")
    assert load().allowed_hosts == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nonsense = 1", "There is no setting 'nonsense'"),
        ("passages = 0", "The setting 'passages' (in the file passage.toml) is 0: "),
        (
            'allowed_hosts = ["wiki.lan", "10.0.0.1/8"]',
            "The setting 'allowed_hosts' (in the file passage.toml) is ['wiki.lan', '10.0.0.1/8']:",
        ),
        ("passages = [", "The settings file passage.toml is not valid TOML: "),
    ],
)
def test_a_wrong_file_is_one_sentence_that_names_it(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "passage.toml").write_text(text)
    with pytest.raises(SettingsError) as error:
        load()
    assert str(error.value).startswith(sentence)


def test_a_malformed_host_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSAGE_ALLOWED_HOSTS", "wiki.lan, http://wiki.lan")
    with pytest.raises(SettingsError) as error:
        load()
    assert str(error.value) == (
        "The setting 'allowed_hosts' (in the variable PASSAGE_ALLOWED_HOSTS) is "
        "'wiki.lan, http://wiki.lan': 'http://wiki.lan' is neither a name (wiki.lan), nor an "
        "address (10.0.0.5), nor a network (10.0.0.0/8)."
    )


def test_a_named_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSAGE_CONFIG", "gone.toml")
    with pytest.raises(SettingsError, match=r"PASSAGE_CONFIG names gone\.toml"):
        load()
