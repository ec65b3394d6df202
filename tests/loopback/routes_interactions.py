"""Routes that answer an interaction: the callback with its deadline and its kinds of answer."""

from __future__ import annotations

import copy
import time
from typing import Any

from .component_rules import number
from .constants import Callback, Flag, InteractionType
from .interactions import Choice, Interaction
from .message_rules import check_choices
from .messages import Message
from .modal_rules import check_modal
from .refusals import Refused, Violation, invalid, need, unknown
from .rest import Call, route
from .sending import compose, revise

RULE = "answer"
NEEDS_MESSAGE = (Callback.UPDATE, Callback.DEFERRED_UPDATE)


@route("POST", "/interactions/{interaction_id}/{token}/callback")
def callback(call: Call) -> Any:
    """Acknowledge an interaction, once and in time."""
    interaction = _interaction(call)
    _check_timely(call, interaction)
    kind = _check_kind(call, interaction)
    if not interaction.channel.exists:
        raise unknown(10003)
    data = call.json.get("data") or {}
    ANSWERS[kind](call, interaction, data)
    interaction.callback = kind
    interaction.acknowledged_at = time.monotonic()
    if kind not in (Callback.DEFERRED_MESSAGE, Callback.DEFERRED_UPDATE):
        interaction.answered()
    if call.query.get("with_response", "").lower() in ("1", "true"):
        return _describe(interaction)
    return None


def _interaction(call: Call) -> Interaction:
    for interaction in reversed(call.discord.interactions):
        if interaction.id == call.id("interaction_id"):
            if interaction.token != call.params["token"]:
                raise Refused(401, 50027, rule="token")
            return interaction
    raise unknown(10062)


def _check_timely(call: Call, interaction: Interaction) -> None:
    if interaction.callback is not None:
        # Not the bot's doing when a fault swallowed the answer to its first try.
        rule = None if interaction.excused else "acknowledgement"
        raise Refused(400, 40060, rule=rule)
    limit = call.discord.limits.acknowledge_s
    if interaction.age > limit:
        # The missed deadline itself is already on record; this names the request.
        rule = "acknowledgement" if interaction.heard and not interaction.excused else None
        detail = f"{interaction.name} acknowledged after {interaction.age:.2f} s"
        raise Refused(404, 10062, detail, rule=rule)


def _check_kind(call: Call, interaction: Interaction) -> Callback:
    try:
        kind = Callback(call.json.get("type") or 0)
    except ValueError:
        raise invalid(RULE, f"no callback of type {call.json.get('type')}") from None
    completes = interaction.type == InteractionType.AUTOCOMPLETE
    need(
        completes == (kind == Callback.AUTOCOMPLETE), RULE, f"{kind.name} answers no such question"
    )
    if kind in NEEDS_MESSAGE:
        need(interaction.message, RULE, f"{kind.name} needs a message to update")
    if kind == Callback.MODAL:
        again = interaction.type == InteractionType.MODAL_SUBMIT
        need(not again, RULE, "a modal can't answer a modal")
    return kind


def _message(call: Call, interaction: Interaction, data: Any) -> None:
    message = compose(call, data, interaction.channel, interaction=interaction)
    message.type = interaction.answer_type
    if interaction.type == InteractionType.COMPONENT:
        message.reply_to, message.type = interaction.message, 19
    interaction.original = message
    call.discord.publish(message)


def _deferred_message(call: Call, interaction: Interaction, data: Any) -> None:
    flags = Flag(data.get("flags") or 0)
    need(not flags & ~Flag.EPHEMERAL, RULE, f"a deferral takes only EPHEMERAL, not {flags!r}")
    beside = sorted(k for k in data if k not in ("flags", "tts") and data[k])
    need(not beside, RULE, f"a deferral carries no {', '.join(beside)}")
    discord = call.discord
    message = Message(
        discord, discord.ids.next(), interaction.channel, discord.bot, flags=flags, loading=True
    )
    message.interaction, message.type = interaction, interaction.answer_type
    message.only_for = interaction.user if flags & Flag.EPHEMERAL else None
    interaction.original = message
    discord.publish(message)


def _deferred_update(_call: Call, _interaction: Interaction, _data: Any) -> None:
    """Promise an update: the user sees nothing."""


def _update(call: Call, interaction: Interaction, data: Any) -> None:
    assert interaction.message is not None
    if interaction.message.deleted:
        raise unknown(10008)
    revise(call, data, interaction.message)
    interaction.updated = True
    call.discord.gateway.message_event("MESSAGE_UPDATE", interaction.message)


