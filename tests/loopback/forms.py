"""What users do with components and modals: click, select, fill in and submit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import channels, people
from .acts import NotOffered, interact
from .constants import Component, InteractionType
from .options import resolve_channel, resolve_file, resolve_user

if TYPE_CHECKING:
    from .channels import Channel
    from .interactions import Interaction
    from .messages import Message
    from .people import Json, User

LINK = 5
OPTIONED = frozenset({Component.STRING_SELECT, Component.RADIO_GROUP, Component.CHECKBOX_GROUP})


def click(user: User, message: Message, wanted: str, *, force: bool = False) -> Interaction:
    """Click a button. `force` replays a click on a button that isn't there or is disabled."""
    _check_visible(user, message)
    for button in message.buttons:
        emoji = (button.get("emoji") or {}).get("name")
        if wanted in (button.get("custom_id"), button.get("label"), emoji):
            break
    else:
        if not force:
            raise NotOffered(f"no button {wanted!r}; there are {message.labels}")
        button = {"custom_id": wanted}
    if button.get("style") == LINK:
        raise NotOffered(f"{wanted!r} is a link to {button['url']}")
    if button.get("disabled") and not force:
        raise NotOffered(f"{wanted!r} is disabled")
    data = {
        "component_type": int(Component.BUTTON),
        "custom_id": button["custom_id"],
        "id": button.get("id", 1),
    }
    return interact(user, message.channel, InteractionType.COMPONENT, data, message=message)


def select(user: User, message: Message, wanted: str, values: tuple[Any, ...]) -> Interaction:
    """Choose values in a select menu; of a string select by value or label."""
    _check_visible(user, message)
    for menu in message.menus:
        if wanted in (menu.get("custom_id"), menu.get("placeholder")):
            break
    else:
        raise NotOffered(f"no menu {wanted!r}; there are {[m['custom_id'] for m in message.menus]}")
    if menu.get("disabled"):
        raise NotOffered(f"{wanted!r} is disabled")
    data = {"component_type": menu["type"], "custom_id": menu["custom_id"], "id": menu.get("id", 1)}
    data |= _choose(menu, list(values), message.channel)
    return interact(user, message.channel, InteractionType.COMPONENT, data, message=message)


def forge_select(
    user: User, message: Message, custom_id: str, values: tuple[Any, ...]
) -> Interaction:
    """Send a choice that no client would: of a menu that isn't there, or isn't on offer."""
    _check_visible(user, message)
    data = {
        "component_type": int(Component.STRING_SELECT),
        "custom_id": custom_id,
        "id": 1,
        "values": [str(value) for value in values],
    }
    return interact(user, message.channel, InteractionType.COMPONENT, data, message=message)


def submit(
    user: User, form: Interaction, fields: dict[str, Any], *, custom_id: str | None = None
) -> Interaction:
    """Fill in and submit a modal, given its fields by custom_id or label."""
    modal = form.modal
    assert modal is not None, "that interaction wasn't answered with a modal"
    left, resolved = dict(fields), dict[str, Any]()
    parts = [_part(part, left, resolved, form.channel) for part in modal["components"]]
    if left:
        raise NotOffered(f"the modal has no field {sorted(left)}")
    data: Json = {"custom_id": custom_id or modal["custom_id"], "components": parts}
    if resolved:
        data["resolved"] = resolved
    kind = InteractionType.MODAL_SUBMIT
    return interact(user, form.channel, kind, data, message=form.message, parent=form)


def _check_visible(user: User, message: Message) -> None:
    if not message.visible_to(user):
        raise NotOffered(f"{user.name} can't see that message")


def _choose(menu: Json, values: list[Any], channel: Channel) -> Json:
    low = 1 if menu.get("min_values") is None else menu["min_values"]
    high = 1 if menu.get("max_values") is None else menu["max_values"]
    if not low <= len(values) <= high and menu.get("required", True):
        raise NotOffered(f"choose {low} to {high} values, not {len(values)}")
    if menu["type"] in OPTIONED:
        return {"values": [_option(menu, value) for value in values]}
    resolved: Json = {}
    return {"values": [_resolve(resolved, v, channel) for v in values], "resolved": resolved}


def _option(menu: Json, wanted: Any) -> str:
    for option in menu["options"]:
        if wanted in (option["value"], option["label"]):
            return str(option["value"])
    raise NotOffered(f"no option {wanted!r}; there are {[o['label'] for o in menu['options']]}")


def _resolve(resolved: Json, value: Any, channel: Channel) -> str:
    if isinstance(value, people.User):
        resolve_user(resolved, value, channel)
    elif isinstance(value, people.Role):
        resolved.setdefault("roles", {})[str(value.id)] = value.payload()
    elif isinstance(value, channels.Channel):
        resolve_channel(resolved, value, channel)
    else:
        return resolve_file(resolved, value, channel)
    return str(value.id)


def _part(part: Json, left: Json, resolved: Json, channel: Channel) -> Json:
    kind, place = part["type"], {"type": part["type"], "id": part.get("id", 1)}
    if kind == Component.TEXT_DISPLAY:
        return place
    if kind == Component.ACTION_ROW:
        field = part["components"][0]
        answer = _field(field, field["label"], left, resolved, channel)
        return place | {"components": [answer]}
    field = part["component"]
    return place | {"component": _field(field, part["label"], left, resolved, channel)}


def _field(field: Json, label: str, left: Json, resolved: Json, channel: Channel) -> Json:
    key = next((k for k in (field["custom_id"], label) if k in left), None)
    value = left.pop(key) if key else None
    answer = {"type": field["type"], "id": field.get("id", 1), "custom_id": field["custom_id"]}
    if field["type"] == Component.TEXT_INPUT:
        return answer | {"value": _typed(field, label, value)}
    if field["type"] == Component.CHECKBOX:
        return answer | {"value": bool(value)}
    if field["type"] == Component.RADIO_GROUP:
        return answer | {"value": None if value is None else _option(field, value)}
    values = [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
    chosen = _choose(field, values, channel)
    for section, records in chosen.pop("resolved", {}).items():
        resolved.setdefault(section, {}).update(records)
    return answer | chosen


def _typed(field: Json, label: str, value: Any) -> str:
    text = value if value is not None else field.get("value") or ""
    low, high = field.get("min_length") or 0, field.get("max_length") or 4000
    if not text and field.get("required", True):
        raise NotOffered(f"{label!r} must be filled in")
    if text and not low <= len(text) <= high:
        raise NotOffered(f"{label!r} takes {low} to {high} characters, not {len(text)}")
    return text
