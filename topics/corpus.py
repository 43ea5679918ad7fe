"""A folder of raw articles to a table of documents, with everything that was left out and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
from dateutil import parser as dates
from tqdm.auto import tqdm

from topics.errors import InputError, UnreadableError
from topics.files import find_files, shown_name
from topics.furniture import drop_shared_lines
from topics.readers import Reading, Record, read_file

COLUMNS = ["document_id", "text", "title", "date", "source", "country", "language", "url", "path"]
DETAILS = ["document_id", "author", "date_from", "source_from", "country_from", "language_from"]

# What exports and feeds call a field, best first.
_ALIASES = {
    "text": ("text", "body", "content", "article", "fulltext", "full_text", "articlebody", "story"),
    "title": ("title", "headline", "name"),
    "date": ("date", "published", "pubdate", "published_at", "publication_date", "publishedat",
             "publish_date", "datetime", "timestamp", "created_at", "day"),
    "source": ("source", "outlet", "publisher", "publication", "newspaper", "site", "sitename",
               "desk"),
    "country": ("country", "source_country", "nation"),
    "language": ("language", "lang"),
    "url": ("url", "link", "uri"),
    "author": ("author", "authors", "byline", "creator"),
}  # fmt: skip
_IDS = ("document_id", "id", "guid", "uuid")
_BLANK = {"", "nan", "null", "none", "n/a"}
_ABOUT_FILES = re.compile(r"(readme|licen[cs]e|changelog|copying|notice)(\.\w+)*", re.IGNORECASE)
_BY_NAME = re.compile(r"(\d{4}-\d{2}-\d{2}|(?:19|20)\d{6})(?!\d)(?:_([^_]+)_(.+))?")
_AMBIGUOUS = re.compile(r"(0?[1-9]|1[0-2])[/-](0?[1-9]|1[0-2])[/-]\d{2,4}")
_DEFAULTS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # a part taken from these is missing
_LEAST_DETECTABLE = 60  # characters; the language of less cannot be told
_ASKED = 500  # characters whose language is detected; more takes longer and tells no more
_SURE = 200  # characters; with these, what is detected counts more than what a web page claims
_CHUNK = 20_000  # documents that are held as Python objects at a time
_SHOWN = 3  # notes of one kind that are listed for one file


@dataclass
class Corpus:
    """What was read.

    Attributes
    ----------
    documents
        One row a document: document_id, text, title, date, source, country, language, url,
        path. A missing value is missing. `text` holds paragraphs parted by blank lines.
    skipped
        file, reason: every file, and every row of a table, that could not be read.
    notes
        file, note: what was read, but not as it stood (a date that is none, say).
    furniture
        file, block, reason: the blocks dropped from scraped pages.
    details
        One row a document: document_id, author, and where date, source, country and language
        were taken from (front matter, web page, file name, a column, …).
    """

    documents: pd.DataFrame
    skipped: pd.DataFrame
    notes: pd.DataFrame
    furniture: pd.DataFrame
    details: pd.DataFrame


@dataclass
class Log:
    """What `iter_documents` says besides the documents; the rows of `Corpus`'s tables."""

    skipped: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    furniture: list[tuple[str, str, str]] = field(default_factory=list)


def read_corpus(
    path: str | Path, *, columns: Mapping[str, str] | None = None, progress: bool = True
) -> Corpus:
    """Read a file, or every file below a folder.

    Parameters
    ----------
    path
        .txt .md .html .pdf, tables .csv .jsonl, saved feeds .rss .atom .xml, all also packed
        with gzip, or a folder of them.
    columns
        Names of table columns or front-matter keys that are not understood by themselves, by
        field: ``{"text": "Volltext", "date": "Erschienen"}``.
    progress
        Show a progress bar over files.

    Returns
    -------
    Corpus
        All languages are kept; `language` says which.

    Raises
    ------
    InputError
        If the path does not exist, the folder holds no files, or a field is not known.
    """
    log = Log()
    documents = iter_documents(path, log, columns=columns, progress=progress)
    chunks = [_frame([])]
    while rows := list(islice(documents, _CHUNK)):
        chunks.append(_frame(rows))
    table = pd.concat(chunks, ignore_index=True)
    _drop_shared(table, log)
    return Corpus(
        table[COLUMNS],
        pd.DataFrame(log.skipped, columns=["file", "reason"]),
        pd.DataFrame(log.notes, columns=["file", "note"]),
        pd.DataFrame(log.furniture, columns=["file", "block", "reason"]),
        table[DETAILS],
    )


