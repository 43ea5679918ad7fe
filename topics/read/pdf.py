"""PDF files: paragraphs in reading order, told from where each piece of text stands on its page."""

from __future__ import annotations

import io
import logging
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from statistics import mode
from typing import Any

from pypdf import PageObject, PdfReader, Transformation
from pypdf.errors import LimitReachedError

from topics.errors import UnreadableError

MAX_PAGES = 2_000
MAX_SECONDS = 300  # pypdf bounds each stream, this bounds the file

_PAGE_NUMBER = re.compile(r"(?i:page|p\.|seite|página)? *(\d{1,4}|[ivxl]+)( ?(of|/|de|von) ?\d+)?")
_BULLET = re.compile(r"[•▪◦‣●■○]")
_LABEL = re.compile(r"(?:[–-]|\(?\w{1,2}[.)]) ")
_END = re.compile(r"[.!?:。！？।؟…][\"'”’»」』)\]]*$")
_UNSPACED = r"[\u0e00-\u0e7f\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"  # Thai, Chinese, Japanese
_NO_TITLE = re.compile(r"(?i)|untitled.*|microsoft .+ - .*|.*\.(docx?|odt|pptx?|indd|tex|pdf)")
_NO_TEXT = "the PDF holds no text (scanned pages?); run OCR on it first"
_THIN = set("iljtfrI.,;:'’|!()[]- ")
_PLAIN: dict[int, str | None] = {0: None, 0x200B: None, 0xF0B7: "•"}  # the last is Word's bullet
_PLAIN |= zip(range(0xFB00, 0xFB05), ["ff", "fi", "fl", "ffi", "ffl"], strict=True)  # ligatures


@dataclass
class Pdf:
    """A PDF's paragraphs, one a line of `text`, and what its information object says."""

    text: str
    title: str | None
    author: str | None
    date: str | None  # of its making, as 2025-05-06
    dropped: list[tuple[str, str]]  # lines and pages left out, each with the reason


@dataclass
class _Line:
    """Text at one height: at first pieces as a page sets them, in rows, then what a row makes."""

    text: str
    page: int
    x: float
    end: float  # guessed, as pypdf does not say how wide a text is
    y: float
    size: float
    font: str
    edge: float = 0.0  # where its column ends


