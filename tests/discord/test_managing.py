"""Those who keep a library add to it, look at it and take out of it, over the wire."""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import docx
import pytest
import pytest_asyncio
from aiohttp import web
from reportlab.pdfgen.canvas import Canvas

from tests.loopback import File
from tests.support.managers import (
    add,
    jsonl,
    plain,
    reported,
    said,
)
from tests.support.scene import Scene, playing

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

LAMP = "The lamp of the Wexport lighthouse was lit for the first time by Ida Lund in 1871."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    data = tmp_path_factory.mktemp("keeping")
    async with playing(data, max_megabytes="0.2", allowed_hosts="127.0.0.1") as scene:
        await scene.warm()
        yield scene


@asynccontextmanager
async def site(pages: dict[str, str]) -> AsyncIterator[str]:
    """Serve pages that a test may change meanwhile, and yield their address."""

    async def page(request: web.Request) -> web.Response:
        text = pages.get(request.path)
        if text is None:
            raise web.HTTPNotFound
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{name}", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def html(title: str, text: str) -> str:
    return (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>"
        f"<p>{text}</p><p>It is kept by the people of the town, who open it every summer to "
        "visitors from near and far, and who mend the roof after each storm.</p></article>"
        "</body></html>"
    )


def pdf(text: str) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 700, text)
    canvas.save()
    return buffer.getvalue()


def word(title: str, text: str) -> bytes:
    document = docx.Document()
    document.add_heading(title, 0)
    document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


async def listed(scene: Scene) -> str:
    return await said(await scene.ada.slash("article list", scene.general))


@pytest.mark.parametrize(
    ("file", "question", "words"),
    [
        (File("lamp.txt", LAMP.encode()), "Who lit the lamp of Wexport first?", "Ida Lund"),
        (
            File("ferry.md", b"# The Quonset ferry\n\nThe Quonset ferry leaves at 6:45 daily.\n"),
            "When does the Quonset ferry leave?",
            "6:45",
        ),
        (
            File("kiln.pdf", pdf("The kiln of Brackwater was built by the potter Hanna Roth.")),
            "Who built the kiln of Brackwater?",
            "Hanna Roth",
        ),
        (
            File("mine.docx", word("The mine", "The Orrin mine yielded 48 tons of tin in 1903.")),
            "How much tin did the Orrin mine yield in 1903?",
            "48 tons",
        ),
        (
            jsonl([("Sluice", "The Dell sluice is opened by the miller Jo Pike at dawn.")]),
            "Who opens the Dell sluice?",
            "Jo Pike",
        ),
    ],
    ids=["txt", "md", "pdf", "docx", "jsonl"],
)
async def test_a_file_is_added_and_answers(
    scene: Scene, file: File, question: str, words: str
) -> None:
    report = await add(scene, file)
    assert report.text.startswith("### Done\n1 added · 1 new passage")
    assert not report.ephemeral
    answer = await scene.answer_to(scene.ada, question)
    assert words in plain(answer.text)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (File("cat.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 64), "holds no text"),
        (File("empty.txt", b""), "is empty"),
        (File("paper.pdf", b"%PDF-1.7\nbroken"), "paper"),
        (File("bad.jsonl", b'{"title": "x"\n'), "is not valid JSON"),
    ],
    ids=["image", "empty", "pdf", "jsonl"],
)
async def test_what_cannot_be_read_is_said_in_a_sentence(
    scene: Scene, file: File, sentence: str
) -> None:
    report = await add(scene, file)
    assert report.text.startswith("### Nothing was added")
    assert sentence in plain(report.text)


async def test_half_of_a_dump_is_added_and_the_rest_named(scene: Scene) -> None:
    lines = [json.dumps({"id": "half", "title": "Half", "text": "Half a loaf."}), '{"title": "x"}']
    report = await add(scene, File("half.jsonl", "\n".join(lines).encode()))
    assert report.text.startswith("### Done, but not everything worked")
    assert "1 added, 1 failed" in report.text


