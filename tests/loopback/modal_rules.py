"""The documented limits of modals."""

from __future__ import annotations

from typing import Any

from .component_rules import bounds, check_ids, check_options, check_select
from .constants import SELECTS, Component
from .messages import walk
from .refusals import length, need

Json = dict[str, Any]
RULE = "modal"
FIELDS = SELECTS | {
    Component.TEXT_INPUT,
    Component.FILE_UPLOAD,
    Component.RADIO_GROUP,
    Component.CHECKBOX_GROUP,
    Component.CHECKBOX,
}


def check_modal(modal: Json) -> None:
    """Refuse a modal that Discord would refuse."""
    length(modal.get("title"), 1, 45, RULE, "the title")
    length(modal.get("custom_id"), 1, 100, RULE, "custom_id")
    components = modal.get("components") or []
    need(1 <= len(components) <= 5, RULE, f"{len(components)} components, 1 to 5")
    for component in components:
        _check_top(component)
    check_ids(list(walk(components)))


def _check_top(component: Json) -> None:
    match component.get("type"):
        case Component.LABEL:
            length(component.get("label"), 1, 45, RULE, "a label")
            if component.get("description") is not None:
                length(component["description"], 1, 100, RULE, "a label's description")
            inner = component.get("component") or {}
            need(not inner.get("label"), RULE, "a field inside a label has no label of its own")
            _check_field(inner)
        case Component.ACTION_ROW:
            inner = component.get("components") or []
            one = len(inner) == 1 and inner[0].get("type") == Component.TEXT_INPUT
            need(one, RULE, "an action row holds one text input")
            length(inner[0].get("label"), 1, 45, RULE, "a text input's label")
            _check_field(inner[0])
        case Component.TEXT_DISPLAY:
            length(component.get("content"), 1, 4000, RULE, "a text display")
        case other:
            need(condition=False, rule=RULE, detail=f"type {other} at the top of a modal")


def _check_field(field: Json) -> None:
    kind = field.get("type")
    need(kind in FIELDS, RULE, f"type {kind} as a field")
    length(field.get("custom_id"), 1, 100, RULE, "custom_id")
    match kind:
        case Component.TEXT_INPUT:
            _check_text_input(field)
        case Component.FILE_UPLOAD:
            bounds(field, most=10)
        case Component.RADIO_GROUP:
            _check_group(field, 2)
        case Component.CHECKBOX_GROUP:
            _check_group(field, 1)
        case Component.CHECKBOX:
            pass
        case _:
            check_select(field)
            need(not field.get("disabled"), RULE, "a select in a modal can't be disabled")


def _check_group(field: Json, least: int) -> None:
    options = field.get("options") or []
    need(least <= len(options) <= 10, RULE, f"{len(options)} options, {least} to 10")
    check_options(options)


def _check_text_input(field: Json) -> None:
    need(field.get("style") in (1, 2), RULE, "a text input is short (1) or a paragraph (2)")
    low, high = field.get("min_length") or 0, field.get("max_length") or 4000
    need(0 <= low <= high <= 4000, RULE, f"a text input of {low} to {high} characters")
    length(field.get("placeholder") or "", 0, 100, RULE, "a placeholder")
    if field.get("value"):
        length(field["value"], low, high, RULE, "the value filled in")
