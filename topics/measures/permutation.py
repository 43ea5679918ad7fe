"""Permutation tests: what one source published on different days could as well be exchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import ndtri

from topics.intervals import CONFIDENCE, Array, Estimate

_AT_ONCE = 16  # themes whose residuals are held at once


def sum_by(groups: Array, rows: Any, n: int | None = None) -> Any:
    """``(groups, columns)`` sums of the rows of each group, from 0 on; sparse if the rows are."""
    shape = (int(groups.max(initial=-1)) + 1 if n is None else n, len(groups))
    return sp.csc_matrix((np.ones(len(groups)), groups, np.arange(len(groups) + 1)), shape) @ rows


def permuted_within(groups: Array, random: np.random.Generator) -> Iterator[Array]:
    """Orders of rows, without end, that exchange those of the same group at random."""
    by_group = np.argsort(groups, kind="stable")
    while True:
        order = np.empty(len(groups), dtype=np.int64)
        order[by_group] = np.argsort(groups + random.random(len(groups)))
        yield order


@dataclass(frozen=True, eq=False)
class PermutationScan:
    """How far shares follow patterns over periods, sources held fixed.

    A pattern is a number for each period ``(n_periods,)``. The statistic is the coefficient of a
    regression of documents on pattern and source, over its standard error under permutation of
    what each source published on different days. For a pattern of zeros and ones the coefficient
    is the Mantel-Haenszel difference.

    Counts stay sparse and what is expected a table of sources and one of periods: a dense table of
    a million documents' source-days and two hundred themes holds a third of a gigabyte.

    Attributes
    ----------
    counts
        Sparse by columns ``(source_days, themes)``: documents that have each theme.
    sizes, sources, periods
        ``(source_days,)`` documents, number of the source, and number of the period.
    explained
        ``(n_periods, themes)`` share of a period's documents that known patterns explain.
    least
        Documents that chance must move, lest there be nothing to tell.
    """

    counts: sp.csc_matrix
    sizes: Array
    sources: Array
    periods: Array
    explained: Array
    least: float = 1.0

    @classmethod
    def of_documents(
        cls, has_theme: Any, sources: Array, source_days: Array, periods: Array, n_periods: int
    ) -> PermutationScan:
        """From one row a document, dense or sparse; each of `source_days` lies in one source and period."""
        first, groups = np.unique(source_days, return_index=True, return_inverse=True)[1:]
        counts = sum_by(groups, sp.csc_matrix(has_theme))
        about = np.bincount(groups), sources[first], periods[first]
        return cls(counts, *about, np.zeros((n_periods, has_theme.shape[1])))

    def part(self, rows: Array | slice, themes: Sequence[int]) -> PermutationScan:
        """Some source-days and some themes."""
        about = self.sizes[rows], self.sources[rows], self.periods[rows]
        explained = self.explained[:, themes]
        return PermutationScan(self.counts[:, themes][rows], *about, explained, self.least)

    def over(self, periods: Array, n_periods: int) -> PermutationScan:
        """The same source-days in other periods, nothing explained; what stays is kept."""
        explained = np.zeros((n_periods, self.counts.shape[1]))
        other = replace(self, periods=periods, explained=explained)
        vars(other).update(_rates=self._rates, _variances=self._variances)
        return other

    @cached_property
    def _rates(self) -> Array:
        """``(sources, themes)`` share of each source's own documents, less what is explained."""
        sizes = self._table(self.sizes, self.periods)
        left = sum_by(self.sources, self.counts).toarray() - sizes.T @ self.explained
        return left / np.maximum(sizes.sum(axis=0), 1)[:, None]

    def residuals(self, themes: slice = slice(None)) -> Array:
        """``(source_days, themes)`` documents that have a theme, less those expected."""
        shares = self._rates[:, themes][self.sources]
        shares += self.explained[:, themes][self.periods]
        shares *= self.sizes[:, None]
        return np.subtract(self.counts[:, themes].toarray(), shares, out=shares)

    @cached_property
    def _variances(self) -> Array:
        """``(sources, themes)`` variance of a source-day's residual."""
        days = np.bincount(self.sources)[:, None]
        sums = np.empty_like(self._rates)
        for at in range(0, sums.shape[1], _AT_ONCE):
            part = slice(at, at + _AT_ONCE)
            sums[:, part] = sum_by(self.sources, self.residuals(part) ** 2)
        return sums / np.maximum(days - 1, 1)

    def _table(self, weights: Array, periods: Array) -> Array:
        """``(periods, sources)`` sums of weights, one a source-day."""
        n = int(self.sources.max(initial=-1)) + 1
        return cross_table(periods, self.sources, weights, (len(self.explained), n))

    def products(self, one: Array, other: Array) -> Array:
        """``(patterns, patterns)`` sums over documents of products, centred within sources."""
        sizes = self._table(self.sizes, self.periods)
        means = (other @ sizes) / np.maximum(sizes.sum(axis=0), 1)
        return (one * sizes.sum(axis=1)) @ other.T - (one @ sizes) @ means.T

    def apart_from(self, patterns: Array, known: Array) -> Array:
        """Patterns less what other patterns explain of them."""
        among = np.linalg.pinv(self.products(known, known), 1e-9, hermitian=True)
        return patterns - self.products(patterns, known) @ among @ known

    def less(self, known: Array) -> PermutationScan:
        """The same counts less what patterns explain of them (Freedman and Lane 1983)."""
        if not len(known):
            return self
        among = np.linalg.pinv(self.products(known, known), 1e-9, hermitian=True)
        fitted = known.T @ among @ known @ self.by_period(self.periods)
        return replace(self, explained=self.explained + fitted)

    def errors(self, patterns: Array) -> Array:
        """``(patterns, themes)`` standard deviations of the sums of residuals times patterns."""
        days = self._table(np.ones(len(self.periods)), self.periods)
        n_days = days.sum(axis=0)
        apart = patterns**2 @ days - (patterns @ days) ** 2 / np.maximum(n_days, 1)
        return np.sqrt(np.maximum(apart @ self._variances, 0))

    def by_period(self, periods: Array) -> Array:
        """``(periods, themes)`` sums of residuals, were the source-days in these periods."""
        n = len(self.explained)
        there = cross_table(periods, self.periods, self.sizes, (n, n)) @ self.explained
        there += self._table(self.sizes, periods) @ self._rates
        held = self._held
        shape = n, self.counts.shape[1]
        return cross_table(periods[held.row], held.col, held.data, shape) - there

    @cached_property
    def _held(self) -> sp.coo_matrix:
        """The counts that are not zero."""
        return self.counts.tocoo()

    def effects(self, patterns: Array) -> tuple[Array, Array]:
        """``(patterns, themes)`` coefficients and their standard errors; NaN where none is known."""
        scale = np.diag(self.products(patterns, patterns))[:, None]
        scale = np.where(scale > 1e-9, scale, np.nan)
        return patterns @ self.by_period(self.periods) / scale, self.errors(patterns) / scale

    def difference(self, confidence: float = CONFIDENCE) -> Estimate:
        """Mantel-Haenszel difference ``(themes,)`` of two periods, with its interval by permutation."""
        gap, error = (each[0] for each in self.effects(np.array([[0.0, 1.0]])))
        half = ndtri((1 + confidence) / 2) * error
        return Estimate(gap, np.maximum(gap - half, -1), np.minimum(gap + half, 1))

    def _least(self, patterns: Array) -> Array:
        """Errors; infinite where chance moves too few documents."""
        errors = self.errors(patterns)
        return np.where(errors >= self.least, errors, np.inf)

    def observed(self, patterns: Array) -> Array:
        """``(patterns, themes)`` statistics."""
        return patterns @ self.by_period(self.periods) / self._least(patterns)

    def by_chance(
        self, patterns: Array, draws: int, random: np.random.Generator
    ) -> Iterator[Array]:
        """The statistics with periods exchanged within sources."""
        errors = self._least(patterns)
        for order in islice(permuted_within(self.sources, random), draws):
            yield patterns @ self.by_period(self.periods[order]) / errors


