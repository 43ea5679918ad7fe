"""What public functions are given, checked once: each fault is one line, with what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from math import inf
from numbers import Integral, Real
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
    if n is not None:
        check_length("vectors", found, n)
    if dim is not None and found.shape[1] != dim:
        raise InputError(
            f"vectors: expected {dim} dimensions, as the model was fitted to, found "
            f"{found.shape[1]}; embed with the same embedder"
        )
    lengths = np.sqrt(np.einsum("ij,ij->i", found, found))  # np.linalg.norm squares in a copy
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
    columns = ["passage_id", "document_id", "text"]
    check_table(passages, "passages", columns)
    if passages.empty:
        raise InputError("passages: expected at least one, found none")
    check_ids(passages["passage_id"])
    passages = passages.astype(dict.fromkeys(columns, "str")).fillna({"text": ""})
    own = passages["passage_id"]
    group = passages["copy_group"].astype("str").fillna(own) if "copy_group" in passages else own
    return passages.assign(copy_group=group)


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


def check_ids(ids: pd.Series) -> None:
    """Raise InputError if an id is missing or there twice."""
    if ids.isna().any():
        raise InputError(f"{ids.name}: expected one a row, found none in row {ids.isna().argmax()}")
    if ids.duplicated().any():
        raise InputError(
            f"{ids.name}: expected each once, found {ids[ids.duplicated()].iloc[0]!r} twice; of "
            "tables read apart, put a name before the ids"
        )


def check_table(table: Any, what: str, columns: list[str]) -> None:
    """Raise InputError if a value is no table, or lacks a column."""
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"{what}: expected a DataFrame, found {type(table).__name__}")
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(
            f"{what}: expected columns {', '.join(columns)}; {', '.join(missing)} missing, found "
            f"{', '.join(map(str, table.columns[:12])) or 'none'}"
        )


def check_number(
    name: str, value: Any, low: float, high: float = inf, *, whole: bool = False
) -> None:
    """Raise InputError if a value is no number, or no whole one, from `low` to `high`."""
    is_number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if not (is_number and low <= value <= high):
        kind = "a whole number" if whole else "a number"
        limits = f"from {low} to {high}" if high < inf else f"of {low} or more"
        raise InputError(f"{name}: expected {kind} {limits}, found {value!r:.40}")


def check_length(name: str, values: Sized, n: int, of: str = "passage") -> None:
    """Raise InputError if there are more or fewer than `n` values."""
    if len(values) != n:
        raise InputError(f"{name}: expected one a {of}, {n:,}, found {len(values):,}")


def check_choice(name: str, value: Any, known: Iterable[str]) -> None:
    """Raise InputError if a value is none of those that are known."""
    choices = list(known)
    if value not in choices:
        raise InputError(f"{name}: expected one of {', '.join(choices)}; found {value!r:.40}")


def checked_rows(rows: Any, n: int) -> np.ndarray:
    """Which of `n` rows are meant, a boolean each; raise InputError if it is anything else.

    >>> checked_rows([True, False], 2)
    array([ True, False])
    """
    found = np.asarray(rows)
    if found.dtype != bool or found.shape != (n,):
        raise InputError(
            f"rows: expected {n:,} booleans, one a document, found {found.dtype} of shape {found.shape}"
        )
    return found


def checked_seed(seed: Any) -> int:
    """A seed as an int; raise InputError if it is none from 0 to 2**32 - 1."""
    check_number("seed", seed, 0, 2**32 - 1, whole=True)
    return int(seed)
