"""Intervals: published values, and how often they cover what they should."""

import numpy as np
import pytest

from topics.intervals import Estimate, difference, effective_sizes, ratio, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_the_published_one(successes, n, low, high):  # Newcombe 1998a, table I
    assert wilson(successes, n)[1:] == pytest.approx((low, high), abs=5e-5)


def test_none_and_all_have_bounds_that_meet_zero_and_one():
    _, low, high = wilson([0, 20], 20)
    assert low == pytest.approx([0, 0.8389], abs=5e-5)
    assert high == pytest.approx([0.1611, 1], abs=5e-5)


def test_a_share_of_nothing_has_no_interval():
    assert np.isnan(wilson(0, 0)).all()


def test_fewer_degrees_of_freedom_make_a_wider_interval():
    narrow, wide = wilson(10, 40), wilson(10, 40, freedom=5)
    assert wide.low < narrow.low < narrow.value == 0.25 < narrow.high < wide.high


@pytest.mark.parametrize(
    ("a", "n", "b", "m", "low", "high"),
    [
        (48, 80, 56, 70, 0.0524, 0.3339),
        (3, 10, 9, 10, 0.1705, 0.8090),
        (0, 29, 5, 56, -0.0381, 0.1926),
        (0, 10, 10, 10, 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(a, n, b, m, low, high):
    # Newcombe 1998b, table II, method 10
    gap = difference(wilson(a, n), wilson(b, m))
    assert gap == pytest.approx((b / m - a / n, low, high), abs=5e-5)


def test_a_ratio_of_zero_or_to_zero_is_bounded_by_the_shares_own_bounds():
    none, some = wilson(0, 20), wilson(10, 20)
    assert ratio(none, some) == pytest.approx((np.inf, some.low / none.high, np.inf))
    assert ratio(some, none) == pytest.approx((0, 0, none.high / some.low))
    assert ratio(none, none)[1:] == (0, np.inf)


def test_a_difference_and_a_ratio_with_nothing_are_not_known():
    nothing, some = wilson(0, 0), wilson(10, 20)
    assert np.isnan(difference(nothing, some)).all()
    assert np.isnan(ratio(nothing, some)).all()


def covers(estimate, truth):
    return np.mean((estimate.low <= truth) & (truth <= estimate.high))


def binomial(rng, low, n_runs=2000):
    """True shares, and an estimate of each."""
    share, n = rng.uniform(low, 0.95, n_runs), rng.integers(20, 80, n_runs)
    return share, wilson(rng.binomial(n, share), n)


def test_wilsons_interval_covers_the_share_95_times_in_100():
    share, estimate = binomial(np.random.default_rng(1), 0.03)
    assert 0.93 < covers(estimate, share) < 0.97


def test_the_interval_of_a_difference_covers_it_95_times_in_100():
    rng = np.random.default_rng(2)
    (p, first), (q, second) = binomial(rng, 0.05), binomial(rng, 0.05)
    assert 0.93 < covers(difference(first, second), q - p) < 0.97


def test_the_interval_of_a_ratio_covers_it_95_times_in_100():
    rng = np.random.default_rng(3)
    (p, first), (q, second) = binomial(rng, 0.15), binomial(rng, 0.15)
    assert 0.93 < covers(ratio(first, second), q / p) < 0.97


def in_blocks(rng, rates, size=10):
    """Documents with a theme, and documents, of blocks with these rates."""
    return rng.binomial(size, rates)[:, None], np.full(len(rates), size)


def blockwise(counts, sizes):
    """A share with its interval by the variance between blocks."""
    effective, share = effective_sizes(counts, sizes), counts.sum() / sizes.sum()
    return wilson(share * effective, effective, freedom=len(sizes) - 1)


def together(estimates):
    """Many estimates as one of arrays."""
    return Estimate(*np.array(estimates).reshape(len(estimates), 3).T)


def test_the_variance_between_blocks_covers_a_share_in_blocks_where_wilsons_interval_does_not():
    rng, truth, n_runs = np.random.default_rng(4), 0.3, 600
    plain, by_block = [], []
    for _ in range(n_runs):
        counts, sizes = in_blocks(rng, rng.beta(1.5, 3.5, 30))
        plain.append(wilson(counts.sum(), sizes.sum()))
        by_block.append(blockwise(counts, sizes))
    assert covers(together(plain), truth) < 0.90
    assert 0.92 < covers(together(by_block), truth) < 0.98


def test_documents_of_blocks_that_all_agree_are_worth_one_a_block():
    sizes = np.full(200, 5)
    counts = 5 * (np.arange(200) % 2 == 0)[:, None]
    assert effective_sizes(counts, sizes) == pytest.approx([200], rel=0.1)


def test_blocks_never_make_documents_worth_more_than_they_are():
    counts, sizes = np.full((40, 1), 2), np.full(40, 4)
    counts[:2] += [[1], [-1]]
    assert effective_sizes(counts, sizes).tolist() == [160]


def test_a_theme_that_none_or_all_have_loses_as_much_as_the_others_do():
    half = 5 * (np.arange(40) % 2 == 0)
    counts = np.column_stack([half, np.zeros(40), np.full(40, 5)])
    effective = effective_sizes(counts, np.full(40, 5))
    assert effective[1] == effective[2] == effective[0] < 60
    assert effective_sizes(counts[:, 1:], np.full(40, 5)).tolist() == [200, 200]
