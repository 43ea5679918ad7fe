"""Documents from files of each kind, and the reasons for files that cannot be read."""

import gzip
import io
import json
import zipfile

import pandas as pd
import pytest
from harbour import DOCKERS, TITLE, VOTE

from topics.errors import InputError
from topics.read.corpus import COLUMNS, Corpus, read_corpus
from topics.read.fields import parse_date

ARTICLE = f"{VOTE}\n\n{DOCKERS}"


@pytest.fixture
def read(tmp_path):
    """Read a folder of the given files: their names to their text or bytes."""

    def read_files(files: dict[str, str | bytes]) -> Corpus:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_corpus(tmp_path, progress=False)

    return read_files


def rows(corpus: Corpus, *columns: str) -> list[list[str]]:
    """The given columns of all documents as strings; a missing value is an empty one."""
    table = corpus.documents[list(columns)].astype({"date": "str"} if "date" in columns else {})
    return table.fillna("").to_numpy().tolist()


def test_what_copies_of_the_process_read_is_what_one_process_reads(read, monkeypatch):
    page = "<html><body><article><h1>{}</h1><p>{}</p><p>{}</p></article>{}</body></html>"
    files: dict[str, str | bytes] = {
        f"{n:02}.html": page.format(TITLE, f"Day {n}. {VOTE}", DOCKERS, " " * 20_000)
        for n in range(30)
    }
    files |= {"05a.txt": "", "20a.md": f"---\ndate: in May\nsource: The Desk\n---\n{ARTICLE}"}
    files["25.csv"] = f"text,published\n{VOTE},2025-05-06\n,2025-05-07\n"
    files["27.jsonl"] = json.dumps({"text": f"{DOCKERS} \ud83d", "date": "2025-05-08"})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("in it.txt", ARTICLE)
    files["28.zip"] = packed.getvalue()
    monkeypatch.setattr("topics.read.corpus._SHARED_AT_ONCE", 300_000)
    monkeypatch.setattr("topics.read.corpus._MIN_SHARED", 10_000)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    shared = read(files)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    alone = read(files)
    assert len(shared.documents) == 34
    assert len(shared.skipped) == 2
    for name, table in vars(alone).items():
        pd.testing.assert_frame_equal(getattr(shared, name), table)


def test_a_text_file_says_date_and_source_in_its_name(read):
    corpus = read({"2025-05-06_Harbour-Desk_quay-stays-shut.txt": f"{TITLE}\n\n{ARTICLE}\n"})
    assert corpus.documents.columns.tolist() == COLUMNS
    assert rows(corpus, "text", "title", "date", "source", "language") == [
        [ARTICLE, TITLE, "2025-05-06", "Harbour Desk", "en"]
    ]


def test_markdown_front_matter_goes_before_what_the_name_says(read):
    front = (
        "---\r\ntitle: The quay\r\nday: 7 May 2025\r\noutlet: The Desk\r\ncountry: Peru\r\n---\r\n"
    )
    corpus = read({"2025-05-06_Other-Desk_quay.md": f"{front}\r\n{VOTE}\r\n"})
    assert rows(corpus, "text", "title", "date", "source", "country") == [
        [VOTE, "The quay", "2025-05-07", "The Desk", "Peru"]
    ]


def test_markdown_headings_and_quotes_stay_paragraphs_of_their_own(read):
    corpus = read(
        {"a.md": f"# {TITLE}\n\n{VOTE}\n\n## The bill\n\n{DOCKERS}\n\n> {VOTE[:-1]} now.\n"}
    )
    assert rows(corpus, "title", "text") == [
        [TITLE, f"{VOTE}\n\nThe bill\n\n{DOCKERS}\n\n{VOTE[:-1]} now."]
    ]


def test_markdown_marks_are_taken_off_and_other_asterisks_are_not(read):
    marked = (
        "The **harbour** board _voted_ on [Tuesday](https://quay.example/vote_(2)) to keep the "
        "`northern` quay ![crane](crane.png)shut: 2 * 3 * 4 votes for snake_case_quay &amp; AT&T."
        "\n<!-- note -->"
    )
    assert rows(read({"a.md": marked}), "text") == [
        [
            "The harbour board voted on Tuesday to keep the northern quay shut: 2 * 3 * 4 votes "
            "for snake_case_quay & AT&T."
        ]
    ]


def test_markdown_lists_keep_their_marks_and_indented_text_is_text(read):
    asks = "The dockers want three things from the board before they come back to work:"
    items = ["- a new crane", "- two **more** night shifts", "1. a lower levy"]
    markdown = "\n".join([VOTE, "", asks, *items, "", f"    {DOCKERS}"])
    plain = [VOTE, asks, *items, DOCKERS]
    assert rows(read({"a.md": markdown}), "text") == [["\n\n".join(plain).replace("**", "")]]


