"""Intervals of shares, their differences and ratios, and the numbers that all tests share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from topics.checks import check_number
from topics.errors import InputError

CONFIDENCE = 0.95  # with which an interval covers what it estimates
FALSE_ALARMS = 0.05  # chance that a test finds anything at all where nothing changed
CLAIM_KINDS = 4  # changes, rises, sources, actors: a front page shares the chance out among them
PERMUTATIONS = 999  # random orders that a test compares with
REFITS = 20  # of a model, to see what comes back

Array = np.ndarray


class Estimate(NamedTuple):
    """A number with its interval, or an array of each."""

    value: Array
    low: Array
    high: Array


def wilson(
    successes: Array | float,
    n: Array | float,
    confidence: float = CONFIDENCE,
    freedom: float | Array = np.inf,
) -> Estimate:
    """A share with its interval by Wilson's score method (1927); NaN for n = 0.

    Parameters
    ----------
    successes, n
        Counts; `n` may be an effective sample size, which need not be whole.
    confidence
        Probability with which the interval covers the share.
    freedom
        Degrees of freedom of the variance that an effective sample size was made from.

    Examples
    --------
    >>> share, low, high = wilson(5, 20)
    >>> f"{share:.2f} ({low:.2f} to {high:.2f})"
    '0.25 (0.11 to 0.47)'
    """
    check_number("confidence", confidence, 0, 1)
    successes, n = np.asarray(successes, float), np.asarray(n, float)
    if (successes < 0).any() or (n < 0).any():
        raise InputError(f"counts: expected none below 0, found {min(successes.min(), n.min()):g}")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = successes / n
        z2 = stdtrit(freedom, (1 + confidence) / 2) ** 2 / n
        middle = (share + z2 / 2) / (1 + z2)
        half = np.sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2)
    low, high = np.where(share <= 0, 0, middle - half), np.where(share >= 1, 1, middle + half)
    return Estimate(share, low, high)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """Second less first, with its interval from those of the two (MOVER, Zou and Donner 2008).

    For independent shares with Wilson's intervals this is Newcombe's method 10 (1998). Where the same
    blocks are in both, as sources in two periods, it is too wide rather than too narrow.

    Examples
    --------
    >>> gap, low, high = difference(wilson(5, 20), wilson(15, 20))
    >>> f"{gap:.2f} ({low:.2f} to {high:.2f})"
    '0.50 (0.19 to 0.70)'
    """
    (p, low_p, high_p), (q, low_q, high_q) = map(np.asarray, first), map(np.asarray, second)
    below, above = np.hypot(q - low_q, high_p - p), np.hypot(p - low_p, high_q - q)
    return Estimate(q - p, q - p - below, q - p + above)


def ratio(first: Estimate, second: Estimate) -> Estimate:
    """Second over first, two independent shares: `difference` on the scale of logarithms.

    Where a share is zero, the bounds are those that the shares' own bounds allow.

    Examples
    --------
    >>> times, low, high = ratio(wilson(5, 20), wilson(15, 20))
    >>> f"{times:.1f} ({low:.1f} to {high:.1f})"
    '3.0 (1.5 to 6.8)'
    """
    (p, low_p, high_p), (q, low_q, high_q) = map(np.asarray, first), map(np.asarray, second)
    with np.errstate(divide="ignore", invalid="ignore"):
        _, low, high = np.exp(difference(Estimate(*np.log(first)), Estimate(*np.log(second))))
        none = (p == 0) | (q == 0)
        low = np.where(none, low_q / high_p, low)
        return Estimate(q / p, low, np.where(none, high_q / low_p, high))


def effective_sizes(counts: Array, sizes: Array) -> Array:
    """How many independent documents the blocks are worth ``(themes,)``, at most all of them.

    That is share times (1 - share) over the variance of the share between blocks (linearised,
    Cochran 1977, section 6.3), which has blocks - 1 degrees of freedom. Where all or none have a
    theme, the median loss of the other themes stands in for its own.

    Parameters
    ----------
    counts
        ``(blocks, themes)`` documents of each block that have each theme.
    sizes
        ``(blocks,)`` documents of each block.

    Examples
    --------
    Ten blocks of four documents that all agree are worth about ten documents, not forty:

    >>> counts = np.array([[4], [0]] * 5)
    >>> effective_sizes(counts, np.full(10, 4)).round()
    array([9.])
    """
    blocks, n = len(sizes), sizes.sum()
    share = counts.sum(axis=0) / n
    variance = ((counts - sizes[:, None] * share) ** 2).sum(axis=0) / n**2 * blocks / (blocks - 1)
    mixed = variance > 0
    effective = np.minimum(share * (1 - share) / np.maximum(variance, 1e-300), n)
    return np.where(mixed, effective, np.median(effective[mixed]) if mixed.any() else n)