def iter_documents(
    path: str | Path, log: Log, *, columns: Mapping[str, str] | None = None, progress: bool = True
) -> Iterator[Record]:
    """Documents one by one, for more than memory holds; parameters as for `read_corpus`.

    Each has the keys of ``Corpus.documents`` and ``Corpus.details`` that are known of it. What
    many files of a source share is not dropped: that takes all of them.
    """
    names = _names(columns or {})
    root = Path(path)
    files, others = find_files(root)
    log.skipped += [(shown_name(other, root), reason) for other, reason in others]
    for file in tqdm(files, desc="reading", unit="file", disable=not progress):
        name = shown_name(file, root)
        try:
            if _ABOUT_FILES.fullmatch(file.name):
                raise UnreadableError("taken for a note about the folder, not an article")
            yield from _documents(read_file(file), name, names, log)
        except UnreadableError as error:
            log.skipped.append((name, _storable(str(error))))


def _names(columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Column names by field, the user's own first."""
    if unknown := sorted(set(columns) - set(_ALIASES)):
        raise InputError(f"columns: wanted some of {', '.join(_ALIASES)}, got {unknown[0]!r}")
    own = {name: (column.strip().lower(),) for name, column in columns.items()}
    return {name: own.get(name, ()) + aliases for name, aliases in _ALIASES.items()}


def _documents(
    reading: Reading, name: str, names: dict[str, tuple[str, ...]], log: Log
) -> Iterator[Record]:
    """Documents of one file; what is wrong with it is logged when it has been read."""
    seen: set[str] = set()
    empty: list[int] = []
    problems: list[str] = []
    record: Record = {}
    try:
        for number, record in enumerate(reading.records, 1):
            row = _row(record, names, reading.told_by)
            if not row.get("text"):
                empty.append(number)
                continue
            if not reading.is_table:
                row = _told_by_line(reading) | _told_by_name(name) | row
            if problem := _settle_date(row):
                problems.append(f"row {number}: {problem}" if reading.is_table else problem)
            _settle_language(row, reading)
            label = name.replace("#", r"\x23")  # which stands before the row of a table
            if reading.is_table:
                label += f"#{_label(record, number, seen)}"
            yield {"document_id": label, "path": name} | row
    finally:
        if len(problems) > _SHOWN:
            problems[_SHOWN:] = [f"and {len(problems) - _SHOWN} more dates like these"]
        log.notes += [(name, problem) for problem in problems]
        log.furniture += [(name, block, reason) for block, reason in reading.dropped]
        if empty and (seen or not reading.is_table):
            reading.skipped.append(
                f"{len(empty)} rows without text (first: row {empty[0]})"
                if reading.is_table
                else "no text left after dropping page furniture"
            )
        log.skipped += [(name, _storable(reason)) for reason in reading.skipped]
    if reading.is_table and not seen:
        raise UnreadableError(_why_nothing(record, names, reading))


def _why_nothing(record: Record, names: dict[str, tuple[str, ...]], reading: Reading) -> str:
    """Why a table gave no document."""
    if reading.skipped:
        return "no rows left"
    if not record:
        return "no rows"
    if {str(key).strip().lower() for key in record} & set(names["text"]):
        return "no row has a text"
    got = ", ".join(map(str, list(record)[:12]))
    return f"no text column: wanted one of {', '.join(names['text'])}; got {got}"


def _row(record: Record, names: dict[str, tuple[str, ...]], told_by: str) -> Record:
    """Known fields of a record, and for those of `DETAILS`, where they are from."""
    columns = {str(key).strip().lower(): key for key in record}
    row: Record = {}
    for name, aliases in names.items():
        found = (columns[alias] for alias in aliases if alias in columns)
        for column in found:
            if name == "text":
                value = _paragraphs(_plain(record[column], "\n\n"))
            else:
                value = " ".join(_plain(record[column]).split())
            if value.lower() not in _BLANK:
                row[name] = value
                if f"{name}_from" in DETAILS:
                    row[f"{name}_from"] = f"column {column}" if told_by == "column" else told_by
                break
    return row


def _plain(value: Any, joint: str = ", ") -> str:
    """A field as text: the parts of a list, the name of an object (``{"name": "The Desk"}``).

    What is nested deeper says nothing, and might not end.
    """
    parts = value if isinstance(value, list) else [value]
    parts = [part.get("name") if isinstance(part, dict) else part for part in parts]
    texts = [str(part) for part in parts if part == part and isinstance(part, str | int | float)]
    return _storable(joint.join(texts))


def _storable(text: str) -> str:
    """Text without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _paragraphs(text: str) -> str:
    """Text with its paragraphs parted by blank lines, and single spaces within them."""
    parts = re.split(r"\n\s*\n" if re.search(r"\n\s*\n", text) else r"\n", text)
    return "\n\n".join(joined for part in parts if (joined := " ".join(part.split())))


def _label(record: Record, number: int, seen: set[str]) -> str:
    """A row's own id, else its number; told apart by the number where it comes twice."""
    own = next((record[key] for key in record if str(key).strip().lower() in _IDS), None)
    label = " ".join(_plain(own).split()) or str(number)
    while label in seen:
        label += f"-row{number}"
    seen.add(label)
    return label


def _told_by_line(reading: Reading) -> Record:
    return {"date": reading.date_line, "date_from": "date line"} if reading.date_line else {}


def _told_by_name(name: str) -> Record:
    """What names such as ``2025-05-02_London-Desk_title.txt`` say."""
    match = _BY_NAME.match(Path(name).name.split(".")[0])
    if not match or parse_date(match[1])[0] is None:
        return {}
    told: Record = {"date": match[1], "date_from": "file name"}
    if match[2]:
        told |= {"source": match[2].replace("-", " "), "source_from": "file name"}
        told["title"] = match[3].replace("-", " ").replace("_", " ")
    return told


def _settle_date(row: Record) -> str:
    """Make a row's date a day, or missing; return what is to be noted about it."""
    row["date"], problem = parse_date(row.get("date"))
    if row["date"] is None:
        row.pop("date_from", None)
    return problem


def parse_date(value: Any) -> tuple[pd.Timestamp | None, str]:
    """A day from what a file says, and a note where it is none (missing then) or ambiguous."""
    if value is None:
        return None, ""
    said, note = str(value), ""
    try:
        if re.match(r"\d{4}-\d{2}-\d{2}($|[T ])", said):
            when = pd.Timestamp(datetime.fromisoformat(said[:10]))
        elif re.fullmatch(r"\d{10}(\d{3})?(\.\d+)?", said):
            when = pd.Timestamp(int(said[:10]), unit="s")
        else:
            dotted = bool(re.match(r"\d{1,2}\. ?\d{1,2}\. ?(\d{4}|\d{2}\b)", said))  # day first
            when, other = (
                pd.Timestamp(dates.parse(said, dayfirst=dotted, ignoretz=True, default=day))
                for day in _DEFAULTS
            )
            if when.normalize() != other.normalize():
                return None, f"date incomplete: {said[:40]!r}; wanted e.g. 2025-05-02"
            if _AMBIGUOUS.match(said) and when.day != when.month:
                note = f"date ambiguous: {said[:40]!r}, read month first; wanted e.g. 2025-05-02"
    except (ValueError, OverflowError, TypeError):
        return None, f"date not understood: {said[:40]!r}; wanted e.g. 2025-05-02"
    if not 1500 <= when.year <= 2200:
        return None, f"date out of range: {said[:40]!r}"
    return when.normalize(), note


def _settle_language(row: Record, reading: Reading) -> None:
    """ISO 639-1 code: as the file says, else detected where there is enough text.

    Web pages often claim the language of their template: a long text is asked itself.
    """
    said = str(row.get("language") or "").lower()
    text = row["text"]
    known = bool(re.fullmatch(r"[a-z]{2}([-_].*)?", said))
    if known and not (reading.told_by == "web page" and len(text) >= _SURE):
        row["language"] = said[:2]
    elif len(text) >= _LEAST_DETECTABLE:
        import py3langid

        found = str(py3langid.classify(text[:_ASKED])[0])
        row["language"] = found if found != "zxx" else None  # its word for "no language"
        row["language_from"] = "detected"
    else:
        row |= {"language": None, "language_from": None}


def _frame(rows: list[Record]) -> pd.DataFrame:
    """Rows as a typed table; texts are held by Arrow, at a fraction of Python's memory."""
    table = pd.DataFrame(rows, columns=list(dict.fromkeys([*COLUMNS, *DETAILS])))
    table["date"] = pd.to_datetime(table["date"]).astype("datetime64[us]")
    return table.astype({column: "str" for column in table.columns if column != "date"})


def _drop_shared(table: pd.DataFrame, log: Log) -> None:
    """Drop, in place, short blocks that many documents of one source share."""
    texts, paths = table["text"].tolist(), table["path"]
    groups = table.groupby(table["source"].fillna("")).indices
    for source in sorted(groups):
        places = groups[source]
        kept, dropped = drop_shared_lines([texts[i] for i in places])
        for i, text in zip(places, kept, strict=True):
            texts[i] = text
        for block, position in sorted(dropped.items()):
            log.furniture.append((paths.iat[places[position]], block, "in many documents"))
    # At once: to set any value of an Arrow column copies all of it.
    table["text"] = pd.Series(texts, index=table.index, dtype="str")
