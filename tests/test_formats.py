"""Records of each format, from well-formed files and from damaged or hostile ones."""

import json
import re
import tempfile
from pathlib import Path

import pytest
from ftfy import fix_encoding
from harbour import DOCKERS, VOTE
from hypothesis import given, settings
from hypothesis import strategies as st

from topics.errors import InputError
from topics.read.corpus import read_corpus
from topics.read.formats import KNOWN

# But for the controls from 128 on, which are letters of another encoding.
NO_C1 = st.characters(exclude_characters="".join(map(chr, range(0x80, 0xA0))))
NO_FEED = "no entries of an RSS or Atom feed found"


@pytest.fixture
def read(tmp_path):
    """Documents of one file by the fields asked for, and the reasons for what is none."""

    def read_one(name: str, content: str | bytes, *fields: str, **columns: str):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        corpus = read_corpus(path, columns=columns, progress=False)
        table = corpus.documents.merge(corpus.details).astype({"date": "str"})
        rows = table[list(fields)].astype(object).where(table[list(fields)].notna(), None)
        return [*rows.itertuples(index=False, name=None)], corpus.skipped["reason"].tolist()

    return read_one


def rss(*items: str, declaration: str = "") -> str:
    entries = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0"?>{declaration}<rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>The Quay &amp; Desk</title>'
        f"<language>en-gb</language>{entries}</channel></rss>"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_csv_is_read_whatever_parts_its_fields_and_lines(read, delimiter, end):
    lines = [("id", '"text"'), ("1", f'"a ""b{delimiter}"""'), ("2", "c 'd")]
    table = "".join(delimiter.join(line) + end for line in lines)
    assert read("a.csv", table, "document_id", "text") == (
        [("a.csv#1", f'a "b{delimiter}"'.replace("\t", " ")), ("a.csv#2", "c 'd")],
        [],
    )


def test_a_byte_order_mark_is_no_part_of_a_quoted_column_name(read):
    assert read("a.csv", '\ufeff"text"\nShut.\n', "text") == ([("Shut.",)], [])


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_tables_in_utf16_are_read(read, name):
    table = {"a.csv": 'id;text\r\nx;"Größe;\r\n\r\nMaß"\r\n', "a.jsonl": '{"text": "Größe"}\r\n'}
    text = {"a.csv": "Größe;\n\nMaß", "a.jsonl": "Größe"}[name]
    assert read(name, table[name].encode("utf-16"), "text") == ([(text,)], [])


def test_a_return_inside_a_field_does_not_end_the_table(read):
    table = "id,text\r\n1,It is\rshut.\r\n2,Open.\r\n"
    assert read("a.csv", table, "text")[0][-1] == ("Open.",)


def test_a_quote_left_open_is_listed_and_the_rows_before_are_read(read):
    assert read("a.csv", 'id,text\n1,Shut.\n2,"Open\n3,Sold.\n', "text") == (
        [("Shut.",), ("Open\n\n3,Sold.",)],
        ["a quote is left open: rows after it may have become one text"],
    )


@pytest.mark.parametrize(
    ("name", "row"), [("a.csv", "{}\n"), ("a.jsonl", '{{"text": "{}"}}\n')], ids=["csv", "jsonl"]
)
def test_a_row_that_is_too_long_is_listed_by_its_line(read, name, row):
    head = "text\n" if name == "a.csv" else "\n"
    table = head + "".join(map(row.format, ["Shut.", "x" * (21 * 2**20), "Open."]))
    rows, reasons = read(name, table, "text")
    assert (rows, reasons) == ([("Shut.",), ("Open.",)], ["line 3: longer than 20 MB"])


def test_columns_may_be_named_and_go_before_those_understood_by_themselves(read):
    table = "text,VOLLTEXT ,Tag\nShort.,Long and whole.,6.5.2025\nOnly short.,,7.5.2025\n"
    rows, _ = read("a.csv", table, "text", "date_from", text="Volltext", date=" tag ")
    assert rows == [("Long and whole.", "column Tag"), ("Only short.", "column Tag")]


