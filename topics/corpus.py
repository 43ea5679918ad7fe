"""A folder of raw articles to a table of documents, with everything that was left out and why."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from dateutil import parser as dates
from tqdm.auto import tqdm

from topics.errors import InputError, UnreadableError
from topics.furniture import drop_shared_lines
from topics.readers import TABLES, Reading, first_known, read_file

COLUMNS = ["document_id", "text", "title", "date", "source", "country", "language", "url", "path"]

# What exports and feeds call a field, best first.
_ALIASES = {
    "text": ("text", "body", "content", "article", "fulltext", "full_text", "articlebody", "story"),
    "title": ("title", "headline", "name"),
    "date": ("date", "published", "pubdate", "published_at", "publication_date", "publishedat",
             "publish_date", "datetime", "timestamp", "created_at", "day"),
    "source": ("source", "outlet", "publisher", "publication", "newspaper", "site", "sitename",
               "author_desk", "desk", "byline"),
    "country": ("country", "source_country", "nation"),
    "language": ("language", "lang"),
    "url": ("url", "link", "uri"),
}  # fmt: skip
_IDS = ("document_id", "id", "guid", "uuid")
_ABOUT_FILES = re.compile(r"(readme|licen[cs]e|changelog|copying|notice)(\.\w+)*", re.IGNORECASE)
_DEFAULTS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # a part taken from these is missing
_LEAST_DETECTABLE = 60  # characters; the language of less cannot be told


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
    """

    documents: pd.DataFrame
    skipped: pd.DataFrame
    notes: pd.DataFrame
    furniture: pd.DataFrame


def read_corpus(path: str | Path, *, progress: bool = True) -> Corpus:
    """Read a file, or every file below a folder.

    Parameters
    ----------
    path
        .txt .md .html .pdf .csv .jsonl, also packed with gzip, or a folder of them.
    progress
        Show a progress bar over files.

    Returns
    -------
    Corpus
        All languages are kept; `language` says which.

    Raises
    ------
    InputError
        If the path does not exist, or the folder holds no files.
    """
    root = Path(path)
    files = list_files(root)
    base = root if root.is_dir() else root.parent
    rows: list[dict[str, Any]] = []
    skipped: list[tuple[str, str]] = []
    notes: list[tuple[str, str]] = []
    furniture: list[tuple[str, str, str]] = []
    for file in tqdm(files, desc="reading", unit="file", disable=not progress):
        name = file.relative_to(base).as_posix()
        try:
            reading = _read(file)
            documents, problems = _documents(reading, name)
        except UnreadableError as error:
            skipped.append((name, str(error)))
            continue
        rows += documents
        notes += [(name, note) for note in problems]
        skipped += [(name, reason) for reason in reading.skipped]
        furniture += [(name, block, reason) for block, reason in reading.dropped]
    table = pd.DataFrame(rows, columns=COLUMNS)
    _drop_shared(table, furniture)
    table["date"] = pd.to_datetime(table["date"]).astype("datetime64[us]")
    for column in COLUMNS:
        if column != "date":
            table[column] = table[column].astype("str")
    return Corpus(
        table,
        pd.DataFrame(skipped, columns=["file", "reason"]),
        pd.DataFrame(notes, columns=["file", "note"]),
        pd.DataFrame(furniture, columns=["file", "block", "reason"]),
    )


def list_files(root: Path) -> list[Path]:
    """Files at or below a path, in order; hidden ones left out."""
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise InputError(f"input: wanted a file or a folder, {str(root)!r} does not exist")
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    if not found:
        raise InputError(f"input: folder {str(root)!r} holds no files; put articles into it")
    return sorted(found)


def _read(file: Path) -> Reading:
    if _ABOUT_FILES.fullmatch(file.name):
        raise UnreadableError("taken for a note about the folder, not an article")
    return read_file(file)


