"""Exports of news databases and office files: read whole, or listed with the reason."""

import re
import time
from textwrap import wrap

import pytest
from harbour import DOCKERS, TITLE, VOTE
from office_files import docx, epub, odt, rtf, xlsx, zipped
from test_pdf import pdf

from topics.read.corpus import read_corpus

NEXIS = f"""
Date and Time: Friday, 9. May 2025 09:31:00 CEST
Job Number: 1
Documents (2)
1. {TITLE}
Client/Matter: -None-
Narrowed by:
Content Type
News
Sources: The Quay Desk; Content Type: News

{TITLE}
The Quay Desk (Northport)
May 6, 2025 Tuesday 9:20 AM GMT

Copyright 2025 The Quay Desk All Rights Reserved
Section:\xa0BUSINESS; Pg. 3
Length:\xa034 words
Byline:\xa0By Ann Lee
Body

{VOTE}

End of Document

{DOCKERS}
Classification

Language:\xa0ENGLISH
Subject:\xa0PORTS (90%)
Load-Date:\xa0May 7, 2025

End of Document

Kai bleibt
gesperrt
Das Hafenblatt
7. Mai 2025 Mittwoch
Länge: 2 Wörter
Body

Keiner fragte.

Ende des Dokuments
"""
CLASSIC = f"""
                               1 of 2 DOCUMENTS

                                 The Quay Desk

                             May 6, 2025 Tuesday
                               City Final Edition

{TITLE}

BYLINE: Ann Lee

SECTION: BUSINESS; Pg. 3

LENGTH: 34 words

{VOTE.replace(" on ", chr(10) + "on ")}

{DOCKERS}

LOAD-DATE: May 7, 2025

LANGUAGE: ENGLISH

GRAPHIC: Photo, the quay.

                     Copyright 2025 The Quay Desk
                          All Rights Reserved

                               2 of 2 DOCUMENTS

                                 Das Hafenblatt

                              7. Mai 2025 Mittwoch

Kai bleibt gesperrt

LÄNGE: 2 Wörter

Keiner fragte.

SPRACHE: GERMAN; DEUTSCH
"""
FACTIVA = f"""HD\t{TITLE}
BY\tBy Ann Lee
WC\t34 words
PD\t6 May 2025
SN\tThe Quay Desk
LA\tEnglish
CY\t(c) 2025 The Quay Desk
LP
{VOTE}
TD
{DOCKERS}
NS\tgport : Ports
AN
Document QUAY000020250506el5600001
SE\tHafen
HD\tKai bleibt gesperrt
WC\t2 Wörter
PD\t7 Mai 2025
SN\tDas Hafenblatt
LA\tDeutsch
LP\tKeiner fragte.
AN\tDokument QUAY000020250507el5700002
"""
PLAIN_FACTIVA = f"""<title>Factiva</title><div class="article"><div>Business</div>
<div id="hd"><span>{TITLE}</span></div><div class="author">Ann Lee</div><div>34 words</div>
<div>6 May 2025</div><div>The Quay Desk</div><div>QUAY</div><div>3</div><div>English</div>
<div>Copyright 2025 The Quay Desk.</div><p>{VOTE}</p><p>{DOCKERS}</p><p>Quay Desk Ltd</p>
<p>Document QUAY000020250506el5600001</p></div><div class="article"><div id="hd">Kai bleibt
gesperrt</div><div>2 Wörter</div><div>7 Mai 2025</div><div>Das Hafenblatt</div><div>HABL</div>
<div>Deutsch</div><p>Keiner fragte.</p><p>Dokument QUAY000020250507el5700002</p></div>"""
FACTIVA_XML = f"""<r xmlns="http://global.factiva.com/pps/2.0"><ppsarticleResultSet count="2">
<ppsarticle><article><headline><paragraph>{TITLE}</paragraph></headline><byline>Ann Lee</byline>
<leadParagraph><paragraph>{VOTE}</paragraph></leadParagraph><tailParagraphs><paragraph>{DOCKERS}
</paragraph></tailParagraphs><publicationDate><date>2025-05-06</date></publicationDate>
<sourceName>The Quay Desk</sourceName><baseLanguage>EN</baseLanguage></article></ppsarticle>
<ppsarticle><article><headline>Kai bleibt gesperrt</headline><tailParagraphs>Keiner fragte.
</tailParagraphs><publicationDate><date>2025-05-07</date></publicationDate><sourceName>Das
Hafenblatt</sourceName><baseLanguage>DE</baseLanguage></article></ppsarticle>
</ppsarticleResultSet></r>"""
EUROPRESSE = f"""<article><header><span class="DocPublicationName">The Quay Desk</span>
<span class="DocHeader">Économie, mardi 6 mai 2025, p. 3</span><p>PORTS</p>
<p class="titreArticleVisu">{TITLE}</p><div>Ann Lee</div></header><section><div class="DocText">
<p>{VOTE}</p><p>{DOCKERS}</p></div></section><aside><p>Illustration(s) : the quay.</p></aside>
<footer><small>© 2025 The Quay Desk. Tous droits réservés.</small></footer></article>
<article><span class="DocPublicationName">Das Hafenblatt</span><br>
<span class="DocHeader">mercredi </span><span class="DocHeader">7 mai 2025</span><br>
<span class="TitreArticleVisu">Kai bleibt gesperrt</span><br>Keiner fragte.<p></p>
Numéro de document : news·20250507·HB·1</article>"""
PROQUEST = f"""____________________________________________________________

Document 1 of 2

{TITLE}

Author: Lee, Ann

Publication info: The Quay Desk ; Northport

ProQuest document link

Abstract: The quay stays shut.

Full text: {VOTE}

{DOCKERS}

Subject: Ports; Cranes

Publication title: The Quay Desk

Publication date: May 6, 2025

Section: Business

Language of publication: English

ProQuest document ID: 1

____________________________________________________________

Dokument 2 von 2

Kai bleibt gesperrt

Volltext: Keiner fragte.

Titel der Publikation: Das Hafenblatt

Publikationsdatum: 7. Mai 2025

Sprache der Publikation: Deutsch

ProQuest-Dokument-ID: 2
"""
FIRST = (TITLE, "2025-05-06", f"{VOTE}\n\n{DOCKERS}", "The Quay Desk", "en")
SECOND = ("Kai bleibt gesperrt", "2025-05-07", "Keiner fragte.", "Das Hafenblatt", "de")


