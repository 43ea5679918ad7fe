"""A folder of raw articles as a table of documents, with what was left out and why."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from topics.errors import InputError, UnreadableError, progress_bar
from topics.html import note, table
from topics.parallel import copies, side_by_side
from topics.read import fields
from topics.read.files import MB, Record, as_path, find_files, replace_surrogates, shown_name
from topics.read.formats import Reading, file_kind, read_file
from topics.read.office import unpack
from topics.read.repeats import drop_repeats
from topics.read.tables import BATCH, packed

COLUMNS = ["document_id", "text", "title", "date", "source", "country", "language", "url", "path"]
DETAILS = ["document_id", "author", *fields.ORIGINS, "section", "length"]

_ABOUT_FILES = re.compile(r"(readme|licen[cs]e|changelog|copying|notice)(\.\w+)*", re.IGNORECASE)
_MAX_NOTES = 3  # of one file that are listed
_IN_ARCHIVE = "!/"  # between the name of an archive and that of a file in it
_MAX_DEPTH = 2  # archives in an archive
_SHARED_AT_ONCE = 20 * MB  # of files, among copies of this process: to bound the memory
_MIN_SHARED = 500_000  # bytes that a copy is worth: a few pages, a tenth of a second
_PACKED = {".gz", ".zip", ".xlsx", ".parquet"}  # which are up to ten times as long unpacked


@dataclass
class Corpus:
    """What was read.

    Attributes
    ----------
    documents
        One row a document: document_id, text, title, date, source, country, language, url,
        path. A missing value is missing. `text` has a blank line between paragraphs.
    skipped
        file, reason: every file, and every row of a table, that could not be read.
    notes
        file, note: what was read, but not as it stood (an impossible date, say).
    boilerplate
        file, block, reason, documents: the blocks dropped from scraped pages, and what many
        documents of a source share. The same block of one source is one row, with the number of
        its documents and the first one's file.
    details
        One row a document: document_id, author, section, length (words, as stated), and where
        date, source, country and language were taken from (front matter, web page, file name, a
        column, …).
    repeats_left
        source, block, documents: what many documents of a source share and still hold, for it
        stands within their text.
    exports
        file, database, found, stated: the exports of databases, with the number of articles found
        in each and that which it states itself.
    """

    documents: pd.DataFrame
    skipped: pd.DataFrame
    notes: pd.DataFrame
    boilerplate: pd.DataFrame
    details: pd.DataFrame
    repeats_left: pd.DataFrame = field(default_factory=pd.DataFrame)
    exports: pd.DataFrame = field(default_factory=pd.DataFrame)

    def _repr_html_(self) -> str:
        columns = ["document_id", "date", "source", "title"]
        line = f"{len(self.documents):,} documents; {len(self.skipped):,} files or rows skipped"
        return note(line).markup + table(self.documents[columns], max_rows=5).markup


@dataclass
class _Log:
    """Rows of a corpus's other tables."""

    skipped: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    boilerplate: dict[tuple[str, str, str], list[Any]] = field(default_factory=dict)
    repeats_left: list[tuple[str, str, int]] = field(default_factory=list)
    exports: list[tuple[str, str, int, int | None]] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)  # of tables and front matter
    dates: list[str | None] = field(default_factory=list)  # of all documents, ISO 8601
    texts: list[str] = field(default_factory=list)  # of all, and no others: they are long

    def add(self, name: str, source: str, reading: Reading, notes: list[tuple[int, str]]) -> None:
        """Add what is to be said of a file, and of its rows by their numbers."""
        texts = [f"row {n}: {text}" if n and reading.is_table else text for n, text in notes]
        more = [f"and {len(texts) - _MAX_NOTES} more like these"] if texts[_MAX_NOTES:] else []
        self.notes += [(name, text) for text in texts[:_MAX_NOTES] + more]
        self.skipped += [(name, reason) for reason in reading.skipped]
        if export := reading.export:
            self.exports.append((name, export.name, len(export.records), export.stated or None))
        for block, reason in dict.fromkeys(reading.dropped):
            self.drop(source, name, replace_surrogates(block), reason, 1)

    def drop(self, source: str, file: str, block: str, reason: str, documents: int) -> None:
        """Count a block that was dropped; the same block of one source is one row."""
        row = self.boilerplate.setdefault((source, block, reason), [file, block, reason, 0])
        row[-1] += documents

    def as_json(self) -> dict[str, Any]:
        """All of it, in values that JSON has."""
        dropped = [(source, *row) for (source, *_), row in self.boilerplate.items()]
        return vars(self) | {"boilerplate": dropped, "columns": [*self.columns]}

    def extend(self, other: dict[str, Any]) -> None:
        """Add what another log holds, as its `as_json` returned it."""
        for name in ("skipped", "notes", "exports", "dates", "texts"):
            getattr(self, name).extend(other[name])
        self.columns.update(other["columns"])
        for dropped in other["boilerplate"]:
            self.drop(*dropped)


