"""How the share of a theme moved, and which themes are new: with a stated rate of false alarms."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from topics.checks import check_number, checked_seed
from topics.errors import InputError
from topics.intervals import CONFIDENCE, FALSE_ALARMS, PERMUTATIONS, Array
from topics.measures.permutation import PermutationScan, corrected
from topics.measures.shares import DocumentThemes, contrast_within_sources, periods_of, voice_of

SLOW, JUMP, BACK, EITHER = "slow move", "jump", "up and back", "jump or slow move"
_MAX_PERIODS = 120
_MIN_PULSE = 2  # periods; what lasts for one alone is an event
_LIKELY = 7.35  # loss of squared z that a place of a change may have (Eo and Morley 2015, 95%)
_TO_TELL_SHAPES = 199  # permutations, which need no small p
_YEARS_TO_TELL = 3  # in two, months a year apart give a slow move the look of a jump
_KNOWN_TO_MOVE = 1e-3  # documents that chance must move in what is known to move: not rounding
_ALONE = 1.96  # z that is left without the source, or the period, that adds most
_MAX_RECENT = 3  # periods that may be the new ones
_MIN_BEFORE = 3  # periods to compare them with
_WITHIN = ["n_before", "n_after", "sources", "covered", "before", "after", "difference", "low",
           "high"]  # fmt: skip
_COLUMNS = ["theme_id", "shape", "period", "until", "earliest", "latest", *_WITHIN, "slope",
            "slope_low", "slope_high", "broad", "p"]  # fmt: skip
_EMERGING = ["theme_id", "kind", "since", "first_seen", "documents", "sources", "n", "covered",
             "before", "recent", "difference", "low", "high", "p"]  # fmt: skip


def find_change_points(
    document_themes: DocumentThemes,
    period: str | None = None,
    *,
    false_alarms: float = FALSE_ALARMS,
    permutations: int = PERMUTATIONS,
    random_state: int = 0,
) -> pd.DataFrame:
    """How each theme's share moved, where it did: slowly, by a jump, or up (or down) and back.

    The share is fitted by a straight line, by a jump at each period, and by another level between
    any two periods, sources held fixed. A theme moved if the best of all fits is better than with
    dates permuted between what one source published on different days, so neither a source that
    joins nor a burst of one day is taken for a change; p is corrected over fits and themes by the
    greatest statistic among them (Westfall and Young 1993). It is called a jump where a jump is
    clear beside the line and the line is not beside the jump, a slow move where it is the other
    way round: one is told for the other in one case of twenty. It went back where a level that
    went back fits best and is clear beside both. From two years on a yearly cycle is allowed for.

    Parameters
    ----------
    document_themes
        Documents and themes; those without a date are left out.
    period
        D, W, M, Q or Y; by `choose_period` if None.
    false_alarms
        Chance that any theme at all is said to move where none does.
    permutations
        Random orders that the data are compared with.
    random_state
        Seed.

    Returns
    -------
    pd.DataFrame
        theme_id, shape (slow move, jump, up and back, or jump or slow move where neither is
        clear), period (first day of the new level; of a slow move, of the second half), until
        (first day back at the old one; else missing), earliest, latest (interval of that period;
        of a slow move, the first and last of all), n_before,
        n_after, sources, covered, before, after, difference, low, high (from `period` to `until`
        against the rest, see `contrast_within_sources`), slope, slope_low, slope_high (of the
        line, from the first to the last period), broad (clear without the source, and without the
        period, that adds most) and p. One row a theme that moved, in order of themes.

    Raises
    ------
    InputError
        If there are too many periods.

    Examples
    --------
    >>> documents = pd.DataFrame({"document_id": range(180), "source": "Gull", "country": None,
    ...     "date": pd.date_range("2025-01-01", periods=180)})
    >>> table = DocumentThemes(documents, pd.DataFrame({"ferries": np.arange(180) >= 89}))
    >>> found = find_change_points(table, "W", permutations=99)
    >>> found[["shape", "period", "before", "after", "p"]]
      shape     period  before  after     p
    0  jump 2025-03-31     0.0    1.0  0.01
    """
    _check_test(false_alarms, permutations, random_state)
    dated = document_themes.dated
    if dated.documents.empty:
        return pd.DataFrame(columns=_COLUMNS)
    every, place = periods_of(dated, period)
    if period and len(every) > _MAX_PERIODS:
        raise InputError(
            f"period: expected at most {_MAX_PERIODS} periods, found {len(every)}; name a longer one"
        )
    if len(every) == 1:
        return pd.DataFrame(columns=_COLUMNS)
    moves = _Moves(_scan(dated, place, len(every)), every, permutations, random_state)
    scan, strata, rows = moves.scan, source_months(dated, every, place), []
    for theme, shape, at, p in moves.found(false_alarms):
        _, first, last = moves.fits[at]
        late = (place >= first) & (place < last)
        own = dated.only([dated.has_theme.columns[theme]])
        effect = contrast_within_sources(own, ~late, late, strata).iloc[0]
        until = every[last].start_time if last < len(every) else pd.NaT
        around = every[[first, *moves.around(theme, at)]].start_time
        located = around[0], until, *around[1:]
        broad = _is_broad(scan, moves.patterns[at], theme, scan.sources, scan.periods)
        effects = *effect.iloc[1:], *moves.slope(theme)
        rows.append((effect["theme_id"], shape, *located, *effects, broad, p))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _scan(dated: DocumentThemes, place: Array, n_periods: int) -> PermutationScan:
    about = dated.sparse, dated.sources, dated.source_days
    return PermutationScan.of_documents(*about, place, n_periods)


def _season(every: pd.PeriodIndex, years: int = 2) -> Array:
    """``(months, periods)`` which calendar month a period begins in; none in fewer years."""
    days = (every[-1].end_time - every[0].start_time).days + 1
    months = every.start_time.month.to_numpy() * (days >= 365 * years)
    return (np.unique(months)[:, None] == months).astype(float)


def source_months(dated: DocumentThemes, every: pd.PeriodIndex, place: Array) -> Array:
    """Number of the source of each document, and its calendar month where months have levels."""
    return pd.factorize(12 * dated.sources + _season(every).argmax(axis=0)[place])[0]


class _Moves:
    """All fits of all themes: a line, jumps, and levels that came and went."""

    def __init__(
        self, scan: PermutationScan, every: pd.PeriodIndex, permutations: int, seed: int
    ) -> None:
        n = len(every)
        pulses = [(BACK, a, b) for a, b in combinations(range(1, n), 2) if b - a >= _MIN_PULSE]
        pulses = pulses if n <= _MAX_PERIODS else []  # of more years they would be too many
        self.fits = [(SLOW, (n + 1) // 2, n), *((JUMP, cut, n) for cut in range(1, n)), *pulses]
        self.shapes, self.starts, self.ends = map(np.array, zip(*self.fits, strict=True))
        places = np.arange(n)
        levels = [(places >= a) & (places < b) for _, a, b in self.fits[1:]]
        patterns = np.vstack([places / (n - 1), *levels]).astype(float)
        season, known = _season(every), _season(every, _YEARS_TO_TELL)
        self.scan, self.patterns = scan.less(season), scan.apart_from(patterns, season)
        self.of_shape = self.scan, self.patterns
        if len(known) < len(season):  # else the same, and large
            self.of_shape = scan.less(known), scan.apart_from(patterns, known)
        self.permutations, self.random = permutations, np.random.default_rng(seed)
        self.z = np.abs(self.of_shape[0].observed(self.of_shape[1]))

    def _tested(self, scan: PermutationScan, patterns: Array, draws: int) -> Array:
        """``(themes,)`` p of the best fit."""
        best = np.abs(scan.observed(patterns)).max(axis=0)
        drawn = scan.by_chance(patterns, draws, self.random)
        return corrected(best, np.array([np.abs(z).max(axis=0) for z in drawn]))

    def found(self, false_alarms: float) -> list[tuple[int, str, int, float]]:
        """Theme, shape, fit and p of each theme that moved."""
        p = self._tested(self.scan, self.patterns, self.permutations)
        moved = np.flatnonzero(p <= false_alarms)
        return [(int(theme), *self._shape(int(theme)), float(p[theme])) for theme in moved]

    def _shape(self, theme: int) -> tuple[str, int]:
        """What a move is called, and the fit that it is measured by."""
        line, jump, back = (self._best(theme, shape) for shape in (SLOW, JUMP, BACK))
        best, (scan, patterns) = self.z[[line, jump], theme].max(), self.of_shape

        def is_clear(shape: str, *beside: int) -> bool:
            known = patterns[[*beside]]
            left = replace(scan.part(slice(None), [theme]).less(known), least=_KNOWN_TO_MOVE)
            fits = left.apart_from(patterns[self.shapes == shape], known)
            return self._tested(left, fits, _TO_TELL_SHAPES)[0] <= FALSE_ALARMS

        if self.z[back, theme] > best and is_clear(BACK, line, jump):
            return BACK, back
        jumped, drifted = is_clear(JUMP, line), is_clear(SLOW, jump)
        if jumped == drifted:
            return EITHER, jump
        return (JUMP, jump) if jumped else (SLOW, line)

    def _best(self, theme: int, shape: str) -> int:
        return int(np.where(self.shapes == shape, self.z[:, theme], -1).argmax())

    def around(self, theme: int, at: int) -> tuple[int, int]:
        """First and last period where a change may have been: places that are nearly as likely."""
        shape, _, end = self.fits[at]
        if shape == SLOW:
            return 0, len(self.patterns[0]) - 1
        near = self.z[at, theme] ** 2 - self.z[:, theme] ** 2 <= _LIKELY
        cuts = self.starts[near & (self.shapes == shape) & (self.ends == end)]
        return cuts.min(), cuts.max()

    def slope(self, theme: int) -> tuple[float, float, float]:
        """Of the line, from the first to the last period, with its interval."""
        rise, error = (float(each[0, theme]) for each in self.scan.effects(self.patterns[:1]))
        half = ndtri((1 + CONFIDENCE) / 2) * error
        return rise, rise - half, rise + half


def _is_broad(scan: PermutationScan, fit: Array, theme: int, *groups: Array) -> bool:
    """Whether a fit is clear without the one of each `groups`, as sources, that adds most to it."""
    own = scan.part(slice(None), [theme])
    added = fit[own.periods] * own.residuals()[:, 0]
    sign = np.sign(added.sum())
    for numbers in groups:
        left = own.part(numbers != np.argmax(np.bincount(numbers, sign * added)), [0])
        if len(left.sizes) and sign * left.observed(fit[None])[0, 0] < _ALONE:
            return False
    return True


def _check_test(false_alarms: float, permutations: int, random_state: int) -> None:
    check_number("false_alarms", false_alarms, 0, 1)
    check_number("permutations", permutations, 1, whole=True)
    checked_seed(random_state)


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
        or not without the source that adds most), since (first recent period), first_seen (date), documents and
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
    _check_test(false_alarms, permutations, random_state)
    dated = document_themes.dated
    every, place = periods_of(dated, period)
    n = len(every)
    if n <= _MIN_BEFORE:
        raise InputError(
            f"period: expected more than {_MIN_BEFORE} periods to tell what is new, found {n}; "
            "name a shorter one"
        )
    starts = np.arange(max(n - _MAX_RECENT, _MIN_BEFORE), n)
    scan, random = _scan(dated, place, n), np.random.default_rng(random_state)
    recent = scan.apart_from((np.arange(n) >= starts[:, None]).astype(float), _season(every))
    scan = scan.less(_season(every))
    z = scan.observed(recent)
    chance = [again.max(axis=0) for again in scan.by_chance(recent, permutations, random)]
    p = corrected(z.max(axis=0), np.array(chance))
    strata = source_months(dated, every, place)
    effects = [contrast_within_sources(dated, place < at, place >= at, strata) for at in starts]
    rows = []
    for theme, (name, at) in enumerate(zip(dated.has_theme, z.argmax(axis=0), strict=True)):
        since, effect = every[starts[at]].start_time, effects[at].iloc[theme]
        seen = _seen(dated, name, place >= starts[at])
        kind = "rising" if seen[0] < since else "new"
        clear = p[theme] <= false_alarms and _is_broad(scan, recent[at], theme, scan.sources)
        effects_of = min(effect["n_first"], effect["n_second"]), *effect["covered":]
        rows.append((name, kind if clear else None, since, *seen, *effects_of, p[theme]))
    return pd.DataFrame(rows, columns=_EMERGING).astype({"kind": "str"})


def _seen(dated: DocumentThemes, theme: str, recent: np.ndarray) -> tuple[pd.Timestamp, int, int]:
    """Day of the first document with a theme, and how many there are recently, of how many sources."""
    has_theme = dated.has_theme[theme].to_numpy()
    own = voice_of(dated.documents)[has_theme & recent]
    return dated.documents.loc[has_theme, "date"].min(), len(own), own.nunique()