def read_pdf(content: bytes) -> Pdf:
    """Read a PDF without its running heads, page numbers and line-end hyphens, or raise why not."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableError("the PDF is locked with a password")
        pages, unread = _read_pages(reader)
    except Exception as error:  # pypdf raises whatever a damaged file leads it to
        raise UnreadableError(_reason(error)) from error
    lines, heads = _without_heads(pages)
    if not lines:
        raise UnreadableError(unread[0][1] if unread else _NO_TEXT)
    words = Counter(re.findall(r"\w+(?:-\w+)*", " ".join(line.text for line in lines).lower()))
    text = "\n".join(_joined(paragraph, words) for paragraph in _paragraphs(lines))
    return Pdf(text, *_about(reader), unread + heads)


def _about(reader: PdfReader) -> tuple[str | None, str | None, str | None]:
    try:
        about = {key: str(value).strip() for key, value in (reader.metadata or {}).items()}
    except Exception:  # see read_pdf; the text is good without
        about = {}
    title, author = about.get("/Title", ""), about.get("/Author") or None
    day = re.search(r"(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", about.get("/CreationDate", ""))
    return None if _NO_TITLE.fullmatch(title) else title, author, day and "-".join(day.groups())


def _reason(error: Exception) -> str:
    if isinstance(error, LimitReachedError | MemoryError):
        return f"the PDF is too big to read: {error}"
    return str(error) if isinstance(error, UnreadableError) else f"damaged PDF: {error}"


def _read_pages(reader: PdfReader) -> tuple[list[list[_Line]], list[tuple[str, str]]]:
    """Lines of each page, and what is wrong with pages that cannot be read."""
    count, deadline = len(reader.pages), time.monotonic() + MAX_SECONDS
    if not 0 < count <= MAX_PAGES:
        raise UnreadableError(f"the PDF has {count:,} pages; from 1 to {MAX_PAGES:,} can be read")
    pages, unread = [], []
    for number in range(count):
        try:
            rows = _rows(reader.pages[number], number, deadline)
            pages.append([line for row in rows if (line := _merged(row)).text])
        except Exception as error:  # see read_pdf
            unread.append((f"page {number + 1}", _reason(error)))
    return pages, unread


def _rows(page: PageObject, number: int, deadline: float) -> list[list[_Line]]:
    """What a page says, in its own order: pieces that follow each other at one height."""
    rows, spaced = list[list[_Line]](), True

    def watch(*_: Any) -> None:
        if time.monotonic() > deadline:  # inside forms, pypdf lets no other error through
            raise MemoryError(f"it takes more than {MAX_SECONDS} seconds")

    def take(text: str, outer: Any, inner: Any, font: Any, size: float) -> None:
        nonlocal spaced
        if text.strip() and all(abs(n) < 1e6 for n in (*inner, *outer, size)):
            name = str((font or {}).get("/BaseFont"))
            a, b, c, d, x, y = Transformation(inner).transform(Transformation(outer)).ctm
            along, size = complex(a, b), abs(size * complex(c, d))
            place = complex(x, y) * along.conjugate() / (abs(along) or 1)  # as if all were upright
            x, y, end = place.real, place.imag, place.real + _ems(text.strip()) * size
            if not rows or abs(y - rows[-1][0].y) > 0.5 * max(size, rows[-1][0].size):
                rows.append([])
            rows[-1].append(_Line(f" {text}" if spaced else text, number, x, end, y, size, name))
        spaced = text.isspace() or text.endswith("\n") or (spaced and not text)

    watch()
    page.extract_text(visitor_operand_before=watch, visitor_text=take)
    return rows


def _ems(text: str) -> float:
    """About how wide a text is, in its size."""
    return sum(0.3 if c in _THIN else 1 if c > "⺀" else 0.67 if c.isupper() else 0.5 for c in text)


def _merged(row: list[_Line]) -> _Line:
    """The line that a row's pieces make, in the size and font of most of its letters."""
    text = " ".join("".join(piece.text for piece in row).translate(_PLAIN).split())
    text = re.sub(r" (?=[,.](?: |$))", "", text)
    size, font = mode((round(piece.size, 1), piece.font) for piece in row for _ in piece.text[:99])
    x, end = min(piece.x for piece in row), max(piece.end for piece in row)
    return replace(row[0], text=text, x=x, end=end, size=size, font=font)


def _without_heads(pages: list[list[_Line]]) -> tuple[list[_Line], list[tuple[str, str]]]:
    """Lines without page numbers and running heads, and one of each kind of these."""
    ranked = [sorted(page, key=lambda line: line.y) for page in pages]
    outer = [page[:4] + page[4:][-4:] for page in ranked]
    held = Counter(spot for page in outer for spot in {s for line in page for s in _spots(line)})
    kept, heads = list[_Line](), dict[str, tuple[str, str]]()
    for page, edges in zip(pages, outer, strict=True):
        for line in page:
            number = _PAGE_NUMBER.fullmatch(line.text.strip("-–—|[]() "))
            if line in edges and (number or any(held[spot] > 1 for spot in _spots(line))):
                kind = re.sub(r"\d+", "#", line.text)
                heads.setdefault(kind, (line.text, "page number" if number else "running head"))
            else:
                kept.append(line)
    return kept, [*heads.values()]


def _spots(line: _Line) -> set[tuple[str, int]]:
    """A head's height with what it says, as it is and with each number in turn less the page's."""
    text = line.text
    if len(text) >= 200 or _END.search(text) or not re.search(r"[^\W\d_]", text):
        return set()  # prose and figures are no heads
    numbers = re.finditer(r"\b\d{1,5}\b", text)
    counted = (f"{text[: n.start()]}#{int(n[0]) - line.page}{text[n.end() :]}" for n in numbers)
    return {(said, round(line.y)) for said in (text, *counted)}


