"""How many articles of database exports are found, with date and source: ``make bench``.

Measured on 200 articles a format, made here by a fixed seed with odd cases (no byline, a headline
over three lines, the end mark inside a quotation, no text, two languages), and on real exports
where ``TOPICS_EXPORTS`` names a folder of them; of those only the stated numbers are known.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from topics.read.corpus import read_corpus

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from office_files import docx, rtf
from test_pdf import pdf

N = 200
WORDS = {
    "en": "the harbour board voted to keep northern quay shut until cranes are repaired and "
    "dockers asked for an earlier date but insurers refused cover on that side",
    "fr": "le conseil du port a décidé de garder le quai nord fermé et les dockers demandent une "
    "date plus proche mais les assureurs refusent de couvrir ce côté",
}
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}


@dataclass
class Article:
    """What an export should give back."""

    number: int
    language: str
    title: list[str]
    source: str
    day: str
    iso: str
    author: str
    text: list[str]


def articles() -> list[Article]:
    """The articles, each fifth of them odd in its own way."""
    draw, made = random.Random(0), []
    for n in range(N):
        language = "fr" if n % 4 == 3 else "en"
        words = WORDS[language].split()

        def sentence(words: list[str] = words) -> str:
            return " ".join(draw.choices(words, k=12)).capitalize() + "."

        month, day = draw.randrange(12), draw.randrange(1, 29)
        name = MONTHS[language].split()[month]
        text = [f"{sentence()} {sentence()}" for _ in range(3)]
        if n % 40 == 1:  # more would be dropped as lines that repeat
            text[1:1] = ["End of Document"]
        made.append(
            Article(
                number=n + 1,
                language=language,
                title=[sentence()[:-1] for _ in range(3 if n % 5 == 2 else 1)],
                source=draw.choice(["The Quay Desk", "Le Courrier du Port", "Northport News"]),
                day=f"{name} {day}, 2024" if language == "en" else f"{day} {name} 2024",
                iso=f"2024-{month + 1:02}-{day:02}",
                author="" if n % 5 == 3 else "Ann Lee",
                text=[] if n % 50 == 4 else text,
            )
        )
    return made


def nexis(made: list[Article]) -> list[str]:
    """Lines of an export of Nexis Uni, with its cover."""
    lines = ["Job Number: 1", f"Documents ({N})"]
    for article in made:
        lines += [f"{article.number}. {article.title[0]}", "Client/Matter: -None-"]
        lines += ["Narrowed by:", "Content Type", "News", "Sources: all; Content Type: News", ""]
    for article in made:
        lines += [
            *article.title,
            article.source,
            article.day,
            "",
            "Copyright 2024 All Rights Reserved",
        ]
        lines += ["Section: Business", f"Length: {len(' '.join(article.text).split())} words"]
        lines += [f"Byline: {article.author}"] if article.author else []
        lines += ["Body", "", *article.text, "Classification", "", f"Language: {_name(article)}"]
        lines += ["Subject: PORTS (90%)", "", "End of Document", ""]
    return lines


def classic(made: list[Article]) -> list[str]:
    """Blocks of an export of LexisNexis."""
    blocks = []
    for article in made:
        blocks += [f"{article.number} of {N} DOCUMENTS", article.source, article.day]
        blocks += [" ".join(article.title)]
        blocks += [f"BYLINE: {article.author}"] if article.author else []
        blocks += ["LENGTH: 80 words", *article.text, "LOAD-DATE: January 1, 2025"]
        blocks += [f"LANGUAGE: {_name(article)}", "Copyright 2024 Quay Ltd"]
    return blocks


def factiva(made: list[Article]) -> list[str]:
    """Lines of an export of Factiva with codes."""
    lines = []
    for article in made:
        lines += [f"HD\t{' '.join(article.title)}"]
        lines += [f"BY\t{article.author}"] if article.author else []
        day, month = (
            int(article.iso[8:]),
            MONTHS[article.language].split()[int(article.iso[5:7]) - 1],
        )
        lines += ["WC\t80 words", f"PD\t{day} {month} 2024", f"SN\t{article.source}"]
        lines += [f"LA\t{_name(article)}", "LP", *article.text[:1], "TD", *article.text[1:]]
        lines += ["NS\tgport : Ports", f"AN\tDocument QUAY00002024{article.number:04}ek1100001"]
    return [line.replace("00002024", "000020240") if len(line) < 9 else line for line in lines]


def factiva_page(made: list[Article]) -> str:
    """A page of Factiva without codes."""
    parts = ["<title>Factiva</title>"]
    for article in made:
        author = f'<div class="author">{article.author}</div>' if article.author else ""
        fields = ["80 words", article.day, article.source, "QUAY", _name(article), "Copyright 2024"]
        parts += ["<div>Business</div>", f'<div id="hd">{" ".join(article.title)}</div>', author]
        parts += [f"<div>{field}</div>" for field in fields]
        parts += [f"<p>{paragraph}</p>" for paragraph in article.text]
        parts += [f"<p>Document QUAY00002024{article.number:04}ek1100001</p>"]
    return "".join(parts)


def factiva_xml(made: list[Article]) -> str:
    """Factiva's XML."""
    parts = []
    for article in made:
        paragraphs = "".join(f"<paragraph>{escape(text)}</paragraph>" for text in article.text)
        parts.append(
            f"<ppsarticle><article><headline>{' '.join(article.title)}</headline><leadParagraph>"
            f"{paragraphs}</leadParagraph><publicationDate><date>{article.iso}</date>"
            f"</publicationDate><sourceName>{article.source}</sourceName><baseLanguage>"
            f"{article.language}</baseLanguage></article></ppsarticle>"
        )
    space = "http://global.factiva.com/pps/2.0"
    return f'<r xmlns="{space}"><ppsarticleResultSet count="{N}">{"".join(parts)}</ppsarticleResultSet></r>'


