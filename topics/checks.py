"""What public functions are given, checked once: each fault is one line, with what to do."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np
import pandas as pd

from topics.errors import InputError

_LENGTH = 1e-3  # that a unit row may be off, as float16 leaves it


def unit_rows(vectors: Any, n: int | None = None, dim: int | None = None) -> np.ndarray:
    """Vectors as float32 unit rows ``(n, dim)``; rows of another length are brought to length 1.

    Raises
    ------
    InputError
        If they are no such array of finite numbers, or a row is all zeros.

    Examples
    --------
    >>> unit_rows([[3, 4]]).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    expected = "vectors: expected finite numbers, shape (n, dim), found"
    try:
        if np.iscomplexobj(vectors):
            raise TypeError("complex ones")
        with np.errstate(over="ignore"):  # what is too large for float32 is infinite, and told
            found = np.asarray(vectors, dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise InputError(f"{expected} {type(vectors).__name__} ({error})") from error
    if found.ndim != 2:
        raise InputError(f"{expected} shape {found.shape}")
    if not np.isfinite(found).all():
        raise InputError(f"{expected} NaN or infinity in row {np.isfinite(found).all(1).argmin()}")
    if n is not None and len(found) != n:
        raise InputError(f"vectors: expected one a passage, {n:,}, found {len(found):,}")
    if dim is not None and found.shape[1] != dim:
        raise InputError(
            f"vectors: expected {dim} dimensions, as the model was fitted to, found "
            f"{found.shape[1]}; embed with the same embedder"
        )
    lengths = np.linalg.norm(found, axis=1)
    if not lengths.all():
        raise InputError(
            f"vectors: row {int(np.argmin(lengths))} is all zeros, which has no direction; leave it out"
        )
    if (abs(lengths - 1) <= _LENGTH).all():
        return found
    return (found / lengths[:, None]).astype(np.float32)


def checked_texts(texts: Any) -> list[str]:
    """Texts as a list; raise InputError if one is none, or if a single text was given."""
    if isinstance(texts, str | bytes):
        raise InputError("texts: expected a list of texts, found one text; put it into a list")
    try:
        found = list(texts)
    except TypeError as error:
        raise InputError(f"texts: expected a list, found {type(texts).__name__}") from error
    for row, text in enumerate(found):
        if not isinstance(text, str):
            raise InputError(
                f"texts: expected text, found {text!r:.40} in row {row}; leave it out or write it as text"
            )
    return found


def checked_passages(passages: Any) -> pd.DataFrame:
    """Passages that have what a theme model needs; ids are text and each its own.

    Raises
    ------
    InputError
        If they are no table, lack a column, are none, or an id is missing or there twice.
    """
    _check_table(passages, "passages", ["passage_id", "document_id", "text"])
    if passages.empty:
        raise InputError("passages: expected at least one, found none")
    _check_ids(passages["passage_id"])
    ids = ["passage_id", "document_id"]
    return passages.astype(dict.fromkeys([*ids, "text"], "str")).fillna({"text": ""})


def checked_documents(documents: Any) -> None:
    """Raise InputError if documents are no table with ids, each its own, and texts."""
    _check_table(documents, "documents", ["document_id", "text"])
    _check_ids(documents["document_id"])


def checked_dates(dates: pd.Series) -> pd.Series:
    """Dates without a time zone; raise InputError if one cannot be read.

    >>> checked_dates(pd.Series(["2025-05-02T10:00+02:00"])).astype("str").tolist()
    ['2025-05-02 08:00:00']
    """
    try:
        return pd.to_datetime(dates, utc=True).dt.tz_localize(None).astype("datetime64[us]")
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(
            f"date: expected dates as 2025-05-02; {str(error).splitlines()[0]}"
        ) from error


def _check_ids(ids: pd.Series) -> None:
    if ids.isna().any():
        raise InputError(f"{ids.name}: expected one a row, found none in row {ids.isna().argmax()}")
    if ids.duplicated().any():
        raise InputError(
            f"{ids.name}: expected each once, found {ids[ids.duplicated()].iloc[0]!r} twice; of "
            "tables read apart, put a name before the ids"
        )


def _check_table(table: Any, what: str, columns: list[str]) -> None:
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"{what}: expected a DataFrame, found {type(table).__name__}")
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(
            f"{what}: expected columns {', '.join(columns)}; {', '.join(missing)} missing, found "
            f"{', '.join(map(str, table.columns[:12])) or 'none'}"
        )


def checked_seed(seed: Any) -> int:
    """A seed as an int; raise InputError if it is none from 0 to 2**32 - 1."""
    try:
        found = index(seed)
    except TypeError:
        found = -1
    if not 0 <= found < 2**32:
        raise InputError(f"seed: expected a whole number from 0 to {2**32 - 1}, found {seed!r:.40}")
    return found
