"""Cards as people see them, and as Discord gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.loopback.component_rules import check_message_components
from tests.loopback.constants import Flag
from tests.loopback.messages import walk
from tests.loopback.schema import Schema

if TYPE_CHECKING:
    from discord import ui

SCHEMA = Schema.load()
ROUTES = (
    ("POST", "/channels/1/messages"),
    ("PATCH", "/channels/1/messages/2"),
    ("PATCH", "/webhooks/1/token/messages/@original"),
)


def payload(view: ui.LayoutView) -> list[dict[str, Any]]:
    """Return a card's components as they are sent."""
    components: list[dict[str, Any]] = view.to_components()
    return components


def parts(view: ui.LayoutView) -> list[dict[str, Any]]:
    """Return every component of a card, in order of display."""
    return list(walk(payload(view)))


def texts(view: ui.LayoutView) -> list[str]:
    """Return the texts of a card, one for each display."""
    return [part["content"] for part in parts(view) if part["type"] == 10]


def said(view: ui.LayoutView) -> str:
    """Return all text of a card."""
    return "\n".join(texts(view))


def buttons(view: ui.LayoutView) -> list[str]:
    """Return what a card's buttons say and carry; those that can't be pressed in brackets."""
    told = []
    for part in parts(view):
        if part["type"] == 2:
            name = part.get("label") or part["emoji"]["name"]
            name = f"[{name}]" if part["disabled"] else name
            told.append(f"{name} {part['custom_id']}")
    return told


def colour(view: ui.LayoutView) -> int:
    """Return the colour of a card's frame."""
    found: int = payload(view)[0]["accent_color"]
    return found


def check(view: ui.LayoutView) -> None:
    """Fail where Discord would: by its documented limits, and by its schema where it is here."""
    components = payload(view)
    check_message_components(components, v2=True, files=frozenset())
    assert view.timeout is None
    assert view.content_length() <= 4_000
    if SCHEMA is not None:
        body = {"flags": int(Flag.COMPONENTS_V2), "components": components}
        for method, path in ROUTES:
            assert SCHEMA.check(method, path, body) == []
