"""How two sets of documents differ: one period, source, country or language against others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.intervals import CLAIM_KINDS, CONFIDENCE, difference
from topics.measures.document_themes import DocumentThemes
from topics.measures.permutation import difference_within, weights_within
from topics.measures.shares import choose_period, count_documents

_MIN_DOCUMENTS = 5
_COLUMNS = ["theme_id", "n_first", "total_first", "first", "n_second", "total_second", "second",
            "difference", "low", "high", "clear"]  # fmt: skip

_WITHIN = ["theme_id", "n_first", "n_second", "sources", "covered", "first", "second",
           "difference", "low", "high"]  # fmt: skip


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
    themes, sides = document_themes.has_theme.columns, [np.asarray(first), np.asarray(second)]
    one, other = (count_documents(document_themes, rows) for rows in sides)
    shares = one.share(), other.share()
    wide = 1 - (1 - CONFIDENCE) / (tests or len(themes))
    _, low, high = difference(one.share(wide), other.share(wide))
    columns = [
        themes, one.n, one.n_total, shares[0].value, other.n, other.n_total, shares[1].value,
        *difference(*shares), (low > 0) | (high < 0),
    ]  # fmt: skip
    return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))


def contrast_within_sources(
    document_themes: DocumentThemes, first: np.ndarray | pd.Series, second: np.ndarray | pd.Series
) -> pd.DataFrame:
    """How much more of the second documents have each theme, each source compared with itself.

    Where this is about zero and `contrast_two` is not, other sources may be all that changed.

    Parameters
    ----------
    document_themes, first, second
        As for `contrast_two`.

    Returns
    -------
    pd.DataFrame
        theme_id, n_first, n_second (documents of the sources that are in both sets), sources (how
        many they are), covered (their share of the documents, in the set where it is least),
        first, second (shares, each source weighing the same in both), difference, low, high
        (Mantel-Haenszel difference, second less first, with its interval under permutation
        within sources); NaN where no source is in both sets.

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
    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    rows, has_theme = first | second, document_themes.has_theme.to_numpy()
    sources, days = document_themes.sources, document_themes.source_days
    estimate = difference_within(has_theme[rows], sources[rows], days[rows], second[rows])
    weights = weights_within(np.where(rows, second, -1), sources)
    n = np.array([(side & (weights[:, 0] != 0)).sum() for side in (first, second)])
    with np.errstate(invalid="ignore", divide="ignore"):
        covered = (n / [first.sum(), second.sum()]).min()
    n_sources = len(np.unique(sources[weights[:, 0] > 0]))
    shares = [
        np.where(side, sign * weights[:, 0], 0) @ has_theme
        for side, sign in ((first, -1), (second, 1))
    ]
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
    if column not in document_themes.documents:
        expected = ", ".join(document_themes.documents.columns)
        raise InputError(f"column: expected one of {expected}; found {column!r}")
    values = document_themes.documents[column]
    counts = values.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    groups = counts.index[counts >= _MIN_DOCUMENTS] if len(counts) > 1 else []
    tests = CLAIM_KINDS * len(groups) * document_themes.has_theme.shape[1]
    known, wide = values.notna().to_numpy(), 1 - (1 - CONFIDENCE) / max(tests, 1)
    has_theme, dates = document_themes.has_theme.to_numpy(), document_themes.documents["date"]
    periods = pd.factorize(dates.dt.to_period(choose_period(dates)))[0] + 1
    periods, days = periods[known], document_themes.source_days[known]
    parts = [pd.DataFrame(columns=[column, *_COLUMNS])] if not len(groups) else []
    for group in groups:
        own = (values == group).to_numpy(dtype=bool)
        table = contrast_two(document_themes, known & ~own, own, tests)
        within = difference_within(has_theme[known], periods, days, own[known], wide)
        table["clear"] &= np.where(table["difference"] > 0, within.low > 0, within.high < 0)
        table.insert(0, column, group)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)
