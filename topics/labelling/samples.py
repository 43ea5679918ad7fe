"""Sheets for people to fill in, blind: drawn, written, read back and scored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topics.cache import digest, written_atomically
from topics.checks import check_number, checked_seed
from topics.errors import InputError
from topics.model.named_themes import NO_THEME

if TYPE_CHECKING:
    from topics.run import Run

KEY_FILE = "key.csv"
_MIN_LABELS = 2  # of each theme
_FORMULA = r"(^|[;,\t\r\n])(?=\s*[=+\-@＝＋－＠])"  # also where another separator would cut a cell


def draw_sheet(run: Run, n: int, *, random_state: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw passages for people to label, at random within each theme and evenly over time.

    Strata are the strongest theme of a passage, and no theme. In each, passages in order of
    their quarter (undated ones last), in random order within it, are drawn at equal steps from a
    random start (systematic sampling, Cochran 1977, ch. 8), so that each has exactly the same
    probability.

    Parameters
    ----------
    run
        A run.
    n
        Passages to draw; all of them if there are fewer.
    random_state
        Seed.

    Returns
    -------
    sheet
        label_id, text, themes (to fill in: ids of the themes that the passage has, separated by
        ``;``, or ``none``) and coder (may be filled in); nothing that tells what the model
        found. Rows are in random order: those labelled from the top down are a random part.
    key
        label_id, passage_id, stratum (theme id or ``none``), period and probability.

    Raises
    ------
    InputError
        If `n` is less than two a theme.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> passages = pd.DataFrame({"passage_id": ["a:1", "b:1"], "text": "Ships wait.",
    ...     "date": pd.Timestamp("2025-05-01")})
    >>> themes, strongest = pd.DataFrame({"theme_id": ["ferries"]}), pd.Series(["ferries"] * 2)
    >>> run = SimpleNamespace(passages=passages, themes=themes, theme_of_passage=strongest)
    >>> sheet, key = draw_sheet(run, 2)
    >>> list(sheet), list(key)[1:]
    (['label_id', 'text', 'themes', 'coder'], ['passage_id', 'stratum', 'period', 'probability'])
    """
    check_number("labels", n, 1, whole=True)
    rng, dates = np.random.default_rng(checked_seed(random_state)), run.passages["date"]
    table = run.passages[["passage_id", "text"]].assign(
        stratum=run.theme_of_passage.fillna(NO_THEME).to_numpy(),
        period=dates.dt.to_period("Q").astype(str).where(dates.notna(), "undated"),
        order=rng.random(len(dates)),
    )
    table = table.sort_values(["stratum", "period", "order"])
    sizes = table.groupby("stratum").size().to_numpy()
    drawn, ends = _allocated(sizes, n), np.cumsum(sizes)
    steps = [
        end - size + (rng.integers(size) + np.arange(m) * size) // m
        for end, size, m in zip(ends, sizes, drawn, strict=True)
    ]
    rows = table.iloc[np.concatenate(steps)].assign(probability=np.repeat(drawn / sizes, drawn))
    rows = rows.sample(frac=1, random_state=rng, ignore_index=True)
    rows["label_id"] = ["p" + digest(str(random_state), id_)[:8] for id_ in rows["passage_id"]]
    sheet = rows[["label_id"]].assign(text=harmless(rows["text"]), themes="", coder="")
    return sheet, rows[["label_id", "passage_id", "stratum", "period", "probability"]]


def _allocated(sizes: np.ndarray, n: int) -> np.ndarray:
    """How many of `n` to draw from strata of these sizes."""
    drawn = np.minimum(sizes, _MIN_LABELS)
    if n < drawn.sum():
        expected = f"expected at least {drawn.sum()} passages, {_MIN_LABELS} a theme"
        raise InputError(f"labels: {expected}; found {n}")
    # By roots of sizes (Bankier 1988): between even, best for each theme, and by size, for all.
    for _ in range(min(n, sizes.sum()) - drawn.sum()):
        drawn[np.argmax(np.where(drawn < sizes, np.sqrt(sizes) / (drawn + 0.5), 0))] += 1
    return drawn


def harmless(texts: pd.Series) -> pd.Series:
    """Texts that no spreadsheet takes for a formula: an apostrophe is put before its sign."""
    return texts.str.replace(_FORMULA, r"\1'", regex=True)


def write_sheet(table: pd.DataFrame, path: str | Path, *, replace: bool = False) -> None:
    """Write a sheet or its key as CSV that spreadsheets open as UTF-8, whole or not at all.

    Raises
    ------
    InputError
        If the file exists, as labels may be in it, and is not to be replaced.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_sheet(pd.DataFrame({"themes": ["ferries"]}), Path(folder, "sheet.csv"))
    ...     read_sheet(Path(folder, "sheet.csv"), ["themes"]).to_dict("list")
    {'themes': ['ferries'], 'coder': ['']}
    """
    if not replace and Path(path).exists():
        raise InputError(f"labels: {str(path)!r} exists and may hold labels; name another file")
    with written_atomically(Path(path)) as part:
        table.to_csv(part, index=False, encoding="utf-8-sig")


