"""Nearest neighbours against all products, and the graph that is made of them."""

import numpy as np
import pytest
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from topics.model.graph import Neighbours, knn, nearest_neighbours, with_words


def random_rows(n: int, dim: int = 16, mean: float = 0) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(mean, 1, (n, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def along_axes(*axes: int) -> np.ndarray:
    """Unit rows along the given axes, so that all their products are exactly 0 or 1."""
    return np.eye(3, dtype=np.float32)[list(axes)]


@pytest.mark.parametrize("n", [40, 2100])  # 2100 rows are more than one block
def test_neighbours_are_those_of_all_products_without_the_row_itself(n):
    vectors = random_rows(n)
    products = vectors @ vectors.T
    np.fill_diagonal(products, -np.inf)
    found = nearest_neighbours(vectors, 5)
    np.testing.assert_array_equal(found.indices, np.argsort(-products, axis=1)[:, :5])
    expected = -np.sort(-products, axis=1)[:, :5]
    np.testing.assert_allclose(found.similarities, expected, atol=1e-6)


def test_with_fewer_rows_than_neighbours_asked_for_all_other_rows_are_neighbours():
    found = nearest_neighbours(random_rows(3), 30)
    assert [set(row) for row in found.indices.tolist()] == [{1, 2}, {0, 2}, {0, 1}]


@pytest.mark.parametrize("n", [0, 1])
def test_a_row_without_others_has_no_neighbours(n):
    found = nearest_neighbours(random_rows(n), 30)
    assert found.indices.shape == found.similarities.shape == (n, 0)
    assert found.graph().toarray().tolist() == [[0.0]] * n


def test_an_identical_row_is_a_neighbour_but_a_row_is_not_its_own():
    found = nearest_neighbours(along_axes(0, 1, 0, 0), 2)
    assert found.indices.tolist() == [[2, 3], [0, 2], [0, 3], [0, 2]]
    assert found.similarities.tolist() == [[1, 1], [0, 0], [1, 1], [1, 1]]


def test_an_edge_weighs_the_cube_of_its_cosine_for_each_end_that_chose_it():
    near = Neighbours(np.array([[1], [0], [1]]), np.array([[0.5], [0.5], [0.2]], np.float32))
    expected = [[0, 0.25, 0], [0.25, 0, 0.008], [0, 0.008, 0]]
    np.testing.assert_allclose(near.graph().toarray(), expected, rtol=1e-6)


def test_weights_of_neighbours_are_the_cubes_of_their_cosines_and_sum_to_one():
    near = Neighbours(np.array([[0, 1, 2]]), np.array([[1.0, 0.5, -0.2]]))
    np.testing.assert_allclose(near.weights(), [[8 / 9, 1 / 9, 0]], atol=1e-6)
    assert near.first(2).indices.tolist() == [[0, 1]]


def test_of_equally_near_rows_the_lowest_come_first():
    assert knn(along_axes(0), along_axes(*[0] * 3000), 3).indices.tolist() == [[0, 1, 2]]


def test_neighbours_do_not_depend_on_the_number_of_threads_that_blas_has():
    vectors, found = random_rows(1000, 384, mean=1), []
    for n in (1, 2):
        with threadpool_limits(n, "blas"):
            found.append(nearest_neighbours(vectors).similarities.tobytes())
    assert found[0] == found[1]


def test_edges_between_texts_that_share_words_are_added_at_a_share_of_the_weight():
    graph = Neighbours(np.array([[1], [0], [1]]), np.ones((3, 1), np.float32)).graph()
    words = sp.csr_matrix(np.array([[1, 0], [0, 0], [1, 0]], np.float32))
    added = (with_words(graph, words) - graph).toarray()
    # 0.8 of 6, the sum of the graph's weights, both ways
    np.testing.assert_allclose(added, [[0, 0, 2.4], [0, 0, 0], [2.4, 0, 0]])


def test_each_text_is_linked_to_those_that_share_most_words():
    dense = random_rows(300, 12).clip(0)
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    products = (dense @ dense.T).round(6)
    np.fill_diagonal(products, 0)
    nearest = np.argsort(-products, axis=1, kind="stable")[:, :30]
    graph = with_words(sp.csr_matrix(np.eye(300)), sp.csr_matrix(dense))
    expected = {frozenset((i, j)) for i in range(300) for j in nearest[i] if products[i, j]}
    edges = sp.triu(graph, 1).tocoo()
    assert set(map(frozenset, zip(edges.row.tolist(), edges.col.tolist(), strict=True))) == expected
