"""The documented limits of message components, old and V2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import Any

from .constants import SELECTS, V2_ONLY, Component
from .messages import walk
from .refusals import Refused, length, need

Json = dict[str, Any]
RULE = "components"
LEAVES = frozenset({1, 9, 10, 12, 13, 14})
TOP_LEVEL = LEAVES | {Component.CONTAINER}
LONGEST_TEXT = 4000
MOST_COMPONENTS = 40
Names = Set[str]
BYTE_BUDGET, BYTES_PER_DISPLAY = 10_170, 12


def check_message_components(components: list[Json], *, v2: bool, files: Names) -> None:
    """Refuse components that Discord would refuse in a message."""
    every = list(walk(components))
    for component in components:
        need(component.get("type") in TOP_LEVEL, RULE, f"type {component.get('type')} at the top")
    if v2:
        need(len(every) <= MOST_COMPONENTS, RULE, f"{len(every)} components, at most 40")
    else:
        need(len(components) <= 5, RULE, f"{len(components)} action rows, at most 5")
        odd = [c["type"] for c in every if c["type"] in V2_ONLY]
        need(not odd, RULE, f"types {odd} need the IS_COMPONENTS_V2 flag")
    for component in components:
        _check(component, files)
    check_ids(every)
    check_texts(every)


def check_ids(every: list[Json]) -> None:
    """Refuse components that share a custom_id or an id."""
    for key in ("custom_id", "id"):
        values = [c[key] for c in every if c.get(key)]
        twice = sorted({str(v) for v in values if values.count(v) > 1})
        need(not twice, RULE, f"{key} used twice: {', '.join(twice)}")


def check_texts(every: list[Json]) -> None:
    """Refuse more text than Discord takes, and fail as it does when the bytes are too many."""
    texts = [c["content"] for c in every if c["type"] == Component.TEXT_DISPLAY]
    total = sum(map(len, texts))
    need(total <= LONGEST_TEXT, RULE, f"{total} characters of text, at most {LONGEST_TEXT}")
    size = sum(len(t.encode()) for t in texts) + BYTES_PER_DISPLAY * len(texts)
    if size > BYTE_BUDGET:
        detail = f"{size} bytes of text (with 12 for each display); Discord fails above 10,170"
        raise Refused(500, 0, detail, rule="components: bytes")


def _check(component: Json, files: Names) -> None:
    check = CHECKS.get(component.get("type", 0))
    need(check, RULE, f"type {component.get('type')} has no place in a message")
    assert check is not None
    check(component, files)


def _check_text(display: Json, _files: Names) -> None:
    text = length(display.get("content"), 1, LONGEST_TEXT, RULE, "a text display")
    need(text.strip(), RULE, "a text display is blank")


def _check_thumbnail(thumbnail: Json, files: Names) -> None:
    _check_media(thumbnail.get("media"), files)


def _check_gallery(gallery: Json, files: Names) -> None:
    items = gallery.get("items") or []
    need(1 <= len(items) <= 10, RULE, f"{len(items)} gallery items, 1 to 10")
    for item in items:
        _check_media(item.get("media"), files)


def _check_file(file: Json, files: Names) -> None:
    url = str((file.get("file") or {}).get("url"))
    need(url.startswith("attachment://"), RULE, "a file must be an attachment://")
    _check_media(file.get("file"), files)


def _check_separator(separator: Json, _files: Names) -> None:
    need(separator.get("spacing") in (None, 1, 2), RULE, "a separator's spacing is 1 or 2")


def _check_container(container: Json, files: Names) -> None:
    children = container.get("components") or []
    need(children, RULE, "a container is empty")
    for child in children:
        need(child.get("type") in LEAVES, RULE, f"type {child.get('type')} in a container")
        _check(child, files)


def _check_section(section: Json, files: Names) -> None:
    texts, accessory = section.get("components") or [], section.get("accessory") or {}
    need(1 <= len(texts) <= 3, RULE, f"{len(texts)} texts in a section, 1 to 3")
    for text in texts:
        need(text.get("type") == Component.TEXT_DISPLAY, RULE, "a section holds only texts")
        _check(text, files)
    kinds = (Component.BUTTON, Component.THUMBNAIL)
    need(accessory.get("type") in kinds, RULE, "a section needs a button or a thumbnail")
    _check(accessory, files)


def _check_media(media: Json | None, files: Names) -> None:
    url = str((media or {}).get("url") or "")
    if url.startswith("attachment://"):
        need(url.removeprefix("attachment://") in files, RULE, f"{url} isn't attached")
    else:
        need(url.startswith(("http://", "https://")), RULE, f"media at {url!r}")


def check_row(row: Json, _files: Names = frozenset()) -> None:
    """Refuse an action row unless it holds up to five buttons, or one select."""
    children = row.get("components") or []
    kinds = [c.get("type") for c in children]
    need(1 <= len(children) <= 5, RULE, f"{len(children)} components in an action row, 1 to 5")
    if any(kind in SELECTS for kind in kinds):
        need(len(kinds) == 1, RULE, "a select stands alone in its action row")
        check_select(children[0])
        return
    for child in children:
        need(child.get("type") == Component.BUTTON, RULE, f"type {child.get('type')} in a row")
        check_button(child)


def check_button(button: Json, _files: Names = frozenset()) -> None:
    """Refuse a button that is too long, or is neither a link nor clickable."""
    label, emoji = button.get("label"), button.get("emoji")
    need(label or emoji, RULE, "a button needs a label or an emoji")
    if label is not None:
        length(label, 0, 80, RULE, "a button's label")
    style = button.get("style")
    need(style in range(1, 6), RULE, f"a button of style {style}")
    if style == 5:
        need("custom_id" not in button, RULE, "a link button has no custom_id")
        url = length(button.get("url"), 1, 512, RULE, "a button's URL")
        need(url.startswith(("http://", "https://", "discord://")), RULE, f"a link to {url!r}")
    else:
        need(not button.get("url"), RULE, "only a link button has a URL")
        length(button.get("custom_id"), 1, 100, RULE, "custom_id")


def check_select(menu: Json) -> None:
    """Refuse a select with too many options, or counts that contradict each other."""
    length(menu.get("custom_id"), 1, 100, RULE, "custom_id")
    length(menu.get("placeholder") or "", 0, 150, RULE, "a placeholder")
    low, high = bounds(menu, most=25)
    if menu["type"] != Component.STRING_SELECT:
        defaults = menu.get("default_values") or []
        if defaults:
            need(low <= len(defaults) <= high, RULE, f"{len(defaults)} default values")
        return
    options = menu.get("options") or []
    need(1 <= len(options) <= 25, RULE, f"{len(options)} options, 1 to 25")
    check_options(options)
    need(low <= high <= len(options), RULE, f"{low} to {high} of {len(options)} options")
    chosen = sum(bool(o.get("default")) for o in options)
    need(chosen <= high, RULE, f"{chosen} options chosen beforehand, at most {high}")


def check_options(options: list[Json]) -> None:
    """Refuse options that are too long or share a value."""
    values = [o.get("value") for o in options]
    need(len(set(values)) == len(values), RULE, "two options share a value")
    for option in options:
        length(option.get("label"), 1, 100, RULE, "an option's label")
        length(option.get("value"), 1, 100, RULE, "an option's value")
        length(option.get("description") or "", 0, 100, RULE, "an option's description")


def bounds(menu: Json, *, most: int) -> tuple[int, int]:
    """Return how many values a field takes, refusing counts that make no sense."""
    low = 1 if menu.get("min_values") is None else menu["min_values"]
    high = 1 if menu.get("max_values") is None else menu["max_values"]
    need(0 <= low <= most and 1 <= high <= most, RULE, f"{low} to {high} values, 0 to {most}")
    need(low <= high, RULE, f"min_values {low} above max_values {high}")
    return low, high


def number(components: list[Json]) -> list[Json]:
    """Give an id to every component that lacks one, as Discord does."""
    every = list(walk(components))
    free: Iterator[int] = (
        n for n in range(1, 2**31 - 1) if n not in {c.get("id") for c in every if c.get("id")}
    )
    for component in every:
        if not component.get("id"):
            component["id"] = next(free)
    return components


CHECKS: dict[int, Callable[[Json, Names], None]] = {
    Component.ACTION_ROW: check_row,
    Component.BUTTON: check_button,
    Component.SECTION: _check_section,
    Component.TEXT_DISPLAY: _check_text,
    Component.THUMBNAIL: _check_thumbnail,
    Component.MEDIA_GALLERY: _check_gallery,
    Component.FILE: _check_file,
    Component.SEPARATOR: _check_separator,
    Component.CONTAINER: _check_container,
}
