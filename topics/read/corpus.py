"""A folder of raw articles to a table of documents, with everything that was left out and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import accumulate, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from dateutil import parser as dates
from tqdm.auto import tqdm

from topics.errors import InputError, UnreadableError
from topics.html import note, table
from topics.parallel import map_parts
from topics.read.boilerplate import drop_shared_lines
from topics.read.files import find_files, replace_surrogates, shown_name
from topics.read.formats import Reading, Record, read_file

if TYPE_CHECKING:
    from distributed import Client

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
_DEFAULTS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # what differs by these was not said
_MIN_DETECTABLE = 60  # characters; the language of less cannot be told
_ASKED = 500  # characters whose language is detected; more takes longer and tells no more
_SURE = 200  # characters; with these, what is detected counts more than what a web page claims
_NO_LANGUAGE = "zxx"
_LONGEST = 1000  # characters of a title, a source or another field
_AT_ONCE = 20_000  # documents held as Python objects, eight times what Arrow needs
_SHOWN = 3  # notes of one kind that are listed for one file
_PART = 2**18  # bytes of files that a task on a cluster reads


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
    boilerplate
        file, block, reason: the blocks dropped from scraped pages.
    details
        One row a document: document_id, author, and where date, source, country and language
        were taken from (front matter, web page, file name, a column, …).
    """

    documents: pd.DataFrame
    skipped: pd.DataFrame
    notes: pd.DataFrame
    boilerplate: pd.DataFrame
    details: pd.DataFrame

    def _repr_html_(self) -> str:
        columns = ["document_id", "date", "source", "title"]
        line = f"{len(self.documents):,} documents; {len(self.skipped):,} files or rows skipped"
        return note(line).markup + table(self.documents[columns], most=5).markup


@dataclass
class Log:
    """What `iter_documents` says besides the documents; the rows of `Corpus`'s tables."""

    skipped: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    boilerplate: list[tuple[str, str, str]] = field(default_factory=list)


