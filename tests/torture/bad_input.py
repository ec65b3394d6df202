"""Files and pages that mean ill, or were broken on the way, through the process that parses.

Each ends within its limits, as articles that are whole once they are in a library, or in one
sentence about it.  The process that asked stays as it was.
"""

from __future__ import annotations

import encodings.aliases
import gzip
import io
import json
import random
import re
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import docx
from reportlab.pdfgen.canvas import Canvas

from bot.cli.terminal import printable
from index.errors import ExtractionError
from index.extract import Confined, Limits
from index.ingest import Ingest
from index.records import Article
from index.store.library import Library
from tests.support.fakes import BagOfWords

SHORT, LONG = 70, 2_000

LIMITS = Limits(parse_seconds=10.0, max_memory=1_000_000_000)
_LONGEST = 600  # characters of a sentence, but for the name in it
_WHOLE = 300_000  # characters of an article that is added to a library too

PROSE = [
    "The lamp of the Wexport lighthouse was lit for the first time by Ida Lund in 1871.",
    "The Quonset ferry leaves at 6:45 daily, and the crossing takes 25 minutes.",
    "Der Leuchtturm wurde 1871 von Ida Lund angezündet; маяк зажгли в 1871 году.",
    "灯台は1871年に初めて点灯された。المنارة أضيئت لأول مرة عام 1871. המגדלור הודלק ב-1871.",
]


@dataclass(frozen=True, slots=True)
class Case:
    """One source: what it is meant to do, its bytes, and what it is called."""

    kind: str
    data: bytes
    name: str
    content_type: str | None = None


def run(amount: int, seed: int = 0) -> list[str]:
    """Read so many sources; return what became of them, by kind."""
    outcomes: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    slowest = (0.0, "")
    before = 0
    with closing(Confined(LIMITS)) as confined, tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases(amount, seed)):
            if number == amount // 10:  # by now what is loaded once is there
                before = _resident()
            where = f"seed {seed}, case {number}: {case.kind} {case.name[:60]!r}"
            started = time.perf_counter()
            items = list(
                confined.extract_bytes(case.data, name=case.name, content_type=case.content_type)
            )
            slowest = max(slowest, (time.perf_counter() - started, where))
            kinds[case.kind.split(",")[0]] += 1
            outcomes.update(check(item, case, where) for item in items)
            assert items, f"{where}: neither an article nor a sentence"
            add(items, Path(folder, f"{number}.db"), where)
    grown = _resident() - before
    return [
        f"{kinds.total():,} sources: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()),
        ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common()),
        f"slowest {slowest[0]:.1f} s ({slowest[1]}); this process grew by {grown / 1e6:.0f} MB",
    ]


def check(item: Article | ExtractionError, case: Case, where: str) -> str:
    """Check one thing that came of a source, and say what it was."""
    if isinstance(item, Article):
        assert item.text.strip(), where
        for stretch in (*item.sections, *item.pages):
            assert 0 <= stretch.start <= stretch.end <= len(item.text), where
        return "articles"
    sentence = printable(str(item))
    assert "\n" not in sentence, f"{where}: {sentence!r}"
    assert sentence.endswith((".", ").")), f"{where}: {sentence!r}"
    assert "Traceback" not in sentence, f"{where}: {sentence!r}"
    assert len(sentence) <= _LONGEST + len(printable(case.name)), f"{where}: {sentence!r}"
    limit = re.search(r"takes (?:longer|more)|crash|damaged or unusual", sentence)
    return f"sentences ({limit[0]})" if limit else "sentences"


def add(items: Sequence[Article | ExtractionError], path: Path, where: str) -> None:
    """Add what was read to a library, and look whether all of it is whole there."""
    articles = [i for i in items if isinstance(i, Article) and len(i.text) <= _WHOLE][:20]
    if not articles:
        return
    with closing(Library(path)) as library:
        for _ in Ingest(library, BagOfWords(), "shared").add_all(articles):
            pass
        assert library.check() == [], where
        assert library.totals().articles, where


