"""PDF files: paragraphs from lines of text, without running heads, page numbers and line-end hyphens."""

from __future__ import annotations

import io
import logging
import re
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from unicodedata import normalize

from pypdf import PageObject, PdfReader
from pypdf.errors import LimitReachedError

from topics.errors import UnreadableError
from topics.read.boilerplate import SENTENCE_END

MAX_PAGES = 2_000
MAX_SECONDS = 300  # pypdf limits each stream, this limits the file

_PAGE_NUMBER = re.compile(r"(?i:page|p\.|seite|página)? *(\d{1,4}|[ivxl]+)( ?(of|/|de|von) ?\d+)?")
_BULLET = re.compile(r"[•▪◦‣●■○]")
_LABEL = re.compile(r"([–-]|\(?\w{1,2}[.)]) ")
_UNSPACED = r"[\u0e00-\u0e7f\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"  # Thai, Chinese, Japanese
_NO_NAME = re.compile(r"(?i)|untitled.*|microsoft .+ - .*|.*\.(docx?|odt|pptx?|indd|tex|pdf)")
_NO_TEXT = "the PDF holds no text (scanned pages?); run OCR on it first"
# Ligatures as their letters; U+F0B7 is Word's bullet.
_PLAIN = {code: normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_PLAIN |= {0: "", 0x200B: "", 0xF0B7: "•"}


@dataclass
class Pdf:
    """Paragraphs of a PDF, one a line of `text`, and fields from its document properties."""

    text: str
    fields: dict[str, str]  # what is known of title, source (the author) and date of creation
    dropped: list[tuple[str, str]]  # lines and pages left out, each with the reason
    lines: list[str]  # of all pages as they stand, but for page numbers


def read_pdf(content: bytes) -> Pdf:
    """Text and properties of a PDF.

    Raises
    ------
    UnreadableError
        If it is damaged, locked with a password, scanned, or too big.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableError("the PDF is locked with a password")
        pages, unread = _read_pages(reader)
    except Exception as error:  # pypdf raises whatever a damaged file leads it to
        raise UnreadableError(_reason(error)) from error
    lines, heads = _split_heads(pages)
    if not lines:
        raise UnreadableError(unread[0][1] if unread else _NO_TEXT)
    numbered = [line for page in pages for line in page if not _PAGE_NUMBER.fullmatch(line)]
    return Pdf("\n".join(join_lines(lines)), _fields(reader), unread + heads, numbered)


def join_lines(lines: list[str]) -> list[str]:
    """Paragraphs of printed lines, a hyphen at a line's end undone where it only breaks a word."""
    words = Counter(re.findall(r"\w+(?:-\w+)*", " ".join(lines).lower()))
    return [_joined(paragraph, words) for paragraph in _paragraphs(lines)]


def _fields(reader: PdfReader) -> dict[str, str]:
    """Those of title, source and date that the document properties give."""
    try:
        about = {key: str(value).strip() for key, value in (reader.metadata or {}).items()}
    except Exception:  # see read_pdf; the text is good without
        about = {}
    title, source = about.get("/Title", ""), about.get("/Author", "")
    day = re.search(r"(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", about.get("/CreationDate", ""))
    fields = {"title": title, "source": source, "date": "-".join(day.groups()) if day else ""}
    return {name: value for name, value in fields.items() if not _NO_NAME.fullmatch(value)}


def _reason(error: Exception) -> str:
    if isinstance(error, LimitReachedError | MemoryError):
        return f"the PDF is too big to read: {error}"
    return str(error) if isinstance(error, UnreadableError) else f"damaged PDF: {error}"


def _read_pages(reader: PdfReader) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """Lines of each page, and the pages that cannot be read with the reason."""
    count, deadline = len(reader.pages), time.monotonic() + MAX_SECONDS
    if not 0 < count <= MAX_PAGES:
        raise UnreadableError(f"the PDF has {count:,} pages; from 1 to {MAX_PAGES:,} can be read")
    pages, unread = [], []
    for number in range(count):
        try:
            pages.append(_lines(reader.pages[number], deadline))
        except Exception as error:  # see read_pdf
            unread.append((f"page {number + 1}", _reason(error)))
    return pages, unread


def _lines(page: PageObject, deadline: float) -> list[str]:
    """Lines of a page in its own order."""

    def watch(*_: Any) -> None:
        if time.monotonic() > deadline:  # inside forms, pypdf lets no other error through
            raise MemoryError(f"it takes more than {MAX_SECONDS} seconds")

    text = page.extract_text(visitor_operand_before=watch).translate(_PLAIN)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _split_heads(pages: list[list[str]]) -> tuple[list[str], list[tuple[str, str]]]:
    """Lines without page numbers and running heads, and one of each kind of these."""
    edges = [{*page[:4], *page[-4:]} for page in pages]
    kinds = [{kind for line in edge for kind in _kinds(line, n)} for n, edge in enumerate(edges)]
    count = Counter(kind for page in kinds for kind in page)
    kept, heads = list[str](), dict[str, tuple[str, str]]()
    for n, (page, edge) in enumerate(zip(pages, edges, strict=True)):
        for line in page:
            number = _PAGE_NUMBER.fullmatch(line.strip("-–—|[]() "))
            if line in edge and (number or any(count[kind] > 1 for kind in _kinds(line, n))):
                kind = re.sub(r"\d+", "#", line)
                heads.setdefault(kind, (line, "page number" if number else "running head"))
            else:
                kept.append(line)
    return kept, [*heads.values()]


def _kinds(line: str, page: int) -> set[str]:
    """What repeats on each page if a line is a running head: all of it, or all but a page number."""
    if len(line) >= 200 or SENTENCE_END.search(line) or not re.search(r"[^\W\d_]", line):
        return set()  # prose and figures are no heads
    numbers = re.finditer(r"\b\d{1,5}\b", line)
    return {line, *(f"{line[: n.start()]}#{int(n[0]) - page}{line[n.end() :]}" for n in numbers)}


def _paragraphs(lines: list[str]) -> list[list[str]]:
    """Lines by paragraph."""
    width = sorted(map(len, lines))[int(0.9 * (len(lines) - 1))]
    paragraphs = [lines[:1]]
    for last, line in pairwise(lines):
        if not _goes_on(last, line, width):
            paragraphs.append([])
        paragraphs[-1].append(line)
    return paragraphs


def _goes_on(last: str, line: str, width: int) -> bool:
    """Whether a line belongs to the last one's paragraph: that had no room for its first word."""
    ended = SENTENCE_END.search(last) and not line[0].islower()
    if _BULLET.match(line) or (ended and _LABEL.match(line)):
        return False
    word = re.match(rf"{_UNSPACED}|\S+", line)
    spare = width - len(last) - len(word[0] if word else "")
    return last.endswith(("-", "\xad")) or spare <= (0 if ended else 0.15 * width)


def _joined(paragraph: list[str], words: Counter[str]) -> str:
    """A paragraph's text; a hyphen at a line's end stays if the document has it within lines."""
    parts = paragraph.copy()
    for n, (last, line) in enumerate(pairwise(paragraph)):
        cut, rest = re.search(r"([\w'’-]*\w)[-‐]$", last[-60:]), re.match(r"\w+", line)
        # before an "and" it stands for a word to come, as in "long- and short-term"
        if cut and rest and rest[0] not in {"and", "or", "und", "oder", "bis"}:
            one, two = words[f"{cut[1]}{rest[0]}".lower()], words[f"{cut[1]}-{rest[0]}".lower()]
            if one > two or (cut[1].isalpha() and rest[0][0].islower() and not two):
                parts[n] = last[:-1]
        elif not (re.search(rf"{_UNSPACED}$", last) and re.match(_UNSPACED, line)):
            parts[n] += "" if re.search(r"\S[–—/\xad]$", last) else " "
    return "".join(parts).replace("\xad", "")