def read_corpus(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    progress: bool = True,
    client: Client | None = None,
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
    client
        A `dask.distributed.Client` whose workers read the files, with this package installed and
        the same path in a folder that they share. A file is read whole by one worker. What is
        returned is the same to the byte.

    Returns
    -------
    Corpus
        All languages are kept; `language` says which.

    Raises
    ------
    InputError
        If the path does not exist, or not for the workers, the folder holds no files, or a field
        is not known.
    """
    log = Log()
    documents = iter_documents(path, log, columns=columns, progress=progress, client=client)
    frames = [_frame(rows) for rows in iter(lambda: list(islice(documents, _AT_ONCE)), [])]
    table = pd.concat(frames or [_frame([])], ignore_index=True)
    table["text"] = _without_shared(table, log)
    return Corpus(
        table[COLUMNS],
        pd.DataFrame(log.skipped, columns=["file", "reason"]),
        pd.DataFrame(log.notes, columns=["file", "note"]),
        pd.DataFrame(log.boilerplate, columns=["file", "block", "reason"]),
        table[DETAILS],
    )


def iter_documents(
    path: str | Path,
    log: Log,
    *,
    columns: Mapping[str, str] | None = None,
    progress: bool = True,
    client: Client | None = None,
) -> Iterator[Record]:
    """Documents one by one, for more than memory holds; parameters as for `read_corpus`.

    Each has the keys of ``Corpus.documents`` and ``Corpus.details`` that are known of it. What
    many files of a source share is not dropped: that takes all of them. With a client, memory
    has to hold the documents of some files at once.
    """
    names = _names(columns or {})
    root = Path(path)
    files, others = find_files(root)
    log.skipped += [(shown_name(other, root), reason) for other, reason in others]
    if client is None:
        for file in tqdm(files, desc="reading", unit="file", disable=not progress):
            yield from _documents_of(file, shown_name(file, root), names, log)
        return
    with tqdm(total=len(files), desc="reading", unit="file", disable=not progress) as bar:
        for n, documents, own in map_parts(_read_part, _parts(files, root), names, client=client):
            for rows, more in zip(vars(log).values(), vars(own).values(), strict=True):
                rows += more
            yield from documents
            bar.update(n)


def _documents_of(
    file: Path, name: str, names: dict[str, tuple[str, ...]], log: Log
) -> Iterator[Record]:
    """Documents of one file, or why there are none in the log."""
    try:
        if _ABOUT_FILES.fullmatch(file.name):
            raise UnreadableError("taken for a note about the folder, not an article")
        yield from _documents(read_file(file), name, names, log)
    except UnreadableError as error:
        log.skipped.append((name, replace_surrogates(str(error))))


def _parts(files: list[Path], root: Path) -> Iterator[list[tuple[Path, str]]]:
    """Files and their names in parts of about as many bytes, so that tasks take about as long."""
    ends = accumulate(file.stat().st_size if file.exists() else 0 for file in files)
    for _, pairs in groupby(zip(ends, files, strict=True), lambda pair: pair[0] // _PART):
        yield [(file.absolute(), shown_name(file, root)) for _, file in pairs]


def _read_part(
    part: list[tuple[Path, str]], names: dict[str, tuple[str, ...]]
) -> tuple[int, list[Record], Log]:
    """Number of files, their documents and what is to be said of them; on a worker."""
    log, documents = Log(), list[Record]()
    if not any(file.exists() for file, _ in part):
        raise InputError(
            f"client: a worker found no {str(part[0][0])!r}; expected a folder that all workers share"
        )
    for file, name in part:
        documents += _documents_of(file, name, names, log)
    return len(part), documents, log


def _names(columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Column names by field, the user's own first."""
    if unknown := sorted(set(columns) - set(_ALIASES)):
        raise InputError(f"columns: expected some of {', '.join(_ALIASES)}, got {unknown[0]!r}")
    own = {name: (column.strip().lower(),) for name, column in columns.items()}
    return {"id": _IDS} | {name: own.get(name, ()) + known for name, known in _ALIASES.items()}


def _documents(
    reading: Reading, name: str, names: dict[str, tuple[str, ...]], log: Log
) -> Iterator[Record]:
    """Documents of one file; what is wrong with it is logged when it has been read."""
    told = {} if reading.is_table else _told_by_name(name)
    if reading.date_line:
        told = {"date": reading.date_line, "date_from": "date line"} | told
    seen: set[str] = set()
    empty: list[int] = []
    notes: list[str] = []
    record: Record = {}
    try:
        for number, record in enumerate(reading.records, 1):
            row = told | _row(record, names, reading.metadata_source)
            notes += _cut(row, f"row {number}: " if reading.is_table else "")
            own = row.pop("id", str(number))
            if not row.get("text"):
                empty.append(number)
                continue
            day, note = parse_date(row.get("date"))
            row |= {"date": day, "date_from": None if day is None else row["date_from"]}
            if note:
                notes.append(f"row {number}: {note}" if reading.is_table else note)
            while own in seen:
                own += f"-row{number}"
            seen.add(own)
            label = name.replace("#", r"\x23") + (f"#{own}" if reading.is_table else "")
            yield {"document_id": label, "path": name} | row | _language(row, reading)
    finally:
        if len(notes) > _SHOWN:
            notes[_SHOWN:] = [f"and {len(notes) - _SHOWN} more like these"]
        log.notes += [(name, note) for note in notes]
        log.boilerplate += [(name, *dropped) for dropped in reading.dropped]
        log.skipped += [(name, reason) for reason in reading.skipped]
        if empty and seen:
            reason = f"{len(empty)} rows without text (first: row {empty[0]})"
            log.skipped.append((name, reason))
    if not seen:
        raise UnreadableError(_why_nothing(reading, record, names["text"]))


def _cut(row: Record, where: str) -> list[str]:
    """Shorten what is too long to be a title or a name, for each passage carries it; says so."""
    long = [name for name, value in row.items() if name != "text" and len(value) > _LONGEST]
    notes = [f"{where}{n} of {len(row[n]):,} characters cut to {_LONGEST:,}" for n in long]
    row.update({name: row[name][:_LONGEST] for name in long})
    return notes


def _why_nothing(reading: Reading, record: Record, expected: tuple[str, ...]) -> str:
    """Why a file gave no document, by its last row."""
    if not reading.is_table:
        return "no text left after dropping boilerplate"
    if not record or {str(key).strip().lower() for key in record} & set(expected):
        return "no row has a text" if record else "no rows"
    got = ", ".join(map(str, list(record)[:12]))
    return f"no text column: expected one of {', '.join(expected)}; got {got}"


def _row(record: Record, names: dict[str, tuple[str, ...]], metadata_source: str) -> Record:
    """Known fields of a record, and for those of `DETAILS`, where they are from."""
    columns = {str(key).strip().lower(): key for key in record}
    row: Record = {}
    for name, aliases in names.items():
        for column in (columns[alias] for alias in aliases if alias in columns):
            if name == "text":
                value = _paragraphs(_plain(record[column], "\n\n"))
            else:
                value = " ".join(_plain(record[column]).split())
            if value.lower() not in _BLANK:
                row[name] = value
                if f"{name}_from" in DETAILS:
                    row[f"{name}_from"] = (
                        f"column {column}" if metadata_source == "column" else metadata_source
                    )
                break
    return row


def _plain(value: Any, joint: str = ", ") -> str:
    """A field as text: the parts of a list, the name of an object (``{"name": "The Desk"}``).

    What is nested deeper says nothing, and might not end.
    """
    parts = value if isinstance(value, list) else [value]
    parts = [part.get("name") if isinstance(part, dict) else part for part in parts]
    texts = [str(part) for part in parts if part == part and isinstance(part, str | int | float)]
    return replace_surrogates(joint.join(texts))


def _paragraphs(text: str) -> str:
    """Text with its paragraphs parted by blank lines, and single spaces within them."""
    parts = re.split(r"\n\s*\n" if re.search(r"\n\s*\n", text) else r"\n", text)
    return "\n\n".join(joined for part in parts if (joined := " ".join(part.split())))


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


@lru_cache(maxsize=2**14)  # the rows of a table share their days
def parse_date(value: str | None) -> tuple[pd.Timestamp | None, str]:
    """A day from what a file says, and a note where it is none (missing then) or ambiguous."""
    if value is None:
        return None, ""
    said, note = value, ""
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
                return None, f"date incomplete: {said[:40]!r}; expected e.g. 2025-05-02"
            if _AMBIGUOUS.match(said) and when.day != when.month:
                note = f"date ambiguous: {said[:40]!r}, read month first; expected e.g. 2025-05-02"
    except (ValueError, OverflowError, TypeError):
        return None, f"date not understood: {said[:40]!r}; expected e.g. 2025-05-02"
    if not 1500 <= when.year <= 2200:
        return None, f"date out of range: {said[:40]!r}"
    return when.normalize(), note


def _language(row: Record, reading: Reading) -> Record:
    """ISO 639-1 code: as the file says, else detected where there is enough text.

    Web pages often claim the language of their template: a long text is asked itself.
    """
    text, said = row["text"], row.get("language", "").lower()
    known = re.fullmatch(r"[a-z]{2}([-_].*)?", said)
    if known and not (reading.metadata_source == "web page" and len(text) >= _SURE):
        return {"language": said[:2]}
    import py3langid

    enough = len(text) >= _MIN_DETECTABLE
    found = str(py3langid.classify(text[:_ASKED])[0]) if enough else _NO_LANGUAGE
    if found == _NO_LANGUAGE:
        return {"language": None, "language_from": None}
    return {"language": found, "language_from": "detected"}


def _frame(rows: list[Record]) -> pd.DataFrame:
    """Rows as a typed table; texts are held by Arrow, at a fraction of Python's memory."""
    table = pd.DataFrame(rows, columns=list(dict.fromkeys([*COLUMNS, *DETAILS])))
    table["date"] = pd.to_datetime(table["date"]).astype("datetime64[us]")
    return table.astype({column: "str" for column in table.columns if column != "date"})


def _without_shared(table: pd.DataFrame, log: Log) -> pd.Series:
    """Texts without the short blocks that many documents of one source share."""
    changed: dict[int, str] = {}
    for rows in table.groupby(table["source"].fillna("")).indices.values():
        texts = table["text"].iloc[rows].tolist()
        kept, dropped = drop_shared_lines(texts)
        changed |= {i: new for i, old, new in zip(rows, texts, kept, strict=True) if new != old}
        for block, position in sorted(dropped.items()):
            path = table["path"].iat[rows[position]]
            log.boilerplate.append((path, block, "in many documents"))
    result = table["text"].copy()
    result.iloc[list(changed)] = list(changed.values())  # at once, for each time copies all texts
    return result
