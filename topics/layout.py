"""The map: passages on a plane, near ones near. It shows themes; it does not make them."""

from __future__ import annotations

import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from topics.graph import nearest_neighbours

_NEIGHBOURS = 15
_LEAST_ROWS = 12  # fewer points are laid out by their principal components


def lay_out(vectors: np.ndarray, *, random_state: int = 0) -> np.ndarray:
    """Coordinates ``(n, 2)`` from umap-learn on the exact cosine neighbours (McInnes 2018).

    The same seed gives the same map. Fewer than 12 vectors are drawn by principal components.
    """
    n = len(vectors)
    if n < _LEAST_ROWS or np.ptp(vectors, axis=0).max() < 1e-6:
        return _principal_components(vectors)
    import umap

    near = nearest_neighbours(vectors, min(_NEIGHBOURS, n - 1))
    own = np.arange(n, dtype=np.int32)[:, None]
    indices = np.hstack([own, near.indices])
    distances = np.hstack([np.zeros((n, 1), np.float32), 1 - near.similarities])
    # The same map whatever number of threads BLAS is given
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        # umap-learn warns that a seed means one thread, and that no index was kept: both wanted
        warnings.simplefilter("ignore")
        model = umap.UMAP(
            n_neighbors=indices.shape[1],
            precomputed_knn=(indices, np.maximum(distances, 0), None),
            force_approximation_algorithm=True,
            metric="cosine",
            min_dist=0.15,
            init="pca",
            random_state=random_state,
        )
        return np.asarray(model.fit_transform(vectors), dtype=np.float32)


def _principal_components(vectors: np.ndarray) -> np.ndarray:
    centred = vectors - vectors.mean(axis=0)
    left, scale, _ = np.linalg.svd(centred, full_matrices=False)
    plane = np.zeros((len(vectors), 2), np.float32)
    kept = min(2, len(scale))
    plane[:, :kept] = left[:, :kept] * scale[:kept]
    return plane
