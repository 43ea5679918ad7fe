"""Clusters of vectors whose groups are known, and the level that is chosen."""

import warnings

import numpy as np
import pytest

from topics import cluster
from topics.model.clusters import (
    Level,
    choose_level,
    cluster_stability,
    find_levels,
    largest_first,
    neighbours_for,
)
from topics.model.graph import nearest_neighbours

SIZES = [30, 20, 15, 10]


def around(centroids: np.ndarray, sizes: list[int], spread: float) -> np.ndarray:
    """So many unit rows around each centroid, in the centroids' order."""
    noise = np.random.default_rng(1).normal(size=(sum(sizes), centroids.shape[1]))
    rows = np.repeat(centroids, sizes, axis=0) + spread * noise / np.sqrt(centroids.shape[1])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def random_centres(n: int, dim: int = 32) -> np.ndarray:
    centroids = np.random.default_rng(0).normal(size=(n, dim))
    return centroids / np.linalg.norm(centroids, axis=1, keepdims=True)


def graph_of(vectors: np.ndarray):
    return nearest_neighbours(vectors, neighbours_for(len(vectors))).weights()


def level(n_clusters: int, score: float) -> Level:
    return Level(1.0, np.arange(60) % n_clusters, score=score)


@pytest.fixture(scope="module")
def planted():
    """Rows of four groups in a random order, and the group of each, 0 the largest."""
    order = np.random.default_rng(2).permutation(sum(SIZES))
    return around(random_centres(4), SIZES, 0.5)[order], np.repeat(range(4), SIZES)[order]


@pytest.fixture(scope="module")
def levels(planted):
    return find_levels(graph_of(planted[0]))


def test_planted_groups_are_found_and_numbered_by_falling_size(planted):
    vectors, groups = planted
    found = cluster(vectors)
    assert np.issubdtype(found.dtype, np.integer)
    assert found.tolist() == groups.tolist()


def test_the_same_seed_gives_the_same_labels():
    vectors = around(random_centres(3), [20, 20, 20], 1.5)  # groups that run into each other
    first = cluster(vectors, random_state=7)
    assert cluster(vectors, random_state=7).tolist() == first.tolist()


def test_of_equal_clusters_the_first_to_appear_comes_first():
    assert largest_first([5, 9, 2, 9, 2, 7]).tolist() == [2, 0, 1, 0, 1, 3]


@pytest.mark.parametrize("n", [100, 400])
def test_one_blob_is_one_cluster(n):
    assert cluster(around(random_centres(1), [n], 1.0)).max() == 0


@pytest.mark.parametrize("n", [100, 400])
def test_unrelated_rows_have_no_clusters(n):
    assert cluster(around(np.zeros((1, 32)), [n], 1.0)).max() == 0


@pytest.mark.parametrize("n", [20, 200])
def test_identical_rows_are_one_cluster(n):
    for row in random_centres(6, dim=32):  # for some, products of equal rows differ by rounding
        assert cluster(np.repeat(row[None], n, axis=0)).tolist() == [0] * n


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_rows_is_one_cluster_without_a_warning(n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cluster(random_centres(n)).tolist() == [0] * n


def test_levels_go_from_coarse_to_fine(levels):
    resolutions = [found.resolution for found in levels]
    assert resolutions == sorted(resolutions)
    assert levels[0].n_clusters == 1
    assert levels[-1].n_clusters > 4


def test_a_level_says_how_far_its_clusters_hold_and_stand_apart(planted, levels):
    right = next(found for found in levels if found.labels.tolist() == planted[1].tolist())
    shares = np.array(SIZES) / sum(SIZES)
    assert right.stability == 1
    assert right.separation == pytest.approx(1 - (shares**2).sum(), abs=0.05)
    assert right.score == pytest.approx(right.separation)
    assert right.persistence == 1


def test_planted_groups_come_back_in_every_refit(planted, levels):
    right = levels[choose_level(levels)]
    stability, refitted = cluster_stability(graph_of(planted[0]), right, refits=5)
    assert stability.tolist() == [1, 1, 1, 1]
    assert refitted.shape == (5, sum(SIZES))
    left_out = refitted == -2
    assert (left_out.mean(axis=1) == 0.2).all()
    assert (left_out | (refitted == right.labels)).all()


@pytest.mark.parametrize("n", [4, 60])
def test_one_cluster_is_always_the_same(n):
    one = Level(1.0, np.zeros(n, dtype=int))
    stability, refitted = cluster_stability(graph_of(random_centres(n)), one, refits=3)
    assert stability.tolist() == [1]
    assert refitted.tolist() == [[0] * n] * 3


def test_the_level_with_the_highest_score_is_chosen_the_coarsest_of_equal_ones():
    levels = [level(1, 0.0), level(2, 0.5), level(3, 0.9), level(4, 0.9), level(9, 0.7)]
    assert choose_level(levels) == 2


def test_where_no_level_is_good_all_rows_are_one_cluster():
    levels = find_levels(graph_of(around(np.zeros((1, 32)), [400], 1.0)))
    assert {found.score for found in levels} == {0.0}
    assert levels[choose_level(levels)].labels.tolist() == [0] * 400