@pytest.fixture
def read(tmp_path):
    """Articles of a file by title, date, text, source and language; and what was skipped."""

    def read_one(name: str, content: str | bytes, *fields: str):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        corpus = read_corpus(path, progress=False)
        table = corpus.documents.merge(corpus.details, on="document_id").astype({"date": "str"})
        columns = list(fields or ("title", "date", "text", "source", "language"))
        rows = table[columns].astype(object).where(table[columns].notna(), None)
        return [*rows.itertuples(index=False, name=None)], corpus.skipped["reason"].tolist()

    return read_one


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("classic.txt", CLASSIC),
        ("classic.html", "".join(f"<p>{block}</p>" for block in CLASSIC.split("\n\n"))),
        ("factiva.txt", FACTIVA),
        ("factiva.rtf", rtf(FACTIVA.split("\n"))),
        ("factiva.rtf", rtf(FACTIVA.split("\n")).replace(b"\\tab ", b"\\cell ")),
        ("factiva.html", PLAIN_FACTIVA),
        ("factiva.xml", FACTIVA_XML),
        ("proquest.txt", PROQUEST),
    ],
)
def test_each_article_of_an_export_is_a_document(read, name, content):
    assert read(name, content) == ([FIRST, SECOND], [])


def test_articles_of_europresse_do_not_tell_their_language(read):
    assert read("a.html", EUROPRESSE) == ([FIRST, (*SECOND[:4], None)], [])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nexis.txt", NEXIS),
        ("nexis.docx", docx(NEXIS.split("\n"))),
        ("nexis.odt", odt(NEXIS.split("\n"))),
        ("nexis.rtf", rtf(NEXIS.split("\n"))),
        ("nexis.doc", rtf(NEXIS.split("\n"))),
    ],
)
def test_the_end_of_a_document_inside_a_quotation_ends_none(read, name, content):
    quoted = f"{VOTE}\n\nEnd of Document\n\n{DOCKERS}"
    source = "The Quay Desk (Northport)"
    assert read(name, content) == ([(*FIRST[:2], quoted, source, "en"), (*SECOND[:4], None)], [])


