"""How well and how fast raw files are read, beside trafilatura and jusText: ``make bench``.

Quality is measured on two sources of pages, where they are at hand: the article-extraction
benchmark of Scrapinghub (181 pages with their article's text, ``html_scrapinghub.tar.gz``) and the
evaluation set of trafilatura (990 pages, seven in ten German, with strings that are wanted and
others that are not; ``trafilatura/`` is the folder ``tests`` of its repository). Of the latter every
second page, by hash of its address, was not read in development; ``--held-back`` measures
those. Boilerplate left and text lost are measured on passages of the news of 2017 that were read by
eye: ``news_boilerplate.csv`` holds where each begins and ends in its row, and what in it is
boilerplate (no captions, bylines or headings). The first 200 were labelled before the rules were
changed, the second 60 after, and only to measure. Speed is measured on files made of the sample
corpus and of Scrapinghub's pages.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import os
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher
from html import escape
from pathlib import Path

import justext
import numpy as np
import pandas as pd
import trafilatura

import topics
from topics.errors import UnreadableError
from topics.read.files import decode
from topics.read.formats import read_file
from topics.read.pages import plain_html

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import office_files

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("TOPICS_CORPORA") or ROOT.parent / "shared" / "corpora")
MIN_LINE = 70  # characters of a line that a rule of length keeps; jusText's own first limit
LARGE = (20, 60)  # MB of text


def pages() -> dict[str, tuple[bytes, str]]:
    """HTML and true text of each page of the benchmark, by its name; none if it is not at hand."""
    path = CORPORA / "html_scrapinghub.tar.gz"
    if not path.is_file():
        return {}
    with tarfile.open(path) as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
    truth = json.loads(next(files[name] for name in files if name.endswith("ground-truth.json")))
    html = {
        Path(n).name.split(".")[0]: gzip.decompress(files[n]) for n in files if n.endswith(".gz")
    }
    return {name: (html[name], truth[name]["articleBody"]) for name in sorted(truth)}


def marked_pages(held_back: bool) -> list[tuple[bytes, list[str], list[str]]]:
    """HTML, wanted and unwanted strings of the pages of one half of trafilatura's set."""
    folder = CORPORA / "trafilatura"
    if not (folder / "evaldata.json").is_file():
        return []
    found = []
    for url, page in sorted(json.loads((folder / "evaldata.json").read_text("utf-8")).items()):
        is_held_back = int(hashlib.sha256(url.encode()).hexdigest(), 16) % 2 == 1
        path = next(p for d in ("cache", "eval") if (p := folder / d / page["file"]).is_file())
        if is_held_back == held_back:
            found.append((path.read_bytes(), page["with"], page["without"]))
    return found


def marked_f1(texts: list[str], marks: list[tuple[list[str], list[str]]]) -> float:
    """F1 of wanted strings that were read, as trafilatura's evaluation counts them."""
    hits = extra = missed = 0
    for text, (wanted, unwanted) in zip(texts, marks, strict=True):
        read = " ".join(text.split())
        found = sum(" ".join(string.split()) in read for string in wanted)
        hits, missed = hits + found, missed + len(wanted) - found
        extra += sum(" ".join(string.split()) in read for string in unwanted)
    return 2 * hits / (2 * hits + extra + missed)


def quality_of_marks(held_back: bool) -> None:
    """Print F1 of wanted and unwanted strings, as HTML and as text copied from the screen."""
    found = marked_pages(held_back)
    if not found:
        print(f"trafilatura/evaldata.json: not at {CORPORA}, left out", file=sys.stderr)
        return
    copied = [plain_html(decode(html)) for html, _, _ in found]
    texts = {
        "HTML, ours": [by_topics("a.html", html) for html, _, _ in found],
        "HTML, trafilatura": [trafilatura.extract(html, include_comments=False) or ""
                              for html, _, _ in found],
        "copied, ours": [by_topics("a.txt", text.encode()) for text in copied],
        f"copied, lines of {MIN_LINE}": [
            "\n".join(line for line in text.split("\n") if len(line) >= MIN_LINE) for text in copied
        ],
        "copied, everything": copied,
    }  # fmt: skip
    marks = [(wanted, unwanted) for _, wanted, unwanted in found]
    print(f"\n{len(found)} pages with marked strings{', held back' * held_back}: F1")
    for method, read in texts.items():
        print(f"{method:<30}{marked_f1(read, marks):>7.3f}")


def shingles(text: str, size: int = 4) -> Counter[tuple[str, ...]]:
    """Word 4-shingles with their counts, as the benchmark compares texts."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[i : i + size]) for i in range(max(1, len(words) - size + 1)))


def f1(pairs: list[tuple[str, str]], cut: Callable[[str], Counter]) -> tuple[float, float, float]:
    """F1, precision and recall of (true, read) texts; every page counts the same."""
    hits = extra = missed = 0.0
    for true, read in pairs:
        a, b = cut(true), cut(read)
        both, more, less = ((a & b).total(), (b - a).total(), (a - b).total())
        size = both + more + less or 1
        hits, extra, missed = hits + both / size, extra + more / size, missed + less / size
    precision, recall = hits / (hits + extra), hits / (hits + missed)
    return 2 * precision * recall / (precision + recall), precision, recall


def by_topics(name: str, content: bytes) -> str:
    """Text that this package reads from one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        try:
            return next(read_file(path).records)["text"]
        except UnreadableError:
            return ""


