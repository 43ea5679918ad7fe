"""A reader for each file format: a file in, raw records out."""

from __future__ import annotations

import io
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from topics.errors import UnreadableError
from topics.read import files, office
from topics.read.boilerplate import remove_boilerplate
from topics.read.exports import Export, read_export, read_factiva_xml, with_marks
from topics.read.files import Record
from topics.read.pages import plain_html, read_article
from topics.read.tables import Broken, csv_records, jsonl_records, parquet_rows, sheet_rows

_LIST_ITEM = re.compile(r"\n(?=[^\S\n]*(?:[-*+•]|\d+\.)\s)")
# One half of a surrogate pair, D800 to DFFF; feedparser fails on it.
_HALF = re.compile(rb"(?i)&#(xd[89a-f]..|5529[6-9]|55[3-9]..|56...|57[0-2]..|573[0-3].|5734[0-3]);")

for _library in ("trafilatura", "htmldate"):  # their warnings say nothing to a user
    logging.getLogger(_library).setLevel(logging.CRITICAL)


@dataclass
class Reading:
    """What one file holds.

    Attributes
    ----------
    records
        One for each document, as the file has it; the rows of a table are read one at a time.
    metadata_source
        Where the fields are from: front matter, web page, PDF properties, feed, column.
    is_table
        Whether the file holds many documents.
    broken
        Line numbers by problem, of the lines left out; complete when all `records` are read.
    dropped
        Boilerplate with the reasons, as in `topics.read.boilerplate.Cleaned`.
    date_line
        The date on a line above the article, as written.
    warnings
        What is missing from the file itself: articles of an export, say.
    export
        The export of a database that the file is, if it is one.
    """

    records: Iterator[Record]
    metadata_source: str
    is_table: bool = False
    broken: Broken = field(default_factory=lambda: defaultdict(list))
    dropped: list[tuple[str, str]] = field(default_factory=list)
    date_line: str | None = None
    warnings: list[str] = field(default_factory=list)
    export: Export | None = None

    @property
    def skipped(self) -> list[str]:
        """The warnings, and a reason for each problem, with the first lines that have it."""
        reasons = self.warnings.copy()
        for problem, lines in self.broken.items():
            first = ", ".join(map(str, lines[:5])) + (", …" if len(lines) > 5 else "")
            where = f"line {first}" if len(lines) == 1 else f"{len(lines)} lines ({first})"
            reasons.append(f"{where}: {problem}")
        return reasons


def read_file(path: Path) -> Reading:
    """What one file holds, by its content and extension; ``.gz`` is unpacked.

    Raises
    ------
    UnreadableError
        With the reason, if the file as a whole cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
    ...     _ = file.write('{"title": "Quay", "text": "Shut."}'), file.flush()
    ...     list(read_file(Path(file.name)).records)
    [{'title': 'Quay', 'text': 'Shut.'}]
    """
    kind = file_kind(path)
    if kind not in _READERS:
        raise UnreadableError(f"unknown format {kind or '(no extension)'}; known: {KNOWN}")
    with _told(kind):
        reading = _READERS[kind](path)
    reading.records = _all_told(reading.records, kind)
    return reading


def file_kind(path: Path) -> str:
    """Extension of what a file is: by its first bytes where they tell, else by its name.

    Raises
    ------
    UnreadableError
        If it cannot be opened, or is encrypted or damaged.
    """
    kind, _ = files.split_suffix(path)
    with files.opened(path) as stream:
        start = stream.read(100)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError("an old or encrypted office file; save as .docx or .xlsx, unlocked")
    if start.startswith(b"PK\x03\x04"):
        return office.archive_kind(path if kind == ".zip" else files.read_bytes(path))
    if kind in {".txt", ".doc"} and re.match(rb"(?i)\W*<(!doctype )?html", start):
        return ".html"
    return next((found for magic, found in _MAGIC.items() if start.startswith(magic)), kind)


@contextmanager
def _told(kind: str) -> Iterator[None]:
    """Whatever a damaged or hostile file leads a parser to becomes the reason for leaving it out."""
    try:
        yield
    except (UnreadableError, GeneratorExit, ImportError):  # a library that is missing is no damage
        raise
    except MemoryError as error:
        raise UnreadableError("takes more memory than there is; split it") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise UnreadableError(f"damaged, or no {kind} file ({reason}); save it again") from error