def read_sheet(path: str | Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read a sheet as text, cut at the semicolons that some spreadsheets put between cells too.

    Raises
    ------
    InputError
        If it cannot be read or has not these columns; `coder` may be missing.

    Examples
    --------
    >>> list(read_sheet("data/gold.csv", ["opening", "themes"]))[-1]
    'coder'
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
        mark = ";" if ";" in text.partition("\n")[0] else ","
        table = pd.read_csv(
            StringIO(text), sep=mark, dtype=str, keep_default_na=False, index_col=False
        )
    except (OSError, ValueError) as error:
        raise InputError(f"labels: cannot read {str(path)!r}: {error}") from error
    for name in columns:
        if name not in table:
            raise InputError(f"labels: {str(path)!r} has no column {name!r}; put it back")
    return table if "coder" in table else table.assign(coder="")


def _read_answers(paths: list[Path], ids: set[str]) -> pd.DataFrame:
    """label_id, themes and coder, the file's name where blank, of the rows that are filled in."""
    tables = []
    for path in paths:
        table = read_sheet(path, ["label_id", "themes"])[["label_id", "themes", "coder"]]
        table = table.apply(lambda cells: cells.str.strip()).query("label_id != ''")
        for wrong in sorted(set(table["label_id"]) ^ ids):
            what = "is missing; put the row back" if wrong in ids else "is not in the key"
            raise InputError(f"labels: {str(path)!r}: label_id {wrong!r} {what}")
        tables.append(table.assign(coder=table["coder"].where(table["coder"] != "", path.stem)))
    filled = pd.concat(tables, ignore_index=True).query("themes != ''")
    if filled.empty:
        raise InputError(f"labels: no 'themes' is filled in in {', '.join(map(str, paths))}")
    for row in filled[filled.duplicated(["label_id", "coder"])].itertuples():
        raise InputError(f"labels: coder {row.coder!r} has {row.label_id!r} twice; keep one row")
    return filled


def read_folder(folder: str | Path, themes: Iterable[str]) -> pd.DataFrame:
    """Read the labels of a folder that holds ``key.csv`` and a filled-in sheet a coder.

    Rows left blank are not labelled. Who labels is taken to be chance within a stratum: the
    probability of its passages is multiplied by the share of them that has a label.

    Parameters
    ----------
    folder
        The key as `draw_sheet` returned it, and sheets; unnamed coders are named after their file.
    themes
        Ids of all themes.

    Returns
    -------
    pd.DataFrame
        One row a passage and coder: label_id, passage_id, coder, themes (frozenset of ids),
        probability, stratum. ``attrs["blank"]`` counts the passages that nobody labelled.

    Raises
    ------
    InputError
        If there is no key or no sheet or one cannot be read, a row is missing, not known or a
        duplicate of a coder's, a theme is not known, or nothing is filled in.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> key = pd.DataFrame({"label_id": ["p1"], "passage_id": ["a:1"], "stratum": ["ferries"],
    ...     "probability": [0.5]})
    >>> with TemporaryDirectory() as folder:
    ...     write_sheet(key, Path(folder, KEY_FILE))
    ...     sheet = pd.DataFrame({"label_id": ["p1"], "themes": ["none"]})
    ...     write_sheet(sheet, Path(folder, "ann.csv"))
    ...     read_folder(folder, ["ferries"])[["passage_id", "coder", "themes", "probability"]]
      passage_id coder       themes  probability
    0        a:1   ann  frozenset()          0.5
    """
    folder, valid = Path(folder), set(themes)
    sheets = sorted(path for path in folder.glob("*.csv") if path.name != KEY_FILE)
    if not sheets:
        raise InputError(
            f"labels: expected a folder with {KEY_FILE} and a sheet, {str(folder)!r} has no sheet"
        )
    columns = ["label_id", "passage_id", "stratum", "probability"]
    key = read_sheet(folder / KEY_FILE, columns)[columns]
    key["probability"] = pd.to_numeric(key["probability"], errors="coerce")
    if not key["probability"].between(0, 1, inclusive="right").all():
        raise InputError(f"labels: {KEY_FILE} has a probability that is none; draw a sheet again")
    filled = _read_answers(sheets, set(key["label_id"]))
    filled["themes"] = [_parsed(row.themes, valid, row.label_id) for row in filled.itertuples()]
    labelled = key["label_id"].isin(filled["label_id"])
    key["probability"] *= labelled.groupby(key["stratum"]).transform("mean")
    labels = filled.merge(key, on="label_id")
    labels.attrs["blank"] = int((~labelled).sum())
    return labels[["label_id", "passage_id", "coder", "themes", "probability", "stratum"]]


def _parsed(cell: str, valid: set[str], label_id: str) -> frozenset[str]:
    found = frozenset(re.split(r"[;,\s]+", cell.strip(";, ")))
    unknown = found - valid - {NO_THEME}
    if unknown or (NO_THEME in found and len(found) > 1):
        wrong = f"theme {min(unknown)!r} is not known" if unknown else f"{cell!r} is contradictory"
        expected = f"expected none, or {'; '.join(sorted(valid))}"
        raise InputError(f"labels: {label_id}: {wrong}; {expected}")
    return found - {NO_THEME}
