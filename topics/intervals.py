"""Intervals of shares, their differences and ratios, where documents come in blocks."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, t

Bounds = tuple[np.ndarray, np.ndarray]

LEAST_VOICES = 20  # fewer outlets are not taken for a sample of outlets
_LEAST_BLOCKS = 10
BY_VOICE = "block bootstrap by source"
BY_DAY = "block bootstrap by source and day"
BY_DOCUMENT = "Wilson"


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
        z2 = t.ppf((1 + confidence) / 2, freedom) ** 2 / n
        middle = (share + z2 / 2) / (1 + z2)
        half = np.sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2)
    return np.where(share <= 0, 0, middle - half), np.where(share >= 1, 1, middle + half)
