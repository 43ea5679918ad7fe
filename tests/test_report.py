"""The command line from a folder to a report that opens offline."""

from __future__ import annotations

import csv
import gzip
import html
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pandas as pd
import pytest
import yaml
from browser import chromium, drawn, requests_of, sample_report, topics
from conftest import ROOT
from runs import FIELD, PORT, run_on

from topics.report.files import summary_of, write_data

DATA_FILES = (
    "documents.parquet", "passages.parquet", "assignments.parquet", "themes.csv", "findings.json",
)  # fmt: skip
HOSTILE = (
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
    '<a href="data:text/html,<script>window.hacked = 1</script>">\u202ereversed\u2066</a>'
)


@pytest.fixture(scope="session")
def sample() -> Path:
    return sample_report()


def test_the_output_folder_holds_the_promised_files_and_nothing_else(sample):
    assert sorted(path.name for path in sample.iterdir()) == [
        "assignments.parquet",
        "documents.parquet",
        "findings.json",
        "passages.parquet",
        "report.html",
        "run.json",
        "themes.csv",
    ]


def test_the_data_files_have_the_promised_columns(sample):
    meta = ["title", "date", "source", "country", "language", "url", "path"]
    documents = pd.read_parquet(sample / "documents.parquet")
    passages = pd.read_parquet(sample / "passages.parquet")
    assignments = pd.read_parquet(sample / "assignments.parquet")
    assert list(documents.columns) == ["document_id", "text", *meta]
    assert list(passages.columns) == [
        "passage_id", "document_id", "start", "end", "text", "copy_group", *meta,
    ]  # fmt: skip
    assert list(assignments.columns) == ["passage_id", "theme_id", "score"]
    run = json.loads((sample / "run.json").read_text())
    assert run["parameters"]["seed"] == 0
    expected = {"corpus", "options", "themes", "edits", "gold", "base", "model", "code"}
    assert set(run["digests"]) == expected
    stages = ["reading", "passages", "embedding", "themes", "map", "notebooks", "page"]
    assert sorted(run["timeline"]) == sorted(stages)
    assert all(0 < start <= end < 600 for start, end in run["timeline"].values())


def test_every_passage_leads_back_to_its_place_in_a_document(sample):
    texts = pd.read_parquet(sample / "documents.parquet").set_index("document_id")["text"]
    passages = pd.read_parquet(sample / "passages.parquet")
    assert len(passages) > 700
    assert all(texts[p.document_id][p.start : p.end] == p.text for p in passages.itertuples())


def test_every_listed_copy_is_found_and_no_other(sample):
    with (ROOT / "data" / "copies.csv").open() as file:
        listed = {row["document_id"]: row["copy_of"] for row in csv.DictReader(file)}
    from topics.text.duplicates import near_duplicate_groups

    documents = pd.read_parquet(sample / "documents.parquet")
    heads = near_duplicate_groups(documents, "document_id")
    found = {
        document: head
        for document, head in zip(documents["document_id"], heads, strict=True)
        if document != head
    }
    assert found == listed


def test_named_themes_agree_with_the_gold_labels(sample):
    from topics.labelling import labels_of_passages, read_gold

    documents = pd.read_parquet(sample / "documents.parquet")
    passages = pd.read_parquet(sample / "passages.parquet")
    assignments = pd.read_parquet(sample / "assignments.parquet")
    labels = labels_of_passages(passages, documents, read_gold(ROOT / "data" / "gold.csv"))
    assert labels.notna().all()
    scores = []
    for theme in ("de-dollarization", "export-controls", "brexit-reset"):
        own = assignments.loc[assignments["theme_id"] == theme, "passage_id"]
        found = passages["passage_id"].isin(own)
        true = labels.map(lambda themes, theme=theme: theme in themes)
        scores.append(2 * (found & true).sum() / (found.sum() + true.sum()))
    assert min(scores) > 0.75
    assert sum(scores) / 3 > 0.85


