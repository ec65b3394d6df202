"""The hook that watches requests: what a trouble is called, and how long one is waited for."""

from __future__ import annotations

import asyncio
import inspect
import logging
from unittest.mock import create_autospec

import aiohttp
import discord.app_commands.tree
import discord.gateway
import discord.http
import discord.shard
import discord.webhook.async_
import pytest
from aiohttp import web
from yarl import URL

from bot.wire import gateway_log
from bot.wire.failures import answer_failure, is_unreachable
from bot.wire.request_log import named, patience, watched


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/api/v10/channels/12/messages", "/channels/12/messages"),
        ("/api/v10/interactions/12/secret/callback", "/interactions/12/…/callback"),
        ("/api/v10/webhooks/12/secret/messages/@original", "/webhooks/12/…/messages/@original"),
        ("/api/v10/webhooks/12/secret", "/webhooks/12/…"),
        ("/gateway", None),
        ("/attachments/1/2/api.png", None),
    ],
)
def test_a_request_is_named_without_its_token(address: str, name: str | None) -> None:
    assert named(URL(f"https://discord.example{address}?wait=1")) == name


async def served(handler: web.RequestHandler) -> tuple[web.AppRunner, str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"


async def short(request: web.Request) -> web.StreamResponse:
    """Answer with half of what is announced."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 20
    await response.prepare(request)
    await response.write(b'{"id": 1,')
    assert request.transport is not None
    request.transport.close()
    return response


async def cut(_request: web.Request) -> web.Response:
    return web.Response(body=b'{"id": 1,', content_type="application/json")


async def late(_request: web.Request) -> web.Response:
    await asyncio.sleep(5)
    return web.Response()


@pytest.mark.parametrize("handler", [short, cut])
async def test_an_answer_that_breaks_off_is_a_lost_connection(
    handler: web.RequestHandler, caplog: pytest.LogCaptureFixture
) -> None:
    runner, address = await served(handler)
    async with aiohttp.ClientSession(trace_configs=[watched()]) as session:
        with pytest.raises(aiohttp.ClientPayloadError):
            await session.post(f"{address}/channels/1/messages")
    await runner.cleanup()
    assert caplog.messages == ["POST /channels/1/messages: connection lost (ClientPayloadError)"]


async def test_only_a_request_under_way_tries_the_patience(
    caplog: pytest.LogCaptureFixture,
) -> None:
    runner, address = await served(late)
    async with aiohttp.ClientSession(trace_configs=[watched()]) as session:
        async with patience(0.1):
            await asyncio.sleep(0.3)  # as for a rate limit
        with pytest.raises(TimeoutError):
            async with patience(0.1):
                await session.post(f"{address}/channels/1/messages")
    await runner.cleanup()
    assert caplog.messages == ["POST /channels/1/messages: no answer within 0.1 s"]


def test_what_is_looked_for_in_discord_pys_log_is_what_it_says() -> None:
    modules = (
        *(discord.gateway, discord.shard, discord.http, discord.webhook.async_),
        discord.app_commands.tree,
    )
    source = "".join(inspect.getsource(module) for module in modules)
    known = gateway_log
    for template in (
        *(known.BROKE, known.ASKED, known.SILENT, known.STOPPED, known.INVALID),
        *(known.ENDED, known.UNREACHED, known.UNLAUNCHED, known.UNOFFERED, *known.LIMITED),
    ):
        assert template in source


def records(*said: tuple[str, tuple[object, ...]]) -> list[str]:
    one_line = gateway_log.OneLineEach(logging.INFO)
    made = [
        logging.LogRecord("discord.shard", logging.DEBUG, "", 0, text, arguments, None)
        for text, arguments in said
    ]
    return [record.getMessage() for record in made if one_line.filter(record)]


def test_the_end_of_a_connection_is_one_line_with_its_reason() -> None:
    ended = (gateway_log.ENDED, ("RESUME", 0))
    told = "the gateway connection of shard 0 ended: %s; resuming"
    assert records((gateway_log.ASKED, ()), ended) == [told % "Discord asked for a new one"]
    assert records((gateway_log.BROKE, (None,)), ended) == [told % "it broke"]
    assert records((gateway_log.BROKE, (4000,)), ended) == [told % "it was closed (code 4000)"]
    assert records(ended) == [told % "Discord wants the session resumed"]
    stopped = (gateway_log.STOPPED, (0,))
    assert records(stopped, (gateway_log.BROKE, (4000,)), ended, ended) == [
        told % "nothing came over it any more",
        told % "Discord wants the session resumed",
    ]


def test_a_gateway_out_of_reach_is_a_line_without_a_traceback() -> None:
    record = logging.LogRecord(
        *("discord.shard", logging.ERROR, "", 0, gateway_log.UNREACHED, (0, 1.5)),
        (OSError, OSError("x"), None),
    )
    assert gateway_log.OneLineEach(logging.INFO).filter(record)
    told = "the gateway can't be reached for shard 0 (OSError); trying again"
    assert logging.Formatter().format(record) == told


class Answered:
    """A response of Discord's, as far as an error looks at it."""

    reason = ""

    def __init__(self, status: int) -> None:
        self.status = status


def refused(status: int) -> discord.HTTPException:
    return discord.HTTPException(Answered(status), {"code": 0})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (refused(429), True),
        (refused(503), True),
        (aiohttp.ServerDisconnectedError(), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (refused(400), False),
        (refused(403), False),
        (OSError(28, "No space left on device"), False),
        (RuntimeError(), False),
    ],
)
def test_only_what_discord_did_not_let_through_is_its_trouble(
    error: Exception, *, away: bool
) -> None:
    assert is_unreachable(error) is away


async def test_what_discord_did_not_let_through_is_one_line_without_a_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    interaction = create_autospec(discord.Interaction, instance=True, id=77)
    await answer_failure(interaction, refused(429))
    assert caplog.messages == [
        "interaction 77 may have no answer: HTTPException (HTTP 429, code 0)"
    ]
    assert interaction.mock_calls == []
