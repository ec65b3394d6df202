"""Custom_ids survive a restart, and forged ones are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.custom_ids import (
    ACTIONS,
    MOST,
    ComponentId,
    build,
    key_of,
    parse,
)

KEYS = st.from_regex(r"[0-9A-Za-z_-]{1,64}", fullmatch=True)


def test_the_grammar() -> None:
    assert build("next", "Zk3_-9", 4) == "p1:next:Zk3_-9:4"
    assert build("tell", "Zk3_-9") == "p1:tell:Zk3_-9"
    assert build("lnext", number=2) == "p1:lnext:2"
    assert build("role") == "p1:role"


@given(st.sampled_from(sorted(ACTIONS)), KEYS, st.integers(0, MOST))
def test_what_is_built_is_parsed(action: str, key: str, number: int) -> None:
    has_key, has_number = ACTIONS[action]
    press = ComponentId(action, key if has_key else "", number if has_number else 0)
    custom_id = build(press.action, press.key, press.number)
    assert parse(custom_id) == press
    assert len(custom_id) <= 100


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "p1",
        "p1:",
        "p0:next:a:1",
        "p2:next:a:1",
        "P1:next:a:1",
        "p1:next",
        "p1:next:a",
        "p1:next::1",
        "p1:next:a:",
        "p1:next:a:1:1",
        "p1:next:a:-1",
        "p1:next:a:+1",
        "p1:next:a:01",
        "p1:next:a:10000",
        "p1:next:a:١",
        "p1:next:a: 1",
        "p1:next:a:1\n",
        "p1:next:a b:1",
        "p1:next:ä:1",
        "p1:next:" + "a" * 65 + ":1",
        "p1:drop:a:1",
        "p1:role:a",
        "p1:lnext:a:1",
        " p1:role",
        "p1:role\n",
    ],
)
def test_a_forged_custom_id_says_nothing(forged: str) -> None:
    assert parse(forged) is None


@given(st.one_of(st.text(), st.from_regex(r"p1:[a-z]+(:[^:]*){0,3}", fullmatch=True)))
def test_whatever_is_parsed_is_what_would_have_been_built(text: str) -> None:
    press = parse(text)
    if press is not None:
        assert build(press.action, press.key, press.number) == text


@pytest.mark.parametrize(
    ("action", "key", "number"),
    [
        ("next", "a:b", 0),
        ("next", "", 0),
        ("next", "a", -1),
        ("next", "a", 10_000),
        ("role", "a", 0),
    ],
)
def test_what_could_not_be_parsed_is_not_built(action: str, key: str, number: int) -> None:
    with pytest.raises(ValueError, match=f"'{action}' can't carry the key '{key}'"):
        build(action, key, number)


def test_an_article_id_that_is_no_key_gets_one() -> None:
    assert key_of("4fe1c09a2b") == "4fe1c09a2b"
    assert key_of("Straße 1") == key_of("Straße 1") != key_of("Straße 2")
    # A name that looks like a stand-in is given one of its own, so that none can be forged.
    assert key_of(key_of("Straße 1")) != key_of("Straße 1")


@given(st.text())
def test_every_key_fits_a_custom_id(name: str) -> None:
    assert parse(build("remove", key_of(name))) == ComponentId("remove", key_of(name))
