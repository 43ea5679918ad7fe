"""Which documents have which themes, and their shares: overall, by period, and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from topics.checks import check_choice, check_length, check_table, checked_rows, checked_seed
from topics.errors import InputError
from topics.intervals import CLAIM_KINDS, CONFIDENCE, Estimate, difference, effective_sizes, wilson
from topics.measures.permutation import (
    PermutationScan,
    cross_table,
    difference_within,
    permuted_within,
    sum_by,
    weights_within,
)

if TYPE_CHECKING:
    from topics.run import Run

PERIODS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
BY_SOURCE, BY_DAY = "Wilson, by source", "Wilson, by source and day"
BY_DOCUMENT = "Wilson"
_MIN_TO_DOUBT = 10  # dated documents; of fewer all dates are believed
_ABOUT = ["document_id", "date", "source", "country", "language"]
_MAX_PERIODS = 24
_MIN_A_PERIOD = 8  # documents, on average
_MIN_SOURCES = 20  # fewer are all that there are, not a sample of sources
_MIN_DAYS = 10
_MIN_DOCUMENTS = 5  # of a source that is set against the others
_COLUMNS = ["theme_id", "n", "n_total", "share", "low", "high", "interval"]
_CONTRAST = ["theme_id", "n_first", "total_first", "first", "n_second", "total_second", "second",
             "difference", "low", "high", "clear"]  # fmt: skip
_WITHIN = ["theme_id", "n_first", "n_second", "sources", "covered", "first", "second",
           "difference", "low", "high"]  # fmt: skip


@dataclass(frozen=True, eq=False)
class DocumentThemes:
    """Documents and their themes.

    Attributes
    ----------
    documents
        document_id, date, source, country, language; one row a document.
    has_theme
        One column a theme, True where a passage of the document has it; same rows.

    Examples
    --------
    >>> documents = pd.DataFrame({"document_id": ["a", "b"], "source": ["Gull", "Gull"],
    ...     "date": pd.to_datetime(["2025-05-01", "2025-05-01"]), "country": None})
    >>> table = DocumentThemes(documents, pd.DataFrame({"ferries": [True, False]}))
    >>> table.source_days
    array([0, 0])
    """

    documents: pd.DataFrame
    has_theme: pd.DataFrame

    def __post_init__(self) -> None:
        check_table(self.documents, "documents", [name for name in _ABOUT if name != "language"])
        check_table(self.has_theme, "has_theme", [])
        check_length("has_theme", self.has_theme, len(self.documents), "document")
        if (found := self.documents["date"].dtype).kind != "M":
            raise InputError(f"documents: expected dates, found {found}; convert with to_datetime")

    @classmethod
    def from_run(cls, run: Run, *, independent: bool = True) -> DocumentThemes:
        """Count a run, without later near-duplicates of earlier documents if `independent`."""
        documents = run.documents[_ABOUT]
        if independent:
            documents = documents[documents["document_id"].isin(run.copy_of)]
        documents = documents.reset_index(drop=True)
        pairs = run.assignments.merge(run.passages[["passage_id", "document_id"]], on="passage_id")
        themes = pd.Index(run.themes["theme_id"])
        ids = pd.Index(documents["document_id"])
        has_theme = crossed(ids, themes, pairs["document_id"], pairs["theme_id"])
        return cls(documents, pd.DataFrame(has_theme, columns=themes))

    def where(self, rows: np.ndarray | pd.Series) -> DocumentThemes:
        """The documents for which `rows`, a boolean each, is True."""
        rows = checked_rows(rows, len(self.documents))
        tables = self.documents[rows], self.has_theme[rows]
        return DocumentThemes(*(table.reset_index(drop=True) for table in tables))

    def only(self, themes: Sequence[str]) -> DocumentThemes:
        """These themes alone, so that no test is corrected for the others."""
        for theme_id in themes:
            check_choice("theme", theme_id, self.has_theme)
        kept = DocumentThemes(self.documents, self.has_theme[list(themes)])
        numbers = ("sources", "voices", "source_days")  # the same, and slow to find anew
        vars(kept).update((name, getattr(self, name)) for name in numbers)
        return kept

    def permuted(self, random_state: int = 0) -> DocumentThemes:
        """The same with dates exchanged at random between what a source published on different days.

        A placebo: nothing that is found in it can be about time.
        """
        first = np.unique(self.source_days, return_index=True)[1]
        random = np.random.default_rng(checked_seed(random_state))
        dates = self.documents["date"].to_numpy()
        exchanged = dates[first][next(permuted_within(self.sources[first], random))]
        documents = self.documents.assign(date=exchanged[self.source_days])
        return DocumentThemes(documents, self.has_theme)

    @cached_property
    def dated(self) -> DocumentThemes:
        """The documents whose date is known, and is not so far from the others as to be mistaken.

        That is more than half the span of the middle 96% of them, and more than 30 days, away.
        Of fewer than 10 documents all are believed.
        """
        dates = self.documents["date"]
        if dates.count() < _MIN_TO_DOUBT:
            return self.where(dates.notna())
        low = dates.quantile(0.02, interpolation="higher")
        high = dates.quantile(0.98, interpolation="lower")
        reach = max((high - low) / 2, pd.Timedelta(days=30))
        return self.where(dates.between(low - reach, high + reach))

    @cached_property
    def sparse(self) -> sp.csr_matrix:
        """`has_theme` without what is False: of many themes a document has few."""
        return sp.csr_matrix(self.has_theme.to_numpy())

    @cached_property
    def sources(self) -> np.ndarray:
        """Number of the source and country of each document; where neither is known, one more."""
        about = self.documents[["source", "country"]]
        return about.groupby(["source", "country"], dropna=False).ngroup().to_numpy()

    @cached_property
    def voices(self) -> np.ndarray:
        """Number of the source and country of each document; one of its own if neither is known."""
        known = self.documents[["source", "country"]].notna().any(axis=1).to_numpy()
        return _numbered(self.sources, np.where(known, -1, np.arange(len(known))))

    @cached_property
    def source_days(self) -> np.ndarray:
        """Number of the voice and day of each document; one of its own if the day is not known."""
        dates = self.documents["date"].dt.normalize()
        alone = np.where(dates.isna(), np.arange(len(dates)), -1)
        return _numbered(self.voices, dates.astype("int64").to_numpy(), alone)


def crossed(
    rows: pd.Index, columns: pd.Index, of_row: pd.Series, of_column: pd.Series
) -> np.ndarray:
    """Whether each row is paired with each column ``(rows, columns)``.

    >>> crossed(pd.Index(["a", "b"]), pd.Index(["x"]), pd.Series(["b"]), pd.Series(["x"])).tolist()
    [[False], [True]]
    """
    table = np.zeros((len(rows), len(columns)), dtype=bool)
    i, j = rows.get_indexer(of_row), columns.get_indexer(of_column)
    known = (i >= 0) & (j >= 0)
    table[i[known], j[known]] = True
    return table


def voice_of(documents: pd.DataFrame) -> pd.Series:
    """The source of each document; its country where no second source is known, but countries are.

    >>> table = pd.DataFrame({"source": ["UN", "UN"], "country": ["Peru", "Mali"]})
    >>> voice_of(table).name
    'country'
    """
    n = documents[["source", "country"]].nunique()
    return documents["country" if n["source"] < 2 <= n["country"] else "source"]


def _numbered(*columns: np.ndarray) -> np.ndarray:
    """Rows that are the same in all columns get the same number, from 0 on."""
    return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].ravel()


def choose_period(dates: pd.Series) -> str:
    """Pandas code of the shortest period (D, W, M, Q, Y) that leaves enough documents in each.

    That is eight on average, in at most 24 periods.

    Examples
    --------
    >>> choose_period(pd.Series(pd.date_range("2024-01-01", periods=366)))
    'M'
    """
    n, first, last = dates.count(), dates.min(), dates.max()
    for code in PERIODS:
        n_periods = (last.to_period(code) - first.to_period(code)).n + 1 if n else 0
        if n_periods <= _MAX_PERIODS and n >= _MIN_A_PERIOD * n_periods:
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
    check_choice("period", code, PERIODS)
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
    n_all = len(document_themes.documents)
    rows = np.ones(n_all, dtype=bool) if rows is None else checked_rows(rows, n_all)
    has_theme = document_themes.sparse[rows]
    n, n_total = has_theme.getnnz(axis=0), has_theme.shape[0]
    for numbers, least, interval in (
        (document_themes.voices, _MIN_SOURCES, BY_SOURCE),
        (document_themes.source_days, _MIN_DAYS, BY_DAY),
    ):
        sizes = np.bincount(numbers[rows])
        held = sizes > 0
        if least <= held.sum() < n_total:
            sums = sum_by(numbers[rows], has_theme).toarray()
            effective = effective_sizes(sums[held], sizes[held])
            return Counts(n, n_total, effective, int(held.sum()) - 1, interval)
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
    has_theme, sources = document_themes.sparse, document_themes.sources
    sizes = np.bincount(sources)
    rates = sum_by(sources, has_theme).toarray() / sizes[:, None]
    expected = cross_table(place, sources, None, (n_periods, len(sizes))) @ rates
    with np.errstate(invalid="ignore"):
        ratio = sum_by(place, has_theme, n_periods).toarray() / expected
    return has_theme.getnnz(axis=0) / len(sources) * ratio


def contrast_two(
    document_themes: DocumentThemes, first: np.ndarray, second: np.ndarray, tests: int | None = None
) -> pd.DataFrame:
    """How much more of the second documents than of the first have each theme.

    Parameters
    ----------
    document_themes
        Documents and themes.
    first, second
        Boolean, which documents are in either set.
    tests
        Number of comparisons that `clear` allows for; the number of themes if None.

    Returns
    -------
    pd.DataFrame
        theme_id, n_first, total_first, first (share), n_second, total_second, second, difference,
        low, high (MOVER interval), clear (the interval of the difference leaves zero out, widened for the number of tests by Bonferroni's rule).

    Examples
    --------
    >>> documents = pd.DataFrame({"document_id": range(40), "date": pd.NaT, "source": None,
    ...     "country": None})
    >>> late = np.arange(40) >= 20
    >>> table = DocumentThemes(documents, pd.DataFrame({"ferries": np.arange(40) >= 15}))
    >>> contrast_two(table, ~late, late)[["first", "second", "difference", "clear"]]
       first  second  difference  clear
    0   0.25     1.0        0.75   True
    """
    themes = document_themes.has_theme.columns
    one, other = (count_documents(document_themes, rows) for rows in (first, second))
    shares = one.share(), other.share()
    wide = 1 - (1 - CONFIDENCE) / (tests or max(len(themes), 1))
    _, low, high = difference(one.share(wide), other.share(wide))
    columns = [
        themes, one.n, one.n_total, shares[0].value, other.n, other.n_total, shares[1].value,
        *difference(*shares), (low > 0) | (high < 0),
    ]  # fmt: skip
    return pd.DataFrame(dict(zip(_CONTRAST, columns, strict=True)))


def contrast_within_sources(
    document_themes: DocumentThemes, first: np.ndarray | pd.Series, second: np.ndarray | pd.Series,
    strata: np.ndarray | None = None,
) -> pd.DataFrame:  # fmt: skip
    """How much more of the second documents have each theme, each source compared with itself.

    Where this is about zero and `contrast_two` is not, other sources may be all that changed.

    Parameters
    ----------
    document_themes, first, second
        As for `contrast_two`.
    strata
        Number of the stratum of each document, a part of its source, within which it is compared;
        its source if None.

    Returns
    -------
    pd.DataFrame
        theme_id, n_first, n_second (documents that some of the other set are compared with), sources
        (how many theirs are), covered (share of the documents whose sources are in both sets, in the
        set where it is least), first, second (shares, each source weighing the same in both),
        difference, low, high (Mantel-Haenszel difference, second less first, with its interval
        under permutation within sources); NaN where nothing is compared.

    Examples
    --------
    >>> documents = pd.DataFrame({"document_id": range(40), "source": "Gull", "country": None,
    ...     "date": pd.date_range("2025-01-01", periods=40)})
    >>> late = np.arange(40) >= 20
    >>> table = DocumentThemes(documents, pd.DataFrame({"ferries": np.arange(40) >= 15}))
    >>> columns = ["n_first", "n_second", "sources", "first", "difference", "low", "high"]
    >>> contrast_within_sources(table, ~late, late)[columns].round(2)
       n_first  n_second  sources  first  difference   low  high
    0       20        20        1   0.25        0.75  0.45   1.0
    """
    first, second = (checked_rows(s, len(document_themes.documents)) for s in (first, second))
    rows, has_theme = first | second, document_themes.sparse
    sources, days = document_themes.sources, document_themes.source_days
    parts = sources if strata is None else strata
    estimate = difference_within(has_theme[rows], parts[rows], days[rows], second[rows])
    side = np.where(rows, second, -1)
    weights, of_source = (weights_within(side, groups) for groups in (parts, sources))
    n, n_own = (
        np.array([(own & (np.nan_to_num(each[:, 0]) != 0)).sum() for own in (first, second)])
        for each in (weights, of_source)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        covered = (n_own / [first.sum(), second.sum()]).min()
    n_sources = voice_of(document_themes.documents[weights[:, 0] > 0]).nunique()
    shares = [has_theme.T @ np.maximum(sign * weights[:, 0], 0) for sign in (-1, 1)]
    columns = [document_themes.has_theme.columns, *n, n_sources, covered, *shares, *estimate]
    return pd.DataFrame(dict(zip(_WITHIN, columns, strict=True)))


def contrast_groups(document_themes: DocumentThemes, column: str) -> pd.DataFrame:
    """Each source (or country, or language) against all the others.

    Parameters
    ----------
    document_themes
        Documents and themes.
    column
        Of the documents: what to compare.

    Returns
    -------
    pd.DataFrame
        The column and those of `contrast_two`, in which second is the source and first the others;
        sources with most documents first, those with fewer than 5 left out. Clear is what also
        holds between documents of the same periods; the chance of error is that of one of the
        four kinds of claim on a front page. Empty where fewer than two are known.

    Raises
    ------
    InputError
        If there is no such column.

    Examples
    --------
    >>> documents = pd.DataFrame({"document_id": range(40), "country": None,
    ...     "date": pd.date_range("2025-01-01", periods=40), "source": ["Gull", "Heron"] * 20})
    >>> table = DocumentThemes(documents, pd.DataFrame({"ferries": [True, False] * 20}))
    >>> contrast_groups(table, "source")[["source", "second", "first", "clear"]]
      source  second  first  clear
    0   Gull     1.0    0.0   True
    1  Heron     0.0    1.0   True
    """
    check_choice("column", column, document_themes.documents)
    values = document_themes.documents[column]
    counts = values.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    groups = counts.index[counts >= _MIN_DOCUMENTS] if len(counts) > 1 else []
    tests = CLAIM_KINDS * len(groups) * document_themes.has_theme.shape[1]
    known, wide = values.notna().to_numpy(), 1 - (1 - CONFIDENCE) / max(tests, 1)
    has_theme, dates = document_themes.sparse, document_themes.documents["date"]
    periods = pd.factorize(dates.dt.to_period(choose_period(dates)))[0] + 1
    codes, names = pd.factorize(values[known])
    blocks = _numbered(document_themes.source_days[known], codes)
    about = periods[known], blocks, codes, len(names)
    scan = PermutationScan.of_documents(has_theme[known], *about)  # the groups are its periods
    parts = [pd.DataFrame(columns=[column, *_CONTRAST])] if not len(groups) else []
    for group in groups:
        own = (values == group).to_numpy(dtype=bool)
        table = contrast_two(document_themes, known & ~own, own, tests)
        within = scan.over((names[scan.periods] == group).astype(int), 2).difference(wide)
        table["clear"] &= np.where(table["difference"] > 0, within.low > 0, within.high < 0)
        table.insert(0, column, group)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)
