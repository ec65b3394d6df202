"""What leaves the process has no token in it, in whatever form it is about to leave."""

from __future__ import annotations

import io
import json
import logging
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wire.redaction import RedactedStream, redacting
from tests.loopback.acts import interaction_token

TOKEN = "MTE.x+y*z.abcdefghijkl_-mnop"  # noqa: S105 - opens nothing
SPOKEN = interaction_token()
OLD = "another-form_of-token"
redacted = redacting(TOKEN)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Bot {TOKEN}", "Bot [redacted]"),
        (f"{TOKEN}{TOKEN} {TOKEN}", "[redacted][redacted] [redacted]"),
        (repr({"Authorization": f"Bot {TOKEN}"}), "{'Authorization': 'Bot [redacted]'}"),
        (f"PATCH https://d.com/api/v10/webhooks/12/{OLD}/messages/@original",
         "PATCH https://d.com/api/v10/webhooks/12/[redacted]/messages/@original"),
        (f"POST /webhooks/12/{OLD}?wait=true", "POST /webhooks/12/[redacted]?wait=true"),
        (f"POST /interactions/12/{OLD}/callback", "POST /interactions/12/[redacted]/callback"),
        (f"url='https://d.com/interactions/12/{OLD}'", "url='https://d.com/interactions/12/[redacted]'"),
        (f"bucket 0a:12+{SPOKEN} is full", "bucket 0a:12+[redacted] is full"),
        (repr({"token": OLD, "type": 2}), "{'token': '[redacted]', 'type': 2}"),
        (json.dumps({"token": OLD}), '{"token": "[redacted]"}'),
        (json.dumps(json.dumps({"token": OLD})), '"{\\"token\\": \\"[redacted]\\"}"'),
        ("12 tokens: a token of gratitude", "12 tokens: a token of gratitude"),
        ("/webhooks/12", "/webhooks/12"),
    ],
)  # fmt: skip
def test_a_token_is_replaced_and_nothing_else(text: str, left: str) -> None:
    assert redacted(text) == left


@given(st.text(), st.text(), st.sampled_from([TOKEN, SPOKEN]))
def test_no_surroundings_save_a_token(before: str, after: str, token: str) -> None:
    assert token not in redacted(f"{before}{token}{after}")


@given(st.text(st.characters(exclude_characters="/\"'")))
def test_other_words_are_left_as_they_are(text: str) -> None:
    assert redacted(text) == text


def test_without_a_secret_nothing_is_taken_out() -> None:
    assert redacting("")("any text") == "any text"


def test_log_tracebacks_and_prints_go_through_the_stream() -> None:
    said = io.StringIO()
    stream = RedactedStream(said, redacted)
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("tests.redaction")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        raise ValueError(TOKEN) from OSError(f"https://d.com/webhooks/1/{OLD}")
    except ValueError as error:
        logger.exception("it says %s", TOKEN)
        logger.debug("with %r", error)
        traceback.print_exception(error, file=stream)
    print(TOKEN, OLD, file=stream, flush=True)
    stream.writelines([TOKEN, "\n", SPOKEN])
    logger.removeHandler(handler)
    assert TOKEN not in said.getvalue()
    assert f"/1/{OLD}" not in said.getvalue()
    assert said.getvalue().count("[redacted]") >= 9
