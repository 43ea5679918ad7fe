"""A model as files: JSON, NumPy arrays and Parquet tables in a folder, without pickle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from topics.cache import is_intact, write_checksum
from topics.errors import InputError

_FORMAT = 9


def write_parts(
    folder: Path,
    state: dict[str, Any],
    parts: Mapping[str, Mapping[str, np.ndarray]],
    tables: Mapping[str, pd.DataFrame],
) -> None:
    """Write what JSON can say, groups of arrays and tables."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps({"format": _FORMAT, **state}, indent=1)
    (folder / "model.json").write_text(told, encoding="utf-8")
    for name, arrays in parts.items():
        np.savez(folder / f"{name}.npz", allow_pickle=False, **arrays)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    write_checksum(folder)


def read_parts(
    folder: Path, tables: Iterable[str]
) -> tuple[dict[str, Any], dict[str, dict[str, np.ndarray]], dict[str, pd.DataFrame]]:
    """What `write_parts` wrote; raise ValueError if it is of another format or was changed."""
    state = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if state["format"] != _FORMAT:
        raise ValueError(f"expected format {_FORMAT}, found {state['format']!r}")
    if not is_intact(folder):
        raise ValueError("a file is missing, or not as it was written")
    parts = {path.stem: dict(np.load(path, allow_pickle=False)) for path in folder.glob("*.npz")}
    return state, parts, {name: pd.read_parquet(folder / f"{name}.parquet") for name in tables}


@contextmanager
def reading_model(folder: str | Path) -> Iterator[None]:
    """Raise InputError where a model's files are missing, damaged or of another shape."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise InputError(
            f"model: {str(folder)!r} holds no model that can be read ({error}); fit it again"
        ) from error