def test_a_field_that_does_not_exist_is_an_error_that_names_those_that_do(read):
    expected = "text, title, date, source, country, language, url, author, section, length"
    with pytest.raises(InputError, match=f"^columns: expected some of {expected}, got 'body'$"):
        read("a.csv", "text\nShut.\n", body="Volltext")


def test_a_column_that_no_table_has_is_an_error_that_lists_those_found(read):
    message = "columns: date expected in column 'Tag', found Datum, text; name one of these: "
    with pytest.raises(InputError, match=f"^{message}--columns date=NAME$"):
        read("a.csv", "text,Datum\nShut.,2025-05-06\n", date="Tag")


def test_objects_and_lists_in_json_become_text(read):
    record = {
        "text": ["Shut.", "Open."],
        "source": {"id": None, "name": "The Desk"},
        "authors": [{"name": "Ann Lee"}, "Bo Ray"],
    }
    assert read("a.jsonl", json.dumps(record), "text", "source", "author") == (
        [("Shut.\n\nOpen.", "The Desk", "Ann Lee, Bo Ray")],
        [],
    )


@pytest.mark.parametrize("missing", ["NaN", "null", '"nan"', '"None"', '" NULL "', '""', "[]"])
def test_what_says_that_a_value_is_missing_is_no_value(read, missing):
    table = f'{{"text": "Shut.", "title": {missing}}}\n{{"text": {missing}, "title": "Quay"}}\n'
    assert read("a.jsonl", table, "text", "title") == (
        [("Shut.", None)],
        ["1 rows without text (first: row 2)"],
    )


def test_lists_within_lists_without_end_stop_nothing(read):
    table = f'{{"text": {"[" * 700}"x"{"]" * 700}}}\n{{"text": "Shut."}}\n'
    assert ("Shut.",) in read("a.jsonl", table, "text")[0]


@pytest.mark.parametrize(
    "title", ['"\\UFFFFFFFF"', "&a [*a]"], ids=["no character", "a list that holds itself"]
)
def test_front_matter_that_cannot_be_read_stops_nothing(read, title):
    assert read("a.md", f"---\ntitle: {title}\n---\n\n{VOTE}\n", "text") == ([(VOTE,)], [])


def test_front_matter_does_not_grow_by_its_references(read):
    front = "a: &a [xxxx, xxxx, xxxx, xxxx]\n"
    for name, before in zip("bcdef", "abcde", strict=True):
        front += f"{name}: &{name} [*{before}, *{before}, *{before}, *{before}]\n"
    [(title,)], _ = read("a.md", f"---\n{front}title: *f\n---\n\n{VOTE}\n", "title")
    assert len(title or "") < 1000


def test_an_rss_feed_gives_its_longest_texts_and_what_it_says_of_them(read):
    first = (
        "<title>Quay <![CDATA[<b>shut</b>]]></title><guid>g1</guid><link>https://d.example/1</link>"
        "<pubDate>Tue, 06 May 2025 23:30:00 -0500</pubDate><dc:creator>Ann Lee</dc:creator>"
        f"<description>Short.</description><content:encoded><![CDATA[<p>{VOTE}</p>"
        f"<script>track()</script><p>{DOCKERS[:-1]} &amp; <i>more</i>.</p>]]></content:encoded>"
    )
    second = f"<description>{DOCKERS}</description>"
    third = f"<description>{VOTE}</description><source url='https://d.example'>Other Desk</source>"
    said = ["document_id", "text", "title", "source", "author", "url", "language", "source_from"]
    rows, reasons = read(
        "a.rss", rss(first, second, "<title>No text</title>", third), *said, "date"
    )
    url, text = "https://d.example/1", f"{VOTE}\n\n{DOCKERS[:-1]} & more."
    about = ["Quay shut", "The Quay & Desk", "Ann Lee", url, "en", "feed"]
    assert [str(field)[:300] for field in rows[0]] == ["a.rss#g1", text, *about, "2025-05-06"]
    assert rows[1][:4] == ("a.rss#2", DOCKERS, None, "The Quay & Desk")
    assert rows[2][3] == "Other Desk"  # of a feed that collects others' articles
    assert reasons == ["1 rows without text (first: row 3)"]