def _all_told(records: Iterator[Record], kind: str) -> Iterator[Record]:
    with _told(kind):
        yield from records


def _read_text(path: Path) -> Reading:
    return _cleaned(*_front_matter(files.decode(files.read_bytes(path))), "front matter")


def _read_markdown(path: Path) -> Reading:
    fields, body = _front_matter(files.decode(files.read_bytes(path)))
    heading = re.match(r"\s*#\s+(.+)", body)
    if heading and not fields.get("title"):
        fields["title"] = _plain_markdown(heading[1])
        body = body[heading.end() :]
    return _cleaned(fields, _plain_markdown(body), "front matter")


def _plain_markdown(text: str) -> str:
    """Text as a reader sees it, one block a line; list items keep their marks."""
    import mistune

    markdown = mistune.create_markdown(escape=False)
    for rule in ("list", "indent_code"):  # indented text is text, and lists are split here
        markdown.block.rules.remove(rule)
    return plain_html(str(markdown(_LIST_ITEM.sub("\n\n", text))))


def _front_matter(text: str) -> tuple[Record, str]:
    match = re.match(r"---[ \t\r]*\n(.*?)\n---[ \t\r]*(\n|$)", text, re.DOTALL)
    try:
        fields = match and yaml.load(match[1], Loader=yaml.BaseLoader)  # all is text, not guessed
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError):
        fields = _by_line(match[1]) if match else None
    return (fields, text[match.end() :]) if match and isinstance(fields, dict) else ({}, text)


def _by_line(text: str) -> Record | None:
    """Fields of lines such as ``title: Tariffs: a new era``, which is no YAML; None if any is none."""
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    if not all(colon and re.fullmatch(r"\w[\w-]*", name) for name, colon, _ in pairs):
        return None
    return {name: value.strip().strip("\"'") for name, _, value in pairs}


def _cleaned(fields: Record, body: str, metadata_source: str) -> Reading:
    """One document of fields and a text with boilerplate; or the articles of an export."""
    if export := read_export(body):
        return _as_reading(export)
    cleaned = remove_boilerplate(body, titled=bool(fields.get("title")))
    record = {"title": cleaned.title, **fields, "text": cleaned.text}
    return Reading(iter([record]), metadata_source, dropped=cleaned.dropped, date_line=cleaned.date)


def _as_reading(export: Export) -> Reading:
    name = f"{export.name} export"
    return Reading(iter(export.records), name, True, warnings=export.warnings, export=export)


def _read_pdf(path: Path) -> Reading:
    from topics.read.pdf import join_lines, read_pdf

    pdf = read_pdf(files.read_bytes(path))
    if export := read_export("\n".join(pdf.lines)):
        for record in export.records:  # a title stands above each of an article's pages
            lines = [line for line in record["text"].split("\n\n") if line != record.get("title")]
            record["text"] = "\n\n".join(join_lines(lines)) if any(lines) else ""
        return _as_reading(export)
    reading = _cleaned(pdf.fields, pdf.text, "PDF properties")
    reading.dropped[:0] = pdf.dropped
    return reading


def _read_html(content: bytes) -> Reading:
    if export := read_export(plain_html(with_marks(files.decode(content)))):
        return _as_reading(export)
    page, dropped = read_article(content)
    return Reading(iter([page]), "web page", dropped=dropped)


def _read_table(records: Callable[..., Iterator[Record]], path: Path) -> Reading:
    """A table, by a function that makes records of its lines and lists the broken ones."""
    broken: Broken = defaultdict(list)

    def lines() -> Iterator[str]:
        for number, line in enumerate(files.read_lines(path), 1):
            if line is None:
                broken[f"longer than {files.LINE_LIMIT // files.MB} MB"].append(number)
            yield line or "\n"

    return Reading(records(lines(), broken), "column", is_table=True, broken=broken)


def _read_office(read: Callable[[bytes], Record], path: Path) -> Reading:
    """A document in an office format, by the function that knows it."""
    fields = read(files.read_bytes(path))
    return _cleaned(fields, fields.pop("text"), "file properties")