def _documents(reading: Reading, name: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of one file, and what was wrong with them though they are kept."""
    is_table = Path(name.lower().removesuffix(".gz")).suffix.lower() in TABLES
    if is_table and reading.records and not _has_text_column(reading.records):
        raise UnreadableError(
            f"no text column: wanted one of {', '.join(_ALIASES['text'])}; "
            f"got {', '.join(map(str, list(reading.records[0])[:12]))}"
        )
    if is_table and not reading.records:
        raise UnreadableError("; ".join(reading.skipped) or "no rows")
    ids = [str(first_known(_IDS, record) or "") for record in reading.records]
    own_ids = is_table and all(ids) and len(set(ids)) == len(ids)
    rows, problems, empty = [], [], []
    for number, record in enumerate(reading.records, 1):
        row = {field: first_known(names, record) for field, names in _ALIASES.items()}
        row["text"] = _paragraphs(str(row["text"] or "").encode("utf-8", "replace").decode())
        if not row["text"]:
            empty.append(number)
            continue
        if not is_table:
            row = _told_by_name(name) | {key: value for key, value in row.items() if value}
        label = ids[number - 1] if own_ids else str(number)
        row["document_id"] = f"{name}#{label}" if is_table else name
        row["path"] = name
        row["date"], problem = parse_date(row.get("date"))
        if problem:
            problems.append(f"{'row ' + str(number) + ': ' if is_table else ''}{problem}")
        row["language"] = _language(row)
        rows.append({key: None if value is None else _plain(value) for key, value in row.items()})
    if empty and not is_table:
        raise UnreadableError("no text left after dropping page furniture")
    if empty:
        reading.skipped.append(f"{len(empty)} rows without text (first: row {empty[0]})")
    if len(problems) > 3:
        problems = [*problems[:3], f"and {len(problems) - 3} more dates like these"]
    return rows, problems


def _has_text_column(records: list[dict[str, Any]]) -> bool:
    return any(first_known(_ALIASES["text"], record) for record in records)


def _plain(value: Any) -> Any:
    return (
        value
        if isinstance(value, pd.Timestamp)
        else " ".join(str(value).split())
        if not (isinstance(value, str) and "\n" in value)
        else value
    )


def _paragraphs(text: str) -> str:
    """Text with its paragraphs parted by blank lines, and single spaces within them."""
    parts = re.split(r"\n\s*\n" if re.search(r"\n\s*\n", text) else r"\n", text)
    return "\n\n".join(joined for part in parts if (joined := " ".join(part.split())))


def _told_by_name(name: str) -> dict[str, Any]:
    """Date and source from names such as ``2025-05-02_London-Desk_title.txt``."""
    stem = Path(name).name.split(".")[0]
    match = re.match(r"(\d{4}-\d{2}-\d{2})(?:_([^_]+)_.+)?", stem)
    if not match:
        return {}
    return {"date": match[1], "source": match[2].replace("-", " ") if match[2] else None}


def parse_date(value: Any) -> tuple[pd.Timestamp | None, str]:
    """A day from what a file says, and a note if it cannot be one (then the date is missing)."""
    if value is None:
        return None, ""
    try:
        if re.fullmatch(r"\d{10}(\d{3})?", str(value)):
            when = pd.Timestamp(int(str(value)[:10]), unit="s")
        else:
            dotted = bool(re.match(r"\s*\d{1,2}\.\d{1,2}\.\d{4}", str(value)))  # day first
            when, other = (
                pd.Timestamp(dates.parse(str(value), dayfirst=dotted, ignoretz=True, default=day))
                for day in _DEFAULTS
            )
            if when.normalize() != other.normalize():
                return None, f"date incomplete: {str(value)[:40]!r}; wanted e.g. 2025-05-02"
    except (ValueError, OverflowError, TypeError):
        return None, f"date not understood: {str(value)[:40]!r}; wanted e.g. 2025-05-02"
    if not 1500 <= when.year <= 2200:
        return None, f"date out of range: {str(value)[:40]!r}"
    return when.normalize(), ""


def _language(row: dict[str, Any]) -> str | None:
    """ISO 639-1 code: as the file says, else detected where there is enough text."""
    said = str(row.get("language") or "").strip().lower()
    if re.fullmatch(r"[a-z]{2}([-_].*)?", said):
        return said[:2]
    if len(row["text"]) < _LEAST_DETECTABLE:
        return None
    import py3langid

    return str(py3langid.classify(row["text"][:2000])[0])


def _drop_shared(table: pd.DataFrame, furniture: list[tuple[str, str, str]]) -> None:
    """Drop, in place, short blocks that many files of one source share."""
    files = table[~table["document_id"].str.contains("#", regex=False)]
    for _, group in files.groupby(files["source"].fillna(""), sort=True):
        kept, shared = drop_shared_lines(group["text"].tolist())
        whole = [new or old for new, old in zip(kept, group["text"], strict=True)]
        table.loc[group.index, "text"] = whole
        for block in shared:
            holder = next(i for i, text in enumerate(group["text"]) if block in text.split("\n\n"))
            furniture.append((group["path"].iloc[holder], block, "in many files"))