def read_corpus(
    path: str | Path, *, columns: Mapping[str, str] | None = None, progress: bool = True
) -> Corpus:
    """The documents in a file, or in every file below a folder.

    Parameters
    ----------
    path
        .txt .md .html .pdf .docx .odt .rtf .epub, mail and saved pages .eml .mbox .mhtml, tables
        .csv .jsonl .xlsx .parquet, saved feeds .rss .atom .xml, all also packed with gzip or in a
        .zip, or a folder of them; a folder in it that a report was written to is passed over.
        Exports of Nexis Uni, LexisNexis, Factiva, Europresse and ProQuest are told by their content;
        each article is a document.
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
        If the path does not exist, the folder holds no files, a field is not known, or no table
        has a column that `columns` names.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "2025-05-06_Harbour-Desk_northern-quay.txt")
    ...     _ = file.write_text("The board voted to keep the northern quay shut until June.")
    ...     corpus = read_corpus(folder, progress=False)
    >>> print(corpus.documents[["source", "title", "date"]].to_string(index=False))
          source         title       date
    Harbour Desk northern quay 2025-05-06
    """
    log = _Log()
    rows = _all_documents(as_path(path), fields.column_names(columns or {}), progress, log)
    documents = _as_table(rows, log.dates)
    fields.check_columns(columns or {}, log.columns)
    documents["text"] = _without_repeats(documents, log)
    return Corpus(
        documents[COLUMNS],
        pd.DataFrame(log.skipped, columns=["file", "reason"]),
        pd.DataFrame(log.notes, columns=["file", "note"]),
        pd.DataFrame(log.boilerplate.values(), columns=["file", "block", "reason", "documents"]),
        documents[DETAILS],
        pd.DataFrame(log.repeats_left, columns=["source", "block", "documents"]),
        pd.DataFrame(log.exports, columns=["file", "database", "found", "stated"]),
    )


def _all_documents(
    root: Path, names: fields.Names, progress: bool, log: _Log, archive: str = ""
) -> Iterator[Record]:
    """Documents of all files, each with its fields; those in an archive bear its name before."""
    files, others = find_files(root)
    log.skipped += [(archive + shown_name(other, root), reason) for other, reason in others]
    read = partial(_documents_of, root=root, names=names, archive=archive)
    with progress_bar(total=len(files), desc="reading", unit="file", disable=not progress) as bar:
        for chunk in _in_chunks(files, _SHARED_AT_ONCE):
            size = sum(map(_size, chunk))
            parts = _in_chunks(chunk, max(_MIN_SHARED, size / copies()))
            # A long table goes through row by row.
            if len(parts) == 1 or size > 2 * _SHARED_AT_ONCE:
                for file in chunk:
                    yield from read([file], log)
                    bar.update()
                continue
            for found in side_by_side(*(partial(_read_to_json, read, part) for part in parts)):
                rows, other = json.loads(found)
                log.extend(other)
                yield from rows
            bar.update(len(chunk))