def europresse(made: list[Article]) -> str:
    """A page of Europresse."""
    parts = []
    for article in made:
        author = f"<div>{article.author}</div>" if article.author else ""
        text = "".join(f"<p>{paragraph}</p>" for paragraph in article.text)
        parts.append(
            f'<article><header><div class="DocPublicationName">{article.source}</div>'
            f'<div class="DocHeader">Ports, {article.day}, p. 3</div><p class="titreArticleVisu">'
            f'{" ".join(article.title)}</p>{author}</header><div class="DocText">{text}</div>'
            f"<footer>© 2024 news·20240101·Q·{article.number}</footer></article>"
        )
    return "".join(parts)


def proquest(made: list[Article]) -> list[str]:
    """Blocks of an export of ProQuest."""
    blocks = []
    for article in made:
        blocks += ["_" * 60, f"Document {article.number} of {N}", " ".join(article.title)]
        blocks += [f"Author: {article.author}"] if article.author else []
        blocks += ["ProQuest document link", "Abstract: It is shut.", "Full text:", *article.text]
        blocks += ["Subject: Ports", f"Publication title: {article.source}"]
        blocks += [f"Publication date: {article.day}", f"Language of publication: {_name(article)}"]
        blocks += [f"ProQuest document ID: {article.number}"]
    return blocks


def _name(article: Article) -> str:
    return {"en": "English", "fr": "French"}[article.language]


def _page(blocks: list[str]) -> str:
    return "".join(f"<p>{escape(block)}</p>" for block in blocks)


def _pdf(lines: list[str]) -> bytes:
    """A PDF of 45 lines a page, long lines wrapped as a printer does."""
    import textwrap

    lines = [part for line in lines for part in (textwrap.wrap(line, 90) or [""])]
    pages = []
    for start in range(0, len(lines), 45):
        shown = [line.replace("(", r"\(").replace(")", r"\)") for line in lines[start : start + 45]]
        body = "".join(f"({line}) Tj 0 -15 Td\n" for line in shown)
        pages.append(f"BT /F 10 Tf 50 750 Td\n{body}ET")
    return pdf(*pages)


FORMATS: dict[str, Callable[[list[Article]], str | bytes]] = {
    "nexis.docx": lambda made: docx(nexis(made)),
    "nexis.rtf": lambda made: rtf(nexis(made)),
    "nexis.txt": lambda made: "\n".join(nexis(made)),
    "nexis.pdf": lambda made: _pdf(nexis(made)),
    "lexisnexis.txt": lambda made: "\n\n".join(classic(made)),
    "lexisnexis.html": lambda made: _page(classic(made)),
    "factiva.html": factiva_page,
    "factiva.rtf": lambda made: rtf(factiva(made)),
    "factiva.xml": factiva_xml,
    "europresse.html": europresse,
    "proquest.txt": lambda made: "\n\n".join(proquest(made)),
    "proquest.html": lambda made: _page(proquest(made)),
}


def measure(path: Path, made: list[Article]) -> str:
    """Articles, and titles, dates, sources, languages and texts that are exactly as made."""
    started = time.monotonic()
    corpus = read_corpus(path, progress=False)
    seconds = time.monotonic() - started
    table = corpus.documents.fillna("")
    expected = [article for article in made if article.text]
    pairs = list(zip(expected, table.itertuples(), strict=False))
    right = {
        "title": sum(" ".join(a.title) == row.title for a, row in pairs),
        "date": sum(a.iso == str(row.date)[:10] for a, row in pairs),
        "source": sum(a.source == row.source for a, row in pairs),
        "language": sum(a.language == row.language for a, row in pairs),
        "text": sum("\n\n".join(a.text) == row.text for a, row in pairs),
    }
    told = ", ".join(f"{name} {count}" for name, count in right.items())
    listed = len(corpus.skipped)
    speed = path.stat().st_size / 2**20 / seconds
    return f"{len(table)} of {len(expected)} articles; {told}; {listed} listed; {speed:.1f} MB/s"


def main() -> None:
    """Print a line for each format, and for each real export."""
    made = articles()
    with tempfile.TemporaryDirectory() as folder:
        for name, write in FORMATS.items():
            content = write(made)
            path = Path(folder, name)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            print(f"{name:16} {measure(path, made)}")
    real = os.environ.get("TOPICS_EXPORTS")
    for path in sorted(Path(real).iterdir()) if real else []:
        corpus = read_corpus(path, progress=False)
        found = corpus.documents[["title", "date", "source", "language"]].count()
        print(f"{path.name}: {len(corpus.documents)} articles; {found.to_dict()}")
        for reason in corpus.skipped["reason"]:
            print(f"    {reason}")


if __name__ == "__main__":
    main()
