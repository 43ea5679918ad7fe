"""Paragraphs and properties of PDF files, and the reasons for those that cannot be read."""

import io
import re
import zlib
from textwrap import wrap

import pytest
from pypdf import PdfWriter

import topics
from topics.errors import UnreadableError
from topics.read import pdf as pdf_module
from topics.read.pdf import read_pdf

FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
UNICODE = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /Mincho /Encoding /UniJIS-UTF16-H /DescendantFonts "
    "[<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Mincho /CIDSystemInfo << /Registry (Adobe) "
    "/Ordering (Japan1) /Supplement 4 >> >>] >>"
)


def pdf(*pages: str | bytes, about: str = "", font: str = FONT) -> bytes:
    """A PDF with the given content streams, one a page; bytes are taken to be packed."""
    kids = " ".join(f"{5 + 2 * i} 0 R" for i in range(len(pages)))
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        font.encode(),
        f"<< {about} >>".encode(),
    ]
    for i, page in enumerate(pages):
        stream = page if isinstance(page, bytes) else page.encode("cp1252")
        packed = "/Filter /FlateDecode" if isinstance(page, bytes) else ""
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {6 + 2 * i} 0 R "
            "/Resources << /Font << /F 3 0 R >> >> >>".encode(),
            f"<< /Length {len(stream)} {packed} >>\nstream\n".encode() + stream + b"\nendstream",
        ]
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
        f"<< /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R >>\n"
        f"startxref\n{len(content)}\n%%EOF\n"
    )
    return content + end.encode()


def at(x: float, y: float, *lines: str, size: int = 10) -> str:
    """Lines of text under each other, the first one at the given place."""
    places = [(y - 12 * n, line) for n, line in enumerate(lines)]
    return "".join(f"BT /F {size} Tf {x} {y} Td ({line}) Tj ET\n" for y, line in places)


def paragraphs(*pages: str, **options: str) -> list[str]:
    return read_pdf(pdf(*pages, **options)).text.split("\n")


SAID = [
    "The harbour board voted on Tuesday to keep the northern quay shut until all three of its "
    "cranes are repaired, in September.",
    "Dockers had asked for an earlier date, but the insurers refused to cover a second shift on "
    "that side of the harbour.",
    "The ferry to the islands goes from the southern quay meanwhile, where there is neither a "
    "waiting room nor a roof.",
    "In the town hall nobody will say who is to pay for the repairs, and the company that built "
    "the cranes is no more.",
]
VOTE, DOCKERS, FERRY, HALL = BODIES = [wrap(said, 50) for said in SAID]


def test_a_short_last_line_ends_a_paragraph():
    assert paragraphs(at(50, 700, *VOTE, *DOCKERS)) == SAID[:2]


def test_headings_stay_lines_of_their_own():
    page = at(50, 740, "A quay in the north", size=14) + at(50, 715, *VOTE)
    page += at(50, 679, "Who is against it", *DOCKERS)
    assert paragraphs(page) == ["A quay in the north", SAID[0], "Who is against it", SAID[1]]


def test_list_items_are_paragraphs():
    items = ["• for cranes", "• for a roof"]
    assert paragraphs(at(50, 700, "The board asks:") + at(60, 688, *items))[1:] == items


def test_a_paragraph_goes_on_over_a_page_or_a_column():
    assert paragraphs(at(50, 700, *VOTE[:2]), at(50, 700, VOTE[2], *DOCKERS)) == SAID[:2]
    assert paragraphs(at(50, 700, *VOTE[:2]) + at(310, 700, VOTE[2], *FERRY)) == SAID[::2][:2]


@pytest.mark.parametrize(
    ("heads", "feet"),
    [
        (["The Harbour Review"] * 4, ["page"] * 4),
        (["Review 7", "Review 8", "Review 9", "Review 10"], [""] * 4),
        (["The Review", "1 of the quays", "The Review", "3 of the quays"], ["harbour.example"] * 4),
    ],
    ids=["the same", "counting", "left and right"],
)
def test_running_heads_and_feet_are_dropped(heads, feet):
    placed = zip(heads, BODIES, feet, strict=True)
    pages = [at(50, 770, a) + at(50, 700, *body) + at(50, 40, b) for a, body, b in placed]
    assert paragraphs(*pages) == SAID


def test_one_head_of_a_kind_is_reported():
    pages = [
        at(50, 770, f"Review {n}") + at(50, 700, *body) + at(290, 40, f"{n}")
        for n, body in enumerate(BODIES, 1)
    ]
    assert read_pdf(pdf(*pages)).dropped == [("Review 1", "running head"), ("1", "page number")]


@pytest.mark.parametrize("number", ["12", "- 12 -", "Page 3", "page 3 of 9", "3/9", "[3]", "iv"])
def test_page_numbers_are_dropped(number):
    read = read_pdf(pdf(at(50, 700, *VOTE) + at(290, 40, number)))
    assert (read.text, read.dropped) == (SAID[0], [(number, "page number")])


@pytest.mark.parametrize("line", ["Recommendation", "civil", "1 234 567", "12 per cent", "4.8"])
def test_other_lines_at_a_pages_edge_stay(line):
    assert paragraphs(at(50, 700, line, size=14) + at(50, 670, *VOTE)) == [line, SAID[0]]


