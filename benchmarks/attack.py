"""Hostile files, each read under limits of time and memory: ``make bench``.

Good files of every format are damaged by a fixed seed, and bombs, nests and odd files are added.
Each is read by a process of its own with at most 60 seconds and 4 GB, then all in one folder. The
table says how many there are of each format, how many gave documents, how many are listed with a
reason, and how many ended in a traceback, took too long or were lost without a word: 0, 0, 0.
"""

from __future__ import annotations

import gzip
import io
import multiprocessing
import os
import random
import re
import resource
import socket
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from topics.read.corpus import Corpus, read_corpus
from topics.read.files import shown_name

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from exports import FORMATS, articles
from office_files import DUBLIN, OPEN, WORD, docx, epub, odt, rtf, xlsx, zipped
from test_pdf import at, pdf

SECONDS, MEMORY = 60, 4 * 2**30  # for one file
VARIANTS = 2  # of each damage to each good file
OUTCOMES = ["files", "read", "listed", "tracebacks", "hangs", "lost"]
LINES = [
    "The harbour board voted to keep the northern quay shut until the cranes are repaired.",
    "Dockers asked for an earlier date, but the insurers refused cover on that side of the port.",
]
ROWS = [{"title": f"Quay {n}", "text": " ".join(LINES), "date": f"2025-05-{n}"} for n in (11, 12, 13)]  # fmt: skip
PAGE = f"<html><title>Quay</title><article><p>{'</p><p>'.join(LINES)}</p></article></html>"
MAIL = f"From: Ann Lee <ann@quay.example>\nSubject: Quay\nDate: Mon, 5 May 2025 10:00:00 +0000\n\n{LINES[0]}\n"
DTD = '<!DOCTYPE a [<!ENTITY b "{}">{}]>'
LAUGHS = DTD.format("ha" * 9, "".join(f'<!ENTITY b{n} "{f"&b{n - 1 or str()};" * 99}">' for n in range(1, 9)))  # fmt: skip
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


def feed(head: str = "", text: str = LINES[0]) -> str:
    """A feed of one entry."""
    return (
        f"{head}<rss version='2.0'><channel><title>The Quay Desk</title><item><title>Quay</title>"
        f"<description>{text}</description></item></channel></rss>"
    )


def table(rows: pd.DataFrame) -> bytes:
    """A Parquet file."""
    packed = io.BytesIO()
    rows.to_parquet(packed)
    return packed.getvalue()


def good_files() -> dict[str, bytes]:
    """A good file of each format, by extension; exports as they are made for their own measure."""
    cells = [list(ROWS[0]), *(list(row.values()) for row in ROWS)]
    printed = pdf(at(50, 750, *LINES), about="/Title (Quay)")
    book, sheet, word = epub(LINES, "Quay"), xlsx(cells), docx(LINES, "Quay")
    mhtml = f"MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n{PAGE}"
    texts = {
        ".txt": f"---\ntitle: Quay\n---\n\n{LINES[0]}\n\n{LINES[1]}\n",
        ".md": f"# Quay\n\n- {LINES[0]}\n- {LINES[1]}\n",
        **dict.fromkeys([".html", ".htm"], PAGE),
        ".csv": pd.DataFrame(ROWS).to_csv(index=False),
        ".jsonl": pd.DataFrame(ROWS).to_json(orient="records", lines=True),
        **dict.fromkeys([".rss", ".atom", ".xml"], feed()),
        ".eml": MAIL,
        ".mbox": "\n\n".join(f"From ann Mon May  5 10:00:00 2025\n{MAIL}" for _ in ROWS),
        **dict.fromkeys([".mht", ".mhtml"], mhtml),
    }
    packed = {
        **dict.fromkeys([".docx", ".docm"], word),
        ".odt": odt(LINES, "Quay"),
        ".rtf": rtf(LINES),
        ".epub": book,
        **dict.fromkeys([".xlsx", ".xlsm"], sheet),
        ".parquet": table(pd.DataFrame(ROWS)),
        ".pdf": printed,
        ".zip": zipped({"a.txt": LINES[0], "b.docx": word, "c.csv": texts[".csv"]}),
        ".txt.gz": gzip.compress(texts[".txt"].encode(), mtime=0),
        ".csv.gz": gzip.compress(texts[".csv"].encode(), mtime=0),
    }
    exports = {f"-{name}": write(articles()[:8]) for name, write in FORMATS.items()}
    return {
        name: content.encode() if isinstance(content, str) else content
        for name, content in (texts | packed | exports).items()
    }


