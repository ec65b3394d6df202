"""A short form of every attack; `make torture` runs them for long."""

from __future__ import annotations

import importlib

import pytest

from tests.support.paths import TESTS
from tests.torture import ATTACKS

pytestmark = pytest.mark.slow


def test_no_attack_is_left_out() -> None:
    files = (TESTS / "torture").glob("*.py")
    assert set(ATTACKS) == {file.stem for file in files if "\ndef run(" in file.read_text()}


@pytest.mark.model
@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_promised_holds_under(name: str) -> None:
    attack = importlib.import_module(f"tests.torture.{name}")
    for line in attack.run(attack.SHORT, 1):
        print(f"{name}: {line}")
