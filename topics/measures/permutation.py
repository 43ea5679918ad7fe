"""Documents in blocks within strata: what would be exchangeable if nothing but chance moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from topics.measures.document_themes import DocumentThemes

Stretch = tuple[int, int]  # first period and the one after the last


@dataclass(frozen=True)
class Blocks:
    """What one source published on one day, a row each; the strata are the sources.

    Attributes
    ----------
    carried
        ``(blocks, themes)`` documents that carry each theme.
    sizes
        ``(blocks,)`` documents.
    strata
        ``(blocks,)`` number of the source.
    """

    carried: np.ndarray
    sizes: np.ndarray
    strata: np.ndarray

    @classmethod
    def of(cls, carries: np.ndarray, strata: np.ndarray, numbers: np.ndarray) -> Blocks:
        """Documents ``(documents, themes)`` of these strata, in blocks of these numbers."""
        first, block = np.unique(numbers, return_index=True, return_inverse=True)[1:]
        return cls(sums(carries.astype(float), block), np.bincount(block), strata[first])

    def part(self, kept: np.ndarray, themes: list[int]) -> Blocks:
        """Some blocks and themes."""
        strata = np.unique(self.strata[kept], return_inverse=True)[1]
        return Blocks(self.carried[kept][:, themes], self.sizes[kept], strata)

    @cached_property
    def residuals(self) -> np.ndarray:
        """Documents that carry a theme, less those expected from the source's own share."""
        rates = sums(self.carried, self.strata) / sums(self.sizes[:, None], self.strata)
        return self.carried - self.sizes[:, None] * rates[self.strata]

    def variance(self, inside: np.ndarray) -> np.ndarray:
        """Of the sum of residuals over blocks drawn at random within strata.

        `inside` is ``(sets, strata)``, how many blocks of each stratum each set holds; the
        result ``(sets, themes)``.
        """
        count = np.bincount(self.strata)
        squares = sums(self.residuals**2, self.strata) / np.maximum(count - 1, 1)[:, None]
        return inside * (1 - inside / count) @ squares


def by_day(document_themes: DocumentThemes, place: np.ndarray) -> tuple[Blocks, np.ndarray]:
    """What each source published on each day, and the period of each block.

    `place` has the number of the period of each document.
    """
    first = np.unique(document_themes.days, return_index=True)[1]
    carries = document_themes.has_theme.to_numpy()
    return Blocks.of(carries, document_themes.strata, document_themes.days), place[first]


def sums(rows: np.ndarray, groups: np.ndarray, n: int | None = None) -> np.ndarray:
    """``(groups, columns)`` sums of the rows of each group."""
    shape = (int(groups.max(initial=-1)) + 1 if n is None else n, len(groups))
    return sp.csr_matrix((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape) @ rows


def difference_within(
    carries: np.ndarray, strata: np.ndarray, days: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mantel-Haenszel difference of the shares of two sets of documents, and its standard error.

    Only sources that wrote in both count, each compared with itself; the error is the one under
    permutation within sources of what each published on one day. NaN where no source wrote in
    both.

    Parameters
    ----------
    carries
        bool ``(documents, themes)``.
    strata, days, second
        ``(documents,)``: number of the source and of the block, and which are of the second set.
    """
    numbers = 2 * days + second
    blocks = Blocks.of(carries, np.unique(strata, return_inverse=True)[1], numbers)
    late = second[np.unique(numbers, return_index=True)[1]]
    sizes = sums(np.column_stack([blocks.sizes * ~late, blocks.sizes * late]), blocks.strata)
    both = (sizes[:, 0] * sizes[:, 1] / sizes.sum(axis=1)).sum()
    inside = np.bincount(blocks.strata[late], minlength=len(sizes))[None, :].astype(float)
    error = np.sqrt(np.maximum(blocks.variance(inside)[0], 0))
    both = both if both > 0 else np.nan
    return blocks.residuals[late].sum(axis=0) / both, error / both


class Scan:
    """How much the shares of stretches of periods differ from the rest, sources held fixed.

    The statistic is the Mantel-Haenszel difference over its standard error.

    Parameters
    ----------
    blocks, periods
        The blocks, and the number of the period of each ``(blocks,)``.
    stretches
        The stretches of periods to look at.
    """

    def __init__(self, blocks: Blocks, periods: np.ndarray, stretches: list[Stretch]) -> None:
        self.blocks, self.periods = blocks, periods
        self.starts, self.ends = np.array(stretches).T
        self.n_periods = int(max(self.ends.max(), periods.max(initial=0) + 1))
        self._by_theme = np.ascontiguousarray(blocks.residuals.T)
        counts = np.zeros((self.n_periods, int(blocks.strata.max(initial=-1)) + 1))
        np.add.at(counts, (periods, blocks.strata), 1)
        variance = blocks.variance(self._over(counts))
        # where less than one document is expected to come or go by chance, nothing can be told
        self.scale = np.where(variance >= 1, np.sqrt(np.maximum(variance, 1)), np.inf)

    def _over(self, by_period: np.ndarray) -> np.ndarray:
        totals = np.concatenate([np.zeros((1, by_period.shape[1])), np.cumsum(by_period, axis=0)])
        return totals[self.ends] - totals[self.starts]

    def observed(self, periods: np.ndarray | None = None) -> np.ndarray:
        """``(stretches, themes)`` z; or what it were, had the blocks come in other periods."""
        own = self.periods if periods is None else periods
        by_theme = [np.bincount(own, of, self.n_periods) for of in self._by_theme]
        by_period = np.array(by_theme).reshape(len(by_theme), self.n_periods).T
        return self._over(by_period) / self.scale

    def shuffled(
        self, draws: int, random: np.random.Generator, side: np.ndarray | int = 0
    ) -> Iterator[np.ndarray]:
        """The same with periods exchanged at random between a source's blocks of one side."""
        groups = (2 * self.blocks.strata + side).astype(np.uint64)
        order = np.argsort(groups, kind="stable")
        # One number holds group, chance and period: numbers are sorted far faster than an order.
        low, high = (int(most).bit_length() for most in (self.n_periods, groups.max(initial=0)))
        held = groups[order] << np.uint64(64 - high) | self.periods[order].astype(np.uint64)
        periods = np.empty(len(groups), dtype=np.int64)
        for _ in range(draws):
            chance = random.integers(2**64, size=len(groups), dtype=np.uint64)
            drawn = np.sort(held | chance >> np.uint64(high + low) << np.uint64(low))
            periods[order] = drawn & np.uint64(2**low - 1)
            yield self.observed(periods)


def corrected(observed: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """P of statistics ``(tests,)`` against those by chance ``(draws, tests)``, corrected for their number.

    Each is brought to the scale of its own chance; then the greatest of all by chance is what
    it must beat (Westfall and Young 1993).
    """
    every = np.vstack([observed, chance])
    scaled = (every - every.mean(axis=0)) / np.maximum(every.std(axis=0), 1e-12)
    greatest = scaled[1:].max(axis=1)
    return (1 + (greatest[:, None] >= scaled[0]).sum(axis=0)) / len(every)