def test_headings_that_do_not_count_the_pages_stay():
    steps = ["Step 1", "Step 3", "Step 7", "Step 9"]
    pages = [
        at(50, 740, step, size=14) + at(50, 700, *b) for step, b in zip(steps, BODIES, strict=True)
    ]
    assert paragraphs(*pages)[::2] == steps


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("a com-", "pany", "a company"),
        ("a well-", "known one", "a well-known one"),
        ("the US-", "China talks", "the US-China talks"),
        ("state-of-the-", "art cranes", "state-of-the-art cranes"),
        ("long-", "and short-term", "long- and short-term"),
        ("the cranes –", "all three", "the cranes – all three"),
        ("a com\xad", "pany", "a company"),
    ],
)
def test_a_hyphen_at_a_lines_end_stays_where_it_belongs(first, second, joined):
    page = at(50, 700, "It is well-known that the board has met with", first, f"{second} today.")
    assert paragraphs(page) == [f"It is well-known that the board has met with {joined} today."]


def test_text_on_a_turned_page_is_read_like_any():
    assert paragraphs(f"0 1 -1 0 600 0 cm\n{at(50, 500, *VOTE, *DOCKERS)}") == SAID[:2]


def in_unicode(y: float, text: str) -> str:
    return f"BT /F 10 Tf 50 {y} Td <{text.encode('utf-16-be').hex()}> Tj ET\n"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["港務局は火曜日、三基のクレーンの修理が終わるまで", "北埠頭を閉めると決めた。"], ""),
        (["Порт закрыт до осе-", "ни из-за ремонта."], "Порт закрыт до осени из-за ремонта."),
        (["The oﬃcial ﬁgures", "are ﬂat."], "The official figures are flat."),
    ],
    ids=["Japanese", "Russian", "ligatures"],
)
def test_any_script_is_read(lines, text):
    page = "".join(in_unicode(700 - 12 * i, line) for i, line in enumerate(lines))
    assert paragraphs(page, font=UNICODE) == [text or "".join(lines)]


def test_a_document_is_made_of_the_paragraphs_and_the_properties(tmp_path):
    about = "/Title (The quay) /Author (Harbour Desk) /CreationDate (D:20250506235900-05'00')"
    (tmp_path / "a.pdf").write_bytes(pdf(at(50, 700, *VOTE, *DOCKERS), about=about))
    document = topics.read_corpus(tmp_path, progress=False).documents.iloc[0]
    assert [*document[["text", "title", "source"]]] == [
        "\n\n".join(SAID[:2]),
        "The quay",
        "Harbour Desk",
    ]
    assert str(document["date"].date()) == "2025-05-06"


def test_a_files_name_goes_before_the_properties_of_a_pdf(tmp_path):
    about = "/Title (print) /Author (jsmith) /CreationDate (D:20250610)"
    name = "2024-11-20_London-Desk_quay-shut.pdf"
    (tmp_path / name).write_bytes(pdf(at(50, 700, *VOTE), about=about))
    document = topics.read_corpus(tmp_path, progress=False).documents.iloc[0]
    assert [*document[["title", "source"]]] == ["quay shut", "London Desk"]
    assert str(document["date"].date()) == "2024-11-20"


@pytest.mark.parametrize("title", ["Microsoft Word - quay", "quay.docx", "Untitled", ""])
def test_properties_that_are_no_title_and_no_day_are_left_out(title):
    read = read_pdf(pdf(at(50, 700, *VOTE), about=f"/Title ({title}) /CreationDate (D:20259999)"))
    assert read.fields == {}


WRONG = "BT /F 12 Tf [1 0 R] TJ ET"


def test_a_damaged_page_is_left_out_and_reported():
    read = read_pdf(pdf(at(50, 700, *VOTE), WRONG))
    ((page, reason),) = read.dropped
    assert (read.text, page, reason[:13]) == (SAID[0], "page 2", "damaged PDF: ")


def locked(password: str, algorithm: str = "RC4-128") -> bytes:
    writer, packed = PdfWriter(io.BytesIO(pdf(at(50, 700, *VOTE)))), io.BytesIO()
    writer.encrypt(password, owner_password="owner", algorithm=algorithm)
    writer.write(packed)
    return packed.getvalue()


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_pdf_that_anybody_may_open_is_read(algorithm):
    assert read_pdf(locked("", algorithm)).text == SAID[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged PDF: "),
        (b"%PDF-1.7\n\x00\xff\xfe garbage", "damaged PDF: "),
        (pdf(at(50, 700, *VOTE))[:300], "damaged PDF: "),
        (pdf(WRONG), "damaged PDF: "),
        (pdf(""), "the PDF holds no text (scanned pages?); run OCR on it first"),
        (pdf(), "the PDF has 0 pages; from 1 to 2,000 can be read"),
        (pdf(*[""] * 2001), "the PDF has 2,001 pages; from 1 to 2,000 can be read"),
        (pdf(zlib.compress(bytes(80_000_000))), "the PDF is too big to read: "),
        (locked("secret"), "the PDF is locked with a password"),
    ],
    ids="empty garbage cut operand blank pageless long bomb locked".split(),
)
def test_a_pdf_that_cannot_be_read_says_why(content, reason):
    with pytest.raises(UnreadableError, match=f"^{re.escape(reason)}"):
        read_pdf(content)


def test_a_pdf_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(pdf_module, "MAX_SECONDS", -1)
    with pytest.raises(UnreadableError, match="too big to read: it takes more than"):
        read_pdf(pdf(at(50, 700, *VOTE)))