@pytest.mark.parametrize(
    "content",
    [
        f'type="html">&lt;p&gt;{VOTE}&lt;/p&gt;&lt;p&gt;{DOCKERS}&lt;/p&gt;',
        f'type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>{VOTE}</p><p>{DOCKERS}</p></div>',
        f'type="text">{VOTE}\n\n{DOCKERS}',
    ],
    ids=["html", "xhtml", "text"],
)
def test_an_atom_feed_gives_paragraphs_whatever_its_texts_are_written_in(read, content):
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>The Desk</title><entry><id>tag:1</id>'
        "<updated>2025-05-06T10:00:00Z</updated><author><name>Ann Lee</name></author>"
        f'<link href="https://d.example/1"/><summary>Short.</summary><content {content}</content>'
        "</entry></feed>"
    )
    assert read("a.atom", feed, "document_id", "text", "author", "url", "source") == (
        [("a.atom#tag:1", f"{VOTE}\n\n{DOCKERS}", "Ann Lee", "https://d.example/1", "The Desk")],
        [],
    )


@pytest.mark.parametrize("content", ["<note><to>x</to></note>", "Shut.", "<rss></rss>", "<"])
def test_an_xml_file_that_is_no_feed_is_listed(read, content):
    assert read("a.xml", content) == ([], [NO_FEED])


def test_a_feed_file_that_holds_a_file_name_does_not_open_that_file(read, tmp_path):
    (tmp_path / "secret").write_text(rss(f"<description>{VOTE}</description>"))
    assert read("a.xml", str(tmp_path / "secret")) == ([], [NO_FEED])


@pytest.mark.parametrize("after", [" <b>AT&T", " &nosuch; &#xD83D;"])
def test_entries_of_a_malformed_feed_are_read(read, after):
    texts = (VOTE, f"{DOCKERS}{after}")
    feed = rss(*(f"<description>{text}</description>" for text in texts))
    rows, _ = read("a.rss", feed.removesuffix("</item></channel></rss>"), "text")
    assert rows[0] == (VOTE,)
    assert rows[1][0].startswith(DOCKERS)


def test_a_character_may_be_given_by_its_number(read):
    item = "<description>&#55148;&#xD76C;&#x1F600;</description>"
    assert read("a.rss", rss(item), "text") == ([("희희😀",)], [])


def test_entities_of_a_feed_are_neither_multiplied_nor_fetched(read, tmp_path):
    (tmp_path / "secret").write_text("The safe is open.")
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY a0 "boom"><!ENTITY f SYSTEM "{tmp_path / "secret"}">{entities}]>'
    rows, _ = read(
        "a.rss", rss("<description>Shut. &a9; &f;</description>", declaration=bomb), "text"
    )
    assert len(rows[0][0]) < 100
    assert "safe" not in rows[0][0]


ARTICLE = (
    f"<article><h1>Quay</h1><p>{VOTE}</p><p>{DOCKERS}</p><p>Next on 3 March 2019.</p></article>"
)


@pytest.mark.parametrize(
    ("head", "date"),
    [
        ("", "None"),
        ('<meta name="date" content="2025-05-06">', "2025-05-06"),
        (
            '<meta property="article:published_time" content="2025-05-06T23:00:00-05:00">'
            '<meta property="article:modified_time" content="2025-06-01T10:00:00Z">',
            "2025-05-06",
        ),
    ],
)
def test_a_page_is_dated_by_its_head_and_never_by_its_text(read, head, date):
    page = f"<html><head><title>Quay</title>{head}</head><body>{ARTICLE}</body></html>"
    [(day, metadata_source)], _ = read("a.html", page, "date", "date_from")
    assert (str(day), metadata_source) == (date, "web page" if head else None)


