"""Themes that are new or rising of late, and how early that could have been known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.measures.document_themes import DocumentThemes
from topics.measures.permutation import Scan, by_day, corrected
from topics.measures.shares import periods_of

_RECENT = 3  # periods that may be the new ones
_MIN_BEFORE = 3  # periods to compare them with
_MIN_SOURCES = 2
_QUIET = 2  # periods without a call, after which a theme may be called anew
_COLUMNS = ["theme_id", "since", "first_seen", "documents", "sources", "before", "recent", "p"]
Rule = Callable[[DocumentThemes, str], dict[str, str]]


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


@dataclass(frozen=True)
class Backtest:
    """How `emerging_themes` would have done, had it been run at the end of every period.

    Attributes
    ----------
    signals
        theme_id, raised (first day after the period in which the theme was called new or
        rising), kind, event (date of the event that it goes with, missing for a false alarm).
    events
        theme_id, date, raised (of its first signal, missing where there was none) and lead (days
        from signal to event, negative where the signal came after it).
    """

    signals: pd.DataFrame
    events: pd.DataFrame

    @property
    def precision(self) -> float:
        """Share of signals that go with an event; NaN without signals."""
        return float(self.signals["event"].notna().mean())

    @property
    def recall(self) -> float:
        """Share of events that have a signal; NaN without events."""
        return float(self.events["raised"].notna().mean())

    @property
    def lead(self) -> float:
        """Median days from signal to event; NaN without hits."""
        return float(self.events["lead"].median())


def backtest(
    document_themes: DocumentThemes,
    events: pd.DataFrame,
    period: str | None = None,
    *,
    window: int = 3,
    false_alarms: float = 0.05,
    rule: Rule | None = None,
) -> Backtest:
    """Replay the corpus period by period and compare what is called new with dated events.

    The themes themselves are those found in the whole corpus: hindsight that a live run lacks.

    Parameters
    ----------
    document_themes
        Documents and themes; those without a date are left out.
    events
        theme_id, date.
    period
        As for `find_change_points`, chosen once, from the whole corpus.
    window
        A signal goes with an event at most so many periods away, before or after.
    false_alarms
        Chance of any false signal in the whole replay, shared out over its periods.
    rule
        Another way to tell what is new: from the documents so far and the period to the kind by
        theme_id. `emerging_themes` if None.

    Raises
    ------
    InputError
        If a column is missing, an event is of no theme, or its date is none.
    """
    events = _checked(events, document_themes)
    dated = document_themes.dated
    every, place = periods_of(dated, period)
    looks = np.unique(place[place >= _MIN_BEFORE])
    rule = rule or partial(_called, false_alarms=false_alarms / max(len(looks), 1))
    signals: list[tuple[str, int, str]] = []
    called: dict[str, int] = {}  # when each theme was called last
    for now in looks:
        for theme, kind in rule(dated.where(place <= now), every.freqstr[0]).items():
            if now - called.get(theme, -len(every)) > _QUIET:
                signals.append((theme, int(now), kind))
            called[theme] = now
    return _matched(signals, events, every, window)


def _called(document_themes: DocumentThemes, period: str, false_alarms: float) -> dict[str, str]:
    table = emerging_themes(document_themes, period, false_alarms=false_alarms).dropna(
        subset="kind"
    )
    return dict(zip(table["theme_id"], table["kind"], strict=True))


def _checked(events: pd.DataFrame, document_themes: DocumentThemes) -> pd.DataFrame:
    missing = {"theme_id", "date"} - set(events.columns)
    if missing:
        raise InputError(f"events: expected columns theme_id and date, {min(missing)} is missing")
    unknown = set(events["theme_id"]) - set(document_themes.has_theme.columns)
    if unknown:
        raise InputError(
            f"events: no theme {min(unknown)!r}; there are {', '.join(document_themes.has_theme.columns)}"
        )
    dates = pd.to_datetime(events["date"], errors="coerce")
    for wrong in events.loc[dates.isna(), "date"]:
        raise InputError(f"events: {wrong!r} is no date; write it as 2025-05-19")
    return events[["theme_id"]].assign(date=dates).reset_index(drop=True)


def _matched(
    signals: list[tuple[str, int, str]], events: pd.DataFrame, every: pd.PeriodIndex, window: int
) -> Backtest:
    """Pair each signal with the nearest event of its theme, each event with its first signal."""
    table = pd.DataFrame(signals, columns=["theme_id", "now", "kind"])
    table["raised"] = pd.to_datetime([every[now].end_time.ceil("D") for now in table["now"]])
    at = (events["date"].dt.to_period(every.freq) - every[0]).map(lambda gap: gap.n)
    near = [
        (at[events["theme_id"] == theme] - now).abs().sort_values(kind="stable")
        for theme, now in zip(table["theme_id"], table["now"], strict=True)
    ]
    own = [gaps.index[0] if len(gaps) and gaps.iloc[0] <= window else None for gaps in near]
    table["event"] = pd.to_datetime([events["date"].get(i) for i in own])
    firsts = table.assign(own=own).dropna(subset="own").drop_duplicates("own").set_index("own")
    events["raised"] = pd.to_datetime(firsts["raised"].reindex(events.index))
    events["lead"] = (events["date"] - events["raised"]).dt.days
    return Backtest(table[["theme_id", "raised", "kind", "event"]], events)
