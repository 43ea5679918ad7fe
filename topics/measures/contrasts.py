"""How sides differ: one period, source, country or language against another, theme by theme."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from topics.errors import InputError
from topics.intervals import correlation, difference, ratio
from topics.measures.document_themes import DocumentThemes
from topics.measures.permutation import difference_within, sums
from topics.measures.shares import BY_SOURCE, estimates

_MIN_DOCUMENTS = 5


def contrast_two(
    first: DocumentThemes, second: DocumentThemes, tests: int | None = None
) -> pd.DataFrame:
    """How much more of the second documents than of the first carry each theme.

    Parameters
    ----------
    first, second
        Two sets of documents with the same themes.
    tests
        Number of comparisons that `clear` allows for; the number of themes if None.

    Returns
    -------
    pd.DataFrame
        theme_id, n_first, total_first, first (share), n_second, total_second, second, difference, low,
        high (95%, MOVER), ratio, ratio_low, ratio_high, clear (the interval of the difference
        leaves zero out, widened for the number of tests by Bonferroni's rule).
    """
    return _contrast(*_joined(first, second), tests)


def _contrast(both: DocumentThemes, is_second: np.ndarray, tests: int | None) -> pd.DataFrame:
    """What `contrast_two` returns, of two sets that are one table."""
    themes = both.has_theme.columns
    levels = (0.95, 1 - 0.05 / (tests or len(themes)))
    first, second = both.where(~is_second), both.where(is_second)
    n_first, total_first, kind_first, (one, one_wide) = estimates(first, *levels)
    n_second, total_second, kind_second, (other, other_wide) = estimates(second, *levels)
    by_source = kind_first == kind_second == BY_SOURCE
    together = _correlation(both, is_second) if by_source else 0.0
    low, high = difference(one, other, together)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = other[0] / one[0]
    times_low, times_high = ratio(one, other)
    wide_low, wide_high = difference(one_wide, other_wide, together)
    return pd.DataFrame(
        {
            "theme_id": themes,
            "n_first": n_first,
            "total_first": total_first,
            "first": one[0],
            "n_second": n_second,
            "total_second": total_second,
            "second": other[0],
            "difference": other[0] - one[0],
            "low": low,
            "high": high,
            "ratio": times,
            "ratio_low": times_low,
            "ratio_high": times_high,
            "clear": (wide_low > 0) | (wide_high < 0),
        }
    )


def _correlation(both: DocumentThemes, is_second: np.ndarray) -> np.ndarray:
    """Of the two shares, the same sources being in both."""
    carries = both.has_theme.to_numpy(dtype=float)
    halves = [
        (sums(carries * kept[:, None], both.voices), np.bincount(both.voices, kept))
        for kept in (~is_second, is_second)
    ]
    return correlation(halves[0], halves[1])


def contrast_within_sources(first: DocumentThemes, second: DocumentThemes) -> pd.DataFrame:
    """How much more of the second documents carry each theme, each source set against itself.

    Where this is about zero and `contrast_two` is not, other sources may be all that changed.

    Returns
    -------
    pd.DataFrame
        theme_id, difference, low, high (Mantel-Haenszel difference with its 95% interval under
        permutation within sources); NaN where no source is on both sides.
    """
    both, is_second = _joined(first, second)
    gap, error = difference_within(both.has_theme.to_numpy(), both.strata, both.days, is_second)
    half = ndtri(0.975) * error
    columns = {"difference": gap, "low": gap - half, "high": gap + half}
    return pd.DataFrame({"theme_id": both.has_theme.columns, **columns})


def _joined(first: DocumentThemes, second: DocumentThemes) -> tuple[DocumentThemes, np.ndarray]:
    """Both as one, and which rows are of the second."""
    both = DocumentThemes(
        pd.concat([first.documents, second.documents], ignore_index=True),
        pd.concat([first.has_theme, second.has_theme], ignore_index=True),
    )
    return both, np.arange(len(both.documents)) >= len(first.documents)


def contrast_groups(document_themes: DocumentThemes, column: str) -> pd.DataFrame:
    """Each source (or country, or language) against all the others.

    Returns
    -------
    pd.DataFrame
        The column and those of `contrast_two`, in which second is the source and first the others;
        sources with most documents first, those with fewer than 5 left out. Empty where fewer
        than two are known.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if column not in document_themes.documents:
        there = ", ".join(document_themes.documents.columns)
        raise InputError(f"column: expected one of {there}; got {column!r}")
    known = document_themes.where(document_themes.documents[column].notna())
    counts = (
        known.documents[column]
        .value_counts()
        .sort_index()
        .sort_values(ascending=False, kind="stable")
    )
    groups = counts.index[counts >= _MIN_DOCUMENTS] if len(counts) > 1 else []
    tests = len(groups) * document_themes.has_theme.shape[1]
    _ = known.days  # blocks are numbered here, once, not for each group
    parts = []
    for group in groups:
        table = _contrast(known, (known.documents[column] == group).to_numpy(), tests)
        table.insert(0, column, group)
        parts.append(table)
    if not parts:
        return pd.DataFrame(columns=[column, *contrast_two(known, known).columns])
    return pd.concat(parts, ignore_index=True)
