"""Shares of documents that carry each theme: by period, by source, at a fixed mix of sources."""

from __future__ import annotations

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.incidence import Incidence
from topics.intervals import Estimate, effective_sizes, wilson
from topics.measures.strata import sums

PERIODS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
BY_SOURCE, BY_DAY, BY_DOCUMENT = (
    "block bootstrap by source", "block bootstrap by source and day", "Wilson",
)  # fmt: skip
_MOST_PERIODS = 24
_LEAST_A_PERIOD = 8  # documents, on average
_LEAST_SOURCES = 20  # fewer are all that there are, not a sample of sources
_LEAST_DAYS = 10
_COLUMNS = ["theme_id", "n", "of", "share", "low", "high", "interval"]


def choose_period(dates: pd.Series) -> str:
    """Pandas code of the shortest period (D, W, M, Q, Y) that leaves enough documents in each."""
    known = dates.dropna()
    for code in PERIODS:
        periods = known.dt.to_period(code)
        n_periods = (periods.max() - periods.min()).n + 1 if len(known) else 0
        if n_periods <= _MOST_PERIODS and len(known) >= _LEAST_A_PERIOD * n_periods:
            return code
    return "Y"


def periods_of(
    incidence: Incidence, period: str | None = None
) -> tuple[pd.PeriodIndex, np.ndarray]:
    """Every period from the first dated document to the last, and each document's place there.

    Parameters
    ----------
    incidence
        Documents whose dates are all known.
    period
        D, W, M, Q or Y; by `choose_period` if None.

    Raises
    ------
    InputError
        If there is no such period, or no document.
    """
    dates = incidence.documents["date"]
    if dates.empty:
        raise InputError("dates: no document has a date, so nothing can be measured over time")
    code = period or choose_period(dates)
    if code not in PERIODS:
        raise InputError(f"period: wanted one of {', '.join(PERIODS)}, got {code!r}")
    own = pd.PeriodIndex(dates.dt.to_period(code))
    every = pd.period_range(own.min(), own.max())
    return every, every.get_indexer(own)


def shares(incidence: Incidence, confidence: float = 0.95) -> pd.DataFrame:
    """Share of the documents that carry each theme.

    Parameters
    ----------
    incidence
        Documents and themes.
    confidence
        Of the intervals.

    Returns
    -------
    pd.DataFrame
        theme_id, n (documents that carry it), of (all documents), share, low, high (95%
        interval), interval (its kind). The interval is Wilson's on the number of independent
        documents that the blocks are worth by a bootstrap: blocks are sources where there are
        20, else what a source published on one day; documents alone where there are too few
        blocks or each holds one document. NaN where there are no documents.
    """
    counts, n, kind, (estimate,) = estimates(incidence, confidence)
    columns = [incidence.carries.columns, counts, n, *estimate, kind]
    return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))


def estimates(
    incidence: Incidence, *confidences: float
) -> tuple[np.ndarray, int, str, list[Estimate]]:
    """What `shares` tells, n, of, interval, and share, low, high at each of these confidences."""
    carries = incidence.carries.to_numpy(dtype=float)
    n, counts = len(carries), incidence.carries.to_numpy().sum(axis=0)
    blocks, kind = _blocks(incidence)
    sizes, freedom = np.full(len(counts), float(n)), np.inf
    if kind != BY_DOCUMENT:
        sizes, freedom = effective_sizes(sums(carries, blocks), np.bincount(blocks))
    share = counts / n if n else np.full(len(counts), np.nan)
    bounds = (wilson(share * sizes, sizes, level, freedom) for level in confidences)
    return counts, n, kind, [(share, low, high) for low, high in bounds]


def _blocks(incidence: Incidence) -> tuple[np.ndarray, str]:
    """Number of the block of each document, and the kind of interval that such blocks make."""
    for blocks, least, kind in (
        (incidence.voices, _LEAST_SOURCES, BY_SOURCE),
        (incidence.days, _LEAST_DAYS, BY_DAY),
    ):
        if least <= blocks.max(initial=-1) + 1 < len(blocks):
            return blocks, kind
    return np.arange(len(incidence.documents)), BY_DOCUMENT


def shares_over_time(incidence: Incidence, period: str | None = None) -> pd.DataFrame:
    """Share of the documents that carry each theme, period by period.

    Returns
    -------
    pd.DataFrame
        period (its first day), the columns of `shares`, partial (documents set in later, or end
        earlier, in this first or last period than in any other) and at_fixed_mix: the share that
        the period would have if each source (and country) wrote as many of its documents as in
        the whole corpus, by indirect standardisation. Periods without documents have NaN. Empty
        if no dates are known.
    """
    dated = incidence.dated
    columns = ["period", *_COLUMNS, "partial", "at_fixed_mix"]
    if dated.documents.empty:
        return pd.DataFrame(columns=columns)
    every, place = periods_of(dated, period)
    partial = _partial(dated.documents["date"], every, place)
    fixed = _at_fixed_mix(dated, place, len(every))
    parts = [
        shares(dated.where(place == i)).assign(
            period=one.start_time, partial=i in partial, at_fixed_mix=fixed[i]
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


def _at_fixed_mix(incidence: Incidence, place: np.ndarray, n_periods: int) -> np.ndarray:
    """``(periods, themes)``: share of all times, times observed over expected from who writes."""
    carries, strata = incidence.carries.to_numpy(dtype=float), incidence.strata
    rates = sums(carries, strata) / np.bincount(strata)[:, None]
    with np.errstate(invalid="ignore"):
        ratio = sums(carries, place, n_periods) / sums(rates[strata], place, n_periods)
    return carries.mean(axis=0) * ratio