def _choices(_call: Call, interaction: Interaction, data: Any) -> None:
    choices = data.get("choices") or []
    check_choices(choices)
    interaction.choices = [Choice(c["name"], c["value"]) for c in choices]


def _modal(_call: Call, interaction: Interaction, data: Any) -> None:
    check_modal(data)
    modal = copy.deepcopy(data)
    number(modal["components"])
    interaction.modal = modal


ANSWERS = {
    Callback.MESSAGE: _message,
    Callback.DEFERRED_MESSAGE: _deferred_message,
    Callback.DEFERRED_UPDATE: _deferred_update,
    Callback.UPDATE: _update,
    Callback.AUTOCOMPLETE: _choices,
    Callback.MODAL: _modal,
}


def _describe(interaction: Interaction) -> Any:
    about: dict[str, Any] = {"id": str(interaction.id), "type": int(interaction.type)}
    body: dict[str, Any] = {"interaction": about}
    kind = interaction.callback
    assert kind is not None
    message = interaction.message if kind in NEEDS_MESSAGE else interaction.original
    if message is not None:
        about |= {
            "response_message_id": str(message.id),
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral,
        }
    if message is not None and kind != Callback.DEFERRED_UPDATE:
        body["resource"] = {"type": int(kind), "message": message.payload()}
    return body


# Everything after the acknowledgement goes through the webhook of the interaction's token.

WEBHOOK = "/webhooks/{application_id}/{token}"
FOLLOWUPS_OF_USER_INSTALLS = 5


def _webhook(call: Call) -> Interaction:
    own = str(call.discord.application.id)
    found = [i for i in call.discord.interactions if i.token == call.params["token"]]
    if call.params["application_id"] != own or not found:
        raise Refused(404, 10015, rule="token")
    interaction = found[0]
    if interaction.expired():
        detail = f"the token of {interaction.name} has expired"
        raise Refused(401, 50027, detail, rule="token")
    if interaction.callback is None:
        rule = "acknowledgement" if interaction.heard else None
        raise Refused(404, 10015, f"{interaction.name} isn't acknowledged", rule=rule)
    return interaction


def _followup_of(call: Call, interaction: Interaction) -> Message:
    wanted = call.params["message_id"]
    if wanted == "@original":
        updates = interaction.callback in NEEDS_MESSAGE
        message = interaction.message if updates else interaction.original
    else:
        own = [interaction.original, interaction.message, *interaction.followups]
        message = next((m for m in own if m and str(m.id) == wanted), None)
    if message is None or message.deleted:
        raise unknown(10008)
    return message


@route("POST", WEBHOOK)
def follow_up(call: Call) -> Any:
    """Send a follow-up; the first one after a deferral fills in the deferred message."""
    interaction = _webhook(call)
    if interaction.original is not None and interaction.original.loading:
        original = interaction.original
        shown = Flag(call.json.get("flags") or 0) & Flag.EPHEMERAL
        if shown and not original.ephemeral:
            detail = "the first follow-up is as public as the deferral: EPHEMERAL has no effect"
            call.discord.violations.append(Violation(RULE, detail, call.line))
        _change(call, interaction, original)
        return original.payload()
    if not interaction.guild_installed:
        many = len(interaction.followups) >= FOLLOWUPS_OF_USER_INSTALLS
        if many:
            raise Refused(400, 40094, rule=RULE)
    message = compose(call, call.json, interaction.channel, interaction=interaction)
    message.type, message.reply_to = 19, interaction.original or interaction.message
    interaction.followups.append(message)
    call.discord.publish(message)
    interaction.answered()
    return message.payload()


@route("GET", WEBHOOK + "/messages/{message_id}")
def get_followup(call: Call) -> Any:
    """Read the answer or a follow-up."""
    return _followup_of(call, _webhook(call)).payload()


@route("PATCH", WEBHOOK + "/messages/{message_id}")
def edit_followup(call: Call) -> Any:
    """Change the answer or a follow-up; this is how a deferral is answered."""
    interaction = _webhook(call)
    message = _followup_of(call, interaction)
    _change(call, interaction, message)
    return message.payload()


def _change(call: Call, interaction: Interaction, message: Message) -> None:
    revise(call, call.json, message)
    interaction.updated = interaction.updated or message is interaction.message
    interaction.answered()
    call.discord.gateway.message_event("MESSAGE_UPDATE", message)


@route("DELETE", WEBHOOK + "/messages/{message_id}")
def delete_followup(call: Call) -> None:
    """Delete the answer or a follow-up."""
    from . import acts

    acts.delete(_followup_of(call, _webhook(call)))
