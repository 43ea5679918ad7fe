"""Shares of documents that have each theme: overall, by period, and at a fixed mix of sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.intervals import CONFIDENCE, Estimate, effective_sizes, wilson
from topics.measures.permutation import sum_by

if TYPE_CHECKING:
    from topics.measures.document_themes import DocumentThemes

PERIODS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
BY_SOURCE, BY_DAY = "Wilson, by source", "Wilson, by source and day"
BY_DOCUMENT = "Wilson"
_MAX_PERIODS = 24
_MIN_A_PERIOD = 8  # documents, on average
_MIN_SOURCES = 20  # fewer are all that there are, not a sample of sources
_MIN_DAYS = 10
_COLUMNS = ["theme_id", "n", "n_total", "share", "low", "high", "interval"]


def choose_period(dates: pd.Series) -> str:
    """Pandas code of the shortest period (D, W, M, Q, Y) that leaves enough documents in each.

    That is eight on average, in at most 24 periods.

    Examples
    --------
    >>> choose_period(pd.Series(pd.date_range("2024-01-01", periods=366)))
    'M'
    """
    known = dates.dropna()
    for code in PERIODS:
        periods = known.dt.to_period(code)
        n_periods = (periods.max() - periods.min()).n + 1 if len(known) else 0
        if n_periods <= _MAX_PERIODS and len(known) >= _MIN_A_PERIOD * n_periods:
            return code
    return "Y"


def periods_of(
    document_themes: DocumentThemes, period: str | None = None
) -> tuple[pd.PeriodIndex, np.ndarray]:
    """Every period from the first dated document to the last, and each document's place there.

    Parameters
    ----------
    document_themes
        Documents whose dates are all known.
    period
        D, W, M, Q or Y; by `choose_period` if None.

    Raises
    ------
    InputError
        If there is no such period, or no document.
    """
    dates = document_themes.documents["date"]
    if dates.empty:
        raise InputError("dates: no document has a date, so nothing can be measured over time")
    code = period or choose_period(dates)
    if code not in PERIODS:
        raise InputError(f"period: expected one of {', '.join(PERIODS)}; found {code!r}")
    own = pd.PeriodIndex(dates.dt.to_period(code))
    every = pd.period_range(own.min(), own.max())
    return every, every.get_indexer(own)


@dataclass(frozen=True)
class Counts:
    """How many of some documents have each theme, and how many independent ones that is worth.

    Attributes
    ----------
    n, n_effective
        ``(themes,)`` documents with the theme; independent documents that all are worth for it.
    n_total
        Documents.
    freedom
        Degrees of freedom of the variance that `n_effective` was made from.
    interval
        Kind of the interval.
    """

    n: np.ndarray
    n_total: int
    n_effective: np.ndarray
    freedom: float
    interval: str

    def share(self, confidence: float = CONFIDENCE) -> Estimate:
        """Share of each theme ``(themes,)`` with its interval; NaN where there are no documents."""
        share = self.n / self.n_total if self.n_total else np.full(len(self.n), np.nan)
        found = wilson(share * self.n_effective, self.n_effective, confidence, self.freedom)
        return found._replace(value=share)


def count_documents(document_themes: DocumentThemes, rows: np.ndarray | None = None) -> Counts:
    """Count the documents with each theme, of all or of those for which `rows` is True.

    Independent documents are those that blocks are worth: blocks are sources where there are 20, else what a source published on one day; documents alone where there are too few
    blocks or each holds one document.
    """
    rows = np.ones(len(document_themes.documents), dtype=bool) if rows is None else rows
    has_theme = document_themes.has_theme.to_numpy()[rows].astype(float)
    n, n_total = has_theme.sum(axis=0).astype(int), len(has_theme)
    for numbers, least, interval in (
        (document_themes.voices, _MIN_SOURCES, BY_SOURCE),
        (document_themes.source_days, _MIN_DAYS, BY_DAY),
    ):
        sizes = np.bincount(numbers[rows])
        held = sizes > 0
        if least <= held.sum() < n_total:
            effective = effective_sizes(sum_by(numbers[rows], has_theme)[held], sizes[held])
            return Counts(n, n_total, effective, held.sum() - 1, interval)
    return Counts(n, n_total, np.full(len(n), float(n_total)), np.inf, BY_DOCUMENT)


def overall_shares(document_themes: DocumentThemes, rows: np.ndarray | None = None) -> pd.DataFrame:
    """Share of the documents that have each theme.

    Parameters
    ----------
    document_themes
        Documents and themes.
    rows
        Boolean, the documents to count; all if None.

    Returns
    -------
    pd.DataFrame
        theme_id, n (documents that have it), n_total (all documents), share, low, high, interval
        (its kind: Wilson's on the number of independent documents, see `count_documents`). NaN
        where there are no documents.

    Examples
    --------
    >>> from topics.measures import DocumentThemes
    >>> documents = pd.DataFrame({"document_id": list("abcd"), "date": pd.NaT,
    ...     "source": list("wxyz"), "country": None})
    >>> has_theme = pd.DataFrame({"ferries": [True, False, False, False]})
    >>> overall_shares(DocumentThemes(documents, has_theme)).round(2)
      theme_id  n  n_total  share   low  high interval
    0  ferries  1        4   0.25  0.05   0.7   Wilson
    """
    counts = count_documents(document_themes, rows)
    themes = document_themes.has_theme.columns
    columns = [themes, counts.n, counts.n_total, *counts.share(), counts.interval]
    return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))


def shares_over_time(document_themes: DocumentThemes, period: str | None = None) -> pd.DataFrame:
    """Share of the documents that have each theme, period by period.

    Returns
    -------
    pd.DataFrame
        period (its first day), the columns of `overall_shares`, partial (documents set in later, or
        end earlier, in this first or last period than in any other) and share_standardised: the
        share that the period would have if each source (and country) wrote as many of its
        documents as in the whole corpus, by indirect standardisation. Periods without documents
        have NaN. Empty if no dates are known.

    Raises
    ------
    InputError
        If the period is none of D, W, M, Q, Y.

    Examples
    --------
    >>> from topics.measures import DocumentThemes
    >>> documents = pd.DataFrame({"document_id": list("abcd"), "source": "Gull", "country": None,
    ...     "date": pd.to_datetime(["2025-01-05", "2025-01-09", "2025-02-07", "2025-02-08"])})
    >>> table = DocumentThemes(documents, pd.DataFrame({"ferries": [True, False, True, True]}))
    >>> shares_over_time(table, "M")[["period", "n", "n_total", "share"]]
          period  n  n_total  share
    0 2025-01-01  1        2    0.5
    1 2025-02-01  2        2    1.0
    """
    dated = document_themes.dated
    columns = ["period", *_COLUMNS, "partial", "share_standardised"]
    if dated.documents.empty:
        return pd.DataFrame(columns=columns)
    every, place = periods_of(dated, period)
    partial = _partial(dated.documents["date"], every, place)
    standardised = _share_standardised(dated, place, len(every))
    parts = [
        overall_shares(dated, place == i).assign(
            period=one.start_time, partial=i in partial, share_standardised=standardised[i]
        )
        for i, one in enumerate(every)
    ]
    return pd.concat(parts, ignore_index=True)[columns]


def _partial(dates: pd.Series, every: pd.PeriodIndex, place: np.ndarray) -> set[int]:
    """The first and the last period where documents set in later, or end earlier, than in others.

    Both from the period's start and from its end: periods differ in length, so where dates are
    nominal, as one day a year, all are alike and none is partial.
    """
    since = (dates - every.start_time[place]).dt.days.groupby(place)
    until = (every.end_time[place] - dates).dt.days.groupby(place)
    later = _above_others(since.min(), 0) and _above_others(-until.max(), 0)
    last = len(every) - 1
    earlier = _above_others(until.min(), last) and _above_others(-since.max(), last)
    return {i for i, is_cut in ((0, later), (last, earlier)) if is_cut}


def _above_others(values: pd.Series, key: int) -> bool:
    return bool(values[key] > values.drop(key).max())


def _share_standardised(
    document_themes: DocumentThemes, place: np.ndarray, n_periods: int
) -> np.ndarray:
    """``(periods, themes)``: share of all times, times observed over expected from who writes."""
    has_theme, sources = document_themes.has_theme.to_numpy(dtype=float), document_themes.sources
    rates = sum_by(sources, has_theme) / np.bincount(sources)[:, None]
    with np.errstate(invalid="ignore"):
        ratio = sum_by(place, has_theme, n_periods) / sum_by(place, rates[sources], n_periods)
    return has_theme.mean(axis=0) * ratio