@pytest.mark.parametrize(
    "page",
    [
        f"<html><head><style>zzz</style></head><body>{ARTICLE}<script>zzz</script></body></html>",
        f"<p>{VOTE}<script>zzz()</script></p><style>zzz {{}}</style><p>{DOCKERS}</p>",
        f"<div>{DOCKERS}</div><script>if (a < b) zzz('<p>zzz</p>')</script><div>{VOTE}",
        f"<html><head><title>zzz</title><body>{VOTE} {DOCKERS}",
        f"<p>{VOTE}</p><![zzz ]><p>{DOCKERS}",
        "<div>" * 1000 + f"<p>{VOTE}</p><p>{DOCKERS}</p>" + "<script>zzz",
    ],
    ids=["article", "no head", "no end", "head left open", "odd declaration", "deep"],
)
def test_pages_well_formed_or_not_give_their_text_and_no_code(read, page):
    [(text,)], reasons = read("a.html", page, "text")
    assert (VOTE in text, DOCKERS in text, "zzz" in text, reasons) == (True, True, False, [])


@pytest.mark.parametrize(
    "page",
    [
        "<![zzz zzz",
        "<html><body><img src=a></body>",
        "<script>a()</script>",
        "<div>" * 50_000 + VOTE,
    ],
    ids=["no end", "image", "code", "too deep"],
)
def test_a_page_without_text_is_listed(read, page):
    assert read("a.html", page) == ([], ["no article text found in the page"])


_MARKS = (
    "< > <p> <div> <![ <![CDATA[ ]]> <!DOCTYPE <?xml <rss> <channel> <item> <description> <entry> "
    "<content> &#xD83D; &#0; --- title: date: text id , ; \t \" ' { } [ ] \\ | : * _ # ` & ! \n \r "
    '{"text":"x"} null NaN 1e999 \\ud83d \0 \x1b \u2028 %PDF-1.4 obj << >> stream xref trailer quay.'
)
_PARTS = [mark.encode() for mark in re.split(" ", _MARKS)] + [b"\xff\xfe", b"\xef\xbb\xbf", b" "]


@pytest.mark.parametrize("extension", [*KNOWN.split(), ".txt.gz"])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(parts=st.lists(st.sampled_from(_PARTS) | st.binary(max_size=9), max_size=25))
def test_no_content_stops_a_run_and_every_file_is_read_or_listed(extension, parts):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"a{extension}").write_bytes(b"".join(parts))
        Path(folder, f"b{extension}").write_bytes(b"<description>" + b" ".join(parts))
        corpus = read_corpus(folder, progress=False)
    told = {*corpus.documents["path"], *corpus.skipped["file"]}
    assert told == {f"a{extension}", f"b{extension}"}
    assert corpus.documents["document_id"].is_unique
    assert corpus.documents["text"].str.strip().str.len().gt(0).all()


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.none() | st.integers(0, 9) | st.text(max_size=3), st.text(NO_C1))))
def test_the_words_of_a_jsonl_stay_in_order_and_its_ids_differ(rows):
    with tempfile.TemporaryDirectory() as folder:
        lines = [json.dumps({"id": label, "text": text}) for label, text in rows]
        Path(folder, "a.jsonl").write_text("\n".join(["{}", *lines]))
        documents = read_corpus(folder, progress=False).documents
    none = {"nan", "null", "none", "n/a", ""}  # what exports write for no text
    mended = [fix_encoding(text) for _, text in rows]  # of what looks like a wrong encoding
    texts = [text for text in mended if " ".join(text.split()).lower() not in none]
    words = [found for text in texts if (found := re.findall(r"\w+", text))]
    assert [re.findall(r"\w+", text) for text in documents["text"]] == words
    assert documents["document_id"].is_unique