def test_the_terminal_and_a_file_say_what_the_page_opens_with(sample):
    printed = summary_of(sample).splitlines()
    found = json.loads((sample / "findings.json").read_text())
    assert {finding["level"] for finding in found} <= {"finding", "caution", "none"}
    page = html.unescape((sample / "report.html").read_text())
    for finding in found:
        assert f"  {finding['text']}" in printed
        assert f"</b> {finding['text']}" in page
        assert finding["anchor"] == "" or f'id="{finding["anchor"]}"' in page
    themes = pd.read_csv(sample / "themes.csv")
    names = themes.sort_values("n_documents", ascending=False, kind="stable")["name"]
    assert printed[0] == "themes"
    shown = printed[1 : 1 + len(names)]
    assert all(line[2:].startswith(name) for line, name in zip(shown, names, strict=True))
    assert printed[-1] == f"report: {sample / 'report.html'}"


def test_no_id_is_a_formula_in_a_spreadsheet(tmp_path):
    names = ["=HYPERLINK(1).txt", "-1.txt", *(f"{i}.txt" for i in range(2, 10))]
    theme = {"id": "strike", "phrases": ["dock strike"], "terms": ["harbour"]}
    run = run_on([*PORT, *FIELD], [theme], document_id=names)
    assert run.model.exemplars("strike") == ["=HYPERLINK(1).txt:1", "-1.txt:1", "3.txt:1"]
    write_data(run, [], tmp_path)
    themes = pd.read_csv(tmp_path / "themes.csv").set_index("theme_id")
    assert themes.loc["strike", "exemplars"] == "'=HYPERLINK(1).txt:1; '-1.txt:1; 3.txt:1"


@pytest.fixture
def thirty(tmp_path) -> tuple[str, ...]:
    """Words of a command line on every sixth article of the sample."""
    folder = tmp_path / "articles"
    folder.mkdir()
    for path in sorted((ROOT / "data" / "articles").glob("*.md"))[::6]:
        shutil.copy(path, folder)
    return "report", str(folder), "--themes", str(ROOT / "data" / "themes.yml"), "--out"


# Ends a process that looks for another machine; Python imports it first.
NO_NETWORK = """
import os, sys
asked = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}
sys.addaudithook(lambda event, _: os._exit(99) if event in asked else None)
"""
ELSEWHERE = {
    "LC_ALL": "C", "PYTHONHASHSEED": "7", "PYTHONOPTIMIZE": "2", "PYTHONUTF8": "0",
    "PYTHONWARNINGS": "error", "TZ": "Asia/Tokyo",
}  # fmt: skip


