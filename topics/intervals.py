"""Intervals of shares, their differences and ratios, where documents come in blocks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import stdtrit

CONFIDENCE = 0.95  # with which an interval covers what it estimates
FALSE_ALARMS = 0.05  # chance that a test finds anything at all where nothing changed
PERMUTATIONS = 999  # random orders that a test compares with
RESAMPLES = 1000  # draws of a bootstrap

Array = np.ndarray
Bounds = tuple[Array, Array]
Estimate = tuple[Array, Array, Array]  # a share, its low and its high bound
_MANY_BLOCKS = 500  # from which a bootstrap takes long and says the same


def wilson(
    successes: np.ndarray | float,
    n: np.ndarray | float,
    confidence: float = 0.95,
    freedom: float | np.ndarray = np.inf,
) -> Bounds:
    """Interval of a share by Wilson's score method (1927); NaN for n = 0.

    Parameters
    ----------
    successes, n
        Counts; `n` may be an effective sample size, which need not be whole.
    confidence
        Probability with which the interval covers the share.
    freedom
        Degrees of freedom of the variance that an effective sample size was made from.
    """
    successes, n = np.asarray(successes, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = successes / n
        z2 = stdtrit(freedom, (1 + confidence) / 2) ** 2 / n
        middle = (share + z2 / 2) / (1 + z2)
        half = np.sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2)
    return np.where(share <= 0, 0, middle - half), np.where(share >= 1, 1, middle + half)


def difference(first: Estimate, second: Estimate, correlation: np.ndarray | float = 0.0) -> Bounds:
    """Interval of second - first from those of two shares (MOVER, Zou and Donner 2008).

    For independent shares with Wilson's intervals this is Newcombe's method 10 (1998).

    Parameters
    ----------
    first, second
        Share, low and high of each.
    correlation
        Of the two estimates, where the same blocks speak in both.
    """
    (p, low_p, high_p), (q, low_q, high_q) = map(np.asarray, (first, second))
    gap = q - p
    down, up = q - low_q, high_p - p
    below = np.sqrt(down**2 + up**2 - 2 * correlation * down * up)
    down, up = p - low_p, high_q - q
    above = np.sqrt(down**2 + up**2 - 2 * correlation * down * up)
    return gap - below, gap + above


def ratio(first: Estimate, second: Estimate) -> Bounds:
    """Interval of second / first, two independent shares: `difference` on the scale of logarithms.

    Where a share is zero, the bounds are those that the shares' own bounds allow.
    """
    (p, low_p, high_p), (q, low_q, high_q) = map(np.asarray, (first, second))
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = np.log([p, low_p, high_p]), np.log([q, low_q, high_q])
        low, high = np.exp(difference((one[0], one[1], one[2]), (other[0], other[1], other[2])))
        none = (p == 0) | (q == 0)
        return np.where(none, low_q / high_p, low), np.where(none, high_q / low_p, high)


def effective_sizes(carried: Array, sizes: Array, draws: int = 1000) -> tuple[Array, float]:
    """How many independent documents the blocks are worth, by a block bootstrap of the share.

    Of more than 500 blocks the variance that it tends to is computed (linearised, Cochran 1977,
    section 6.3). Where all or none carry a theme, the other themes' loss stands in for its own.

    Parameters
    ----------
    carried
        ``(blocks, themes)`` documents of each block that carry each theme.
    sizes
        ``(blocks,)`` documents of each block.
    draws
        Times that the blocks are drawn anew, with replacement, in the same way for all themes.

    Returns
    -------
    sizes
        ``(themes,)``: share times (1 - share) over its variance, at most the number of documents.
    freedom
        Degrees of freedom of that variance.
    """
    blocks, n = len(sizes), sizes.sum()
    share = carried.sum(axis=0) / n
    if blocks > _MANY_BLOCKS:
        variance = ((carried - sizes[:, None] * share) ** 2).sum(axis=0) / n**2
    else:
        weights = _resamples(blocks, draws)
        variance = (weights @ carried / np.maximum(weights @ sizes, 1)[:, None]).var(axis=0, ddof=1)
    variance *= blocks / (blocks - 1)
    mixed = variance > 0
    effective = np.full(carried.shape[1], float(n))
    effective[mixed] = np.minimum(share * (1 - share) / np.maximum(variance, 1e-300), n)[mixed]
    if mixed.any():
        effective[~mixed] = np.median(effective[mixed])
    return effective, blocks - 1


@lru_cache(maxsize=16)  # one source after the other is set against all others
def _resamples(blocks: int, draws: int) -> Array:
    """How often each block is drawn ``(draws, blocks)``."""
    even = np.full(blocks, 1 / blocks)
    return np.random.default_rng(0).multinomial(blocks, even, size=draws).astype(float)


def correlation(first: tuple[Array, Array], second: tuple[Array, Array]) -> Array:
    """Correlation of two shares that the same blocks speak in, theme by theme.

    Each is (carried ``(blocks, themes)``, sizes ``(blocks,)``), the same blocks in both.
    """
    residuals = [
        carried - sizes[:, None] * carried.sum(axis=0) / max(sizes.sum(), 1)
        for carried, sizes in (first, second)
    ]
    one, other = (np.sqrt((r**2).sum(axis=0)) for r in residuals)
    return (residuals[0] * residuals[1]).sum(axis=0) / np.maximum(one * other, 1e-12)