def flipped(content: bytes, draw: random.Random) -> bytes:
    """Content with one in a hundred of its bits turned, one at least."""
    changed = bytearray(content)
    for _ in range(1 + len(content) // 100):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def inserted(*pieces: bytes) -> Callable[[bytes, random.Random], bytes]:
    """A damage that puts one of these pieces into the content at three places."""

    def insert(content: bytes, draw: random.Random) -> bytes:
        for _ in range(3):
            place = draw.randrange(len(content) + 1)
            content = content[:place] + draw.choice(pieces) + content[place:]
        return content

    return insert


def moved(content: bytes, draw: random.Random) -> bytes:
    """Content whose parts stand in another order."""
    one, two = sorted(draw.choices(range(len(content)), k=2))
    return content[one:two] + content[:one] + content[two:]


DAMAGE: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "cut": lambda content, draw: content[: draw.randrange(1, len(content))],
    "headless": lambda content, draw: content[draw.randrange(1, len(content)) :],
    "flipped": flipped,
    "moved": moved,
    "nul": inserted(b"\0", b"\0" * 500),
    "surrogate": inserted(b"\xed\xa0\x80", b"&#xD800;", b"\\ud800", b"\\u55296?", b"=?utf-8?b?7aCA?="),
    "bytes": inserted(b"\xff\xfe", b"\x80\x81", b"\x1b$B", b"\xe2\x80\xa8", b"\xf4\x90\x80\x80"),
    "markup": inserted(b"<", b"]]>", b"<![CDATA[", b"<!--", b"&#0;", b'"', b"</", b"=?x?q?=ZZ?="),
    "long": inserted(b"x" * 300_000, b"<" * 30_000, b"(" * 30_000, b"a " * 30_000, b" " * 30_000, b"\n" * 30_000, b"a@" * 30_000),
    "deep": inserted(b"<div>" * 20_000, b"[" * 20_000, b"{\\b " * 20_000, b"> " * 20_000),
    "twice": lambda content, draw: content * draw.randrange(2, 60),
    "utf-16": lambda content, _: content.decode("latin-1").encode("utf-16-le"),
    "packed": lambda content, draw: gzip.compress(content)[: draw.randrange(10, 400)],
}  # fmt: skip


