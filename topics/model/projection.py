"""The map: passages on a plane, near ones near. It shows themes; it does not make them."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from topics.model.graph import Neighbours, nearest_neighbours

_NEIGHBOURS = 15
_MIN_ROWS = 12  # fewer points are laid out by their principal components
_MIN_DIST = 0.15
_HALVINGS = 40
_MIN_SCALE = 1e-3  # of a row's mean distance


def project_2d(
    vectors: np.ndarray, *, random_state: int = 0, neighbours: Neighbours | None = None
) -> np.ndarray:
    """Coordinates ``(n, 2)`` by UMAP on the exact cosine neighbours (McInnes et al. 2018).

    The same seed gives the same map. Fewer than 12 vectors are drawn by principal components.
    `neighbours` spares the search where 15 a row or more are known.
    """
    n = len(vectors)
    if n < _MIN_ROWS or np.ptp(vectors, axis=0).max() < 1e-6:
        return _principal_components(vectors)
    from umap.umap_ import find_ab_params, simplicial_set_embedding

    if neighbours is None or neighbours.indices.shape[1] < min(_NEIGHBOURS, n - 1):
        neighbours = nearest_neighbours(vectors, _NEIGHBOURS)
    a, b = find_ab_params(spread=1.0, min_dist=_MIN_DIST)
    # The same map whatever number of threads BLAS is given
    with threadpool_limits(1, "blas"):
        places, _ = simplicial_set_embedding(
            vectors, _fuzzy_graph(neighbours), n_components=2, initial_alpha=1.0, a=a, b=b,
            gamma=1.0, negative_sample_rate=5, n_epochs=None, init="pca",
            random_state=np.random.RandomState(random_state), metric="cosine", metric_kwds={},
            densmap=False, densmap_kwds={}, output_dens=False,
        )  # fmt: skip
    return np.asarray(places, dtype=np.float32)


def _fuzzy_graph(neighbours: Neighbours) -> sp.coo_matrix:
    """UMAP's graph: how far each row and its neighbours are in one set, 0 to 1.

    As umap-learn's `fuzzy_simplicial_set`, which compiles for seven seconds.
    """
    indices = neighbours.indices[:, :_NEIGHBOURS]
    n, k = indices.shape
    distances = np.maximum(1 - neighbours.similarities[:, :_NEIGHBOURS], 0).astype(np.float64)
    nearest = np.where(distances > 0, distances, np.inf).min(axis=1, keepdims=True)
    further = np.maximum(distances - np.where(np.isinf(nearest), 0, nearest), 0)
    scale = _scales(further, np.log2(k + 1))  # a row counts among its own neighbours
    scale = np.maximum(scale, _MIN_SCALE * distances.sum(axis=1, keepdims=True) / (k + 1))
    weights = np.exp(-further / np.maximum(scale, 1e-12))
    rows = np.repeat(np.arange(n), k)
    one_way = sp.csr_matrix((weights.ravel(), (rows, indices.ravel())), shape=(n, n))
    both = one_way.multiply(one_way.T)
    return (one_way + one_way.T - both).tocoo().astype(np.float32)


def _scales(further: np.ndarray, target: float) -> np.ndarray:
    """The scale ``(n, 1)`` at which the memberships of each row sum to `target`, by bisection."""
    high = further.max(axis=1, keepdims=True) / np.log(further.shape[1] / target)
    low = np.zeros_like(high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = np.exp(-further / np.maximum(middle, 1e-12)).sum(axis=1, keepdims=True) > target
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _principal_components(vectors: np.ndarray) -> np.ndarray:
    centred = vectors - vectors.mean(axis=0)
    left, scale, _ = np.linalg.svd(centred, full_matrices=False)
    plane = np.zeros((len(vectors), 2), np.float32)
    kept = min(2, len(scale))
    plane[:, :kept] = left[:, :kept] * scale[:kept]
    return plane