def _paragraphs(lines: list[_Line]) -> list[list[_Line]]:
    """Lines by paragraph, also of those that run over a column or a page."""
    paragraphs: list[list[_Line]] = []
    for block in _blocks(lines):
        edge = sorted(line.end for line in block)[int(0.9 * (len(block) - 1))]
        for line in block:
            line.edge = edge
            goes_on = _goes_on_elsewhere if line is block[0] else _goes_on_below
            if not paragraphs or not goes_on(paragraphs[-1][-1], line):
                paragraphs.append([])
            paragraphs[-1].append(line)
    return paragraphs


def _blocks(lines: list[_Line]) -> list[list[_Line]]:
    """Lines of one size that follow each other without a gap."""
    drops = defaultdict(list)
    for last, line in pairwise(lines):
        drops[line.size].append(_drop(last, line))
    usual = {size: sorted(drop)[len(drop) // 4] for size, drop in drops.items()}
    blocks = [lines[:1]]
    for last, line in pairwise(lines):
        gap = _drop(last, line) > 1.25 * min(usual[line.size], 3 * line.size)
        if gap or abs(line.size - last.size) > 0.5:
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _drop(last: _Line, line: _Line) -> float:
    """How far a line is under the last one; no end if it is elsewhere."""
    aside = line.x > last.end or last.x > line.end
    return inf if aside or line.page != last.page or line.y >= last.y else last.y - line.y


def _goes_on_elsewhere(last: _Line, line: _Line) -> bool:
    """Whether a line goes on with a paragraph past a break or gap."""
    if last.font != line.font or abs(last.size - line.size) > 0.5 or _END.search(last.text):
        return False
    return _spare(last, line) <= 0.3 and (line.text[0].islower() or _drop(last, line) == inf)


def _goes_on_below(last: _Line, line: _Line) -> bool:
    """Whether a line goes on with the paragraph of the line right above."""
    ended = _END.search(last.text) and not line.text[0].islower()
    changed, deeper = last.font != line.font, line.x - last.x > 0.7 * line.size
    if _BULLET.match(line.text) or (ended and (changed or deeper or _LABEL.match(line.text))):
        return False
    most = 0.05 if ended else 0.15 if changed else 0.3
    return last.text.endswith(("-", "\xad")) or _spare(last, line) <= most


def _spare(last: _Line, line: _Line) -> float:
    """What share of its column a line would leave if it took the next one's first word too."""
    word = re.match(rf"{_UNSPACED}|\S+", line.text)
    room = last.edge - last.end - _ems(f" {word[0] if word else ''}") * line.size
    return room / max(1.0, last.edge - last.x)


def _joined(paragraph: list[_Line], words: Counter[str]) -> str:
    """A paragraph's text; a hyphen at a line's end stays if the document has it within lines."""
    texts = [line.text for line in paragraph]
    for n, (last, line) in enumerate(pairwise(texts)):
        cut, rest = re.search(r"([\w'’-]*\w)[-‐]$", last[-60:]), re.match(r"\w+", line)
        # before an "and" it stands for a word to come, as in "long- and short-term"
        if cut and rest and rest[0] not in {"and", "or", "und", "oder", "bis"}:
            one, two = words[f"{cut[1]}{rest[0]}".lower()], words[f"{cut[1]}-{rest[0]}".lower()]
            if one > two or (cut[1].isalpha() and rest[0][0].islower() and not two):
                texts[n] = last[:-1]
        elif not (re.search(rf"{_UNSPACED}$", last) and re.match(_UNSPACED, line)):
            texts[n] += "" if re.search(r"\S[–—/\xad]$", last) else " "
    return "".join(texts).replace("\xad", "")