async def test_a_file_that_is_too_large_is_refused_before_it_is_downloaded(scene: Scene) -> None:
    scene.discord.limits.attachment_url_s = -1  # whoever downloads it gets a 404
    try:
        asked = await scene.ada.slash(
            "article add", scene.general, file=File("big.txt", b"x" * 300_000)
        )
        answer = await asked.response()
        assert plain(answer.text) == (
            "big.txt has 0.3 MB, and the limit is 0.2 MB: split it into smaller files."
        )
        assert answer.ephemeral
        small = await scene.ada.slash("article add", scene.general, file=File("s.txt", b"x"))
        expired = await small.response()
        await expired.becomes("could not be had from Discord: attach it again")
    finally:
        scene.discord.limits.attachment_url_s = 24 * 3600


async def test_one_thing_at_a_time_and_only_web_addresses(scene: Scene) -> None:
    nothing = await scene.ada.slash("article add", scene.general)
    assert "either a file or the address" in await said(nothing)
    both = await scene.ada.slash(
        "article add", scene.general, file=File("a.txt", b"a"), url="https://example.com"
    )
    assert "either a file or the address" in await said(both)
    for path in ("/etc/passwd", "file:///etc/passwd", "ftp://example.com/a", "library.db"):
        asked = await scene.ada.slash("article add", scene.general, url=path)
        assert "not a web address" in await said(asked)


async def test_a_web_page_is_added_and_refreshed(scene: Scene) -> None:
    pages = {"/mill": html("The mill of Tarn", "The mill of Tarn grinds rye for Otto Brand.")}
    async with site(pages) as address:
        asked = await scene.ada.slash("article add", scene.general, url=f"{address}/mill")
        assert "1 added" in (await reported(scene, asked)).text
        question = "For whom does the mill of Tarn grind rye?"
        assert "Otto Brand" in (await scene.answer_to(scene.ada, question)).text
        again = await scene.ada.slash("article refresh", scene.general)
        assert "1 unchanged" in (await reported(scene, again)).text
        pages["/mill"] = html("The mill of Tarn", "The mill of Tarn grinds rye for Vera Holm.")
        again = await scene.ada.slash("article refresh", scene.general, article="the mill of tarn")
        assert "1 replaced" in (await reported(scene, again)).text
        answer = await scene.answer_to(scene.ada, question)
        assert "Vera Holm" in answer.text
        assert "Otto Brand" not in answer.text
        inside = f"{address.replace('127.0.0.1', '127.0.0.2')}/mill"  # a host that isn't allowed
        refused = await scene.ada.slash("article add", scene.general, url=inside)
        report = plain((await reported(scene, refused)).text)
        assert "not on the public internet" in report
        assert "in the setting allowed_hosts." in report
        missing = await scene.ada.slash("article add", scene.general, url=f"{address}/gone")
        assert "was not found" in (await reported(scene, missing)).text
    assert address not in scene.bot.log
    file = await scene.ada.slash("article refresh", scene.general, article="Sluice")
    assert "came as a file or a text" in await said(file)


async def test_a_text_is_pasted(scene: Scene) -> None:
    form = await (await scene.ada.slash("article paste", scene.general)).form()
    fields = {
        "Title": "The bell @everyone <@1> **of** [Arden](https://evil.example)",
        "Text": "The bell of Arden was cast by Peer Lund in 1704.",
        "Address": "https://example.com/bell",
        "Date": "3 May 2019",
    }
    sent = await scene.ada.submit(form, fields)
    report = await reported(scene, sent)
    assert "1 added" in report.text
    assert not report.pings
    answer = await scene.answer_to(scene.ada, "Who cast the bell of Arden?")
    assert "Peer Lund" in answer.text
    assert "3 May 2019" in answer.text
    assert not answer.pings
    form = await (await scene.ada.slash("article paste", scene.general)).form()
    late = await scene.ada.submit(form, {**fields, "Date": "some time ago"})
    assert "can't be read: write it like 2017-09-28" in await said(late)
    bad = await scene.ada.submit(form, {**fields, "Address": "example"})
    assert "not a web address" in await said(bad)
    shown = await scene.ada.slash("article show", scene.general, article=fields["Title"])
    text = await said(shown)
    assert "Published: 3 May 2019" in text
    assert "Peer Lund" in text