def test_an_export_as_pdf_is_read_across_its_pages(read):
    lines = [wrapped for line in NEXIS.split("\n") for wrapped in wrap(line.strip(), 60)]
    lines[-3:-3] = ["Page 2 of 2"]
    shown = [re.sub(r"([()])", r"\\\1", line) for line in lines]
    pages = [
        "BT /F 10 Tf 50 750 Td " + "".join(f"({line}) Tj 0 -15 Td\n" for line in part) + "ET"
        for part in (shown[:20], shown[20:])
    ]
    rows, reasons = read("a.pdf", pdf(*pages), "title", "date", "source")
    assert rows == [(*FIRST[:2], "The Quay Desk (Northport)"), (*SECOND[:2], "Das Hafenblatt")]
    assert reasons == []


def test_a_message_that_is_damaged_is_listed_and_the_others_are_read(read):
    bad = MAIL.format("Bad", "text/plain", "Shut.").replace("utf-8", "nosuch-8")
    good = MAIL.format("Good", "text/plain", "Shut.")
    box = "".join(f"From desk Tue May  6 09:00:00 2025\n{message}\n" for message in (bad, good))
    assert read("a.mbox", box, "title") == (
        [("Good",)],
        ["message 1 is damaged: unknown encoding: nosuch-8"],
    )


@pytest.mark.parametrize(
    ("name", "content", "section"),
    [
        ("nexis.txt", NEXIS, "BUSINESS; Pg. 3"),
        ("classic.txt", CLASSIC, "BUSINESS; Pg. 3"),
        ("factiva.txt", FACTIVA, None),
        ("europresse.html", EUROPRESSE, "Économie"),
    ],
)
def test_author_and_section_are_told_and_no_part_of_the_text(read, name, content, section):
    rows, _ = read(name, content, "author", "section")
    assert rows[0] == ("Ann Lee", section)


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        (
            CLASSIC.replace("of 2 DOC", "of 3 DOC"),
            ["the export states 3 articles, 2 found; export it again or compare by eye"],
        ),
        (
            CLASSIC.replace("1 of 2 DOC", "201 of 500 DOC").replace("2 of 2 DOC", "202 of 500 DOC"),
            [],
        ),
        (
            NEXIS.replace("Documents (2)", "Documents (4)").replace("Keiner fragte.", "")
            + "\nWe are sorry but this document cannot be displayed.\nEnd of Document\n",
            [
                "article 2 has no text: 'Kai bleibt gesperrt'",
                "an error page after article 2: 'We are sorry but this document cannot be displayed.'",
                "the export states 4 articles, 2 found; export it again or compare by eye",
                "1 rows without text (first: row 2)",
            ],
        ),
    ],
    ids=["one missing", "a part of an export", "empty and error page"],
)
def test_what_an_export_lacks_is_listed(read, content, reasons):
    assert read("a.txt", content)[1] == reasons


def test_exports_are_listed_with_the_articles_found_and_stated(tmp_path):
    files = {"a.txt": NEXIS, "b.txt": CLASSIC.replace("of 2 DOC", "of 3 DOC"), "c.txt": VOTE}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_corpus(tmp_path, progress=False).exports.to_numpy().tolist() == [
        ["a.txt", "Nexis Uni", 2, 2],
        ["b.txt", "LexisNexis", 2, 3],
    ]


def test_other_texts_are_no_exports(read):
    text = f"{VOTE}\n\nLENGTH: 90 metres\n\nEnd of Document\n\n1 of 10 documents was signed.\n"
    assert len(read("a.txt", text)[0]) == 1