def test_an_opening_sentence_is_no_title_where_the_file_has_one(read):
    corpus = read({"a.md": f"---\ntitle: {TITLE}\n---\n\nThe quay stays shut.\n\n{ARTICLE}\n"})
    assert rows(corpus, "title", "text") == [[TITLE, f"The quay stays shut.\n\n{ARTICLE}"]]


def test_a_web_page_gives_its_article_and_what_its_head_says(read):
    html = f"""<!doctype html><html lang="en-GB"><head><title>{TITLE} | The Desk</title>
        <meta property="og:title" content="{TITLE}"><meta property="og:site_name" content="The Desk">
        <meta property="article:published_time" content="2025-05-06T08:00:00Z">
        <link rel="canonical" href="https://desk.example/quay"></head>
        <body><nav><a href="/">Home</a> <a href="/trade">Trade</a></nav>
        <article><h1>{TITLE}</h1><p>{VOTE}</p><h2>The bill</h2><p>{DOCKERS}</p>
        <p>{VOTE[:-1]} and paid for.</p></article><footer>All rights reserved</footer></body></html>"""
    assert rows(read({"a.html": html}), "text", "title", "date", "source", "language", "url") == [
        [
            f"{VOTE}\n\nThe bill\n\n{DOCKERS}\n\n{VOTE[:-1]} and paid for.",
            TITLE,
            "2025-05-06",
            "The Desk",
            "en",
            "https://desk.example/quay",
        ]
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'Guid; Headline ;BODY;PubDate;Lang\n1;Quay;"One;\n\ntwo.";6 May 2025;ES\n'),
        ("a.jsonl", '{"headline":"Quay","Article":"One;\\n\\ntwo.","day":1746518400,"lang":"ES"}'),
    ],
)
def test_a_table_with_odd_column_names_is_read(read, name, content):
    columns = ("document_id", "title", "text", "date", "language")
    document = [f"{name}#1", "Quay", "One;\n\ntwo.", "2025-05-06", "es"]
    assert rows(read({name: content}), *columns) == [document]


def test_rows_are_told_apart_by_number_where_ids_come_twice_or_not_at_all(read):
    table = "id,text\nx,It is shut.\nx,It is open.\n,It is sold.\n"
    ids = read({"a.csv": table}).documents["document_id"]
    assert ids.tolist() == ["a.csv#x", "a.csv#x-row2", "a.csv#3"]


@pytest.mark.parametrize(
    ("name", "content", "reasons"),
    [
        (
            "a.csv",
            "title,text\nOne,It is shut.\nTwo\nThree, \nFour,It,is,open\n",
            [
                "2 lines (3, 5): expected 2 columns as in the header, got another number",
                "1 rows without text (first: row 2)",
            ],
        ),
        (
            "a.jsonl",
            '{"text": "It is shut."}\n\n{"text": \n[1]\n{"text": null}\n',
            ["2 lines (3, 4): not a JSON object", "1 rows without text (first: row 2)"],
        ),
    ],
)
def test_broken_rows_are_listed_and_the_others_read(read, name, content, reasons):
    corpus = read({name: content})
    assert rows(corpus, "document_id", "text") == [[f"{name}#1", "It is shut."]]
    assert corpus.skipped.to_numpy().tolist() == [[name, reason] for reason in reasons]


@pytest.mark.parametrize(
    ("rows_before", "text"),
    [(1, "The minister called it, 'a mess', and left."), (200, 'She said "no", and left.')],
    ids=["single quotes in a text", "the first doubled quotes far down"],
)
def test_quotes_inside_a_csv_text_do_not_break_its_rows(read, rows_before, text):
    quoted = text.replace('"', '""')
    before = f'1,"{VOTE}, it said."\n' * rows_before
    corpus = read({"a.csv": f'day,text\n{before}2,"{quoted}"\n'})
    assert corpus.documents["text"].tolist() == [f"{VOTE}, it said."] * rows_before + [text]


def test_a_line_separator_inside_a_json_text_ends_no_row(read):
    corpus = read({"a.jsonl": '{"text": "It is\u2028shut\x85now."}'})
    assert rows(corpus, "text") == [["It is shut now."]]