def cases(amount: int, seed: int) -> Iterator[Case]:
    """Yield so many sources: every one that is made for a purpose, then mutations by chance."""
    chance = random.Random(seed)
    made = [case for maker in MAKERS for case in maker()]
    if len(made) > amount // 2:
        made = chance.sample(made, amount // 2)
    yield from made
    for _ in range(amount - len(made)):
        yield _mutated(chance)


@cache
def originals() -> dict[str, bytes]:
    """Return a whole document of each format, by name."""
    text = "\n\n".join(PROSE * 3)
    page = f"<article><h1>The lamp</h1><p>By Ida Lund, 3 May 2020</p>{_paragraphs()}</article>"
    return {
        "a.pdf": _pdf(),
        "a.docx": _docx(),
        "a.html": f"<!doctype html><html><head><title>Lamp</title></head><body>{page}".encode(),
        "b.html": f"<html><body><nav><a href=/>x</a></nav><main>{_paragraphs()}</main>".encode(),
        "a.md": f"# Lamp\n\n{text}\n\n## More\n\n- one\n- two\n\n| a | b |\n|---|---|\n".encode(),
        "a.txt": text.encode(),
        "a.jsonl": "\n".join(json.dumps({"title": p[:9], "text": p}) for p in PROSE).encode(),
        "a.jsonl.gz": gzip.compress(json.dumps({"title": "Lamp", "text": text}).encode()),
    }


def _paragraphs() -> str:
    return "".join(f"<p>{line} {line}</p>" for line in PROSE)


def _pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=1)
    for number in range(3):
        for row, line in enumerate(PROSE[:2] * 10):
            canvas.drawString(72, 760 - 14 * row, f"{number} {row} {line}")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _docx() -> bytes:
    document = docx.Document()
    document.add_heading("The lamp", 0)
    for line in PROSE:
        document.add_heading(line[:20], 1)
        document.add_paragraph(line)
        document.add_paragraph(line, style="List Bullet")
    table = document.add_table(2, 2)
    table.cell(0, 0).text = "Lamp"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


# Mutations by chance


def _mutated(chance: random.Random) -> Case:
    name = chance.choice([*originals(), "a.pdf", "a.docx", "a.html"])
    data = originals()[name]
    if name == "a.docx" and chance.random() < 0.7:
        data = _with_member(chance, data)
    else:
        for _ in range(chance.choice((1, 1, 2, 5, 20))):
            data = chance.choice(_MUTATIONS)(chance, data)
    return Case(f"mutated {name}", data, name)


def _flip(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 4, 64))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut_off(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _without(chance: random.Random, data: bytes) -> bytes:
    start, end = sorted(chance.randrange(len(data) + 1) for _ in "ab")
    return data[:start] + data[end:]


def _twice(chance: random.Random, data: bytes) -> bytes:
    start, end = sorted(chance.randrange(len(data) + 1) for _ in "ab")
    return (data[:end] + data[start:])[:2_000_000]


def _spliced(chance: random.Random, data: bytes) -> bytes:
    other = chance.choice(list(originals().values()))
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other)) :]


def _numbers(chance: random.Random, data: bytes) -> bytes:
    """Change some of the numbers in it, such as lengths and offsets."""
    other = [b"0", b"-1", b"1", b"4294967295", b"99999999999999999999", b"7"]
    return re.sub(rb"\d+", lambda m: chance.choice(other) if chance.random() < 0.05 else m[0], data)


def _noise(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.randbytes(chance.choice((1, 16, 4_000))) + data[at:]


_MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip, _cut_off, _without, _twice, _spliced, _numbers, _noise,
)  # fmt: skip


def _with_member(chance: random.Random, data: bytes) -> bytes:
    """Change what a DOCX holds, and pack it again, so that the archive itself is whole."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(["word/document.xml", *members])
    change = chance.choice(_MUTATIONS)
    return _packed({**members, name: change(chance, members[name])})


def _packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


# Made for a purpose


def _lying() -> Iterator[Case]:
    """Every format under every other's name and content type."""
    types = ["text/html", "application/pdf", "text/plain", "application/json", "image/png", "?;="]
    for data in originals().values():
        for number, other in enumerate(originals()):
            yield Case("lying names and types", data, other, types[number % len(types)])


def _encoded() -> Iterator[Case]:
    text = "\n\n".join(PROSE)
    for codec in sorted(set(encodings.aliases.aliases.values())):
        try:
            data = text.encode(codec, "replace")
        except (LookupError, UnicodeError, ValueError):
            continue
        yield Case(f"encodings, {codec}", data, "a.txt", f"text/plain; charset={codec}")
        yield Case(f"encodings, {codec}", data, "a.txt")