MAIL = (
    "From: The Quay Desk <desk@quay.example>\nSubject: {}\nDate: Tue, 6 May 2025 09:00:00 +0000\n"
    "Content-Type: {}; charset=utf-8\n\n{}\n"
)


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("a.docx", docx([VOTE, DOCKERS], TITLE), (TITLE, FIRST[2])),
        ("a.docm", docx([VOTE, DOCKERS], TITLE, macros="Sub x()"), (TITLE, FIRST[2])),
        ("a.txt", docx([VOTE, DOCKERS], TITLE), (TITLE, FIRST[2])),
        ("a.odt", odt([VOTE, DOCKERS], TITLE), (TITLE, FIRST[2])),
        ("a.rtf", rtf([VOTE, DOCKERS]), (None, FIRST[2])),
        ("a.epub", epub([VOTE, DOCKERS], TITLE), (TITLE, FIRST[2])),
        ("a.eml", MAIL.format(TITLE, "text/plain", FIRST[2]), (TITLE, FIRST[2])),
        (
            "a.mhtml",
            MAIL.format("x", "text/html", f"<title>{TITLE}</title><p>{VOTE}"),
            (TITLE, VOTE),
        ),
        (
            "a.mbox",
            f"From a Tue May 6 2025\n{MAIL.format(TITLE, 'text/html', VOTE)}",
            (TITLE, VOTE),
        ),
        ("a.xlsx", xlsx([["Headline", "Body"], [TITLE, VOTE]]), (TITLE, VOTE)),
        ("a.zip", zipped({"in/a.docx": docx([VOTE], TITLE)}), (TITLE, VOTE)),
        ("a.csv", f'Key,Title,Abstract Note\nK1,{TITLE},"{VOTE}"\n', (TITLE, VOTE)),
    ],
)
def test_office_files_mail_and_archives_are_read(read, name, content, row):
    assert read(name, content, "title", "text") == ([row], [])


def test_a_saved_page_has_its_address_and_its_own_title_or_that_of_the_message(read):
    """What the browser says of itself and of the day of saving is not the article's."""
    saved = "Snapshot-Content-Location: https://desk.example/quay\nFrom: <Saved by Blink>\n{}"
    told = "title", "url", "source", "date"
    for page, title in ((f"<p>{VOTE}", "Subject"), (f"<title>{TITLE}</title><p>{VOTE}", TITLE)):
        message = saved.format(MAIL.format("Subject", "text/html", page))
        assert read("a.mhtml", message, *told)[0] == [
            (title, "https://desk.example/quay", None, None)
        ]


def test_a_paragraph_that_begins_with_from_and_a_year_divides_no_mail(read):
    text = f"{VOTE}\n\nFrom 2014 to 2024 exports of grain doubled, the review says, and fell again."
    mail = MAIL.format(TITLE, "text/plain", text)
    assert read("a.eml", mail, "text") == ([(text,)], [])
    assert read("a.mbox", f"From a Tue May 6 2025\n{mail}", "text") == ([(text,)], [])


def test_of_a_mail_whose_plain_text_only_points_to_its_page_the_page_is_read(read):
    mail = (
        f"Subject: {TITLE}\nContent-Type: multipart/alternative; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nView this message in your browser.\n"
        f"--b\nContent-Type: text/html\n\n<p>{VOTE}<p>{DOCKERS}\n--b--\n"
    )
    assert read("a.eml", mail, "text") == ([(f"{VOTE}\n\n{DOCKERS}",)], [])


def test_messages_of_a_mailbox_are_told_apart_and_dated(read):
    messages = [MAIL.format(title, "text/plain", "Shut.") for title in ("One", "Two")]
    box = "".join(f"From desk Tue May  6 09:00:00 2025\n{message}\n" for message in messages)
    source = ("2025-05-06", "The Quay Desk")
    assert read("a.mbox", box, "title", "date", "source")[0] == [("One", *source), ("Two", *source)]


LONG_TYPE = f"--a\nContent-Type: text/plain;{' a=b;' * 30_000}\n\nShut.\n--a--"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize(
    "mail",
    [
        MAIL.format("Quay " * 30_000, "text/plain", "Shut."),
        MAIL.format("Quay", "multipart/mixed; boundary=a", LONG_TYPE),
        MAIL.format("Quay", "multipart/mixed; boundary=a", LONG_TYPE.replace(" a", "\n a")),
    ],
    ids=["of the message", "of a part", "folded"],
)
def test_a_header_that_would_take_long_is_not_parsed(read, mail, end):
    _, reasons = read("a.eml", mail.replace("\n", end))
    assert reasons[0] == "message 1 is damaged: no text below at most 100 KB of mail header"