def test_half_an_emoji_stops_nothing_be_it_in_a_text_or_in_what_is_dropped(read):
    menu = rf"{{\rtf1 Share this \u-10179? article\par {VOTE}\par}}"
    corpus = read({"a.jsonl": '{"text": "It is shut \\ud83d now."}', "b.rtf": menu})
    assert rows(corpus, "path", "text") == [["a.jsonl", "It is shut ? now."], ["b.rtf", VOTE]]
    assert corpus.boilerplate["block"].tolist() == ["Share this ? article"]


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "headline,summary\nQuay,Shut\n"), ("a.jsonl", '{"a": "b"}')]
)
def test_a_table_without_a_text_column_is_skipped_and_its_columns_named(read, name, content):
    corpus = read({name: content})
    columns = {"a.csv": "headline, summary", "a.jsonl": "a"}[name]
    assert corpus.documents.empty
    assert corpus.skipped["reason"].tolist() == [
        "no text column: expected one of text, body, content, article, fulltext, full_text, "
        f"articlebody, story, abstract note; got {columns}"
    ]


@pytest.mark.parametrize(
    ("name", "content", "ids"),
    [
        ("a.txt.gz", VOTE, ["a.txt.gz"]),
        ("a.csv.gz", "text\nShut.\nOpen.\n", ["a.csv.gz#1", "a.csv.gz#2"]),
        ("A.CSV.GZ", "text\nShut.\nOpen.\n", ["A.CSV.GZ#1", "A.CSV.GZ#2"]),
    ],
)
def test_a_gzip_file_is_read_like_what_it_holds(read, name, content, ids):
    corpus = read({name: gzip.compress(content.encode())})
    assert corpus.documents["document_id"].tolist() == ids


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"\x89PNG\r\n\0\1\2", "binary content, not text"),
        ("a.md", " \n", "the file is empty"),
        ("a.csv", b"\xef\xbb\xbf", ""),
        ("a.csv", "title,text\n", "no rows"),
        ("a.xyz", "x", "unknown format .xyz; known: .txt .md .html .htm .pdf .csv .jsonl"),
        ("article", "x", "unknown format (no extension); known: .txt"),
        ("a.txt.gz", "x", "not a whole gzip file: "),
        ("a.txt.gz", gzip.compress(VOTE.encode())[:-12], "not a whole gzip file: "),
        ("a.html", "<html><body></body></html>", "no article text found in the page"),
        ("a.pdf", "%PDF-1.7 garbage", "damaged PDF: "),
        ("README.md", VOTE, "taken for a note about the folder, not an article"),
        ("LICENSE.txt", VOTE, "taken for a note about the folder, not an article"),
        ("licence", VOTE, "taken for a note about the folder, not an article"),
    ],
)
def test_a_file_that_cannot_be_used_is_listed_with_its_reason(read, name, content, reason):
    corpus = read({name: content, "good.txt": VOTE})
    assert corpus.documents["path"].tolist() == ["good.txt"]
    assert corpus.skipped["file"].tolist() == [name]
    assert corpus.skipped["reason"].iloc[0].startswith(reason)


def test_an_article_whose_name_begins_like_a_notice_is_read(read):
    names = ["copying-machines-return.txt", "licence-fees-rise.txt", "notice-of-closure.txt"]
    assert read(dict.fromkeys(names, VOTE)).documents["path"].tolist() == names


@pytest.mark.parametrize(
    "text",
    [
        *("2025-05-06", "6 May 2025", "May 6, 2025", "2025-05-06T23:30:00-05:00", "06.05.2025"),
        *("20250506", "1746518400", "1746518400000", "1746518400.0", "6.5.25", "6. 5. 2025"),
        *("2025. 5. 6.", "Tue 6.5.2025"),
    ],
)
def test_a_date_is_understood_as_people_write_it(text):
    day, note = parse_date(text)
    assert (f"{day:%Y-%m-%d %H:%M}", note) == ("2025-05-06 00:00", "")


@pytest.mark.parametrize(
    ("dates", "text", "days", "why"),
    [
        (["03/04/2025", "05/05/2025"], VOTE, ["03-04", "05-05"], "month first by the language"),
        (["3-4-25"], "El consejo del puerto mantiene cerrado el muelle norte hasta que reparen "
         "las tres grúas.", ["04-03"], "day first by the language"),
        (["03/04/2025", "13/04/2025"], VOTE, ["04-03", "04-13"], "day first as ['13/04/2025']"),
        (["03/04/2025", "04/13/2025"], VOTE, ["03-04", "04-13"], "month first as ['04/13/2025']"),
        (["Fri 02/05/2025", "Fri 25/04/2025"], VOTE, ["05-02", "04-25"], "day first as"),
        (["14:30 02/05/2025", "25/04/2025"], VOTE, ["05-02", "04-25"], "day first as"),
        (["05/05/2025", "13/04/2025", "04/13/2025"], VOTE, ["05-05", "04-13", "04-13"], None),
    ],
)  # fmt: skip
def test_dates_that_may_be_two_days_are_read_alike_in_a_file_and_it_is_said_how(
    read, dates, text, days, why
):
    corpus = read({"a.csv": "date,text\n" + "".join(f'{date},"{text}"\n' for date in dates)})
    assert corpus.documents["date"].dt.strftime("%m-%d").tolist() == days
    notes = corpus.notes["note"].tolist()
    assert len(notes) == bool(why)
    assert not why or f"such as {dates[:1]}, read {why}" in notes[0]


