"""Blind validation: passages drawn to be labelled by hand, and what the labels say of the themes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import krippendorff
import numpy as np
import pandas as pd
from scipy.stats import beta

from topics.cache import digest, written_atomically
from topics.errors import InputError
from topics.intervals import ratio, wilson

if TYPE_CHECKING:
    from topics.analysis import Analysis

NO_THEME = "none"  # in a sheet: the passage carries none of the themes
KEY_FILE = "key.csv"
_LEAST = 2  # labels of each theme
_PRECISE = 0.02  # half an interval that is narrow enough
_IMAGINED = 4.0  # passages with and without the theme, spread evenly: smooth the rates of strata
_FORMULA = r"(^|[;,\t\r\n])(?=\s*[=+\-@＝＋－＠])"  # also where another separator would cut a cell


def draw_sheet(
    analysis: Analysis, n: int, *, period: str = "Q", random_state: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw passages for people to label, at random within each theme and evenly over time.

    Strata are the strongest theme of a passage, and no theme. In each, passages in order of
    their period, in random order within it, are drawn at equal steps from a random start
    (systematic sampling, Cochran 1977, ch. 8), so that each has exactly the same probability.

    Parameters
    ----------
    analysis
        A run.
    n
        Passages to draw; all of them if there are fewer.
    period
        D, W, M, Q or Y: what the draw is even over. Passages without a date are one period.
    random_state
        Seed.

    Returns
    -------
    sheet
        label_id, text, themes (to fill in: ids of the themes that the passage carries, parted
        by ``;``, or ``none``) and coder (may be filled in); nothing that tells what the model
        found. Rows are in random order: those labelled from the top down are a random part.
    key
        label_id, passage_id, stratum (theme id or ``none``), period and probability.

    Raises
    ------
    InputError
        If `n` is less than two a theme, or a theme's id is ``none``.
    """
    if NO_THEME in set(analysis.themes["theme_id"]):
        raise InputError(
            "labels: 'none' stands for no theme, but is a theme's id; rename the theme"
        )
    rng, dates = np.random.default_rng(random_state), analysis.passages["date"]
    table = analysis.passages[["passage_id", "text"]].assign(
        stratum=analysis.model.primary_.fillna(NO_THEME).to_numpy(),
        period=dates.dt.to_period(period).astype(str).where(dates.notna(), "undated"),
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
    drawn = np.minimum(sizes, _LEAST)
    if n < drawn.sum():
        raise InputError(
            f"labels: wanted at least {drawn.sum()} passages, {_LEAST} a theme; got {n}"
        )
    # By roots of sizes (Bankier 1988): between even, best for each theme, and by size, for all.
    for _ in range(min(n, sizes.sum()) - drawn.sum()):
        drawn[np.argmax(np.where(drawn < sizes, np.sqrt(sizes) / (drawn + 0.5), 0))] += 1
    return drawn


def harmless(texts: pd.Series) -> pd.Series:
    """Texts that no spreadsheet takes for a formula: an apostrophe stands before its sign."""
    return texts.str.replace(_FORMULA, r"\1'", regex=True)


def write_sheet(table: pd.DataFrame, path: str | Path) -> None:
    """Write a sheet or its key as CSV; raise InputError if the file exists: labels may be in it."""
    if Path(path).exists():
        raise InputError(f"labels: {str(path)!r} exists and may hold labels; name another file")
    save_sheet(table, path)


def save_sheet(table: pd.DataFrame, path: str | Path) -> None:
    """Write or replace a CSV file that spreadsheets open as UTF-8, whole or not at all."""
    with written_atomically(Path(path)) as part:
        table.to_csv(part, index=False, encoding="utf-8-sig")


def read_sheet(path: str | Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read a sheet as text, cut at the semicolons that some spreadsheets put between cells too.

    Raises
    ------
    InputError
        If it cannot be read or has not these columns; `coder` may be missing.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", errors="replace") as file:
            mark = ";" if ";" in file.readline() else ","
        table = pd.read_csv(
            path, sep=mark, dtype=str, keep_default_na=False, encoding_errors="replace",
            encoding="utf-8-sig", index_col=False,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise InputError(f"labels: cannot read {str(path)!r}: {error}") from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(f"labels: {str(path)!r} has no column {missing[0]!r}; put it back")
    return table if "coder" in table else table.assign(coder="")


def read_answers(
    paths: str | Path | Iterable[str | Path], ids: pd.Series, answer: str
) -> pd.DataFrame:
    """The rows of sheets in which the column `answer` is filled in.

    Returns
    -------
    pd.DataFrame
        The column that `ids` is named after, `answer`, and coder: the file's name where blank.

    Raises
    ------
    InputError
        If a row is missing, not known or there twice for a coder, or none is filled in.
    """
    paths = [paths] if isinstance(paths, str | Path) else list(paths)
    id_, tables = str(ids.name), []
    for path in map(Path, paths):
        table = read_sheet(path, [id_, answer])[[id_, answer, "coder"]]
        table = table.apply(lambda cells: cells.str.strip()).query(f"{id_} != ''")
        for wrong, what in ((set(table[id_]) - set(ids), "is not in the key"),
                            (set(ids) - set(table[id_]), "is missing; put the row back")):  # fmt: skip
            if wrong:
                raise InputError(f"labels: {str(path)!r}: {id_} {min(wrong)!r} {what}")
        tables.append(table.assign(coder=table["coder"].where(table["coder"] != "", path.stem)))
    filled = pd.concat(tables, ignore_index=True).query(f"{answer} != ''")
    if filled.empty:
        raise InputError(f"labels: no {answer!r} is filled in in {', '.join(map(str, paths))}")
    for row in filled[filled.duplicated([id_, "coder"])].itertuples():
        raise InputError(
            f"labels: coder {row.coder!r} has {getattr(row, id_)!r} twice; keep one row"
        )
    return filled


def read_labels(
    paths: str | Path | Iterable[str | Path], key: pd.DataFrame, themes: Iterable[str]
) -> pd.DataFrame:
    """Read sheets that people have filled in.

    Rows left blank are not labelled. Who labels is taken to be chance within a stratum: the
    probability of its passages is multiplied by the share of them that has a label.

    Parameters
    ----------
    paths
        A sheet, or one a coder. Unnamed coders are named after their file.
    key
        As `draw_sheet` returned it with the sheet.
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
        If a file cannot be read, a row is missing, not known or there twice for a coder, a
        theme is not known, or nothing is filled in.
    """
    filled, valid = read_answers(paths, key["label_id"], "themes"), set(themes)
    filled["themes"] = [_parsed(row.themes, valid, row.label_id) for row in filled.itertuples()]
    labelled = key["label_id"].isin(filled["label_id"])
    answered = labelled.groupby(key["stratum"]).transform("mean")
    known = key[labelled].assign(probability=(key["probability"] * answered)[labelled])
    labels = filled.merge(known, on="label_id")
    labels.attrs["blank"] = int((~labelled).sum())
    return labels[["label_id", "passage_id", "coder", "themes", "probability", "stratum"]]


def _parsed(cell: str, valid: set[str], label_id: str) -> frozenset[str]:
    found = frozenset(re.split(r"[;,\s]+", cell.strip(";, ")))
    unknown = found - valid - {NO_THEME}
    if unknown or (NO_THEME in found and len(found) > 1):
        wrong = f"theme {min(unknown)!r} is not known" if unknown else f"{cell!r} is contradictory"
        raise InputError(f"labels: {label_id}: {wrong}; wanted none, or {'; '.join(sorted(valid))}")
    return found - {NO_THEME}


def labelled_shares(analysis: Analysis, labels: pd.DataFrame) -> pd.DataFrame:
    """Share of the passages that carry each theme, corrected by labels made by hand.

    The model's share, less what it gave wrongly, plus what it missed, labels weighed by one over
    their probability: design-based supervised learning (Egami et al. 2023), its weights
    calibrated to the known numbers of passages in which the model has the theme first, further
    down or not at all. Each of the three has a Jeffreys interval (Brown, Cai and DasGupta 2001)
    on the effective number of its labels (Franco et al. 2019), from rates of strata, joined over
    periods and smoothed, so that none found is not none there; MOVER joins them (Zou and Donner
    2008). Intervals are of the passages of this run: labels of all of them leave none.

    Parameters
    ----------
    analysis
        The run that the passages were drawn from.
    labels
        As from `read_labels`. Of several coders the majority counts, a tie as one half.

    Returns
    -------
    pd.DataFrame
        theme_id; naive, naive_low, naive_high (share that the model gives, Wilson interval);
        share, low, high (corrected); precision and recall, each with _low and _high; n
        (passages labelled); more (labels still wanted for plus or minus 2 points). Missing
        where none of the passages that the model gives the theme is labelled.

    Raises
    ------
    InputError
        If a labelled passage is not in the run.
    """
    given, sample = given_themes(analysis), labels.drop_duplicates("passage_id")
    rows = given.index.get_indexer(sample["passage_id"])
    if (rows < 0).any():
        wrong = sample["passage_id"].iloc[rows.argmin()]
        raise InputError(f"labels: passage {wrong!r} is not in this run; take the run of the draw")
    truth, found = _majority(labels, given.columns), given.to_numpy()
    own = given.columns.to_numpy() == analysis.model.primary_.to_numpy(object)[:, None]
    counts, size = found.sum(axis=0), len(found)
    # Passages that the theme is first in, further ones that have it, the rest: errors differ.
    cells = [own, found & ~own, ~found]
    rates = [_rates(truth, cell[rows], cell.sum(axis=0), sample) for cell in cells]
    unknown = np.array([rates[0][0], np.zeros(len(own[0])), np.ones(len(own[0]))])
    rates[1] = np.where(np.isnan(rates[1]), unknown, rates[1])  # none of these few is labelled
    parts = [_part(c.mean(axis=0), rate) for c, rate in zip(cells, rates, strict=True)]
    right, lost, share = _joined(parts[:2]), parts[2], _joined(parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = right * size / counts
        odds = lost[0] / right[0], *reversed(ratio(*[(e[0], e[1], e[2]) for e in (right, lost)]))
    estimates = {
        "naive": (counts / size, *wilson(counts, size)),
        "share": share,
        "precision": precision,
        "recall": [1 / (1 + part) for part in odds],
    }
    table = pd.DataFrame({"theme_id": given.columns})
    for name, estimate in estimates.items():
        table[[name, f"{name}_low", f"{name}_high"]] = np.transpose(estimate)
    more = _more((share[2] - share[1]) / 2, len(rows), size)
    table = table.rename(columns={"share_low": "low", "share_high": "high"})
    return table.assign(n=len(rows), more=more)


def given_themes(analysis: Analysis) -> pd.DataFrame:
    """Whether the model gives each passage, a row by id, each theme, a column by id."""
    ids, themes = pd.Index(analysis.passages["passage_id"]), pd.Index(analysis.themes["theme_id"])
    rows, columns = (analysis.assignments[name] for name in ("passage_id", "theme_id"))
    found = np.zeros((len(ids), len(themes)), dtype=bool)
    found[ids.get_indexer(rows), themes.get_indexer(columns)] = True
    return pd.DataFrame(found, ids, themes)


def _more(half: np.ndarray, n: int, size: int) -> pd.Series:
    """Labels wanted beside `n`, out of `size` passages, for half an interval that is precise."""
    rest = (1 / n - 1 / size) * np.minimum(_PRECISE / half, 1) ** 2
    return pd.Series(np.ceil(np.round(1 / (1 / size + rest) - n, 6))).astype("Int64")


def _majority(labels: pd.DataFrame, themes: pd.Index) -> np.ndarray:
    """``(n_passages, n_themes)``: 1 where most coders see the theme, one half for a tie."""
    votes = pd.DataFrame([[theme in own for theme in themes] for own in labels["themes"]])
    share = votes.groupby(labels["passage_id"].to_numpy(), sort=False).mean().to_numpy()
    return (np.sign(share - 0.5) + 1) / 2


def _part(weight: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Rates as shares of all passages; nothing of those that there are none of."""
    return np.where(weight > 0, weight * rates, 0.0)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Sum of independent parts and its bounds (MOVER)."""
    each, low, high = np.stack(parts, axis=1)
    down, up = (np.sqrt((gap**2).sum(axis=0)) for gap in (each - low, high - each))
    return each.sum(axis=0) + np.array([np.zeros(len(up)), -down, up])


def _rates(
    truth: np.ndarray, inside: np.ndarray, size: np.ndarray, sample: pd.DataFrame
) -> np.ndarray:
    """Share of the passages `inside`, `size` in the corpus, that carry each theme; low and high."""
    strata = pd.get_dummies(sample["stratum"], dtype=float).to_numpy().T
    weights = ((strata @ (1 / sample["probability"])) / strata.sum(axis=1))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        n, hits = strata @ inside, strata @ (inside * truth)
        total, labelled = (weights * n).sum(axis=0), n.sum(axis=0)
        rate = (weights * hits).sum(axis=0) / total
        imagined = _IMAGINED * n / labelled
        smooth = np.where(n > 0, (hits + imagined) / (n + 2 * imagined), 0.0)
        mean = (weights * n * smooth).sum(axis=0) / total
        # Of a stratum labelled whole the passages are known, but not all inside need be of it.
        unseen = np.maximum(1 - 1 / weights, 1 - labelled / size)
        spread = (weights**2 * unseen * n * smooth * (1 - smooth)).sum(axis=0) / total**2
        effective = np.minimum(mean * (1 - mean) / spread, 1e9)  # finite, though all be labelled
    bounds = [
        beta.ppf(q, rate * effective + 0.5, (1 - rate) * effective + 0.5) for q in (0.025, 0.975)
    ]
    return np.array([rate, np.where(rate == 0, 0, bounds[0]), np.where(rate == 1, 1, bounds[1])])


def coder_agreement(labels: pd.DataFrame) -> pd.DataFrame:
    """How far coders agree beyond chance: Krippendorff's alpha (2019, ch. 12), nominal.

    Returns
    -------
    pd.DataFrame
        theme_id (each that a coder saw), alpha (1: always, 0: as by chance; missing where
        there is no passage or no variation to tell by), n (passages of two coders or more).
    """
    wide = labels.pivot(index="coder", columns="passage_id", values="themes")
    wide = wide.loc[:, wide.notna().sum() > 1]
    rows = []
    for theme in sorted(frozenset().union(*labels["themes"])):
        seen = wide.map(lambda own, theme=theme: theme in own, na_action="ignore").to_numpy(float)
        varied = np.nanmin(seen, initial=1) < np.nanmax(seen, initial=0)
        alpha = krippendorff.alpha(seen, level_of_measurement="nominal") if varied else np.nan
        rows.append((theme, alpha, wide.shape[1]))
    return pd.DataFrame(rows, columns=["theme_id", "alpha", "n"])


def read_folder(folder: str | Path, themes: Iterable[str]) -> pd.DataFrame:
    """Read the labels of a folder that holds ``key.csv`` and a filled-in sheet a coder.

    As `read_labels`; `themes` are the ids of all themes.

    Raises
    ------
    InputError
        If there is no key or no sheet, or one of them cannot be read.
    """
    folder = Path(folder)
    sheets = sorted(path for path in folder.glob("*.csv") if path.name != KEY_FILE)
    if not sheets:
        raise InputError(
            f"labels: wanted a folder with {KEY_FILE} and a sheet, {str(folder)!r} has no sheet"
        )
    key = read_sheet(folder / KEY_FILE, ["label_id", "passage_id", "stratum", "probability"])
    key["probability"] = pd.to_numeric(key["probability"], errors="coerce")
    if not key["probability"].between(0, 1, inclusive="right").all():
        raise InputError(f"labels: {KEY_FILE} holds a probability that is none; draw a sheet again")
    return read_labels(sheets, key, themes)
