"""Shares of documents that carry each theme: by period, by source, at a fixed mix of sources."""

from __future__ import annotations

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.intervals import Estimate, effective_sizes, wilson
from topics.measures.document_themes import DocumentThemes
from topics.measures.permutation import sums

PERIODS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
BY_SOURCE, BY_DAY, BY_DOCUMENT = (
    "block bootstrap by source", "block bootstrap by source and day", "Wilson",
)  # fmt: skip
_MAX_PERIODS = 24
_MIN_A_PERIOD = 8  # documents, on average
_MIN_SOURCES = 20  # fewer are all that there are, not a sample of sources
_MIN_DAYS = 10
_COLUMNS = ["theme_id", "n", "n_total", "share", "low", "high", "interval"]


def choose_period(dates: pd.Series) -> str:
    """Pandas code of the shortest period (D, W, M, Q, Y) that leaves enough documents in each."""
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
        raise InputError(f"period: expected one of {', '.join(PERIODS)}, got {code!r}")
    own = pd.PeriodIndex(dates.dt.to_period(code))
    every = pd.period_range(own.min(), own.max())
    return every, every.get_indexer(own)


def overall_shares(document_themes: DocumentThemes, confidence: float = 0.95) -> pd.DataFrame:
    """Share of the documents that carry each theme.

    Parameters
    ----------
    document_themes
        Documents and themes.
    confidence
        Of the intervals.

    Returns
    -------
    pd.DataFrame
        theme_id, n (documents that carry it), n_total (all documents), share, low, high (95%
        interval), interval (its kind). The interval is Wilson's on the number of independent
        documents that the blocks are worth by a bootstrap: blocks are sources where there are
        20, else what a source published on one day; documents alone where there are too few
        blocks or each holds one document. NaN where there are no documents.
    """
    counts, n, kind, (estimate,) = estimates(document_themes, confidence)
    columns = [document_themes.has_theme.columns, counts, n, *estimate, kind]
    return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))


def estimates(
    document_themes: DocumentThemes, *confidences: float
) -> tuple[np.ndarray, int, str, list[Estimate]]:
    """What `overall_shares` tells, n, n_total, interval, and share, low, high at each of these confidences."""
    carries = document_themes.has_theme.to_numpy(dtype=float)
    n, counts = len(carries), document_themes.has_theme.to_numpy().sum(axis=0)
    blocks, kind = _blocks(document_themes)
    sizes, freedom = np.full(len(counts), float(n)), np.inf
    if kind != BY_DOCUMENT:
        sizes, freedom = effective_sizes(sums(carries, blocks), np.bincount(blocks))
    share = counts / n if n else np.full(len(counts), np.nan)
    bounds = (wilson(share * sizes, sizes, level, freedom) for level in confidences)
    return counts, n, kind, [(share, low, high) for low, high in bounds]


def _blocks(document_themes: DocumentThemes) -> tuple[np.ndarray, str]:
    """Number of the block of each document, and the kind of interval that such blocks make."""
    for blocks, least, kind in (
        (document_themes.voices, _MIN_SOURCES, BY_SOURCE),
        (document_themes.days, _MIN_DAYS, BY_DAY),
    ):
        if least <= blocks.max(initial=-1) + 1 < len(blocks):
            return blocks, kind
    return np.arange(len(document_themes.documents)), BY_DOCUMENT


def shares_over_time(document_themes: DocumentThemes, period: str | None = None) -> pd.DataFrame:
    """Share of the documents that carry each theme, period by period.

    Returns
    -------
    pd.DataFrame
        period (its first day), the columns of `overall_shares`, partial (documents set in later, or end
        earlier, in this first or last period than in any other) and share_standardised: the share that
        the period would have if each source (and country) wrote as many of its documents as in
        the whole corpus, by indirect standardisation. Periods without documents have NaN. Empty
        if no dates are known.
    """
    dated = document_themes.dated
    columns = ["period", *_COLUMNS, "partial", "share_standardised"]
    if dated.documents.empty:
        return pd.DataFrame(columns=columns)
    every, place = periods_of(dated, period)
    partial = _partial(dated.documents["date"], every, place)
    fixed = _share_standardised(dated, place, len(every))
    parts = [
        overall_shares(dated.where(place == i)).assign(
            period=one.start_time, partial=i in partial, share_standardised=fixed[i]
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
    carries, strata = document_themes.has_theme.to_numpy(dtype=float), document_themes.strata
    rates = sums(carries, strata) / np.bincount(strata)[:, None]
    with np.errstate(invalid="ignore"):
        ratio = sums(carries, place, n_periods) / sums(rates[strata], place, n_periods)
    return carries.mean(axis=0) * ratio
