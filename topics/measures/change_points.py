"""When the share of a theme changed, and which themes are new: with a stated rate of false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.intervals import CONFIDENCE, FALSE_ALARMS, PERMUTATIONS
from topics.measures.contrasts import contrast_within_sources
from topics.measures.document_themes import DocumentThemes
from topics.measures.permutation import PermutationScan, Segment, corrected
from topics.measures.shares import periods_of

_MAX_PERIODS = 120
_FEWER_PERMUTATIONS = 200  # for what needs no small p
_MAX_RECENT = 3  # periods that may be the new ones
_MIN_BEFORE = 3  # periods to compare them with
_MIN_SOURCES = 2
_WITHIN = [
    "n_before",
    "n_after",
    "sources",
    "covered",
    "before",
    "after",
    "difference",
    "low",
    "high",
]
_COLUMNS = ["theme_id", "period", "earliest", "latest", *_WITHIN, "p"]
_EMERGING = ["theme_id", "since", "first_seen", "documents", "sources", "n", "covered", "before",
             "recent", "difference", "low", "high", "p"]  # fmt: skip


def find_change_points(
    document_themes: DocumentThemes,
    period: str | None = None,
    *,
    false_alarms: float = FALSE_ALARMS,
    permutations: int = PERMUTATIONS,
    random_state: int = 0,
) -> pd.DataFrame:
    """Periods from which on a theme's share is another, with a stated rate of false alarms.

    Circular binary segmentation (Olshen et al. 2004): the segment of periods whose share differs
    most from the rest is sought, then the parts again. Dates are permuted between what one
    source published on different days, so neither a source that joins nor a burst of one day is
    taken for a change; p is corrected over the themes by the greatest statistic among them
    (Westfall and Young 1993).

    Parameters
    ----------
    document_themes
        Documents and themes; those without a date are left out.
    period
        D, W, M, Q or Y; by `choose_period` if None.
    false_alarms
        Chance that any change point at all is found where no theme changes.
    permutations
        Random orders that the data are compared with.
    random_state
        Seed.

    Returns
    -------
    pd.DataFrame
        theme_id, period (first day of the new level), earliest, latest (interval of that period,
        from dates permuted on either side of the change), n_before, n_after, sources, covered,
        before, after, difference, low, high (up to the next changes, between documents of the
        same sources, see `contrast_within_sources`), p. One row a change point, in order of
        themes and time.

    Raises
    ------
    InputError
        If there are too many periods.

    Examples
    --------
    >>> documents = pd.DataFrame({"document_id": range(60), "source": "Gull", "country": None,
    ...     "date": pd.date_range("2025-01-01", periods=60)})
    >>> table = DocumentThemes(documents, pd.DataFrame({"ferries": np.arange(60) >= 33}))
    >>> find_change_points(table, "W", permutations=99)[["period", "before", "after", "p"]]
          period  before  after     p
    0 2025-02-03     0.0    1.0  0.01
    """
    dated = document_themes.dated
    if dated.documents.empty:
        return pd.DataFrame(columns=_COLUMNS)
    every, place = periods_of(dated, period)
    if len(every) > _MAX_PERIODS:
        raise InputError(
            f"period: expected at most {_MAX_PERIODS} periods, found {len(every)}; name a longer one"
        )
    random = np.random.default_rng(random_state)
    search = _Search(_scan(dated, place, len(every)), false_alarms, permutations, random)
    rows = []
    for theme, changes in search.changes(len(every)).items():
        own = dated.only([dated.has_theme.columns[theme]])
        ends = [0, *sorted(changes), len(every)]
        for first, cut, last in zip(ends, ends[1:], ends[2:], strict=False):
            sides = [(place >= a) & (place < b) for a, b in pairwise((first, cut, last))]
            effect = contrast_within_sources(own, *sides).iloc[0]
            located = every[[cut, *search.interval((first, last), theme, cut)]].start_time
            rows.append((effect["theme_id"], *located, *effect.iloc[1:], changes[cut]))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _scan(dated: DocumentThemes, place: np.ndarray, n_periods: int) -> PermutationScan:
    about = dated.has_theme.to_numpy(), dated.sources, dated.source_days
    return PermutationScan.of_documents(*about, place, n_periods)


@dataclass(frozen=True)
class _Search:
    """Circular binary segmentation of all themes at once."""

    scan: PermutationScan
    false_alarms: float
    permutations: int
    random: np.random.Generator

    def changes(self, n_periods: int) -> dict[int, dict[int, float]]:
        """For each theme, the periods where its share changes, and the p of each."""
        found: dict[int, dict[int, float]] = {i: {} for i in range(self.scan.counts.shape[1])}
        todo = {(0, n_periods): list(found)}
        while todo:
            parts: dict[Segment, list[int]] = {}
            for segment, theme, p in self._significant(todo):
                cuts = self._cuts(segment, theme)
                found[theme] |= dict.fromkeys(cuts, p)
                for part in pairwise([segment[0], *cuts, segment[1]]):
                    parts.setdefault(part, []).append(theme)
            todo = parts
        return found

    def _significant(self, todo: dict[Segment, list[int]]) -> list[tuple[Segment, int, float]]:
        """The segments and themes that are not all of one level, corrected over all of them."""
        todo = {segment: themes for segment, themes in todo.items() if np.diff(segment) > 1}
        if not todo:
            return []
        tested = [self._tested(*at, _every_part(at[0]), self.permutations) for at in todo.items()]
        observed = np.concatenate([z.max(axis=0) for z, _ in tested])
        p = corrected(observed, np.concatenate([chance for _, chance in tested], axis=1))
        places = [(segment, theme) for segment, themes in todo.items() for theme in themes]
        return [(*at, float(q)) for at, q in zip(places, p, strict=True) if q <= self.false_alarms]

    def _tested(
        self, segment: Segment, themes: list[int], parts: list[Segment], permutations: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """``(parts, themes)`` statistics; ``(permutations, themes)`` the greatest by chance."""
        scan = self.scan.part(segment, themes)
        drawn = scan.by_chance(parts, permutations, self.random)
        return np.abs(scan.observed(parts)), np.array([np.abs(z).max(axis=0) for z in drawn])

    def _cuts(self, segment: Segment, theme: int) -> list[int]:
        """The one or two ends of the part that differs most; each must hold by itself."""
        parts = _every_part(segment)
        z = np.abs(self.scan.part(segment, [theme]).observed(parts))
        inner = [cut for cut in parts[int(z.argmax())] if cut not in segment]
        if len(inner) == 1:
            return inner
        sides = (segment[0], inner[1]), (inner[0], segment[1])
        tested = zip(inner, (self._best(side, theme)[1] for side in sides), strict=True)
        kept = [cut for cut, p in tested if p <= self.false_alarms]
        return kept or [self._best(segment, theme)[0]]

    def _best(self, segment: Segment, theme: int) -> tuple[int, float]:
        """The best single change in a segment, and its p."""
        halves = _halves(segment)
        z, chance = self._tested(segment, [theme], halves, _FEWER_PERMUTATIONS)
        return halves[int(z.argmax())][1], float(corrected(z.max(axis=0), chance)[0])

    def interval(self, segment: Segment, theme: int, cut: int) -> tuple[int, int]:
        """Interval of a change alone in its segment, from dates permuted on either side."""
        scan, halves = self.scan.part(segment, [theme]), _halves(segment)
        side = (scan.periods >= cut).astype(int)
        drawn = scan.by_chance(halves, _FEWER_PERMUTATIONS, self.random, side)
        again = [halves[int(np.abs(z).argmax())][1] for z in drawn]
        tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
        low, high = np.quantile(again, tails, method="nearest").astype(int)
        return min(low, cut), max(high, cut)


def _every_part(segment: Segment) -> list[Segment]:
    ends = range(segment[0], segment[1] + 1)
    return [part for part in combinations(ends, 2) if part != segment]


def _halves(segment: Segment) -> list[Segment]:
    return [(segment[0], cut) for cut in range(segment[0] + 1, segment[1])]


def emerging_themes(
    document_themes: DocumentThemes,
    period: str | None = None,
    *,
    false_alarms: float = FALSE_ALARMS,
    permutations: int = PERMUTATIONS,
    random_state: int = 0,
) -> pd.DataFrame:
    """Which themes are new, or rising, in the last one to three periods.

    The share of the recent periods is compared with all before, source by source, and with
    permuted dates as in `find_change_points`, one-sided; p is corrected over themes and over how
    many periods are called recent.

    Parameters
    ----------
    document_themes, period, permutations, random_state
        As for `find_change_points`.
    false_alarms
        Chance that any theme at all is called new or rising where none is.

    Returns
    -------
    pd.DataFrame
        theme_id, kind (new: none of its documents is older; rising; or missing: no clear rise,
        or one source alone), since (first recent period), first_seen (date), documents and
        sources (with their countries; since then, 0 where they are not known), n, covered,
        before, recent, difference, low, high (between documents of the same sources, see
        `contrast_within_sources`; n is the fewer of before and recently), p.

    Raises
    ------
    InputError
        If there are not at least four periods.

    Examples
    --------
    >>> documents = pd.DataFrame({"document_id": range(60), "source": ["Gull", "Heron"] * 30,
    ...     "country": None, "date": pd.date_range("2025-01-01", periods=60)})
    >>> table = DocumentThemes(documents, pd.DataFrame({"ferries": np.arange(60) >= 40}))
    >>> emerging_themes(table, "W", permutations=99)[["kind", "since", "sources", "recent"]]
      kind      since  sources  recent
    0  new 2025-02-10        2     1.0
    """
    dated = document_themes.dated
    every, place = periods_of(dated, period)
    n = len(every)
    if n <= _MIN_BEFORE:
        raise InputError(
            f"period: expected more than {_MIN_BEFORE} periods to tell what is new, found {n}; "
            "name a shorter one"
        )
    starts = np.arange(max(n - _MAX_RECENT, _MIN_BEFORE), n)
    recent = [(int(start), n) for start in starts]
    scan, random = _scan(dated, place, n), np.random.default_rng(random_state)
    z = scan.observed(recent)
    chance = [again.max(axis=0) for again in scan.by_chance(recent, permutations, random)]
    p = corrected(z.max(axis=0), np.array(chance))
    rows = [
        (theme, every[start].start_time, *_counts(dated, theme, place >= start), value)
        for theme, start, value in zip(dated.has_theme, starts[z.argmax(axis=0)], p, strict=True)
    ]
    table = pd.DataFrame(rows, columns=_EMERGING)
    no_source = dated.documents[["source", "country"]].isna().all(axis=None)
    clear = (table["p"] <= false_alarms) & ((table["sources"] >= _MIN_SOURCES) | no_source)
    kinds = pd.Series(np.where(table["first_seen"] < table["since"], "rising", "new"))
    table.insert(1, "kind", kinds.where(clear, None))
    return table


def _counts(dated: DocumentThemes, theme: str, recent: np.ndarray) -> tuple[object, ...]:
    """first_seen to high of `emerging_themes`."""
    has_theme = dated.has_theme[theme].to_numpy()
    own = dated.documents[has_theme & recent]
    n_sources = len(own[["source", "country"]].dropna(how="all").drop_duplicates())
    first = dated.documents.loc[has_theme, "date"].min()
    effect = contrast_within_sources(dated.only([theme]), ~recent, recent).iloc[0]
    n = min(effect["n_first"], effect["n_second"])
    return first, len(own), n_sources, n, *effect["covered":]
