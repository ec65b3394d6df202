"""PDF and DOCX: reading order, headings, pages, and files that can't be read."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import docx
import pytest
from docx.oxml import OxmlElement
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from index.errors import ExtractionError
from index.extract import extract_bytes
from index.records import Article

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH, HEIGHT = A4
LEFT = [
    "The harbour of the old town was rebuilt",
    "three times before the railway came, and",
    "each time the council argued for years.",
]
RIGHT = [
    "Ships from the north brought timber and",
    "grain, and took salt and cloth home with",
    "them until the great storm closed it all.",
]


def pdf(*pages: Callable[[Canvas], None], **options: Any) -> bytes:
    """A PDF of drawn pages, with the given title, author or encryption."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, encrypt=options.get("encrypt"), invariant=1)
    canvas.setTitle(options.get("title", "untitled"))
    canvas.setAuthor(options.get("author", "anonymous"))
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def write(
    canvas: Canvas,
    lines: list[str],
    *,
    x: float = 72,
    y: float = 700,
    font: str = "Times-Roman",
    size: float = 11,
) -> float:
    canvas.setFont(font, size)
    for line in lines:
        canvas.drawString(x, y, line)
        y -= size * 1.2
    return y


def read(data: bytes, name: str = "paper.pdf") -> Article:
    (article,) = extract_bytes(data, name=name)
    assert isinstance(article, Article), article
    return article


def refused(data: bytes, name: str) -> str:
    (error,) = extract_bytes(data, name=name)
    assert isinstance(error, ExtractionError)
    return str(error)


def test_two_columns_are_read_one_after_the_other_below_their_title() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, ["The old harbour of the northern town"], y=760, font="Times-Bold", size=20)
        write(canvas, LEFT)
        write(canvas, RIGHT, x=310)

    article = read(pdf(draw))
    assert article.title == "The old harbour of the northern town"
    assert article.text.split("\n\n") == [article.title, " ".join(LEFT), " ".join(RIGHT)]


def test_a_title_over_pages_headers_footers_and_page_numbers() -> None:
    def page(number: int) -> Callable[[Canvas], None]:
        def draw(canvas: Canvas) -> None:
            write(canvas, [f"Journal of Harbours 3 (2017) {number}"], y=812, size=8)
            write(canvas, [LEFT[0], LEFT[1], f"Here ends page {number}."])
            write(canvas, [f"Page {number} of 3"], x=280, y=30, size=8)

        return draw

    text = read(pdf(page(1), page(2), page(3))).text
    assert "Journal" not in text
    assert "Page" not in text
    assert [f"Here ends page {number}." in text for number in (1, 2, 3)] == [True] * 3


def test_a_sentence_over_a_page_break_is_one_paragraph_and_pages_meet_inside_it() -> None:
    def first(canvas: Canvas) -> None:
        write(canvas, ["The harbour of the old town was rebuilt three times be-"], y=100)
        write(canvas, ["1"], x=290, y=30, size=8)

    def second(canvas: Canvas) -> None:
        write(canvas, ["fore the railway came, and nobody knew who was to pay."], y=770)
        write(canvas, ["2"], x=290, y=30, size=8)

    article = read(pdf(first, second))
    assert article.text == (
        "The harbour of the old town was rebuilt three times before the railway came, and nobody "
        "knew who was to pay."
    )
    one, two = article.pages
    assert (one.number, one.start, two.number, two.end) == (1, 0, 2, len(article.text))
    assert one.end == two.start
    assert article.text[two.start :].startswith("fore the railway")


def test_a_hyphen_that_the_text_uses_elsewhere_stays() -> None:
    def draw(canvas: Canvas) -> None:
        write(
            canvas,
            ["A well-known town has a har-", "bour that is well-", "known in all the north."],
        )

    assert (
        read(pdf(draw)).text
        == "A well-known town has a harbour that is well-known in all the north."
    )


