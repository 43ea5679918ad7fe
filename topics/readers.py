"""One reader a file format: bytes in, raw records out, each with its text and what the file says of it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from topics.errors import UnreadableError
from topics.furniture import drop_furniture

UNPACKED_LIMIT = 4 * 2**30  # bytes; a compressed file may not grow beyond this


@dataclass
class Reading:
    """What one file holds: `records`, the reasons of rows that were `skipped`, `dropped` furniture."""

    records: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)


def read_file(path: Path) -> Reading:
    """Read one file by its extension, unpacking ``.gz``.

    Raises
    ------
    UnreadableError
        With the reason, when the file as a whole cannot be used.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    kind = (suffixes[:-1] if packed else suffixes)[-1:] or [""]
    reader = _READERS.get(kind[0])
    if reader is None:
        raise UnreadableError(f"unknown format {kind[0] or '(no extension)'}; known: {KNOWN}")
    try:
        content = _unpack(path) if packed else path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror or error}") from error
    if not content.strip():
        raise UnreadableError("the file is empty")
    return reader(content)


def _unpack(path: Path) -> bytes:
    try:
        with gzip.open(path) as packed:
            content = packed.read(UNPACKED_LIMIT + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableError(f"not a whole gzip file: {error}") from error
    if len(content) > UNPACKED_LIMIT:
        raise UnreadableError(f"unpacks to more than {UNPACKED_LIMIT // 2**30} GB")
    return content


def decode(content: bytes) -> str:
    """Text of `content`: UTF-8, a marked UTF-16, or else the likeliest encoding.

    Raises
    ------
    UnreadableError
        If the content looks binary.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if b"\0" in content[:8192]:
        raise UnreadableError("binary content, not text")
    try:
        return content.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(content[:200_000]).best()
        if best is None:
            raise UnreadableError("the text's encoding cannot be told; save it as UTF-8") from None
        return content.decode(best.encoding, "replace").replace("\0", "")


def _read_text(content: bytes) -> Reading:
    return _article(*_front_matter(decode(content)))


def _read_markdown(content: bytes) -> Reading:
    fields, body = _front_matter(decode(content))
    heading = re.match(r"\s*#\s+(.+)", body)
    if heading and not fields.get("title"):
        fields["title"] = heading[1].strip()
        body = body[heading.end() :]
    return _article(fields, _plain_markdown(body))


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    match = re.match(r"---\s*\n(.*?)\n---\s*(\n|$)", text, re.DOTALL)
    if not match:
        return {}, text
    try:
        fields = yaml.load(match[1], Loader=yaml.BaseLoader)  # texts only: nothing is guessed
    except (yaml.YAMLError, RecursionError):
        return {}, text
    return (fields, text[match.end() :]) if isinstance(fields, dict) else ({}, text)


def _plain_markdown(body: str) -> str:
    """Paragraphs of Markdown as lines, without its marks."""
    body = re.sub(r"<!--.*?-->|^```.*?^```", "", body, flags=re.DOTALL | re.MULTILINE)
    body = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", body)
    body = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", body)
    body = re.sub(r"^[ \t]{0,3}#{1,6}[ \t]+(.*)$", r"\n\1\n", body, flags=re.MULTILINE)
    body = re.sub(r"^[ \t]{0,3}>[ \t]?", "", body, flags=re.MULTILINE)
    body = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", body)
    body = re.sub(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)", r"\2", body)
    parts = re.split(r"\n\s*\n|\n(?=\s*(?:[-*+•]|\d+\.)\s)", body)
    return "\n".join(" ".join(part.split()) for part in parts)


def _article(fields: dict[str, Any], body: str) -> Reading:
    cleaned = drop_furniture(body, titled=bool(fields.get("title")))
    record = {"title": cleaned.title, **fields, "text": cleaned.text}
    return Reading([record], dropped=cleaned.dropped)


def _read_html(content: bytes) -> Reading:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    page = trafilatura.bare_extraction(
        content, with_metadata=True, include_comments=False, include_tables=False
    )
    fields = page if isinstance(page, dict) else page.as_dict() if page else {}
    blocks = [" ".join(line.split()) for line in (fields.get("text") or "").split("\n")]
    title = fields.get("title")
    text = "\n\n".join(block for block in blocks if block and block != title)
    if not text:
        raise UnreadableError("no article text found in the page")
    language = re.search(rb"<html[^>]*\slang=[\"']?([A-Za-z-]{2,10})", content[:5000])
    return Reading(
        [
            {
                "text": text,
                "title": title,
                "date": fields.get("date"),
                "source": fields.get("sitename"),
                "language": language[1].decode() if language else None,
                "url": fields.get("url"),
            }
        ]
    )


def _read_pdf(content: bytes) -> Reading:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableError("the PDF is locked with a password")
        pages = [page.extract_text().splitlines() for page in reader.pages]
        about: dict[str, Any] = dict(reader.metadata or {})
    except UnreadableError:
        raise
    except Exception as error:  # pypdf raises whatever a damaged file leads it to
        raise UnreadableError(f"damaged PDF: {error}") from error
    if not any(line.strip() for page in pages for line in page):
        raise UnreadableError("the PDF holds no text (scanned pages?); run OCR on it first")
    text = _unwrapped(_without_running_heads(pages))
    if len(text.split()) < 5:
        raise UnreadableError("the PDF holds almost no text")
    cleaned = drop_furniture(text)
    date = re.match(r"D:(\d{4})(\d{2})(\d{2})", str(about.get("/CreationDate", "")))
    record = {
        "text": cleaned.text,
        "title": str(about.get("/Title") or "") or cleaned.title,
        "source": str(about.get("/Author") or "") or None,
        "date": "-".join(date.groups()) if date else None,
    }
    return Reading([record], dropped=cleaned.dropped)


def _without_running_heads(pages: list[list[str]]) -> list[str]:
    """Lines of all pages without page numbers and without what stands on most pages' edges."""
    bare = [[" ".join(line.split()) for line in page] for page in pages]
    edges = Counter(re.sub(r"\d+", "#", line) for page in bare for line in {*page[:2], *page[-2:]})
    heads = {line for line, n in edges.items() if len(pages) > 1 and n > len(pages) / 2}
    return [
        line
        for page in bare
        for line in page
        if re.sub(r"\d+", "#", line) not in heads
        and not re.fullmatch(r"(page )?\d{1,4}( (of|/) \d+)?", line, re.IGNORECASE)
    ]


def _unwrapped(lines: list[str]) -> str:
    """Join lines that a page's width broke; a line that ends a sentence early ends its paragraph."""
    width = sorted(map(len, lines))[int(0.9 * (len(lines) - 1))] if lines else 0
    paragraphs, current = [], ""
    for line in lines:
        if current.endswith("-") and line[:1].islower():
            current = current[:-1] + line
        else:
            current = f"{current} {line}".strip()
        ends = re.search(r"[.!?:][\"'”’)]*$", line) and len(line) < 0.85 * width
        if not line or ends or (len(current) < 0.6 * width and len(line) < 0.6 * width):
            paragraphs.append(current)
            current = ""
    return "\n".join([*paragraphs, current])


def _read_csv(content: bytes) -> Reading:
    text = decode(content)
    csv.field_size_limit(2**27)
    try:
        delimiter = csv.Sniffer().sniff(text[:20_000], delimiters=",;\t|").delimiter
    except csv.Error:
        delimiter = ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    reading = Reading()
    broken: list[int] = []
    try:
        header = [name.strip() for name in next(rows, [])]
        for row in rows:
            if len(row) == len(header):
                reading.records.append(dict(zip(header, row, strict=True)))
            elif row:
                broken.append(rows.line_num)
    except csv.Error as error:
        reading.skipped.append(f"reading stopped at line {rows.line_num}: {error}")
    if broken:
        reading.skipped.append(
            f"{_rows(broken)}: wanted {len(header)} columns as in the header, got another number"
        )
    return reading


def _read_jsonl(content: bytes) -> Reading:
    reading = Reading()
    broken: list[int] = []
    for number, line in enumerate(decode(content).split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            reading.records.append(record)
        else:
            broken.append(number)
    if broken:
        reading.skipped.append(f"{_rows(broken)}: not a JSON object")
    return reading


def _rows(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5])) + (", …" if len(numbers) > 5 else "")
    return f"line {shown}" if len(numbers) == 1 else f"{len(numbers)} lines ({shown})"


_READERS: dict[str, Callable[[bytes], Reading]] = {
    ".txt": _read_text,
    ".md": _read_markdown,
    ".html": _read_html,
    ".htm": _read_html,
    ".pdf": _read_pdf,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
}
KNOWN = " ".join(_READERS)
TABLES = (".csv", ".jsonl")


def first_known(names: Iterable[str], record: dict[str, Any]) -> Any:
    """Value of the first of `names` that `record` has and that is not blank, whatever the case."""
    lower = {str(key).strip().lower(): value for key, value in record.items()}
    for name in names:
        value = lower.get(name)
        if value is not None and str(value).strip() and value == value:
            return value
    return None