def cross_table(
    rows: Array, columns: Array, weights: Array | None, shape: tuple[int, int]
) -> Array:
    """Sums of weights by row and column; how many there are without weights."""
    return np.bincount(rows * shape[1] + columns, weights, shape[0] * shape[1]).reshape(shape)


def corrected(observed: Array, chance: Array) -> Array:
    """P of statistics ``(tests,)`` against those by chance ``(draws, tests)``, for all tests together.

    Each is brought to the scale of its own chance; then the greatest of all by chance is what
    it must exceed (Westfall and Young 1993).
    """
    every = np.vstack([observed, chance])
    scaled = (every - every.mean(axis=0)) / np.maximum(every.std(axis=0), 1e-12)
    greatest = scaled[1:].max(axis=1, initial=-np.inf)
    return (1 + (greatest[:, None] >= scaled[0]).sum(axis=0)) / len(every)


def weights_within(second: Array, strata: Array) -> Array:
    """``(rows, 1)`` weights with which rows sum to the Mantel-Haenszel difference of two sets.

    Rows of the first set, where `second` is 0, weigh below zero; those of neither, where it is
    -1, nothing. NaN where no stratum has rows of both.

    Examples
    --------
    >>> weights_within(np.array([0, 1, 1, -1]), np.zeros(4, int)).ravel()
    array([-1. ,  0.5,  0.5,  0. ])
    """
    sets = np.column_stack([second == 0, second == 1]).astype(float)
    n = sum_by(strata, sets)
    both = n.prod(axis=1) / np.maximum(n.sum(axis=1), 1)
    each = both[:, None] / np.maximum(n, 1) / (both.sum() or np.nan)
    return (sets * each[strata] @ [-1.0, 1.0])[:, None]


def difference_within(
    has_theme: Any, strata: Array, blocks: Array, second: Array, confidence: float = CONFIDENCE
) -> Estimate:
    """Mantel-Haenszel difference ``(themes,)`` of the shares of two sets of documents.

    Only strata with documents of both count, each compared with itself; the interval is the one
    under permutation of blocks within strata. NaN where no stratum has both.

    Parameters
    ----------
    has_theme
        bool ``(documents, themes)``, dense or sparse.
    strata, blocks, second
        ``(documents,)``: number of the stratum, as the source; number of the block, as what a
        source published on one day; which documents are of the second set.
    confidence
        Of the interval.
    """
    side = second.astype(int)
    scan = PermutationScan.of_documents(has_theme, strata, 2 * blocks + side, side, 2)
    return scan.difference(confidence)