@pytest.mark.parametrize("name", ["12345678.txt", "18040912345.txt"])
def test_a_number_in_a_file_name_that_is_no_date_is_not_taken_for_one(read, name):
    corpus = read({name: VOTE})
    assert rows(corpus, "date") == [[""]]
    assert corpus.notes.empty


@pytest.mark.parametrize(
    "text", ["soon", "2025-02-30", "0001-01-01", "2024", "10", "12:30", "Monday", "201005"]
)
def test_what_is_no_whole_date_is_missing_and_noted(text):
    day, note = parse_date(text)
    assert day is None
    assert repr(text) in note


def test_a_title_with_a_colon_is_read_though_it_is_no_yaml(read):
    front = "---\ntitle: Tariffs: a new era\ndate: 2025-05-02\nsource: 'Harbour Desk'\n---\n\n"
    told = read({"a.md": front + VOTE}).documents.iloc[0]
    assert [*told[["title", "source", "text"]]] == ["Tariffs: a new era", "Harbour Desk", VOTE]
    assert told["date"] == pd.Timestamp("2025-05-02")


def test_a_field_that_says_yes_or_no_is_no_date(read):
    corpus = read({"2025-05-02_Desk_quay.md": f"---\npublished: true\n---\n\n{VOTE}\n"})
    assert rows(corpus, "date") == [["2025-05-02"]]


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("a.csv", "text,date\nIt is shut.,2025-13-45\n", "row 1: "),
        ("a.md", f"---\ndate: 2025-13-45\n---\n\n{VOTE}\n", ""),
    ],
)
def test_an_impossible_date_is_noted_and_its_document_kept(read, name, content, row):
    corpus = read({name: content})
    assert corpus.documents["date"].isna().tolist() == [True]
    assert corpus.notes.to_numpy().tolist() == [
        [name, f"{row}date not understood: '2025-13-45'; expected e.g. 2025-05-02"]
    ]


def test_documents_in_all_languages_are_kept(read):
    texts = {
        "de": "Der Hafenrat hat beschlossen, die Kaimauer bis zur Reparatur der Kräne zu sperren.",
        "es": "El consejo del puerto decidió el martes mantener cerrado el muelle norte hasta mayo.",
        "ru": "Совет порта решил держать северный причал закрытым, пока не починят все три крана.",
        "zh": "港口委员会周二投票决定，在起重机修好之前继续关闭北码头，码头工人对此表示不满，"
        "保险公司拒绝为港口那一侧的第二班工人提供保险，维修费用约为四百万元。",
    }
    corpus = read({f"{code}.txt": text for code, text in texts.items()})
    assert rows(corpus, "language", "text") == [[code, text] for code, text in texts.items()]


@pytest.mark.parametrize(
    ("said", "code", "metadata_source"),
    [
        *(("en-GB", "en", "column lang"), ("PT_br", "pt", "column lang")),
        *(("German", "en", "detected"), ("spa", "en", "detected"), ("?", "en", "detected")),
    ],
)
def test_a_language_is_a_code_that_the_file_gives_or_else_detected(
    read, said, code, metadata_source
):
    corpus = read({"a.csv": f"lang,text\n{said},{VOTE}\n"})
    assert rows(corpus, "language") == [[code]]
    assert corpus.details["language_from"].tolist() == [metadata_source]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("항만위원회가 북쪽 부두를 닫기로 했다.", "ko"),
        ("항만공사, Harbour Crane X25와 Quay Lift Pro 공개", "ko"),
        ("港湾委員会は北埠頭の閉鎖を決めた。", "ja"),
        ("港口委员会决定关闭北码头。", "zh"),
        (f"{VOTE} Its sign reads 북쪽 부두.", "en"),
    ],
)
def test_short_and_mixed_texts_of_east_asia_are_told_by_their_script(read, text, code):
    assert rows(read({"a.txt": text}), "language") == [[code]]


