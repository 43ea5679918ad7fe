"""Themes that are new or rising of late."""

from __future__ import annotations

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.measures.document_themes import DocumentThemes
from topics.measures.permutation import Scan, by_day, corrected
from topics.measures.shares import periods_of

_RECENT = 3  # periods that may be the new ones
_MIN_BEFORE = 3  # periods to compare them with
_MIN_SOURCES = 2
_COLUMNS = ["theme_id", "since", "first_seen", "documents", "sources", "before", "recent", "p"]


def emerging_themes(
    document_themes: DocumentThemes,
    period: str | None = None,
    *,
    false_alarms: float = 0.05,
    permutations: int = 999,
    random_state: int = 0,
) -> pd.DataFrame:
    """Which themes are new, or rising, in the last one to three periods.

    The share of the recent periods is set against all before, source by source, and compared
    with permuted dates as in `find_change_points`, one-sided; p is corrected over themes and over
    how many periods are called recent.

    Parameters
    ----------
    document_themes
        Documents and themes; those without a date are left out.
    period, permutations, random_state
        As for `find_change_points`.
    false_alarms
        Chance that any theme at all is called new or rising where none is.

    Returns
    -------
    pd.DataFrame
        theme_id, kind (new: none of its documents is older; rising; or missing: no clear rise,
        or one source alone), since (first recent period), first_seen (date), documents and
        sources (with their countries; since then, 0 where they are not known), before, recent
        (shares), p.

    Raises
    ------
    InputError
        If there are not at least four periods.
    """
    dated = document_themes.dated
    every, place = periods_of(dated, period)
    n = len(every)
    if n <= _MIN_BEFORE:
        raise InputError(
            f"period: expected more than {_MIN_BEFORE} periods to tell what is new, got {n}; "
            "name a shorter one"
        )
    starts = list(range(max(n - _RECENT, _MIN_BEFORE), n))
    scan = Scan(*by_day(dated, place), [(start, n) for start in starts])
    z, random = scan.observed(), np.random.default_rng(random_state)
    chance = [again.max(axis=0) for again in scan.shuffled(permutations, random)]
    p = corrected(z.max(axis=0), np.array(chance))
    starts = np.take(starts, z.argmax(axis=0))
    rows = [
        (
            theme,
            *_row(dated, dated.has_theme[theme].to_numpy(), place >= start, every[start]),
            value,
        )
        for theme, start, value in zip(dated.has_theme.columns, starts, p, strict=True)
    ]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    spread = (table["sources"] >= _MIN_SOURCES) | dated.documents[["source", "country"]].isna().all(
        axis=None
    )
    clear = (table["p"] <= false_alarms) & spread
    kinds = np.where(table["before"] > 0, "rising", "new")
    table.insert(1, "kind", pd.Series(kinds).where(clear, None))
    return table


def _row(
    dated: DocumentThemes, carries: np.ndarray, recent: np.ndarray, since: pd.Period
) -> tuple[object, ...]:
    documents = dated.documents[carries & recent]
    sources = len(documents[["source", "country"]].dropna(how="all").drop_duplicates())
    first = dated.documents.loc[carries, "date"].min()
    before, after = carries[~recent].mean(), carries[recent].mean()
    return since.start_time, first, len(documents), sources, before, after