def test_larger_and_bolder_lines_lead_to_sections() -> None:
    def draw(canvas: Canvas) -> None:
        y = write(canvas, ["The old harbour"], y=760, font="Helvetica-Bold", size=22)
        y = write(canvas, ["Walls"], y=y - 12, font="Helvetica-Bold", size=15)
        y = write(canvas, LEFT, y=y - 6)
        y = write(canvas, ["What they cost"], y=y - 8, font="Times-Bold")
        write(canvas, RIGHT, y=y - 6)

    article = read(pdf(draw))
    assert article.title == "The old harbour"
    assert {s.title: article.text[s.start : s.end] for s in article.sections} == {
        "Walls": " ".join(LEFT),
        "Walls › What they cost": " ".join(RIGHT),
    }


def test_paragraphs_are_told_by_indent_gap_and_short_last_line() -> None:
    def draw(canvas: Canvas) -> None:
        y = write(canvas, [*LEFT, "It was built."])
        y = write(canvas, RIGHT, y=y)
        write(canvas, LEFT, y=y - 14)

    assert read(pdf(draw)).text.split("\n\n") == [
        " ".join([*LEFT, "It was built."]),
        " ".join(RIGHT),
        " ".join(LEFT),
    ]


def test_rows_of_a_table_are_lines_of_cells() -> None:
    def draw(canvas: Canvas) -> None:
        y = write(canvas, LEFT) - 20
        for cells in (("Year", "Ships", "Tons"), ("1901", "12", "4000"), ("1902", "15", "5200")):
            for column, cell in enumerate(cells):
                canvas.drawString(72 + 120 * column, y, cell)
            y -= 18

    assert read(pdf(draw)).text.endswith(
        "\n\nYear | Ships | Tons\n1901 | 12 | 4000\n1902 | 15 | 5200"
    )


@pytest.mark.parametrize(
    ("title", "author", "expected"),
    [
        ("On harbours", "Jane Doe", ("On harbours", "Jane Doe")),
        ("Microsoft Word - harbour_v3.docx", "Administrator", ("Paper", None)),
        ("untitled", "anonymous", ("Paper", None)),
    ],
)
def test_junk_in_the_head_of_a_pdf_is_not_believed(
    title: str, author: str, expected: tuple[str, str | None]
) -> None:
    article = read(pdf(prose, title=title, author=author))
    assert (article.title, article.author) == expected


def test_the_date_on_the_page_wins_over_the_date_of_the_file() -> None:
    def draw(canvas: Canvas) -> None:
        y = write(canvas, ["28 September 2017"])
        write(canvas, LEFT, y=y - 20)

    assert read(pdf(draw)).published == "2017-09-28"


def picture(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.new("RGB", (60, 80), "grey")), 0, 0, WIDTH, HEIGHT)


def prose(canvas: Canvas) -> None:
    write(canvas, LEFT)


def test_pages_without_text_are_listed() -> None:
    article = read(pdf(prose, picture, prose))
    assert article.empty_pages == (2,)
    assert article.warnings == ("Page 2 had no text.",)
    assert [page.number for page in article.pages] == [1, 3]


def test_a_scan_is_refused_in_a_sentence() -> None:
    assert refused(pdf(picture, picture), "scan.pdf") == (
        "scan.pdf holds pictures of pages and no text, as a scan does: "
        "run it through OCR (text recognition) and add the result."
    )


def test_an_encrypted_pdf_is_refused_unless_it_opens_without_a_password() -> None:
    assert refused(pdf(prose, encrypt=StandardEncryption("secret")), "a.pdf") == (
        "a.pdf is encrypted: save it without a password and add the new file."
    )
    assert read(pdf(prose, encrypt=StandardEncryption("", "owner"))).text == " ".join(LEFT)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_pdf_is_refused_in_a_sentence(share: float) -> None:
    data = pdf(prose, prose)
    assert refused(data[: int(len(data) * share)], "a.pdf") == (
        "a.pdf is cut off before its end: get the whole file and add it again."
    )


def test_a_damaged_pdf_is_refused_or_read_with_a_warning() -> None:
    data = pdf(prose)
    assert refused(b"%PDF-1.4\nnothing of the sort\n%%EOF\n", "a.pdf").startswith(
        "a.pdf is a damaged PDF"
    )
    article = read(data.replace(b"startxref\n", b"startxref\n9"))
    assert article.text == " ".join(LEFT)
    assert article.warnings == (
        "The PDF is damaged and was pieced together; some of its text may be missing.",
    )


