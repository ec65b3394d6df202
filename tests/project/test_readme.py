"""Every command of the README runs, and its transcript is what the command prints."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text("utf-8")
TRANSCRIPTS = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```", README, re.M | re.S)
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)
    for line in block.splitlines()
]
NUMBER = re.compile(r"\d+\.\d+")

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the README's files in it, where its commands run one after the other."""
    from reportlab.pdfgen.canvas import Canvas

    folder = tmp_path_factory.mktemp("readme")
    (folder / "notes.md").write_text("# Notes\n\nThe harbour was built in 1850.\n", "utf-8")
    page = Canvas(str(folder / "handbook.pdf"))
    page.drawString(72, 720, "The harbour master keeps the key of the harbour.")
    page.save()
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    if words[0] == "passage":
        words = [sys.executable, "-c", "from bot.cli.app import main; main()", *words[1:]]
    environment = {
        **os.environ,
        "PASSAGE_DATA": str(folder / "data"),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
    }
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_make_commands_are_targets_of_the_makefile() -> None:
    targets = [line for line in COMMANDS if line.startswith("make ")]
    assert targets == ['make ask Q="How much is the S-400 deal worth?"', "make test"]
    for line in targets:
        assert run(f"{line} --dry-run --directory {ROOT}", ROOT).returncode == 0


def test_the_passage_commands_run_as_they_stand(data: Path) -> None:
    commands = [line for line in COMMANDS if line.startswith("passage ")]
    assert len(commands) == len(COMMANDS) - 3
    for line in commands:
        ran = run(line, data)
        assert ran.returncode == 0, ran.stderr


def test_the_bot_without_a_token_says_where_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With one, tests/discord runs it.
    (line,) = [line for line in COMMANDS if line.startswith("DISCORD_TOKEN=… ")]
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    ran = run(line.removeprefix("DISCORD_TOKEN=… "), tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("DISCORD_TOKEN is not set; copy the bot's token from ")


@pytest.mark.parametrize(("command", "printed"), TRANSCRIPTS)
def test_a_transcript_is_what_the_command_prints(
    command: str, printed: str, tmp_path: Path
) -> None:
    ran = run(command, tmp_path)
    assert ran.returncode == 0, ran.stderr
    shown = "".join(f"{line.rstrip()}\n" for line in ran.stdout.splitlines())
    assert NUMBER.sub("#", shown) == NUMBER.sub("#", printed)
    told, expected = (list(map(float, NUMBER.findall(text))) for text in (ran.stdout, printed))
    # Processors round differently in the last place.
    assert told == pytest.approx(expected, abs=0.011)