async def test_titles_complete_and_what_is_chosen_is_shown(scene: Scene) -> None:
    long = "Wide " + "𝔸🏰" * 80
    titles = [f"Tower {n:02}" for n in range(30)] + [long, "  odd\n\ttitle  "]
    await add(scene, jsonl([(t, f"About the {t}.") for t in titles], "towers.jsonl"))
    choices = await scene.ada.autocomplete("article show", scene.general, article="tower")
    assert [c.name for c in choices][:2] == ["Tower 29", "Tower 28"]
    assert len(choices) == 25
    assert all(0 < len(c.name.encode("utf-16-le")) // 2 <= 100 for c in choices)
    wide = await scene.ada.autocomplete("article show", scene.general, article="WIDE")
    assert len(wide) == 1
    shown = await scene.ada.slash("article show", scene.general, article=wide[0].value)
    assert "About the Wide" in await said(shown)
    odd = await scene.ada.autocomplete("article show", scene.general, article="odd title")
    assert [c.name for c in odd] == ["odd title"]
    shown = await scene.ada.slash("article show", scene.general, article=odd[0].value)
    assert "About the" in await said(shown)
    assert await scene.ada.autocomplete("article show", scene.general, article="S-400") == []
    unknown = await scene.ada.slash("article show", scene.general, article="nowhere")
    assert "No article here is called “nowhere”" in await said(unknown)


async def test_a_title_of_several_articles_names_what_leads_to_each(scene: Scene) -> None:
    names = [f"{name} {'i' * 300}" for name in "abcdefg"]
    lines = [json.dumps({"id": n, "title": "Same", "text": f"Twin {n[0]}."}) for n in names]
    await add(scene, File("same.jsonl", "\n".join(lines).encode()))
    for command, given in (("article show", {}), ("search", {"query": "twin"})):
        asked = await scene.ada.slash(command, scene.general, article="same", **given)
        text = await said(asked)
        assert "7 articles are called “same”: give the id of the one that is meant." in text
        assert text.endswith("; and 2 more.")
    found = dict(re.findall(r"(_[0-9a-f]{20}) \(from same\.jsonl#(\w)", text))
    assert sorted(found.values()) == ["c", "d", "e", "f", "g"]
    for key, name in found.items():
        shown = await said(await scene.ada.slash("article show", scene.general, article=key))
        assert f"Twin {name}." in shown


async def test_the_list_has_pages_that_turn_after_a_restart(scene: Scene) -> None:
    first = await (await scene.ada.slash("article list", scene.general)).response()
    assert first.ephemeral
    assert "can be asked about everywhere" in first.text
    before = first.text
    await (await scene.ada.click(first, "Next")).response()
    assert first.text != before
    await scene.restart()
    await (await scene.ada.click(first, "Previous")).response()
    assert first.text == before


async def test_a_removed_article_is_gone_from_the_next_answer(scene: Scene) -> None:
    await scene.warm()
    question = "Who lit the lamp of Wexport first?"
    assert "Ida Lund" in (await scene.answer_to(scene.ada, question)).text
    asked = await scene.ada.slash("article remove", scene.general, article="lamp")
    card = await asked.response()
    assert card.labels == ["Yes, remove it", "No, keep it"]
    again = await (
        await scene.ada.slash("article remove", scene.general, article="lamp")
    ).response()
    await (await scene.ada.click(card, "No, keep it")).response()
    assert card.text == "The article stays in the library."
    assert "Ida Lund" in (await scene.answer_to(scene.ada, question)).text
    third = await (
        await scene.ada.slash("article remove", scene.general, article="lamp")
    ).response()
    await (await scene.ada.click(again, "Yes, remove it")).response()
    assert "has been removed" in again.text
    assert "Ida Lund" not in (await scene.answer_to(scene.ada, question)).text
    gone = await (await scene.ada.click(third, "Yes, remove it")).response()
    assert "not in the library any more" in gone.text


async def test_a_file_of_the_same_name_takes_the_place_of_the_old_one(scene: Scene) -> None:
    await add(scene, File("tide.txt", b"High tide at Kell is announced by the boatman Sten Berg."))
    report = await add(
        scene, File("tide.txt", b"High tide at Kell is announced by the warden Lisa Moe.")
    )
    assert "1 replaced" in report.text
    answer = await scene.answer_to(scene.ada, "Who announces high tide at Kell?")
    assert "Lisa Moe" in answer.text
    assert "Sten Berg" not in answer.text
    assert (await listed(scene)).count("tide") <= 1