def test_rows_of_a_parquet_file_are_documents_with_their_dates(read, tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"text": [VOTE], "date": pd.to_datetime(["2025-05-06"])})
    frame.to_parquet(tmp_path / "made")
    assert read("a.parquet", (tmp_path / "made").read_bytes(), "text", "date") == (
        [(VOTE, "2025-05-06")],
        [],
    )


def test_files_in_archives_bear_their_names_and_those_not_read_are_listed(tmp_path):
    inner = zipped({"b.txt": VOTE, "c.xyz": "x"})
    (tmp_path / "a.zip").write_bytes(zipped({"../../a.txt": DOCKERS, "inner.zip": inner}))
    corpus = read_corpus(tmp_path, progress=False)
    assert corpus.documents["path"].tolist() == ["a.zip!/a.txt", "a.zip!/inner.zip!/b.txt"]
    assert corpus.skipped["file"].tolist() == ["a.zip!/inner.zip!/c.xyz"]
    assert not (tmp_path.parent / "a.txt").exists()


def encrypted(content: bytes) -> bytes:
    """An archive that says of each file that it is encrypted."""
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        while start >= 0:
            content = content[: start + flags] + b"\x01\x00" + content[start + flags + 2 :]
            start = content.find(mark, start + 4)
    return content


def nested(depth: int) -> bytes:
    content = zipped({"a.txt": VOTE})
    for _ in range(depth):
        content = zipped({"a.zip": content})
    return content


ENTITY = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
GOOD = {
    ".docx": docx([VOTE]),
    ".odt": odt([VOTE]),
    ".rtf": rtf([VOTE]),
    ".epub": epub([VOTE]),
    ".xlsx": xlsx([["text"], [VOTE]]),
    ".zip": zipped({"a.txt": VOTE}),
    ".eml": MAIL.format(TITLE, "text/plain", VOTE).encode(),
}
BAD = {
    "a bomb": (".zip", zipped({"a.txt": bytes(300 * 2**20)}), "unpacks to 300 MB, "),
    "many files": (".zip", zipped(dict.fromkeys(map(str, range(10_001)), "")), "10,001 files in it"),
    "archives in archives": (".zip", nested(4), "an archive in 2 others; unpack it"),
    "an empty archive": (".zip", zipped({}), "an empty archive"),
    "an archive of folders": (".zip", zipped({"a/": "", "b.txt/": ""}), "an empty archive"),
    "entities": (".docx", docx([VOTE], head=ENTITY), "word/document.xml declares a document type"),
    "no document": (".docx", zipped({"word/x.xml": ""}), ""),
    "no XML": (".docx", zipped({"word/document.xml": "x"}), "damaged, or no .docx file"),
    "old Office": (".docx", b"\xd0\xcf\x11\xe0" + bytes(600), "an old or encrypted office file"),
    "text": (".docx", VOTE.encode(), "not a whole zip archive"),
    "a book without pages": (".epub", zipped({"META-INF/container.xml": "<c/>"}), "damaged, or no"),
    "no workbook": (".xlsx", zipped({"xl/workbook.xml": "<workbook/>"}), "damaged, or no .xlsx file"),
    "no parquet": (".parquet", b"PAR1" + bytes(100), "damaged, or no .parquet file"),
    "a deep RTF": (".rtf", b"{\\rtf1" + b"{" * 100_000, "no text in the RTF file"),
    **{f"empty {kind}": (kind, b"", "") for kind in GOOD},
    **{f"encrypted {kind}": (kind, encrypted(content), "encrypted; save it without a password")
       for kind, content in GOOD.items() if content.startswith(b"PK")},
    **{f"half of {kind}": (kind, content[: len(content) // 2], "not a whole zip archive")
       for kind, content in GOOD.items() if content.startswith(b"PK")},
}  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "reason"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_listed_with_its_reason_within_seconds(read, kind, content, reason):
    started = time.monotonic()
    rows, reasons = read(f"a{kind}", content)
    assert (rows, len(reasons)) == ([], 1)
    assert reason in reasons[0]
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("name", ["a.txt", "a.docx", "a.html", "a.csv", "a.pdf", "a.xyz"])
def test_a_file_with_another_ending_is_read_or_listed(read, kind, name):
    rows, reasons = read(name, GOOD[kind])
    assert bool(rows) != bool(reasons)