def bombs() -> dict[str, bytes]:
    """Files made to do harm, by name."""
    word = f"{{}}<w:document {WORD}><w:body>{{}}</w:body></w:document>"
    words = {  # of an office document: what stands before it, and in it
        "laughs": word.format(LAUGHS, "<w:p><w:r><w:t>&b8;</w:t></w:r></w:p>"),
        "outside": word.format(OUTSIDE, "<w:p><w:r><w:t>&b;</w:t></w:r></w:p>"),
        "nested": word.format("", "<w:p>" * 100_000 + LINES[0] + "</w:p>" * 100_000),
        "bomb": word.format("", f"<w:p><w:t>{'a' * 200_000_000}</w:t></w:p>"),
        "none": "",
    }
    made = {f"{name}.docx": docx([], **{"word/document.xml": xml}) for name, xml in words.items()}
    opened = f"{LAUGHS}<office:document {OPEN}><text:p>&b8;</text:p></office:document>"
    made |= {"laughs.odt": zipped({"content.xml": opened, "meta.xml": f"<a {DUBLIN}/>"})}
    made |= {"sheet.xlsx": xlsx([["text"], *[["=HYPERLINK(1)" * 9]] * 9000])}
    made |= {f"{name}.xml": feed(head, text).encode() for name, head, text in (
        ("laughs", LAUGHS, "&b8;"), ("outside", OUTSIDE, "&b;"), ("nest", "", "<b>" * 100_000),
    )}  # fmt: skip
    inner = zipped({"a.txt": LINES[0]})
    for depth in range(6):
        inner = zipped({f"{depth}.zip": inner, f"{depth}.txt": f"Level {depth}. {LINES[1]}"})
    made |= {f"{name}.zip": zipped(files) for name, files in {
        "nested": {"a.zip": inner}, "bomb": {"a.txt": "a" * 300_000_000}, "none": {},
        "up": {"../../up.txt": LINES[0], "/tmp/root.txt": LINES[0], "..\\back.txt": LINES[0]},
        "many": {f"{n}.txt": LINES[0] for n in range(11_000)}, "folder": {"a/": "", "b.txt/": ""},
        "odd": {"a\nb.txt": LINES[0], "<b>.txt": LINES[0], "x" * 300 + ".txt": LINES[0]},
    }.items()}  # fmt: skip
    linked = io.BytesIO()
    with zipfile.ZipFile(linked, "w") as archive:
        entry = zipfile.ZipInfo("link.txt")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
        archive.writestr("same.txt", LINES[0])
    made["linked.zip"] = linked.getvalue()
    head = b"Content-Type: multipart/mixed; boundary=a\n\n"
    nest = b"".join(b"--%d\nContent-Type: multipart/mixed; boundary=%d\n\n" % (n, n + 1) for n in range(3000))  # fmt: skip
    made |= {
        "parts.mbox": b"From a Mon May 5 10:00:00 2025\n" + head + b"--a\n\nShut.\n" * 5000,
        "many.mbox": f"From a Mon May  5 10:00:00 2025\n{MAIL}\n\n".encode() * 5000,
        "nest.eml": b"Content-Type: multipart/mixed; boundary=0\n\n" + nest,
        "header.eml": head + b"--a\nContent-Type: text/plain;" + b" a=b;" * 200_000 + b"\n\nShut.\n--a--\n",
        "charset.eml": f"Content-Type: text/plain; charset=no-such\n{MAIL}".encode(),
        "address.eml": f"From: {'<' * 20_000}\n{MAIL}".encode(),
        "formula.csv": f'title,text\n=cmd|1!A1,"=HYPERLINK(""http://x.example"") {LINES[0]}"\n'.encode(),
        "open.csv": f'text\n"{LINES[0]}\n{LINES[1]}\n'.encode() * 50,
        "columns.csv": f"text,text,title,title\n{LINES[0]},b,c,d\n".encode(),
        "wide.csv": ",".join(["text"] * 100_000).encode() + b"\n" + b"a," * 99_999 + b"a\n",
        "nest.jsonl": b"[" * 500_000 + b"\n" + b'{"text": "\\ud800 shut \\udfff quay"}\n',
        "numbers.jsonl": f'{{"text": "{LINES[0]}", "date": {"9" * 5000}, "title": NaN}}\n'.encode(),
        "objects.jsonl": b'{"text": {"a": ["The quay is shut."]}, "title": [1], "date": {}}\n',
        "alias.md": ("---\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9 if n else 'x'}]\n" for n in range(20)) + f"---\n{LINES[0]}\n").encode(),
        "quotes.md": b"> " * 20_000 + LINES[0].encode() + b"\n" + b"*" * 20_000 + b"[" * 20_000,
        "bytes.parquet": table(pd.DataFrame({"text": [b"\xff\xfe", LINES[0].encode()]})),
        "lists.parquet": table(pd.DataFrame({"text": [[LINES[0]]], "date": [None]})),
        "group.rtf": b"{\\rtf1 " + b"{" * 100_000 + LINES[0].encode() + b"}" * 9,
        "half.rtf": b"{\\rtf1 " + LINES[0].encode() + b" \\u-10240? \\'zz \\bin99999999 }",
        "half.pdf": pdf(at(50, 750, *LINES), about=r"/Title <FEFFD800> /Author (\355\240\200)"),
        "loop.pdf": pdf(at(50, 750, *LINES)).replace(b"/Count 1", b"/Count 9 /Parent 2 0 R"),
        "pages.pdf": pdf(at(50, 750, *LINES)).replace(b"[5 0 R]", b"[2 0 R]"),
        "date.htm": b"<meta property='article:published_time' content='99999-99-99'>" + PAGE.encode(),
        "base.htm": f"<base href='file:///etc/'><iframe src='passwd'></iframe>{PAGE}".encode(),
        "attributes.htm": b"<p " + b"a=b " * 300_000 + b">" + PAGE.encode(),
    }  # fmt: skip
    return made