def by_justext(text: str) -> str:
    """What jusText's rules of length, stop words and context keep of lines taken as paragraphs."""
    html = "".join(f"<p>{line}</p>" for line in text.replace("<", " ").split("\n"))
    found = justext.justext(f"<html><body>{html}</body></html>", justext.get_stoplist("English"))
    return "\n".join(paragraph.text for paragraph in found if not paragraph.is_boilerplate)


def quality() -> None:
    """Print F1 on web pages, as HTML and as text copied from the screen."""
    found = pages()
    if not found:
        print(f"html_scrapinghub.tar.gz: not at {CORPORA}, left out", file=sys.stderr)
        return
    copied = {name: plain_html(decode(html)) for name, (html, _) in found.items()}
    rows: dict[tuple[str, str], Callable[[str], str]] = {
        ("HTML", "ours"): lambda name: by_topics("a.html", found[name][0]),
        ("HTML", "trafilatura"): lambda name: (
            trafilatura.extract(found[name][0], include_comments=False) or ""
        ),
        ("copied as text", "ours"): lambda name: by_topics("a.txt", copied[name].encode()),
        ("copied as text", "jusText"): lambda name: by_justext(copied[name]),
        ("copied as text", f"lines of {MIN_LINE}"): lambda name: "\n".join(
            line for line in copied[name].split("\n") if len(line) >= MIN_LINE
        ),
        ("copied as text", "everything"): lambda name: copied[name],
    }
    print(
        f"{'pages':<16}{'method':<14}{'F1':>7}{'prec.':>7}{'recall':>7}{'F1 words':>10}{'pages/s':>9}"
    )
    for (kind, method), read in rows.items():
        started = time.perf_counter()
        pairs = [(truth, read(name)) for name, (_, truth) in found.items()]
        speed = len(pairs) / (time.perf_counter() - started)
        scores = (*f1(pairs, shingles), f1(pairs, lambda text: shingles(text, 1))[0])
        print(f"{kind:<16}{method:<14}{scores[0]:>7.3f}{scores[1]:>7.3f}{scores[2]:>7.3f}"
              f"{scores[3]:>10.3f}{speed:>9.1f}")  # fmt: skip
    metadata(found)


def news_passages() -> None:
    """Print the share of boilerplate left, and of other text lost, in passages of the 2017 news."""
    path = CORPORA / "news_articles_2017.jsonl.gz"
    if not path.is_file():
        print(f"{path.name}: not at {CORPORA}, left out", file=sys.stderr)
        return
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    read = topics.read_corpus(path, progress=False).documents.set_index("document_id")["text"]
    methods: dict[str, Callable[[str, str], str]] = {
        "ours": lambda _, number: str(read.get(f"{path.name}#{number}", "")),
        "jusText": lambda text, _: by_justext(text),
        "everything": lambda text, _: text,
    }
    labels = pd.read_csv(ROOT / "benchmarks" / "news_boilerplate.csv")
    for sample, group in labels.groupby("sample"):
        n = (group["kind"] == "passage").sum()
        print(
            f"\n{n} passages of the 2017 news, {sample} sample{'boilerplate left':>20}{'text lost':>11}"
        )
        for method, clean in methods.items():
            marks = [
                (_is_kept(rows[row]["text"], clean(rows[row]["text"], rows[row]["id"])), spans)
                for row, spans in group.groupby("row")
            ]
            left, lost = _left_and_lost(marks)
            print(f"{method:<48}{left:>17.1%}{lost:>11.2%}")


def _is_kept(raw: str, read: str) -> np.ndarray:
    """Whether each character of a text is in what was read of it, by words in their order."""
    words = [match.span() for match in re.finditer(r"\S+", raw)]
    matcher = SequenceMatcher(None, [raw[a:b] for a, b in words], read.split(), autojunk=False)
    kept = np.zeros(len(raw), bool)
    for start, _, size in matcher.get_matching_blocks()[:-1]:
        kept[words[start][0] : words[start + size - 1][1]] = True
    return kept


def _left_and_lost(marks: list[tuple[np.ndarray, pd.DataFrame]]) -> tuple[float, float]:
    """Share of the boilerplate's characters that is kept, and of the others' that is not."""
    left, lost = [], []
    for kept, spans in marks:
        inside, is_boilerplate = np.zeros_like(kept), np.zeros_like(kept)
        for span in spans.itertuples():
            (inside if span.kind == "passage" else is_boilerplate)[span.start : span.end] = True
        left.append(kept[is_boilerplate])
        lost.append(~kept[inside & ~is_boilerplate])
    return float(np.concatenate(left).mean()), float(np.concatenate(lost).mean())


