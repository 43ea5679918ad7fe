"""Intervals of shares."""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95% interval of a share by Wilson's score method (1927); (nan, nan) for n = 0."""
    if n == 0:
        return float("nan"), float("nan")
    interval = binomtest(int(successes), int(n)).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def difference_interval(
    a: int, n: int, b: int, m: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of the difference b/m - a/n of two shares (Newcombe 1998, method 10)."""
    first = binomtest(a, n).proportion_ci(confidence, method="wilson")
    second = binomtest(b, m).proportion_ci(confidence, method="wilson")
    p, q = a / n, b / m
    below = np.hypot(q - second.low, first.high - p)
    above = np.hypot(second.high - q, p - first.low)
    return float(q - p - below), float(q - p + above)