@pytest.mark.parametrize(
    ("name", "content", "metadata_source"),
    [
        (
            "2025-05-06_Desk_quay.md",
            f"---\nbyline: Ann Lee\nday: 2025-05-07\nnation: Peru\n---\n\n{VOTE}\n",
            ["Ann Lee", "front matter", "file name", "front matter", "detected"],
        ),
        ("20250506.txt", VOTE, ["", "file name", "", "", "detected"]),
        (
            "2025-05-06_Desk_quay.csv",
            f'Authors, PubDate ,desk,text,lang\nAnn Lee,2025-05-07,Desk,"{VOTE}",es\n'
            '"","soon",,Shut.,\n',
            ["Ann Lee", "column PubDate", "column desk", "", "column lang"],
        ),
        (
            "2025-05-06_Desk_quay.html",
            f'<html lang="fr"><head><meta name="author" content="Ann Lee"></head><body><article>'
            f"<p>{VOTE}</p></article></body></html>",
            ["Ann Lee", "file name", "file name", "", "web page"],
        ),
    ],
    ids=["front matter", "file name", "columns", "web page"],
)
def test_the_details_say_where_each_value_was_taken_from(read, name, content, metadata_source):
    details = read({name: content}).details.fillna("").drop(columns="document_id")
    assert details.columns.tolist() == [
        *("author", "date_from", "source_from", "country_from", "language_from"),
        *("section", "length"),
    ]
    assert (
        details.to_numpy()[:, :5].tolist()
        == [metadata_source, ["", "", "", "", ""]][: len(details)]
    )


@pytest.mark.parametrize(
    "names", [["a.csv", "a.csv#b.txt"], ["a#b.txt", "a%23b.txt"]], ids=["row", "files"]
)
def test_ids_of_rows_and_of_files_differ(read, names):
    corpus = read(dict.fromkeys(names, "id,text\nb.txt,Shut.\n"))
    assert corpus.documents["document_id"].nunique() == 2


def test_folders_below_are_read_in_order_and_hidden_files_are_not(read):
    corpus = read({"b.txt": VOTE, "a/z.txt": VOTE, ".hidden.txt": VOTE, ".git/c.txt": VOTE})
    assert corpus.documents["document_id"].tolist() == ["a/z.txt", "b.txt"]


def test_a_line_in_many_files_is_dropped_and_listed_under_a_file_that_held_it(read):
    line = "Write to our harbour desk at the address that you know."
    files = {f"{i}.txt": f"Quay {i}: {VOTE}\n\n{line}" for i in range(1, 6)}
    corpus = read({"0.txt": DOCKERS, **files})
    assert corpus.documents["text"].tolist()[1] == f"Quay 1: {VOTE}"
    assert corpus.boilerplate.to_numpy().tolist() == [["1.txt", line, "in many documents", 5]]


def test_a_missing_path_and_an_empty_folder_are_errors_that_name_them(tmp_path):
    with pytest.raises(InputError, match="missing' does not exist"):
        read_corpus(tmp_path / "missing")
    with pytest.raises(InputError, match="holds no files; put articles into it"):
        read_corpus(tmp_path)


def test_a_title_that_is_no_title_is_cut_and_said_to_be(read):
    corpus = read({"a.csv": f"title,source,text\n{'x' * 5000},{'y' * 1000},{VOTE}\n"})
    assert rows(corpus, "title", "source") == [["x" * 1000, "y" * 1000]]
    assert corpus.notes.values.tolist() == [
        ["a.csv", "row 1: title of 5,000 characters cut to 1,000"]
    ]


def test_a_row_of_signs_in_a_table_ends_a_paragraph(read):
    corpus = read({"a.jsonl": '{"text": "It is shut. - - - - It was old - and worn - for years."}'})
    assert rows(corpus, "text") == [["It is shut.\n\nIt was old - and worn - for years."]]


def test_a_menu_line_of_many_pages_of_a_site_is_one_row_with_their_number(read):
    page = "<html><head><meta property='og:site_name' content='Desk {0}'></head><body><nav>All harbours</nav><article><p>{1}</p></article></body></html>"
    pages = {f"{n}.html": page.format(n > 3, f"{VOTE} {DOCKERS} Day {n}.") for n in range(1, 6)}
    found = read(pages).boilerplate
    menus = found[found["block"] == "All harbours"].sort_values("documents")
    assert menus.to_numpy().tolist() == [
        ["4.html", "All harbours", "outside the article", 2],
        ["1.html", "All harbours", "outside the article", 3],
    ]
