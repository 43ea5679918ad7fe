"""Clusters of vectors whose groups are known, and the level that is chosen."""

import warnings

import numpy as np
import pytest
from bertopic import BERTopic
from bertopic.backend import BaseEmbedder
from bertopic.dimensionality import BaseDimensionalityReduction
from sklearn.metrics import adjusted_rand_score

from topics import cluster
from topics.model.clusterer import Clusterer
from topics.model.clusters import LEFT_OUT, find_levels, largest_first, refit
from topics.model.graph import nearest_neighbours, neighbours_for

SIZES = [30, 20, 15, 10]


def around(centroids: np.ndarray, sizes: list[int], spread: float) -> np.ndarray:
    """So many unit rows around each centroid, in the centroids' order."""
    noise = np.random.default_rng(1).normal(size=(sum(sizes), centroids.shape[1]))
    rows = np.repeat(centroids, sizes, axis=0) + spread * noise / np.sqrt(centroids.shape[1])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def random_centroids(n: int, dim: int = 32) -> np.ndarray:
    centroids = np.random.default_rng(0).normal(size=(n, dim))
    return centroids / np.linalg.norm(centroids, axis=1, keepdims=True)


def graph_of(vectors: np.ndarray):
    return nearest_neighbours(vectors, neighbours_for(len(vectors))).graph()


@pytest.fixture(scope="module")
def planted():
    """Rows of four groups in a random order, and the group of each, 0 the largest."""
    order = np.random.default_rng(2).permutation(sum(SIZES))
    return around(random_centroids(4), SIZES, 0.5)[order], np.repeat(range(4), SIZES)[order]


@pytest.fixture(scope="module")
def levels(planted):
    return find_levels(graph_of(planted[0]))


def test_planted_groups_are_found_and_numbered_by_falling_size(planted):
    vectors, groups = planted
    found = cluster(vectors)
    assert np.issubdtype(found.dtype, np.integer)
    assert found.tolist() == groups.tolist()


def test_the_same_seed_gives_the_same_labels():
    vectors = around(random_centroids(3), [20, 20, 20], 1.5)  # groups that run into each other
    first = cluster(vectors, random_state=7)
    assert cluster(vectors, random_state=7).tolist() == first.tolist()


def test_of_equal_clusters_the_first_to_appear_comes_first():
    assert largest_first([5, 9, 2, 9, 2, 7]).tolist() == [2, 0, 1, 0, 1, 3]


@pytest.mark.parametrize("n", [100, 400])
@pytest.mark.parametrize("centroid", [random_centroids(1), np.zeros((1, 32))], ids=["one", "none"])
def test_rows_around_one_centroid_or_none_are_one_cluster(n, centroid):
    assert cluster(around(centroid, [n], 1.0)).max() == 0


@pytest.mark.parametrize("n", [20, 200])
def test_identical_rows_are_one_cluster(n):
    for row in random_centroids(6, dim=32):  # for some, products of equal rows differ by rounding
        assert cluster(np.repeat(row[None], n, axis=0)).tolist() == [0] * n


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_rows_is_one_cluster_without_a_warning(n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cluster(random_centroids(n)).tolist() == [0] * n


def test_words_tell_apart_what_vectors_do_not():
    vectors = around(random_centroids(1), [160], 1.0)
    subjects = ["dockers strike", "bank rates", "navy frigates", "grain tariffs"]
    assert cluster(vectors).max() == 0
    found = cluster(vectors, texts=np.repeat(subjects, 40))
    assert adjusted_rand_score(np.repeat(subjects, 40), found) > 0.9


def test_texts_without_words_change_nothing(planted):
    vectors, groups = planted
    assert cluster(vectors, texts=["42"] * len(vectors)).tolist() == groups.tolist()


def test_levels_go_from_one_cluster_to_many(levels):
    assert levels.table["resolution"].is_monotonic_increasing
    assert levels.table["n_clusters"].iloc[0] == 1
    assert levels.table["n_clusters"].iloc[-1] > 4
    assert levels.labels_by_resolution.shape == (len(levels.table), sum(SIZES))
    assert levels.table["chosen"].sum() == 1
    best = levels.table["score"].max()
    assert levels.chosen == levels.table["score"].tolist().index(best)  # the coarsest of the best


def test_a_level_says_how_far_its_clusters_hold_and_stand_apart(planted, levels):
    found = levels.table.iloc[levels.chosen]
    shares = np.array(SIZES) / sum(SIZES)
    assert levels.labels.tolist() == planted[1].tolist()
    assert found["stability"] > 0.9
    assert found["persistence"] == 1
    assert 0.5 < found["separation"] < 1 - (shares**2).sum()  # what it is without chance
    assert found["evenness"] == pytest.approx(np.prod(shares**-shares) / 4)  # 1 for equal sizes
    apart = found["separation"] * found["evenness"]
    assert 0.8 * apart < found["score"] <= apart


def test_planted_groups_come_back_in_every_refit(planted, levels):
    refitted = refit(graph_of(planted[0]), levels, n=5)
    left_out = refitted == LEFT_OUT
    assert left_out.mean(axis=1).tolist() == [0.2] * 5
    assert (left_out | (refitted == levels.labels)).all()


@pytest.mark.parametrize("n", [4, 60])
def test_one_cluster_is_always_the_same(n):
    graph = graph_of(around(random_centroids(1), [n], 1.0))
    assert refit(graph, find_levels(graph), n=3).tolist() == [[0] * n] * 3


def test_bertopic_takes_the_clusterer(planted):
    vectors, groups = planted
    bertopic = BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=Clusterer(),
    )
    texts = [f"subject{g} word{g}" for g in groups]
    assert bertopic.fit_transform(texts, vectors)[0] == groups.tolist()
    assert bertopic.transform(texts[:3], vectors[:3])[0] == groups[:3].tolist()
