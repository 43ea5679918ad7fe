"""Rows of tables: CSV, JSON lines, workbooks and Parquet, one at a time; and tables of rows."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd

from topics.errors import UnreadableError
from topics.read.files import LINE_LIMIT, Record, read_bytes
from topics.read.office import archive_kind

BATCH = 1000  # rows held before they are packed
Broken = defaultdict[str, list[int]]  # line numbers by problem


def csv_records(lines: Iterator[str], broken: Broken) -> Iterator[Record]:
    """Rows by the names in the first; the numbers of lines with other columns go to `broken`.

    Raises
    ------
    UnreadableError
        At the end, if a quote is left open.
    """
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


def jsonl_records(lines: Iterator[str], broken: Broken) -> Iterator[Record]:
    """Objects, one a line; the numbers of lines that are none go to `broken`."""
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            yield record
        elif line.strip():
            broken["not a JSON object"].append(number)


def sheet_rows(path: Path) -> Iterator[Record]:
    """Rows of all sheets of a workbook, by the names in each sheet's first row."""
    from python_calamine import CalamineWorkbook

    content = read_bytes(path)
    archive_kind(content)  # within limits
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for name in workbook.sheet_names:
        rows = iter(workbook.get_sheet_by_name(name).iter_rows())
        header = [str(column).strip() for column in next(rows, [])]
        for row in rows:
            if any(value not in {"", None} for value in row):
                yield dict(zip(header, row, strict=False))


def parquet_rows(path: Path) -> Iterator[Record]:
    """Rows of a Parquet file; no more than a batch of them is held at a time."""
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH):
            yield from batch.to_pylist()


def packed(rows: Iterator[Any], types: dict[str, str]) -> pd.DataFrame:
    """Rows as a table with columns of these types; strings are packed as they come, held by Arrow.

    >>> packed(iter([("a.txt", 2)]), {"path": "str", "words": "int64"}).dtypes.astype(str).tolist()
    ['str', 'int64']
    """
    batches = chain([[]], iter(lambda: list(islice(rows, BATCH)), []))  # one at least
    frames = [pd.DataFrame(batch, columns=list(types)).astype(types) for batch in batches]
    return pd.concat(frames, ignore_index=True)