def metadata(found: dict[str, tuple[bytes, str]]) -> None:
    """Print how many pages give each field; the benchmark has no truth for them."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (html, _) in found.items():
            Path(folder, f"{name}.html").write_bytes(html)
        corpus = topics.read_corpus(folder, progress=False)
    table = corpus.documents.merge(corpus.details, on="document_id")
    counts = {c: table[c].notna().sum() for c in ("title", "date", "author", "source", "language")}
    print(f"found on {len(found)} pages:", ", ".join(f"{c} {n}" for c, n in counts.items()))


def speed() -> None:
    """Print how many MB of text are read of each format a second, on one core."""
    documents = topics.read_corpus(ROOT / "data" / "articles", progress=False).documents
    texts = documents["text"].tolist()
    sheet = pd.DataFrame({"text": texts * 10, "date": "2025-05-02"})
    lines = [text.split("\n\n") for text in texts]
    html = [html for html, _ in pages().values()] or [f"<p>{text}</p>".encode() for text in texts]
    mail = "From: a@b.example\nSubject: A\nContent-Type: text/plain; charset=utf-8\n\n"
    items = [
        f"<item><title>A</title><description>{escape(text)}</description></item>" for text in texts
    ]
    plain = [text.encode() for text in texts]
    kinds: dict[str, list[bytes]] = {
        ".txt": plain * 2,
        ".md": [f"# A title\n\n{text}".encode() for text in texts] * 2,
        ".html": html[::2],
        ".pdf": [pdf.read_bytes() for pdf in (ROOT / "data" / "articles").glob("*.pdf")] * 20,
        ".csv": [sheet.to_csv(index=False).encode()],
        ".jsonl": [sheet.to_json(orient="records", lines=True).encode()],
        ".parquet": [sheet.to_parquet()],
        ".xlsx": [office_files.xlsx([["text"], *([escape(text)] for text in texts * 10)])],
        ".docx": [office_files.docx(text) for text in lines],
        ".odt": [office_files.odt(text) for text in lines],
        ".rtf": [office_files.rtf(text) for text in lines],
        ".epub": [office_files.epub(text) for text in lines],
        ".eml": [f"{mail}{text}".encode() for text in texts],
        ".zip": [office_files.zipped({f"{i}.txt": text for i, text in enumerate(plain)})],
        ".rss": [f"<rss version='2.0'><channel>{''.join(items)}</channel></rss>".encode()],
    }
    print(f"\n{'format':<10}{'files':>7}{'MB of text':>12}{'MB/s':>8}")
    for kind, contents in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            for i, content in enumerate(contents):
                Path(folder, f"{i}{kind}").write_bytes(content)
            started = time.process_time()
            read = topics.read_corpus(folder, progress=False).documents["text"]
            seconds = time.process_time() - started
        size = sum(len(text.encode()) for text in read) / 1e6
        print(f"{kind:<10}{len(contents):>7}{size:>12.1f}{size / seconds:>8.1f}")


def memory() -> None:
    """Print the memory that reading a large table takes, by the MB of its text."""
    draw = random.Random(0)
    words = [f"word{i}" for i in range(3000)]
    for kind in ("csv", "jsonl"):
        peaks = []
        for size in LARGE:
            n = size * 10**6 // 4350  # characters of a text
            texts = [" ".join(draw.choices(words, k=20)).capitalize() + "." for _ in range(25 * n)]
            rows = pd.DataFrame({"text": [" ".join(texts[i::n]) for i in range(n)]})
            rows["language"], rows["source"] = "en", [f"Desk {i % 5}" for i in range(n)]
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, f"rows.{kind}")
                if kind == "csv":
                    rows.to_csv(path, index=False)
                else:
                    rows.to_json(path, orient="records", lines=True)
                peaks.append(int(subprocess.check_output([sys.executable, __file__, str(path)])))
        slope = (peaks[1] - peaks[0]) / 1024 / (LARGE[1] - LARGE[0])
        print(
            f".{kind} of {LARGE[0]} and {LARGE[1]} MB of text: peak {peaks[0] / 1024:.0f} and "
            f"{peaks[1] / 1024:.0f} MB, {slope:.1f} for each MB more"
        )


def peak_of(path: str) -> int:
    """Peak memory in KB of this process after `path` was read; Linux counts it from its start."""
    topics.read_corpus(path, progress=False)
    return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])


if __name__ == "__main__":
    if "--held-back" in sys.argv:
        quality_of_marks(held_back=True)
    elif len(sys.argv) > 1:
        print(peak_of(sys.argv[1]))
    else:
        logging.disable(logging.CRITICAL)
        quality()
        quality_of_marks(held_back=False)
        news_passages()
        speed()
        memory()