def test_a_report_has_the_same_bytes_in_other_surroundings_and_asks_no_network(thirty, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    elsewhere = ELSEWHERE | {"PYTHONPATH": str(tmp_path)}
    for out, cache, about in (("one", "first", {}), ("two", "second", elsewhere)):
        done = topics(*thirty, str(tmp_path / out), TOPICS_CACHE=str(tmp_path / cache), **about)
        assert done.returncode == 0, done.stderr
    for name in (*DATA_FILES, "report.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_repeat_sees_that_nothing_changed_and_writes_again_what_was_damaged(thirty, tmp_path):
    first = topics(*thirty, str(tmp_path / "out"))
    again = topics(*thirty, str(tmp_path / "out"), "--open", BROWSER="echo %s")
    assert again.stderr == "nothing has changed since this report was written\n"
    opened = (tmp_path / "out" / "report.html").as_uri()
    assert again.stdout == f"{opened}\n{first.stdout}"
    themes = (tmp_path / "out" / "themes.csv").read_bytes()
    (tmp_path / "out" / "themes.csv").write_bytes(themes[:-9])
    assert "writing the report" in topics(*thirty, str(tmp_path / "out")).stderr
    assert (tmp_path / "out" / "themes.csv").read_bytes() == themes
    page = (tmp_path / "out" / "report.html").read_text()
    assert ("<title>articles</title>" in page, "<h1>articles</h1>" in page) == (True, True)
    other = topics(*thirty, "~/out", "--title", "Ships & <ports>", HOME=str(tmp_path))
    assert "writing the report" in other.stderr
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<title>Ships &amp; &lt;ports&gt;</title>" in page
    assert "<h1>Ships &amp; &lt;ports&gt;</h1>" in page


def phrases_in(page: Path) -> set[tuple[str, ...]]:
    """All runs of eight words in a report, those that are packed into it included."""
    source = page.read_text()
    packed = re.search(r'id="passages">([^<]*)', source)[1]
    plain = re.sub(r"<[^>]*>", " ", html.unescape(re.sub(r'id="plotly">[^<]*', ">", source)))
    return phrases(plain) | phrases(gzip.decompress(b64decode(packed)).decode())


def phrases(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(*(words[i:] for i in range(8)), strict=False))


def test_a_report_without_texts_has_no_phrase_or_title_of_a_document(sample, thirty, tmp_path):
    done = topics(*thirty, str(tmp_path / "out"), "--no-text")
    assert done.returncode == 0, done.stderr
    page = tmp_path / "out" / "report.html"
    documents = pd.read_parquet(tmp_path / "out" / "documents.parquet")
    held = set().union(*map(phrases, documents["text"]))
    assert len(held & phrases_in(sample / "report.html")) > 1000
    assert held & phrases_in(page) == set()
    assert [title for title in documents["title"] if title in html.unescape(page.read_text())] == []
    with chromium() as driver:
        drawn(driver, page.as_uri())
        assert "made without the documents' texts" in driver.find_element("id", "explore").text
        assert driver.find_elements("name", "q") == []
        assert driver.execute_script("return document.querySelectorAll('#found blockquote').length")
        assert driver.get_log("browser") == []


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_a_full_disk_is_told_in_one_line_and_no_half_file_is_left(thirty, tmp_path):
    """The limit on the size of a file stands for the full disk; models are loaded before."""
    once, again = ([*thirty, str(tmp_path / name)] for name in ("once", "again"))
    code = (
        f"from topics.__main__ import main; main({once!r})\n"
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        f"sys.exit(main({again!r}))"
    )
    env = os.environ | {"TOPICS_CACHE": str(tmp_path / "cache")}  # or a run in it would load none
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        f"topics: output: cannot write to {str(tmp_path / 'again')!r} (File too large); make room, "
        "or name another with --out: what was computed is kept",
    )
    suffixes = {path.suffix for path in (tmp_path / "again").iterdir()}
    assert suffixes <= {".parquet", ".csv", ".json"}


@pytest.mark.parametrize("width", [1440, 390])
def test_the_report_draws_every_figure_offline_and_without_complaint(sample, width):
    with chromium(width) as driver:
        n_figures = drawn(driver, (sample / "report.html").as_uri())
        assert n_figures == 12
        assert n_figures == driver.execute_script(
            "return [...document.querySelectorAll('figure')]"
            ".filter(f => f.querySelector('.main-svg') && f.querySelector('.plot').clientHeight > 100).length"
        )
        assert driver.get_log("browser") == []
        assert requests_of(driver) == [(sample / "report.html").as_uri()]
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width


def test_the_report_can_be_read_without_seeing_its_figures(sample):
    with chromium() as driver:
        drawn(driver, (sample / "report.html").as_uri())
        assert driver.execute_script("return document.querySelectorAll('h1').length") == 1
        figures = driver.execute_script(
            "return [...document.querySelectorAll('figure')].map(f => ["
            "f.querySelector('.plot').getAttribute('aria-label'),"
            "f.querySelector('figcaption').textContent,"
            "f.querySelectorAll('.twin tbody tr').length])"
        )
        for name, caption, rows in figures:
            assert name == caption
            assert len(caption) > 20
            assert rows > 0
        links = driver.execute_script(
            "return [...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))"
        )
        assert len(links) > 20
        assert all(driver.execute_script(f"return !!document.querySelector('{x}')") for x in links)


def test_the_report_is_small(sample):
    assert (sample / "report.html").stat().st_size < 3_000_000


def test_the_report_says_how_to_repeat_and_how_to_cite_it(sample):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    page = html.unescape((sample / "report.html").read_text())
    command = re.search(r"<pre>(topics report .*)</pre>", page)[1]
    assert shlex.split(command) == [
        "topics", "report", "data/articles", "--themes", "data/themes.yml",
        "--gold", "data/gold.csv",
    ]  # fmt: skip
    assert f"version = {{{citation['version']}}}" in page
    assert f"year = {{{citation['date-released'].year}}}" in page


def test_hostile_text_and_files_that_cannot_be_read_do_no_harm(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(6):
        (folder / f"brief-{i}.txt").write_text(
            f"---\ntitle: {json.dumps(HOSTILE)}\nsource: {json.dumps(HOSTILE)}\ndate: someday\n---\n\n"
            f"Brief number {i} {HOSTILE} speaks of copper prices in the harbour and of the ships "
            "that wait there for a berth, more of them every week since the strike began in spring.\n"
        )
    long = "a" * 200_000
    (folder / "long.md").write_text(f"---\nlanguage: en\n---\n\nCopper prices rose to {long}.\n")
    (folder / "scan.pdf").write_bytes(b"%PDF-1.4 broken")
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n")
    (folder / "rows.csv").write_text("a,b\n1,2\n")
    (folder / "themes.yml").write_text(
        f"- id: copper\n  name: {json.dumps(HOSTILE)}\n  description: Copper prices and harbours.\n"
    )
    out = tmp_path / "out"
    done = topics("report", str(folder), "--themes", str(folder / "themes.yml"), "--out", str(out))
    assert done.returncode == 0, done.stderr
    with chromium() as driver:
        drawn(driver, (out / "report.html").as_uri())
        quoted = driver.execute_script("return document.querySelector('#found').textContent")
        assert quoted.count(HOSTILE) == 6 * 4  # text, source, title and theme
        assert long[:400] in quoted
        driver.find_element("name", "q").send_keys("copper")
        assert driver.find_element("id", "count").text.startswith("7 of ")
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 1280
        assert driver.execute_script("return window.hacked") is None
        assert driver.get_log("browser") == []
        text = driver.execute_script("return document.body.innerText")
        led_to = driver.execute_script(
            "return [...document.querySelectorAll('header li a')]"
            ".map(a => document.querySelector(a.hash).textContent)"
        )
    assert any("unknown format .png" in place for place in led_to)
    assert "damaged PDF" in text
    assert "unknown format .png" in text
    assert "no text column" in text
    assert "date not understood: 'someday'" in text
    assert "No document has a date" in text


def test_one_document_makes_a_sensible_report(tmp_path):
    (tmp_path / "one.txt").write_text("Copper prices rose again in the harbour towns this week.")
    done = topics("report", str(tmp_path / "one.txt"), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert len(pd.read_parquet(tmp_path / "out" / "passages.parquet")) == 1
    with chromium() as driver:
        assert drawn(driver, (tmp_path / "out" / "report.html").as_uri()) >= 1
        assert driver.get_log("browser") == []


def test_the_command_alone_says_how_it_is_used():
    done = topics()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: topics ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "input: expected a file or a folder, 'nowhere' does not exist"),
        (["empty"], "input: folder 'empty' holds no files; put articles into it"),
        (["bad"], "input: nothing could be read (x.bin: unknown format .bin"),
        (["good", "--themes", "none.yml"], "themes: cannot read 'none.yml'"),
        (["good", "--themes", "good/a.txt"], "themes: good/a.txt: expected a list of themes"),
        (
            ["good", "--embedder", "word2vec"],
            "embedder: expected multilingual, minilm or a model that fastembed",
        ),
        (["good", "--gold", "none.csv"], "gold labels: cannot read 'none.csv'"),
        (["good", "--base", "bad"], "base: expected the output folder of an earlier report, 'bad'"),
        (["good", "--out", "good/a.txt"], "output: cannot write to 'good/a.txt'"),
        (["good", "--out", "taken"], "output: expected a file or nothing at 'taken/themes.csv'"),
        (["good", "--columns", "body=x"], "columns: expected some of text, title, date"),
        (["finnish"], "input: the documents are in Finnish, which the multilingual embedder does"),
    ],
)
def test_wrong_input_gets_one_clear_line_and_exit_status_2(tmp_path, arguments, message):
    for name in ("empty", "bad", "good", "finnish"):
        (tmp_path / name).mkdir()
    (tmp_path / "taken" / "themes.csv").mkdir(parents=True)
    (tmp_path / "bad" / "x.bin").write_bytes(b"\0\1\2")
    (tmp_path / "good" / "a.txt").write_text("The harbour was calm and the ships left on time.")
    (tmp_path / "finnish" / "a.txt").write_text(
        "Hallitus esitteli eilen satamalain, jota ahtaajat ovat vastustaneet jo viikkoja kaikissa "
        "rannikon kaupungeissa."
    )
    done = topics("report", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    last = [line for line in done.stderr.splitlines() if line.startswith("topics: ")]
    assert len(last) == 1
    assert last[0].startswith(f"topics: {message}")
    assert "Traceback" not in done.stderr
