"""One reader a file format: a file in, raw records out, with what the file itself says of them."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

from topics.errors import UnreadableError
from topics.files import LINE_LIMIT, MB, decode, read_bytes, read_lines, split_suffix
from topics.furniture import drop_furniture

Record = dict[str, Any]
_TOO_LONG = f"longer than {LINE_LIMIT // MB} MB"
_HALF_CHARACTER = re.compile(
    rb"(?i)&#(xd[89a-f][0-9a-f]{2}|5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3]);"
)


@dataclass
class Reading:
    """What one file holds.

    Attributes
    ----------
    records
        One a document, as the file has it; those of a table are read while they are asked for.
    told_by
        What the fields were taken from: front matter, web page, PDF properties, feed, column.
    is_table
        Whether the file holds many documents.
    skipped
        Reasons of the rows left out; whole only when all `records` have been read.
    dropped
        Furniture and its reasons, as in `topics.furniture.Cleaned`.
    date_line
        What a line above the article says of its date.
    """

    records: Iterator[Record]
    told_by: str
    is_table: bool = False
    skipped: list[str] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    date_line: str | None = None


def read_file(path: Path) -> Reading:
    """Read one file by its extension, unpacking ``.gz``.

    Raises
    ------
    UnreadableError
        With the reason, when the file as a whole cannot be used.
    """
    kind, _ = split_suffix(path)
    if kind in _TABLES:
        return _TABLES[kind](path)
    if kind in _ARTICLES:
        return _ARTICLES[kind](read_bytes(path))
    raise UnreadableError(f"unknown format {kind or '(no extension)'}; known: {KNOWN}")


def _article(
    record: Record, told_by: str, dropped: list[tuple[str, str]], date_line: str | None = None
) -> Reading:
    return Reading(iter([record]), told_by, dropped=dropped, date_line=date_line)


def _read_text(content: bytes) -> Reading:
    return _cleaned(*_front_matter(decode(content)))


def _read_markdown(content: bytes) -> Reading:
    fields, body = _front_matter(decode(content))
    heading = re.match(r"\s*#\s+(.+)", body)
    if heading and not fields.get("title"):
        fields["title"] = heading[1].strip()
        body = body[heading.end() :]
    return _cleaned(fields, _plain_markdown(body))


def _cleaned(fields: Record, body: str) -> Reading:
    cleaned = drop_furniture(body, titled=bool(fields.get("title")))
    record = {"title": cleaned.title, **fields, "text": cleaned.text}
    return _article(record, "front matter", cleaned.dropped, cleaned.date)


def _front_matter(text: str) -> tuple[Record, str]:
    match = re.match(r"---[ \t\r]*\n(.*?)\n---[ \t\r]*(\n|$)", text, re.DOTALL)
    if not match:
        return {}, text
    try:
        fields = yaml.load(match[1], Loader=yaml.BaseLoader)  # texts only: nothing is guessed
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError):
        return {}, text
    return (fields, text[match.end() :]) if isinstance(fields, dict) else ({}, text)


_TARGET = r"\((?:[^()\n]|\([^()\n]*\))*\)"  # of a link; brackets within are part of it


def _plain_markdown(body: str) -> str:
    """Paragraphs of Markdown as lines, without its marks."""
    body = re.sub(r"<!--(?:(?!<!--).)*?-->|^```.*?^```", "", body, flags=re.DOTALL | re.MULTILINE)
    body = re.sub(rf"!\[[^\[\]]*\]{_TARGET}", "", body)
    body = re.sub(rf"\[([^\[\]]+)\]{_TARGET}", r"\1", body)
    body = re.sub(r"^[ \t]{0,3}#{1,6}[ \t]+(.*)$", r"\n\1\n", body, flags=re.MULTILINE)
    body = re.sub(r"^[ \t]{0,3}>[ \t]?", "", body, flags=re.MULTILINE)
    body = re.sub(r"(\*\*|__)(?=\S)(.{1,2000}?)(?<=\S)\1", r"\2", body)
    body = re.sub(r"(?<!\w)([*_])(?=\S)(.{1,2000}?)(?<=\S)\1(?!\w)", r"\2", body)
    parts = re.split(r"\n\s*\n|\n(?=\s*(?:[-*+•]|\d+\.)\s)", body)
    return "\n".join(" ".join(part.split()) for part in parts)


def _read_html(content: bytes) -> Reading:
    """An article by trafilatura: read strictly, unless that leaves out most of its paragraphs.

    A date in the text is never taken for the date of publication.
    """
    import trafilatura

    tree = trafilatura.load_html(content)
    paragraphs = [] if tree is None else ["".join(node.itertext()) for node in tree.iter("p")]
    page = _extracted(content, favor_precision=True)
    if 2 * len(page["text"]) < sum(map(len, paragraphs)):
        page["text"] = max(page["text"], _extracted(content)["text"], key=len)
    dropped: list[tuple[str, str]] = []
    if not page["text"]:
        cleaned = drop_furniture(plain_html(decode(content)), titled=bool(page.get("title")))
        page["text"], dropped = cleaned.text, cleaned.dropped
    if not page["text"]:
        raise UnreadableError("no article text found in the page")
    language = re.search(rb"<html[^>]*\slang=[\"']?([A-Za-z-]{2,10})", content[:5000])
    record = {name: page.get(name) for name in ("text", "title", "author", "date", "url")}
    record |= {"source": page.get("sitename"), "language": language and language[1].decode()}
    return _article(record, "web page", dropped)


def _extracted(content: bytes, favor_precision: bool = False) -> Record:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    page = trafilatura.bare_extraction(
        content,
        with_metadata=True,
        include_comments=False,
        favor_precision=favor_precision,
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    fields: Record = page.as_dict() if page else {}  # type: ignore[union-attr]
    blocks = [" ".join(line.split()) for line in (fields.get("text") or "").split("\n")]
    text = "\n\n".join(block for block in blocks if block and block != fields.get("title"))
    return fields | {"text": text}


class _PlainText:
    """Text of HTML as a browser copies it: one line a block."""

    _inline = frozenset("a abbr b cite code em font i mark q s small span strong sub sup u".split())
    _unseen = frozenset("head iframe noscript object script style svg template".split())

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.hidden = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.hidden += tag in self._unseen
        self._break(tag)

    def end(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in self._unseen))
        self._break(tag)

    def data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"\s+", " ", data))

    def comment(self, text: str) -> None:
        """Comments are no text."""

    def close(self) -> str:
        lines = (line.strip() for line in "".join(self.parts).split("\n"))
        return "\n".join(line for line in lines if line)

    def _break(self, tag: str) -> None:
        if tag not in self._inline:
            self.parts.append("\n")


def plain_html(html: str) -> str:
    """All text of a page or a snippet, one block a line."""
    if not html.strip():
        return ""
    parser = etree.HTMLParser(target=_PlainText(), huge_tree=True, encoding="utf-8")
    parser.feed(html.replace("\0", "").encode("utf-8", "replace"))
    text: str = parser.close()
    return text


def _read_pdf(content: bytes) -> Reading:
    from topics.pdf import read_pdf

    pdf = read_pdf(content)
    cleaned = drop_furniture(pdf.text, titled=bool(pdf.title))
    record = {
        "text": cleaned.text,
        "title": pdf.title or cleaned.title,
        "source": pdf.author,
        "date": pdf.date,
    }
    return _article(record, "PDF properties", pdf.dropped + cleaned.dropped, cleaned.date)


def _read_csv(path: Path) -> Reading:
    reading = Reading(iter(()), "column", is_table=True)
    reading.records = _csv_records(path, reading.skipped)
    return reading


def _csv_records(path: Path, skipped: list[str]) -> Iterator[Record]:
    csv.field_size_limit(LINE_LIMIT)
    quotes, broken, long = 0, list[int](), list[int]()

    def lines() -> Iterator[str]:
        nonlocal quotes
        for number, line in enumerate(read_lines(path), 1):
            if line is None:
                long.append(number)
            else:
                quotes += line.count('"')
                yield from re.split(r"(?<=\r)(?!\n)", line)  # old ends of lines

    source = lines()
    try:
        first = next(source, "")
        delimiter = max(",;\t|", key=first.count)
        rows = csv.reader(chain([first], source), delimiter=delimiter, skipinitialspace=True)
        header = [name.strip() for name in next(rows, [])]
        for row in rows:
            if len(row) == len(header):
                yield dict(zip(header, row, strict=True))
            elif row:
                broken.append(rows.line_num)
    except csv.Error as error:
        skipped.append(f"reading stopped at line {rows.line_num}: {error}; a quote left open?")
    finally:
        wanted = (
            f"wanted {len(header)} columns as in the header, got another number" if broken else ""
        )
        skipped += _problems({wanted: broken, _TOO_LONG: long})
        if quotes % 2:
            skipped.append("a quote is left open: rows after it may have become one text")


def _read_jsonl(path: Path) -> Reading:
    reading = Reading(iter(()), "column", is_table=True)
    reading.records = _jsonl_records(path, reading.skipped)
    return reading


def _jsonl_records(path: Path, skipped: list[str]) -> Iterator[Record]:
    broken, long = list[int](), list[int]()
    try:
        for number, line in enumerate(read_lines(path), 1):
            if line is None:
                long.append(number)
            elif line.strip():
                record = _json_object(line)
                if record is None:
                    broken.append(number)
                else:
                    yield record
    finally:
        skipped += _problems({"not a JSON object": broken, _TOO_LONG: long})


def _json_object(line: str) -> Record | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _problems(lines: dict[str, list[int]]) -> list[str]:
    """A line a problem, with the numbers of the first lines that have it."""
    shown = {
        problem: ", ".join(map(str, numbers[:5])) + (", …" if len(numbers) > 5 else "")
        for problem, numbers in lines.items()
        if numbers
    }
    return [
        f"line {first}: {problem}"
        if len(lines[problem]) == 1
        else f"{len(lines[problem])} lines ({first}): {problem}"
        for problem, first in shown.items()
    ]


def _read_feed(path: Path) -> Reading:
    import feedparser

    content = _HALF_CHARACTER.sub(b"", read_bytes(path))
    try:
        feed = feedparser.parse(io.BytesIO(content))  # bytes alone may be taken for a file's name
    except Exception as error:  # it raises whatever a damaged feed leads it to
        raise UnreadableError(f"damaged feed: {error}") from error
    if not feed.entries:
        raise UnreadableError("no entries of an RSS or Atom feed found")
    about = {"source": feed.feed.get("title"), "language": feed.feed.get("language")}
    return Reading((about | _entry(entry) for entry in feed.entries), "feed", is_table=True)


def _entry(entry: Any) -> Record:
    """A feed's entry; its longest text counts, for some hold a summary beside the whole."""
    parts = [*entry.get("content", []), entry.get("summary_detail") or {}]
    texts = [
        part.get("value", "")
        if part.get("type") == "text/plain"
        else plain_html(part.get("value", ""))
        for part in parts
    ]
    return {
        "id": entry.get("id"),
        "title": plain_html(entry.get("title", "")),
        "text": max(texts, key=len),
        "date": entry.get("published") or entry.get("updated"),
        "author": entry.get("author"),
        "url": entry.get("link"),
    }


_ARTICLES: dict[str, Callable[[bytes], Reading]] = {
    ".txt": _read_text,
    ".md": _read_markdown,
    ".html": _read_html,
    ".htm": _read_html,
    ".pdf": _read_pdf,
}
_TABLES: dict[str, Callable[[Path], Reading]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".rss": _read_feed,
    ".atom": _read_feed,
    ".xml": _read_feed,
}
KNOWN = " ".join([*_ARTICLES, *_TABLES])