def _odd_characters() -> Iterator[Case]:
    odd = {
        "control": "".join(map(chr, range(32))),
        "C1": "".join(map(chr, range(0x7F, 0xA0))),
        "zero-width": "\u200b\u200c\u200d\u2060\ufeff",
        "bidi": "\u202a\u202b\u202d\u202e\u2066\u2067\u2068",
        "noncharacters": "\ufdd0\ufffe\uffff\U0001ffff\U0010ffff",
        "surrogates": "\ud800\udfff",
        "zalgo": "Z" + "\u0301\u0316\u0489" * 300,
        "separators": "\u2028\u2029\x0b\x0c\x85",
        "tags": "\U000e0001\U000e0041\U000e007f",
        "private": "\ue000\U000f0000\U00100000",
    }
    for what, characters in odd.items():
        text = "\n\n".join(f"{characters}{p}{characters}" for p in PROSE)
        for name, data in (
            ("a.txt", text),
            ("a.md", f"# {characters}\n\n{text}"),
            ("a.html", f"<article><h1>{characters}</h1><p>{text}</p><p>{text}</p></article>"),
            ("a.jsonl", json.dumps({"title": characters, "text": text, "author": characters})),
        ):
            yield Case(f"odd characters, {what}", data.encode("utf-8", "surrogatepass"), name)
        yield Case(f"odd names, {what}", originals()["a.txt"], f"{characters}.txt")
    for name in ("", " ", ".", "/", "a" * 10_000, "../../etc/passwd", "a\nb\r.txt", "\x00.pdf"):
        yield Case("odd names", originals()["a.md"], name)


def _small() -> Iterator[Case]:
    for name in originals():
        for data in (b"", b"\0", b" ", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"%PDF-", b"PK\3\4"):
            yield Case("empty and tiny", data, name)


def _polyglots() -> Iterator[Case]:
    whole = list(originals().values())
    for one in whole:
        for other in whole[:4]:
            yield Case("polyglots", one + other, "a")


