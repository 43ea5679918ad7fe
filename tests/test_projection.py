"""The map of passages on a plane."""

import numpy as np
import pytest
from umap.umap_ import fuzzy_simplicial_set

from topics.model.graph import knn
from topics.model.projection import fuzzy_graph, project_2d
from topics.parallel import side_by_side


def two_groups(n: int) -> np.ndarray:
    """`n` rows around each of two axes, the first group first."""
    noise = np.random.default_rng(0).normal(0, 0.05, (2 * n, 32))
    rows = np.repeat(np.eye(2, 32), n, axis=0) + noise
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def plane():
    return project_2d(two_groups(30), random_state=3)


def test_every_row_gets_a_place_and_groups_lie_apart(plane):
    assert plane.shape == (60, 2)
    centroids = plane[:30].mean(axis=0), plane[30:].mean(axis=0)
    to_first, to_second = (np.linalg.norm(plane - centroid, axis=1) for centroid in centroids)
    assert (to_first < to_second).tolist() == [True] * 30 + [False] * 30


def test_the_same_seed_gives_the_same_map_and_another_one_does_not(plane):
    assert project_2d(two_groups(30), random_state=3).tolist() == plane.tolist()
    assert project_2d(two_groups(30), random_state=4).tolist() != plane.tolist()


def test_the_map_that_a_copy_of_the_process_draws_is_the_same(plane):
    def draw():
        return project_2d(two_groups(30), random_state=3).tobytes()

    _, drawn = side_by_side(lambda: None, draw)
    assert np.frombuffer(drawn, np.float32).reshape(plane.shape).tolist() == plane.tolist()


def test_the_graph_is_that_of_umap_learn():
    vectors = np.vstack([two_groups(40), two_groups(3)])
    vectors[80:] = vectors[80]  # identical, at no distance from each other
    near = knn(vectors, vectors, 16)
    distances = np.maximum(1 - near.similarities, 0)
    theirs = fuzzy_simplicial_set(
        vectors, 16, None, "cosine", knn_indices=near.indices, knn_dists=distances
    )[0]
    ours = fuzzy_graph(near.drop_self())
    assert ours.toarray() == pytest.approx(theirs.toarray(), abs=1e-4)
    assert ours.nnz > 1000


@pytest.mark.parametrize("n", [1, 2, 5, 12])  # from 12 rows on, umap-learn draws them
def test_a_few_rows_have_places_of_their_own(n):
    places = project_2d(np.eye(n, 32, dtype=np.float32))
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert len(np.unique(places.round(4), axis=0)) == n


@pytest.mark.parametrize("n", [2, 40])
def test_identical_rows_lie_on_one_spot(n):
    places = project_2d(np.full((n, 16), 0.25, np.float32))
    assert places == pytest.approx(np.zeros((n, 2)), abs=1e-6)