def _in_chunks(files: list[Path], size: float) -> list[list[Path]]:
    """Files in a row that have up to about `size` bytes in all."""
    numbers = [int((total - 1) // size) for total in accumulate(map(_size, files))]
    pairs = groupby(zip(numbers, files, strict=True), key=itemgetter(0))
    return [[file for _, file in own] for _, own in pairs]


def _size(file: Path) -> int:
    """Bytes of a file, or about as many as it has unpacked; 0 if that is not known."""
    with suppress(OSError):  # told where it is read
        return file.stat().st_size * (10 if file.suffix.lower() in _PACKED else 1)
    return 0


def _read_to_json(read: Callable[..., Iterator[Record]], files: list[Path]) -> bytes:
    """Documents of files, and the log of their reading, as JSON."""
    log = _Log()
    rows = list(read(files, log))
    found = json.dumps([rows, log.as_json()], ensure_ascii=False)
    return found.encode("utf-8", "surrogatepass")  # halves of pairs are told later


def _documents_of(
    files: list[Path], log: _Log, root: Path, names: fields.Names, archive: str
) -> Iterator[Record]:
    """Documents of files, one after the other; files that cannot be read are logged."""
    for file in files:
        name = archive + shown_name(file, root)
        try:
            if file_kind(file) == ".zip":
                yield from _unpacked(file, name, names, log)
            else:
                yield from _documents(file, name, names, log)
        except UnreadableError as error:
            log.skipped.append((name, replace_surrogates(str(error))))


def _unpacked(file: Path, name: str, names: fields.Names, log: _Log) -> Iterator[Record]:
    """Documents of the files in an archive."""
    if name.count(_IN_ARCHIVE) >= _MAX_DEPTH:
        raise UnreadableError(f"an archive in {_MAX_DEPTH} others; unpack it")
    with TemporaryDirectory() as folder:
        unpack(file, Path(folder))
        try:
            yield from _all_documents(Path(folder), names, False, log, name + _IN_ARCHIVE)
        except InputError as error:
            raise UnreadableError("an empty archive") from error


def _documents(file: Path, name: str, names: fields.Names, log: _Log) -> Iterator[Record]:
    """Documents of one file; when all have been read, their dates and problems are logged."""
    if _ABOUT_FILES.fullmatch(file.name):
        raise UnreadableError("taken for a note about the folder, not an article")
    reading = read_file(file)
    line = {"date": reading.date_line, "date_from": "date line"} if reading.date_line else {}
    about = {} if reading.is_table else line | fields.fields_of_name(name)
    notes, empty = list[tuple[int, str]](), list[int]()
    dates, languages, ids = dict[int, str](), list[str | None](), set[str]()
    record: Record = {}
    source, broken = "", None
    try:
        for number, record in enumerate(reading.records, 1):
            if reading.metadata_source in {"column", "front matter"}:
                log.columns.update(map(str, record))
            row = about | fields.known_fields(record, names, reading.metadata_source)
            if reading.metadata_source == "PDF properties":  # of the day and program of printing
                row |= about
            if not re.search(r"\w", row.get("text", "")):
                empty.append(number)
                continue
            notes += [(number, cut) for cut in fields.complete(row, reading.metadata_source)]
            dates[number] = row.pop("date", "")
            log.texts.append(row.pop("text"))
            languages.append(row["language"])
            source = row.get("source", "")
            yield _identified(row, number, ids, name, reading.is_table)
    except UnreadableError as error:  # the rows before are good
        broken = error
    day_first, note = fields.date_order(dates.values(), languages)
    notes += [(0, note)] if note else []
    for number, date in dates.items():
        day, problem = fields.parse_date(date, day_first)
        log.dates.append(day and day.isoformat())
        notes += [(number, problem)] if problem else []
    log.add(name, source, reading, notes)
    if empty and dates:
        log.skipped.append((name, f"{len(empty)} rows without text (first: row {empty[0]})"))
    if broken or not dates:
        raise broken or UnreadableError(_why_nothing(reading, record, names["text"]))


def _identified(row: Record, number: int, ids: set[str], name: str, is_table: bool) -> Record:
    """A row with an id that no other of its file has: its own if it has one, else its number."""
    own = row.pop("id", str(number))
    while own in ids:
        own += f"-row{number}"
    ids.add(own)
    label = name.replace("#", r"\x23") + (f"#{own}" if is_table else "")
    return {"document_id": label, "path": name} | row


def _why_nothing(reading: Reading, record: Record, expected: list[str]) -> str:
    """Why a file gave no document, by its last row."""
    if not reading.is_table:
        return "no text left after dropping boilerplate"
    if not record or {str(key).strip().lower() for key in record} & set(expected):
        return "no row has a text" if record else "no rows"
    got = ", ".join(map(str, list(record)[:12]))
    return f"no text column: expected one of {', '.join(expected)}; got {got}"


def _as_table(rows: Iterator[Record], dates: list[str | None]) -> pd.DataFrame:
    """Rows as a typed table; its strings are held by Arrow. Dates are known when all are read."""
    frame = packed(rows, dict.fromkeys([*COLUMNS, *DETAILS], "str"))
    frame["date"] = pd.to_datetime(pd.Series(dates, dtype="str")).astype("datetime64[us]")
    frame["date_from"] = frame["date_from"].where(frame["date"].notna())
    return frame


def _without_repeats(documents: pd.DataFrame, log: _Log) -> pd.Series:
    """Texts without what many documents of one source share, held by Arrow."""
    for source, rows in documents.groupby(documents["source"].fillna("")).indices.items():
        found = drop_repeats([log.texts[i] for i in rows])
        for i, text in zip(rows, found.texts, strict=True):
            log.texts[i] = text
        for block, reason, position, n in found.dropped:
            log.drop(str(source), documents["path"].iat[rows[position]], block, reason, n)
        log.repeats_left += [(str(source), block, n) for block, n in found.left]
    parts = [pd.Series(dtype="str")]
    while log.texts:  # from the end, so that no text is held twice
        parts.append(pd.Series(log.texts[-BATCH:], dtype="str"))
        del log.texts[-BATCH:]
    return pd.concat(parts[::-1], ignore_index=True)
