"""When the share of a theme changed: change points with a stated rate of false alarms."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.measures.contrasts import contrast_within_sources
from topics.measures.document_themes import DocumentThemes
from topics.measures.permutation import Scan, Stretch, by_day, corrected
from topics.measures.shares import periods_of

_MAX_PERIODS = 120
_FEWER_DRAWS = 200  # for what needs no small p
_COLUMNS = [
    "theme_id",
    "period",
    "earliest",
    "latest",
    "before",
    "after",
    "ratio",
    "difference",
    "low",
    "high",
    "p",
]


def find_change_points(
    document_themes: DocumentThemes,
    period: str | None = None,
    *,
    false_alarms: float = 0.05,
    permutations: int = 999,
    random_state: int = 0,
) -> pd.DataFrame:
    """Periods from which on a theme's share is another, with a stated rate of false alarms.

    Circular binary segmentation (Olshen et al. 2004): the stretch of periods whose share differs
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
        Chance that any break at all is found where no theme changes.
    permutations
        Random orders that the data are compared with.
    random_state
        Seed.

    Returns
    -------
    pd.DataFrame
        theme_id, period (first day of the new level), earliest, latest (95% interval of that
        period, from dates permuted on either side of the break), before, after (shares up to
        the next breaks), ratio, difference, low, high (between documents of the same sources, see
        `contrast_within_sources`), p. One row a break, in order of themes and time.

    Raises
    ------
    InputError
        If there are too many periods.
    """
    return _found(document_themes, period, false_alarms, permutations, random_state).copy()


@lru_cache(maxsize=2)  # seconds; two notebooks ask
def _found(
    document_themes: DocumentThemes,
    period: str | None,
    false_alarms: float,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    dated = document_themes.dated
    if dated.documents.empty:
        return pd.DataFrame(columns=_COLUMNS)
    every, place = periods_of(dated, period)
    if len(every) > _MAX_PERIODS:
        raise InputError(
            f"period: expected at most {_MAX_PERIODS} periods, got {len(every)}; name a longer one"
        )
    search = _Search(dated, place, false_alarms, permutations, seed)
    rows = []
    for theme, cuts in search.breaks(len(every)).items():
        ends = [0, *sorted(cuts), len(every)]
        for first, cut, last in zip(ends, ends[1:], ends[2:], strict=False):
            own = dated.only([dated.has_theme.columns[theme]])
            sides = [own.where((place >= a) & (place < b)) for a, b in pairwise((first, cut, last))]
            before, after = (float(side.has_theme.to_numpy().mean()) for side in sides)
            effect = contrast_within_sources(sides[0], sides[1]).iloc[0]
            located = every[[cut, *search.interval((first, last), theme, cut)]].start_time
            levels = before, after, after / before if before else np.inf
            rows.append((effect["theme_id"], *located, *levels, *effect.iloc[1:], cuts[cut]))
    return pd.DataFrame(rows, columns=_COLUMNS)


class _Search:
    """Circular binary segmentation of all themes at once."""

    def __init__(
        self,
        document_themes: DocumentThemes,
        place: np.ndarray,
        false_alarms: float,
        draws: int,
        seed: int,
    ) -> None:
        self.blocks, self.periods = by_day(document_themes, place)
        self.false_alarms, self.draws = false_alarms, draws
        self.random = np.random.default_rng(seed)

    def breaks(self, n_periods: int) -> dict[int, dict[int, float]]:
        """For each theme, the periods where its share breaks, and how sure that is (p)."""
        found: dict[int, dict[int, float]] = {i: {} for i in range(self.blocks.carried.shape[1])}
        todo = {(0, n_periods): list(found)}
        while todo:
            parts: dict[Stretch, list[int]] = {}
            for stretch, theme, p in self._significant(todo):
                cuts = self._cuts(stretch, theme)
                found[theme] |= dict.fromkeys(cuts, p)
                for part in pairwise([stretch[0], *cuts, stretch[1]]):
                    parts.setdefault(part, []).append(theme)
            todo = parts
        return found

    def _significant(self, todo: dict[Stretch, list[int]]) -> list[tuple[Stretch, int, float]]:
        """The stretches and themes that are not all of one level, corrected over all of them."""
        places, observed, chance = [], [], []
        for stretch, themes in todo.items():
            if stretch[1] - stretch[0] > 1:
                scan = self._scan(stretch, themes, _every_part)
                places += [(stretch, theme) for theme in themes]
                observed.append(np.abs(scan.observed()).max(axis=0))
                chance.append(
                    [np.abs(z).max(axis=0) for z in scan.shuffled(self.draws, self.random)]
                )
        if not places:
            return []
        p = corrected(np.concatenate(observed), np.concatenate(chance, axis=1))
        return [(*at, float(q)) for at, q in zip(places, p, strict=True) if q <= self.false_alarms]

    def _scan(
        self, stretch: Stretch, themes: list[int], parts: Callable[[int], list[Stretch]]
    ) -> Scan:
        first, last = stretch
        kept = (self.periods >= first) & (self.periods < last)
        return Scan(self.blocks.part(kept, themes), self.periods[kept] - first, parts(last - first))

    def _cuts(self, stretch: Stretch, theme: int) -> list[int]:
        """The one or two ends of the part that differs most; each must hold by itself."""
        first, last = stretch
        parts = _every_part(last - first)
        scan = self._scan(stretch, [theme], _every_part)
        start, end = parts[int(np.abs(scan.observed()).argmax())]
        inner = [first + cut for cut in (start, end) if 0 < cut < last - first]
        if len(inner) == 1:
            return inner
        sides = (first, inner[1]), (inner[0], last)
        kept = [
            cut
            for cut, side in zip(inner, sides, strict=True)
            if self._best(side, theme)[1] <= self.false_alarms
        ]
        return kept or [self._best(stretch, theme)[0]]

    def _best(self, stretch: Stretch, theme: int) -> tuple[int, float]:
        """The best single break in a stretch, and its p."""
        scan = self._scan(stretch, [theme], _halves)
        z = np.abs(scan.observed())
        chance = [np.abs(again).max(axis=0) for again in scan.shuffled(_FEWER_DRAWS, self.random)]
        return stretch[0] + 1 + int(z.argmax()), float(
            corrected(z.max(axis=0), np.array(chance))[0]
        )

    def interval(self, stretch: Stretch, theme: int, cut: int) -> tuple[int, int]:
        """95% interval of a break alone in its stretch, from dates permuted on either side."""
        scan = self._scan(stretch, [theme], _halves)
        side = (scan.periods >= cut - stretch[0]).astype(int)
        shuffled = scan.shuffled(_FEWER_DRAWS, self.random, side)
        again = [np.abs(z).argmax() for z in shuffled]
        low, high = np.quantile(again, [0.025, 0.975], method="nearest").astype(int)
        return min(stretch[0] + 1 + low, cut), max(stretch[0] + 1 + high, cut)


def _every_part(n: int) -> list[Stretch]:
    return [part for part in combinations(range(n + 1), 2) if part != (0, n)]


def _halves(n: int) -> list[Stretch]:
    return [(0, cut) for cut in range(1, n)]
