"""Counts that can be claimed: shares with their intervals, agreement with labels, trust."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score

from topics.analysis import Analysis
from topics.errors import InputError
from topics.intervals import difference_interval, wilson

PERIODS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
_MOST_PERIODS = 24
_LEAST_A_PERIOD = 8  # documents, on average


def independent_documents(analysis: Analysis) -> pd.DataFrame:
    """The documents without later near-copies of earlier ones: what shares are counted in."""
    documents = analysis.documents
    return documents[documents["document_id"].isin(analysis.copy_of)]


def document_themes(analysis: Analysis) -> pd.DataFrame:
    """document_id, theme_id: which themes any passage of a document carries, one row a pair."""
    owner = analysis.passages[["passage_id", "document_id"]]
    pairs = analysis.assignments.merge(owner, on="passage_id")
    return pairs[["document_id", "theme_id"]].drop_duplicates().reset_index(drop=True)


def choose_period(dates: pd.Series) -> str:
    """Pandas code of the shortest period (D, W, M, Q, Y) that leaves enough documents in each."""
    known = dates.dropna()
    for code in PERIODS:
        periods = known.dt.to_period(code)
        n_periods = (periods.max() - periods.min()).n + 1 if len(known) else 0
        if n_periods <= _MOST_PERIODS and len(known) >= _LEAST_A_PERIOD * n_periods:
            return code
    return "Y"


def shares_over_time(analysis: Analysis, period: str | None = None) -> pd.DataFrame:
    """Share of independent documents that carry each theme, period by period.

    Parameters
    ----------
    analysis
        A run; documents without a date are left out.
    period
        D, W, M, Q or Y; chosen by `choose_period` if not given.

    Returns
    -------
    pd.DataFrame
        period (its first day), theme_id, n (documents that carry it), of (documents in the
        period), share, low, high (95% Wilson interval), partial (the corpus does not span the
        whole period). Periods without documents have share NaN. Empty if no dates are known.
    """
    documents = independent_documents(analysis).dropna(subset="date")
    if documents.empty:
        return pd.DataFrame(
            columns=["period", "theme_id", "n", "of", "share", "low", "high", "partial"]
        )
    periods = documents["date"].dt.to_period(period or choose_period(documents["date"]))
    every = pd.period_range(periods.min(), periods.max())
    of = periods.value_counts().reindex(every, fill_value=0)
    table = _counted(analysis, documents.assign(group=periods), every, of).rename(
        columns={"group": "period"}
    )
    first, last = documents["date"].min().normalize(), documents["date"].max().normalize()
    starts = table["period"].map(lambda p: p.start_time)
    ends = table["period"].map(lambda p: p.end_time.normalize())
    table["partial"] = (starts < first) | (ends > last)
    table["period"] = starts
    return table


def shares_by(analysis: Analysis, column: str) -> pd.DataFrame:
    """Share of independent documents that carry each theme, by source, country or language.

    Returns
    -------
    pd.DataFrame
        The column, theme_id, n, of, share, low, high (95% Wilson interval); the values with
        most documents first. Empty where the column is missing throughout.
    """
    documents = independent_documents(analysis).dropna(subset=column)
    of = documents[column].value_counts()
    of = of.sort_index().sort_values(ascending=False, kind="stable")
    table = _counted(analysis, documents.assign(group=documents[column]), of.index, of)
    return table.rename(columns={"group": column})


def _counted(
    analysis: Analysis, documents: pd.DataFrame, groups: pd.Index, of: pd.Series
) -> pd.DataFrame:
    """One row a group and theme, with counts, share and interval."""
    carried = document_themes(analysis).merge(documents[["document_id", "group"]], on="document_id")
    counts = carried.value_counts(["group", "theme_id"])
    rows = []
    for theme_id in analysis.themes["theme_id"]:
        for group in groups:
            n, total = int(counts.get((group, theme_id), 0)), int(of[group])
            low, high = wilson(n, total)
            share = n / total if total else float("nan")
            rows.append((group, theme_id, n, total, share, low, high))
    return pd.DataFrame(rows, columns=["group", "theme_id", "n", "of", "share", "low", "high"])


def change(shares: pd.DataFrame) -> pd.DataFrame:
    """First half against second half of the time span, theme by theme.

    Returns
    -------
    pd.DataFrame
        theme_id, before, after (shares), difference, low, high (95% interval by Newcombe's
        hybrid score method, 1998), clear (the interval, widened for the number of themes by
        Bonferroni's rule, leaves zero out).
    """
    columns = ["theme_id", "before", "after", "difference", "low", "high", "clear"]
    periods = shares["period"].drop_duplicates().sort_values()
    if len(periods) < 2:
        return pd.DataFrame(columns=columns).astype({"clear": bool})
    middle = periods.iloc[len(periods) // 2]
    n_themes = shares["theme_id"].nunique()
    rows = []
    for theme_id, own in shares.groupby("theme_id", sort=False):
        late = own["period"] >= middle
        halves = [own[~late][["n", "of"]].sum(), own[late][["n", "of"]].sum()]
        if not all(half["of"] for half in halves):
            continue
        (a, n), (b, m) = [(int(half["n"]), int(half["of"])) for half in halves]
        low, high = difference_interval(a, n, b, m)
        wide = difference_interval(a, n, b, m, confidence=1 - 0.05 / n_themes)
        rows.append((theme_id, a / n, b / m, b / m - a / n, low, high, wide[0] > 0 or wide[1] < 0))
    return pd.DataFrame(rows, columns=columns).astype({"clear": bool})


def read_gold(path: str | Path) -> pd.DataFrame:
    """Read labels of passages made by people: document_id, opening, themes (parted by ``;``).

    Raises
    ------
    InputError
        If the file cannot be read or a column is missing.
    """
    try:
        gold = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"gold labels: cannot read {str(path)!r}: {error}") from error
    missing = {"document_id", "opening", "themes"} - set(gold.columns)
    if missing:
        raise InputError(f"gold labels: {str(path)!r} has no column {min(missing)!r}")
    return gold


def gold_labels(passages: pd.DataFrame, documents: pd.DataFrame, gold: pd.DataFrame) -> pd.Series:
    """Set of true themes of each passage; missing for passages that nobody labelled.

    A label belongs to the passage in which its paragraph's opening words stand.
    """
    texts = documents.set_index("document_id")["text"]
    rows_of = passages.groupby("document_id").indices
    labels: list[set[str] | None] = [None] * len(passages)
    starts, ends = passages["start"].to_numpy(), passages["end"].to_numpy()
    for row in gold.itertuples():
        text, opening = texts.get(row.document_id, ""), row.opening.strip()
        if not opening:
            continue
        place = f"\n\n{text}".find(f"\n\n{opening}")
        place = text.find(opening) if place < 0 else place
        for i in rows_of.get(row.document_id, ()):
            if place >= 0 and starts[i] <= place < ends[i]:
                labels[i] = (labels[i] or set()) | (
                    {theme.strip() for theme in row.themes.split(";")} - {"none", ""}
                )
    return pd.Series(labels, index=passages.index, dtype=object)


def agreement(analysis: Analysis, labels: pd.Series) -> tuple[pd.DataFrame, float, int]:
    """How well themes agree with gold labels.

    Returns
    -------
    table
        One row a named theme that has labels: theme_id, n_true, n_found, precision, recall, f1.
    ami
        Adjusted mutual information of discovered clusters with the labels, over passages that
        carry exactly one label.
    n
        Number of those passages.
    """
    known = labels.notna()
    every = set().union(*labels[known]) if known.any() else set()
    ids = analysis.passages["passage_id"]
    rows = []
    for theme in analysis.model.named:
        if theme.id not in every:
            continue
        own = analysis.assignments.loc[analysis.assignments["theme_id"] == theme.id, "passage_id"]
        found = ids.isin(own)[known].to_numpy()
        true = labels[known].map(lambda s, id_=theme.id: id_ in s).to_numpy(dtype=bool)
        both = int((found & true).sum())
        precision, recall = both / max(found.sum(), 1), both / max(true.sum(), 1)
        f1 = 2 * both / max(found.sum() + true.sum(), 1)
        rows.append((theme.id, int(true.sum()), int(found.sum()), precision, recall, f1))
    single = known & labels.map(lambda s: s is not None and len(s) == 1)
    truth = labels[single].map(lambda s: next(iter(s)))
    ami = (
        adjusted_mutual_info_score(truth, analysis.model.clusters_[single]) if single.any() else 0.0
    )
    columns = ["theme_id", "n_true", "n_found", "precision", "recall", "f1"]
    return pd.DataFrame(rows, columns=columns), float(ami), int(single.sum())


def trust(analysis: Analysis) -> pd.DataFrame:
    """What each theme rests on.

    Returns
    -------
    pd.DataFrame
        theme_id, documents, independent (documents less near-copies), largest_source and its
        share of the documents with a source, stability (see `ThemeModel.themes_`).
    """
    heads = set(independent_documents(analysis)["document_id"])
    carried = document_themes(analysis).merge(
        analysis.documents[["document_id", "source"]], on="document_id"
    )
    rows = []
    for theme_id, stability in analysis.themes[["theme_id", "stability"]].itertuples(index=False):
        own = carried[carried["theme_id"] == theme_id]
        sources = own["source"].value_counts(normalize=True)
        largest = (sources.index[0], float(sources.iloc[0])) if len(sources) else (None, np.nan)
        independent = int(own["document_id"].isin(heads).sum())
        rows.append((theme_id, len(own), independent, *largest, stability))
    columns = [
        "theme_id",
        "documents",
        "independent",
        "largest_source",
        "source_share",
        "stability",
    ]
    return pd.DataFrame(rows, columns=columns)


def borderline(analysis: Analysis, theme_id: str, most: int = 2) -> list[str]:
    """Passages that carry a theme only just: those with the lowest scores."""
    own = analysis.assignments[analysis.assignments["theme_id"] == theme_id]
    return own.sort_values("score", kind="stable")["passage_id"].head(most).tolist()


def copies(analysis: Analysis) -> pd.DataFrame:
    """document_id, source, copy_of, source_of_original: documents that are near-copies."""
    documents = analysis.documents.set_index("document_id").assign(copy_of=analysis.copy_of)
    later = documents[documents["copy_of"] != documents.index]
    return pd.DataFrame(
        {
            "document_id": later.index,
            "source": later["source"].to_numpy(),
            "copy_of": later["copy_of"].to_numpy(),
            "source_of_original": documents.loc[later["copy_of"], "source"].to_numpy(),
        }
    )


def furniture(analysis: Analysis, samples: int = 3) -> pd.DataFrame:
    """reason, blocks, files, longest: what was dropped as furniture, the longest blocks shown.

    A real paragraph that was dropped by mistake is long: it will be among them.
    """
    dropped = analysis.corpus.furniture
    dropped = dropped.assign(length=dropped["block"].str.len())
    rows = [
        (
            reason,
            len(own),
            own["file"].nunique(),
            " ¶ ".join(own.nlargest(samples, "length")["block"].unique()),
        )
        for reason, own in dropped.groupby("reason", sort=True)
    ]
    table = pd.DataFrame(rows, columns=["reason", "blocks", "files", "longest"])
    return table.sort_values("blocks", ascending=False, ignore_index=True)


def origins(analysis: Analysis) -> pd.DataFrame:
    """field, from, documents: where date, source, country and language were taken from."""
    details = analysis.corpus.details.filter(like="_from")
    long = details.melt(var_name="field", value_name="from").fillna({"from": "not known"})
    long["field"] = long["field"].str.removesuffix("_from")
    return long.groupby(["field", "from"], sort=True).size().rename("documents").reset_index()