def add_odd(folder: Path) -> None:
    """Put what is no article, or has an odd name, into a folder."""
    names = [
        b"\xff\xfe.txt",
        b"a\nb.txt",
        b"<img src=x>.txt",
        b"=cmd.txt",
        "\u202egnp.txt".encode(),
    ]
    for name in [*names, b"x" * 250 + b".txt", b"CON.txt", b"a#1.csv", b" .txt", b"a.txt."]:
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_text(LINES[0])
    os.mkfifo(folder / "pipe.txt")
    socket.socket(socket.AF_UNIX).bind(str(folder / "socket.txt"))
    (folder / "locked.txt").touch(0o000)
    for name, target in {"loop.txt": "loop.txt", "up": "..", "zero.txt": "/dev/zero", "gone.txt": "no"}.items():  # fmt: skip
        (folder / name).symlink_to(target)
    (folder / "folder.txt").mkdir()
    (folder / "folder.txt" / "a.txt").write_text(LINES[1])


def make(folder: Path) -> list[Path]:
    """Write all hostile files; their paths."""
    draw, good = random.Random(0), good_files()
    for ending, content in good.items():
        (folder / f"good{ending}").write_bytes(content)
        (folder / f"empty{ending}").write_bytes(b"")
        (folder / f"blank{ending}").write_bytes(b" \n\0 ")
        other = draw.choice(sorted(good))
        (folder / f"is{other.replace('.', '_')}{ending}").write_bytes(good[other])
        for name, damage in DAMAGE.items():
            for n in range(VARIANTS):
                (folder / f"{name}{n}{ending}").write_bytes(damage(content, draw))
    for name, content in bombs().items():
        (folder / f"bomb-{name}").write_bytes(content)
    add_odd(folder)
    return sorted(folder.iterdir())


def outcomes(corpus: Corpus, names: list[str]) -> dict[str, str]:
    """Whether each file is read, listed or lost."""
    read = {re.split("!?/", name)[0] for name in corpus.documents["path"]}
    listed = {re.split("!?/", name)[0] for name in corpus.skipped["file"]}
    return {n: "read" if n in read else "listed" if n in listed else "lost" for n in names}


def attack(path: Path, answer: Path) -> None:
    """Read the folder of one file, in a process of its own, and write what became of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.dup2(os.open(answer.with_suffix(".err"), os.O_CREAT | os.O_WRONLY), 2)
    corpus = read_corpus(path.parent, progress=False)
    for frame in vars(corpus).values():
        frame.to_parquet(io.BytesIO())  # what was read can be stored
    found = outcomes(corpus, [shown_name(path, path.parent)])
    answer.write_text(*found.values())


def outcome(path: Path, scratch: Path) -> str:
    """What becomes of one file, alone in a folder, within the limits."""
    alone, answer = Path(tempfile.mkdtemp(dir=scratch)), Path(tempfile.mkdtemp(dir=scratch), "a")
    path = path.rename(alone / path.name)
    context = multiprocessing.get_context("fork")  # the readers are loaded once
    process = context.Process(target=attack, args=(path, answer))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        return "hangs"
    told = answer.with_suffix(".err").read_text(errors="replace")
    if process.exitcode or "Traceback" in told:
        print(f"exit {process.exitcode}: {told[-1500:]}")
        return "tracebacks"
    return answer.read_text()


def main() -> None:
    """Print a line for each format, and one for all of them read together."""
    counts, slow = dict[str, Counter[str]](), (0.0, "")
    with tempfile.TemporaryDirectory() as name:
        scratch, root = Path(name), Path(name, "in")
        root.mkdir()
        paths = make(root)
        names, started = [shown_name(path, root) for path in paths], time.monotonic()
        together = outcomes(read_corpus(root, progress=False), names)
        seconds = time.monotonic() - started
        for path, shown in zip(paths, names, strict=True):
            started = time.monotonic()
            found = outcome(path, scratch)
            if found in OUTCOMES[3:] or found != together[shown]:
                print(f"{shown!r}: {found} alone, {together[shown]} with the others")
            slow = max(slow, (time.monotonic() - started, shown))
            counts.setdefault(path.suffix or "(none)", Counter()).update(["files", found])
    total = counts["in all"] = sum(counts.values(), Counter())
    print(pd.DataFrame(counts, OUTCOMES).T.fillna(0).astype(int).to_string())
    print(f"slowest: {slow[1]!r}, {slow[0]:.1f} s; all {total['files']:,} together {seconds:.0f} s")


if __name__ == "__main__":
    main()
