"""A reader for each file format: a file in, raw records out."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

from topics.errors import UnreadableError
from topics.read.boilerplate import match_rule, remove_boilerplate
from topics.read.files import LINE_LIMIT, MB, decode, read_bytes, read_lines, split_suffix

Record = dict[str, Any]
Broken = defaultdict[str, list[int]]
_LIST_ITEM = re.compile(r"\n(?=\s*(?:[-*+•]|\d+\.)\s)")
_INLINE = frozenset("a abbr b cite code em font i img mark q s small span strong sub sup u".split())
_UNSEEN = frozenset("head iframe noscript object script style svg template".split())
_MIN_STRICT = 0.6  # of the lenient mode's text; from .5 to .8 F1 changes by .002
# One half of a surrogate pair, D800 to DFFF; feedparser fails on it.
_HALF_CHARACTER = re.compile(
    rb"(?i)&#(xd[89a-f]..|5529[6-9]|55[3-9]..|56...|57[0-2]..|573[0-3].|5734[0-3]);"
)

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
    """

    records: Iterator[Record]
    metadata_source: str
    is_table: bool = False
    broken: Broken = field(default_factory=lambda: defaultdict(list))
    dropped: list[tuple[str, str]] = field(default_factory=list)
    date_line: str | None = None

    @property
    def skipped(self) -> list[str]:
        """A reason for each problem, with the first lines that have it."""
        reasons = []
        for problem, lines in self.broken.items():
            first = ", ".join(map(str, lines[:5])) + (", …" if len(lines) > 5 else "")
            where = f"line {first}" if len(lines) == 1 else f"{len(lines)} lines ({first})"
            reasons.append(f"{where}: {problem}")
        return reasons