def word(build: Callable[[Any], None]) -> bytes:
    document = docx.Document()
    build(document)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def harbour(document: Any) -> None:
    document.core_properties.author = "Jane Doe"
    document.core_properties.created = datetime(2017, 9, 28, tzinfo=UTC)
    document.add_heading("The harbour", 0)
    document.add_paragraph("It is old.")
    document.add_heading("Walls", 1)
    document.add_paragraph("There are three.")
    document.add_paragraph("of brick", style="List Bullet")
    document.add_paragraph("of stone", style="List Bullet")
    document.add_heading("Cost", 2)
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip(table._cells, ("Year", "Cost", "1901", "12"), strict=True):
        cell.text = words
    document.add_paragraph("So much\nfor that.")


def test_a_word_document_keeps_its_order() -> None:
    article = read(word(harbour), "a.docx")
    assert article.text == (
        "The harbour\n\nIt is old.\n\nWalls\n\nThere are three.\n\nof brick\nof stone\n\n"
        "Cost\n\nYear | Cost\n1901 | 12\n\nSo much\nfor that."
    )
    assert {s.title: article.text[s.start : s.end] for s in article.sections} == {
        "Walls": "There are three.\n\nof brick\nof stone",
        "Walls › Cost": "Year | Cost\n1901 | 12\n\nSo much\nfor that.",
    }
    assert (article.title, article.author, article.published) == (
        "The harbour",
        "Jane Doe",
        "2017-09-28",
    )


def test_the_marks_of_the_template_are_neither_author_nor_date() -> None:
    article = read(word(lambda document: document.add_paragraph("Words.")), "my_file.docx")
    assert (article.title, article.author, article.published) == ("My file", None, None)


def test_a_heading_is_told_by_its_outline_level() -> None:
    def build(document: Any) -> None:
        paragraph = document.add_paragraph("Own style")
        level = OxmlElement("w:outlineLvl")
        level.set(docx.oxml.ns.qn("w:val"), "0")
        paragraph._p.get_or_add_pPr().append(level)
        document.add_paragraph("Words.")
        document.core_properties.title = "A title"

    article = read(word(build), "a.docx")
    assert [s.title for s in article.sections] == ["Own style"]
    assert article.title == "A title"


def test_bad_word_files_are_refused_in_a_sentence() -> None:
    data = word(harbour)
    assert refused(data[: len(data) // 2], "a.docx") == (
        "a.docx is cut off or damaged: save it again in Word and add the new file."
    )
    assert refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.doc") == (
        "a.doc is an old Word file (.doc): save it as .docx and add that."
    )
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    assert refused(locked, "a.docx") == (
        "a.docx is protected by a password: save it without one and add the new file."
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("sheet.xml", "<a/>")
    assert refused(buffer.getvalue(), "a.zip") == (
        "a.zip is a ZIP archive but no Word document: unpack it and add the files inside."
    )


def test_code_keeps_its_lines_and_a_table_of_contents_goes() -> None:
    def draw(canvas: Canvas) -> None:
        y = write(
            canvas, ["1 Walls . . . . . . . . . . . . . . . 1", "2 Trade . . . . . . . . . . . 7"]
        )
        y = write(canvas, LEFT, y=y - 20)
        y = write(canvas, ["for ship in harbour:", "leave(ship)"], y=y - 4, font="Courier")
        write(canvas, RIGHT, y=y - 4)

    assert read(pdf(draw)).text == (
        f"{' '.join(LEFT)}\n\nfor ship in harbour:\nleave(ship)\n\n{' '.join(RIGHT)}"
    )


def test_notes_at_the_foot_of_a_page_do_not_cut_a_sentence() -> None:
    def first(canvas: Canvas) -> None:
        write(canvas, [*LEFT, *RIGHT[:2]], y=300)
        write(canvas, ["1 See the annals of the town council."], y=150, size=8)

    def second(canvas: Canvas) -> None:
        write(canvas, [RIGHT[2], *LEFT], y=770)

    assert read(pdf(first, second)).text.split("\n\n") == [
        "1 See the annals of the town council.",
        " ".join([*LEFT, *RIGHT, *LEFT]),
    ]
