"""Permutation tests: what one source published on different days could as well be exchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from scipy.special import ndtri

from topics.intervals import CONFIDENCE, Array, Estimate

Segment = tuple[int, int]  # first period and the one after the last


def sum_by(groups: Array, rows: Array, n: int | None = None) -> Array:
    """``(groups, columns)`` sums of the rows of each group, from 0 on."""
    shape = (int(groups.max(initial=-1)) + 1 if n is None else n, len(groups))
    return sp.csc_matrix((np.ones(len(groups)), groups, np.arange(len(groups) + 1)), shape) @ rows


def permuted_within(groups: Array, random: np.random.Generator) -> Array:
    """An order of rows that exchanges those of the same group at random."""
    order = np.empty(len(groups), dtype=np.int64)
    order[np.argsort(groups, kind="stable")] = np.argsort(groups + random.random(len(groups)))
    return order


@dataclass(frozen=True, eq=False)
class PermutationScan:
    """How much shares in segments of periods differ from the rest, sources held fixed.

    The statistic is the Mantel-Haenszel difference over its standard error under permutation of
    what each source published on different days.

    Attributes
    ----------
    counts
        ``(source_days, themes)`` documents that have each theme.
    sizes, sources, periods
        ``(source_days,)`` documents, number of the source, and number of the period.
    n_periods
        Number of periods, with or without documents.
    """

    counts: Array
    sizes: Array
    sources: Array
    periods: Array
    n_periods: int

    @classmethod
    def of_documents(
        cls, has_theme: Array, sources: Array, source_days: Array, periods: Array, n_periods: int
    ) -> PermutationScan:
        """From one row a document; a number of `source_days` lies in one source and one period."""
        first, groups = np.unique(source_days, return_index=True, return_inverse=True)[1:]
        sources = np.unique(sources[first], return_inverse=True)[1]
        counts = sum_by(groups, has_theme.astype(float))
        return cls(counts, np.bincount(groups), sources, periods[first], n_periods)

    def part(self, segment: Segment, themes: Sequence[int]) -> PermutationScan:
        """The periods of a segment, and some themes."""
        first, last = segment
        rows = (self.periods >= first) & (self.periods < last)
        sources = np.unique(self.sources[rows], return_inverse=True)[1]
        counts, sizes = self.counts[rows][:, themes], self.sizes[rows]
        return PermutationScan(counts, sizes, sources, self.periods[rows], self.n_periods)

    @cached_property
    def residuals(self) -> Array:
        """Documents that have a theme, less those expected from the source's own share."""
        rates = sum_by(self.sources, self.counts) / sum_by(self.sources, self.sizes[:, None])
        return self.counts - self.sizes[:, None] * rates[self.sources]

    def sums(self, segments: Sequence[Segment], periods: Array) -> Array:
        """``(segments, themes)`` sums of residuals, were the source-days in these periods."""
        return _in_segments(segments, sum_by(periods, self.residuals, self.n_periods))

    def variances(self, segments: Sequence[Segment]) -> Array:
        """``(segments, themes)`` variances of `sums` under permutation within sources."""
        n_days = np.bincount(self.sources)
        squares = sum_by(self.sources, self.residuals**2) / np.maximum(n_days - 1, 1)[:, None]
        shape = (self.n_periods, len(n_days))
        by_period = sp.csr_matrix((np.ones(len(self.periods)), (self.periods, self.sources)), shape)
        inside = _in_segments(segments, by_period.toarray())
        return inside * (1 - inside / n_days) @ squares

    def _errors(self, segments: Sequence[Segment]) -> Array:
        """Standard errors; infinite where chance moves less than one document: nothing to tell."""
        variances = self.variances(segments)
        return np.where(variances >= 1, np.sqrt(np.maximum(variances, 1)), np.inf)

    def observed(self, segments: Sequence[Segment]) -> Array:
        """``(segments, themes)`` statistics."""
        return self.sums(segments, self.periods) / self._errors(segments)

    def by_chance(
        self,
        segments: Sequence[Segment],
        draws: int,
        random: np.random.Generator,
        side: Array | int = 0,
    ) -> Iterator[Array]:
        """The statistics with periods exchanged within sources, and within the sides of a cut."""
        groups, errors = 2 * self.sources + side, self._errors(segments)
        for _ in range(draws):
            yield self.sums(segments, self.periods[permuted_within(groups, random)]) / errors


def _in_segments(segments: Sequence[Segment], by_period: Array) -> Array:
    """``(segments, columns)`` sums of the rows, one a period, of each segment."""
    starts, ends = np.array(segments).T
    totals = np.vstack([np.zeros(by_period.shape[1]), np.cumsum(by_period, axis=0)])
    return totals[ends] - totals[starts]


def corrected(observed: Array, chance: Array) -> Array:
    """P of statistics ``(tests,)`` against those by chance ``(draws, tests)``, for all tests together.

    Each is brought to the scale of its own chance; then the greatest of all by chance is what
    it must exceed (Westfall and Young 1993).
    """
    every = np.vstack([observed, chance])
    scaled = (every - every.mean(axis=0)) / np.maximum(every.std(axis=0), 1e-12)
    greatest = scaled[1:].max(axis=1)
    return (1 + (greatest[:, None] >= scaled[0]).sum(axis=0)) / len(every)


def difference_within(
    has_theme: Array, sources: Array, source_days: Array, second: Array
) -> Estimate:
    """Mantel-Haenszel difference ``(themes,)`` of the shares of two sets of documents.

    Only sources that wrote in both count, each compared with itself; the interval is the one under
    permutation within sources of what each published on one day. NaN where no source wrote in
    both.

    Parameters
    ----------
    has_theme
        bool ``(documents, themes)``.
    sources, source_days, second
        ``(documents,)``: number of the source and of the source-day; which are of the second set.
    """
    side = second.astype(int)
    scan = PermutationScan.of_documents(has_theme, sources, 2 * source_days + side, side, 2)
    late = scan.periods == 1
    sizes = sum_by(scan.sources, np.column_stack([scan.sizes * ~late, scan.sizes * late]))
    both = (sizes.prod(axis=1) / sizes.sum(axis=1)).sum()
    both = both if both > 0 else np.nan
    gap = scan.sums([(1, 2)], scan.periods)[0] / both
    half = ndtri((1 + CONFIDENCE) / 2) * np.sqrt(np.maximum(scan.variances([(1, 2)])[0], 0)) / both
    return Estimate(gap, np.maximum(gap - half, -1), np.minimum(gap + half, 1))