def read_file(path: Path) -> Reading:
    """What one file holds, by its extension; ``.gz`` is unpacked.

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
    kind, _ = split_suffix(path)
    if kind not in _READERS:
        raise UnreadableError(f"unknown format {kind or '(no extension)'}; known: {KNOWN}")
    return _READERS[kind](path)


def _read_text(path: Path) -> Reading:
    return _cleaned(*_front_matter(decode(read_bytes(path))), "front matter")


def _read_markdown(path: Path) -> Reading:
    fields, body = _front_matter(decode(read_bytes(path)))
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
        fields = None
    return (fields, text[match.end() :]) if match and isinstance(fields, dict) else ({}, text)


def _cleaned(fields: Record, body: str, metadata_source: str) -> Reading:
    """One document of fields and a text with boilerplate."""
    cleaned = remove_boilerplate(body, titled=bool(fields.get("title")))
    record = {"title": cleaned.title, **fields, "text": cleaned.text}
    return Reading(iter([record]), metadata_source, dropped=cleaned.dropped, date_line=cleaned.date)


def _read_pdf(path: Path) -> Reading:
    from topics.read.pdf import read_pdf

    pdf = read_pdf(read_bytes(path))
    reading = _cleaned(pdf.fields, pdf.text, "PDF properties")
    reading.dropped[:0] = pdf.dropped
    return reading


def _read_html(path: Path) -> Reading:
    """An article by trafilatura: in its strict mode, unless that loses many of the paragraphs.

    Blocks that look like boilerplate are dropped from it, as from a text.
    """
    import trafilatura

    content = read_bytes(path)
    tree = trafilatura.load_html(content)
    paragraphs = [] if tree is None else ["".join(node.itertext()) for node in tree.iter("p")]
    page, lenient = _extracted(content, favor_precision=True), _extracted(content)["text"]
    if len(page["text"]) < max(_MIN_STRICT * len(lenient), sum(map(len, paragraphs)) / 2):
        page["text"] = max(page["text"], lenient, key=len)
    visible = plain_html(decode(content))
    if page["text"]:
        lines = dict.fromkeys(visible.split("\n"))
        lost = [line for line in lines if line not in page["text"] and line != page.get("title")]
        dropped = [(line, match_rule(line)[0] or "outside the article") for line in lost]
    else:
        cleaned = remove_boilerplate(visible, titled=bool(page.get("title")))
        page["text"], dropped = cleaned.text, cleaned.dropped
    if not page["text"]:
        raise UnreadableError("no article text found in the page")
    language = re.search(rb"<html[^>]*\slang=[\"']?([A-Za-z-]{2,10})", content[:5000])
    page["language"] = language and language[1].decode()
    return Reading(iter([page]), "web page", dropped=dropped)


def _extracted(content: bytes, favor_precision: bool = False) -> Record:
    """What trafilatura finds; a date in the text is never taken for the date of publication."""
    import trafilatura

    page: Any = trafilatura.bare_extraction(
        content,
        with_metadata=True,
        include_comments=False,
        favor_precision=favor_precision,
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    fields: Record = page.as_dict() if page else {}
    blocks = [" ".join(line.split()) for line in (fields.get("text") or "").split("\n")]
    kept = [block for block in blocks if block not in ("", fields.get("title"))]
    text = "\n\n".join(block for block in kept if not match_rule(block)[0])
    return fields | {"text": text}


def plain_html(html: str) -> str:
    r"""All text of a page or a part of one, as a browser copies it: a line for each block.

    >>> plain_html("<p>The <b>quay</b> is shut.</p><p>Nobody asked.</p>").split("\n")
    ['The quay is shut.', 'Nobody asked.']
    """
    content = f"<html>{html}".replace("\0", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    walk = etree.iterwalk(etree.fromstring(content, parser), events=("start", "end"))
    parts: list[str] = []
    for event, node in walk:
        text = node.text if event == "start" else node.tail
        if event == "start" and node.tag in _UNSEEN:
            walk.skip_subtree()
            text = ""
        parts += ["" if node.tag in _INLINE | _UNSEEN else "\n", re.sub(r"\s+", " ", text or "")]
    lines = (line.strip() for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


def _read_table(records: Callable[..., Iterator[Record]], path: Path) -> Reading:
    """A table, by a function that makes records of its lines and lists the broken ones."""
    broken: Broken = defaultdict(list)

    def lines() -> Iterator[str]:
        for number, line in enumerate(read_lines(path), 1):
            if line is None:
                broken[f"longer than {LINE_LIMIT // MB} MB"].append(number)
            yield line or "\n"

    return Reading(records(lines(), broken), "column", is_table=True, broken=broken)


def _csv_records(lines: Iterator[str], broken: Broken) -> Iterator[Record]:
    csv.field_size_limit(LINE_LIMIT)
    first, row = next(lines, ""), [""]
    delimiter = max(",;\t|", key=first.count)
    # The last line is a row of its own, without fields, unless a text runs on to the end.
    rows = csv.reader(chain([first], lines, [""]), delimiter=delimiter, skipinitialspace=True)
    try:
        header = [name.strip() for name in next(rows)]
        for row in rows:
            if len(row) == len(header):
                yield dict(zip(header, row, strict=True))
            elif row:
                expected = f"expected {len(header)} columns as in the header, got another number"
                broken[expected].append(rows.line_num)
    except csv.Error:  # a field longer than any
        row = [""]
    if row:
        raise UnreadableError("a quote is left open: rows after it may have become one text")


def _jsonl_records(lines: Iterator[str], broken: Broken) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            yield record
        elif line.strip():
            broken["not a JSON object"].append(number)


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
    """Fields of a feed's entry; its longest text counts, for some have a summary too."""
    parts = [*entry.get("content", []), entry.get("summary_detail") or {}]
    texts = [part.get("value", "") for part in parts if part.get("type") == "text/plain"]
    pages = [part.get("value", "") for part in parts if part.get("type") != "text/plain"]
    return {name: entry.get(name) for name in ("id", "author", "link")} | {
        "title": plain_html(entry.get("title", "")),
        "text": max([*texts, *map(plain_html, pages)], key=len),
        "date": entry.get("published") or entry.get("updated"),
    }


_READERS: dict[str, Callable[[Path], Reading]] = {
    ".txt": _read_text,
    ".md": _read_markdown,
    ".html": _read_html,
    ".htm": _read_html,
    ".pdf": _read_pdf,
    ".csv": partial(_read_table, _csv_records),
    ".jsonl": partial(_read_table, _jsonl_records),
    **dict.fromkeys([".rss", ".atom", ".xml"], _read_feed),
}
KNOWN = " ".join(_READERS)