def _read_rows(read: Callable[[Path], Iterator[Record]], path: Path) -> Reading:
    return Reading(read(path), "column", is_table=True)


def _read_mail(path: Path) -> Reading:
    """The messages of a file."""
    content = files.read_bytes(path)
    messages = office.mailbox_messages(content) or [content]
    reading = Reading(iter(()), "mail header", is_table=len(messages) > 1)
    reading.records = _messages(messages, reading.warnings)
    return reading


def _read_saved_page(path: Path) -> Reading:
    """A web page that a browser saved as a message."""
    fields, page, _ = office.read_message(files.read_bytes(path))
    reading = _read_html(page.encode())
    own = {} if reading.export else fields
    reading.records = (
        record | {name: record.get(name) or own.get(name) for name in ("title", "url")}
        for record in reading.records
    )
    return reading


def _messages(messages: list[bytes], warnings: list[str]) -> Iterator[Record]:
    attachments = 0
    for number, message in enumerate(messages, 1):
        try:
            record, page, attached = office.read_message(message)
        except Exception as error:  # as in `_told`, and the other messages are good
            warnings.append(f"message {number} is damaged: {error}")
            continue
        attachments += attached
        text, html = record["text"], plain_html(page)
        is_stub = 2 * len(" ".join(text.split())) < len(" ".join(html.split()))
        yield record | {"text": html if is_stub else text}
    if attachments:
        warnings.append(f"{attachments} attachments not read; save them as files of their own")


def _read_feed(path: Path) -> Reading:
    import feedparser

    content = _HALF.sub(b"", files.read_bytes(path))
    if export := read_factiva_xml(content):
        return _as_reading(export)
    feed = feedparser.parse(io.BytesIO(content))  # bytes alone may be taken for a file's name
    if not feed.entries:
        raise UnreadableError("no entries of an RSS or Atom feed found")
    entries = (_entry(entry, feed.feed) for entry in feed.entries)
    return Reading(entries, "feed", is_table=True)


def _entry(entry: Any, feed: Any) -> Record:
    """Fields of a feed's entry; its longest text counts, for some have a summary too."""
    parts = [*entry.get("content", []), entry.get("summary_detail") or {}]
    texts = [part.get("value", "") for part in parts if part.get("type") == "text/plain"]
    pages = [part.get("value", "") for part in parts if part.get("type") != "text/plain"]
    own = (entry.get("source") or {}).get("title")  # where a feed collects others' articles
    return {name: entry.get(name) for name in ("id", "author", "link")} | {
        "title": plain_html(entry.get("title", "")),
        "text": max([*texts, *map(plain_html, pages)], key=len),
        "date": entry.get("published") or entry.get("updated"),
        "source": own or feed.get("title"),
        "language": feed.get("language"),
    }


_read_docx = partial(office.read_xml, text=office.DOCX, about="docProps/core.xml")
_read_odt = partial(office.read_xml, text=office.ODT, about="meta.xml")
_READERS: dict[str, Callable[[Path], Reading]] = {
    ".txt": _read_text,
    ".md": _read_markdown,
    **dict.fromkeys([".html", ".htm"], lambda path: _read_html(files.read_bytes(path))),
    ".pdf": _read_pdf,
    ".csv": partial(_read_table, csv_records),
    ".jsonl": partial(_read_table, jsonl_records),
    **dict.fromkeys([".rss", ".atom", ".xml"], _read_feed),
    **dict.fromkeys([".docx", ".docm"], partial(_read_office, _read_docx)),
    ".odt": partial(_read_office, _read_odt),
    ".rtf": partial(_read_office, office.read_rtf),
    ".epub": partial(_read_office, office.read_epub),
    **dict.fromkeys([".eml", ".mbox"], _read_mail),
    **dict.fromkeys([".mht", ".mhtml"], _read_saved_page),
    **dict.fromkeys([".xlsx", ".xlsm"], partial(_read_rows, sheet_rows)),
    ".parquet": partial(_read_rows, parquet_rows),
}
_MAGIC = {b"%PDF": ".pdf", b"{\\rtf": ".rtf", b"PAR1": ".parquet"}
KNOWN = " ".join(_READERS)  # and .zip, which corpus.py unpacks