def _deep() -> Iterator[Case]:
    deep = 100_000
    yield Case("deep nesting, div", b"<div>" * deep + b"The lamp.", "a.html")
    yield Case("deep nesting, table", b"<table><tr><td>" * 20_000 + b"The lamp.", "a.html")
    yield Case("deep nesting, closed", b"<b>" * deep + b"x" + b"</b>" * deep, "a.html")
    yield Case("deep nesting, JSON", b'{"text": ' + b"[" * deep + b"]" * deep + b"}", "a.jsonl")
    for mark in ("> ", "- ", "* ", "1. ", "[", "![", "*a **b ", "`", "_", "\\", "<a>", "~", "&"):
        yield Case(f"deep nesting, {mark}", mark.encode() * deep, "a.md")
        lines = "\n".join(" " * (2 * n) + mark + "x" for n in range(400))
        yield Case(f"deep nesting, {mark}", lines.encode(), "a.md")
    array = b"[" * deep + b"]" * deep
    yield Case("deep nesting, PDF", b"%PDF-1.4\n1 0 obj\n" + array + b"\nendobj\n%%EOF", "a.pdf")
    with zipfile.ZipFile(io.BytesIO(_docx())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    head, tail = members["word/document.xml"].split(b"<w:body>")
    for tag in (b"w:tbl", b"w:sdt", b"w:ins", b"w:p"):
        nested = head + b"<w:body>" + b"<%s>" % tag * 5_000 + b"</%s>" % tag * 5_000 + tail
        yield Case(
            "deep nesting, DOCX", _packed({**members, "word/document.xml": nested}), "a.docx"
        )


def _bombs() -> Iterator[Case]:
    entities = '<!ENTITY a0 "lol">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    outside = '<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y SYSTEM "http://127.0.0.1:9/">'
    with zipfile.ZipFile(io.BytesIO(_docx())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = members["word/document.xml"]
    for what, declared, used in (("lol", entities, "&a11;"), ("outside", outside, "&x;&y;")):
        prolog = f"<!DOCTYPE r [{declared}]>"
        page = f"{prolog}<html><body><article><p>{used} {PROSE[0] * 4}</p></article>"
        yield Case(f"bombs, entities {what}", page.encode(), "a.html")
        xml = document.replace(b"?>", b"?>" + prolog.encode(), 1)
        xml = xml.replace(b"</w:t>", used.encode() + b"</w:t>", 1)
        yield Case(
            f"bombs, entities {what}", _packed({**members, "word/document.xml": xml}), "a.docx"
        )
        core = f"<?xml version='1.0'?>{prolog}<r>{used}</r>".encode()
        yield Case(f"bombs, core {what}", _packed({**members, "docProps/core.xml": core}), "a.docx")
    huge = document.replace(b"</w:t>", b"x" * 60_000_000 + b"</w:t>", 1)
    yield Case("bombs, zip", _packed({**members, "word/document.xml": huge}), "a.docx")
    yield Case("bombs, zip", _packed({**members, "word/media/a.png": bytes(400_000_000)}), "a.docx")
    inner = _packed({"0": bytes(50_000_000)})
    yield Case("bombs, nested zip", _packed({f"{n}.zip": inner for n in range(50)}), "a.docx")
    lying = _packed({**members, "word/document.xml": huge[:30_000_000]})
    yield Case(
        "bombs, lying sizes",
        lying.replace((30_000_000).to_bytes(4, "little"), b"\1\0\0\0"),
        "a.docx",
    )
    yield Case("bombs, gzip", gzip.compress(bytes(300_000_000)), "a.jsonl.gz")
    yield Case("bombs, gzip", gzip.compress(b"{}\n" * 3_000_000), "a.jsonl.gz")
    yield Case("bombs, PDF", _pdf_of(zlib.compress(b" " * 300_000_000)), "a.pdf")
    drawn = b"BT /F1 9 Tf 1 1 Td (lamp) Tj ET " * 400_000
    yield Case("bombs, PDF", _pdf_of(zlib.compress(drawn)), "a.pdf")
    yield Case("bombs, PDF", _pdf_of(zlib.compress(b"q " * 3_000_000)), "a.pdf")


def _pdf_of(stream: bytes, kids: bytes = b"[3 0 R]") -> bytes:
    """Return a PDF of one page with this packed content."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids " + kids + b" /Count 1 >>",
        page + b" /Resources << /Font << /F1 " + font + b" >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(stream) + stream + b"\nendstream",
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 5\n0000000000 65535 f \n" + table
    end = b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(body)
    return body + head + end


def _loops() -> Iterator[Case]:
    empty = zlib.compress(b"")
    yield Case("loops, pages", _pdf_of(empty, b"[2 0 R 2 0 R]"), "a.pdf")
    yield Case("loops, pages", _pdf_of(empty, b"[" + b"3 0 R " * 30_000 + b"]"), "a.pdf")
    looped = _pdf().replace(b"startxref\n", b"startxref\n0")
    yield Case("loops, xref", looped, "a.pdf")
    yield Case("loops, xref", re.sub(rb"/Size", b"/Prev 9 /Size", _pdf()), "a.pdf")


def _long() -> Iterator[Case]:
    yield Case("long, one line", b"lamp " * 10_000_000, "a.txt")
    for text in (
        b"lamp ",
        b"x",
        b"\n",
        b"( ",
        b"a\n\n",
        b"\xcc\x81",
        b"\xe2\x80\x8f",
        b"1.",
        b"Mr. ",
    ):
        data = text * (1_000_000 // len(text))
        for name in ("a.txt", "a.md"):
            yield Case("long, repeated", data, name)
        yield Case("long, repeated", b"<article><p>" + data + b"</p></article>", "a.html")
    yield Case("long, attribute", b"<p title='" + b"x" * 5_000_000 + b"'>The lamp.", "a.html")
    yield Case("long, attributes", b"<p " + b"a b=c " * 200_000 + b">The lamp.", "a.html")
    yield Case("long, siblings", b"<p>The lamp.</p>" * 60_000, "a.html")
    yield Case("long, links", b"<a href=x>The lamp</a> " * 60_000, "a.html")
    yield Case("long, bad lines", b"no JSON\n" * 200_000, "a.jsonl")
    yield Case("long, table", b"| a | b |\n|---|---|\n" + b"| 1 | 2 |\n" * 50_000, "a.md")


MAKERS = (_long, _bombs, _loops, _deep, _lying, _encoded, _odd_characters, _small, _polyglots)


def _resident() -> int:
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
