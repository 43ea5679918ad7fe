"""One graph of nearest neighbours, computed once: themes, map, search and borderline cases use it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from topics.parallel import threads

NEIGHBOURS = 30
_BLOCK = 256  # rows of similarities held at once by a thread


@dataclass(frozen=True)
class Neighbours:
    """The `k` nearest other rows of each row, nearest first.

    Attributes
    ----------
    indices
        int32 ``(n, k)``.
    similarities
        float32 ``(n, k)``, cosine, -1 to 1.
    """

    indices: np.ndarray
    similarities: np.ndarray

    def weights(self) -> sp.csr_matrix:
        """Symmetric graph ``(n, n)`` of neighbour weights, no self-loops.

        An edge weighs the cube of its cosine, so that near neighbours count for more; an edge
        that both ends chose counts twice.
        """
        n, k = self.indices.shape
        rows = np.repeat(np.arange(n), k)
        values = np.clip(self.similarities, 1e-3, 1).astype(np.float64).ravel() ** 3
        directed = sp.csr_matrix((values, (rows, self.indices.ravel())), shape=(n, n))
        return (directed + directed.T).tocsr()


def nearest_neighbours(vectors: np.ndarray, k: int = NEIGHBOURS) -> Neighbours:
    """Exact cosine nearest neighbours of unit rows.

    Parameters
    ----------
    vectors
        ``(n, dim)``, unit rows.
    k
        Neighbours a row; fewer where there are not so many other rows.
    """
    return others(*nearest_to(vectors, vectors, k + 1))


def others(indices: np.ndarray, similarities: np.ndarray) -> Neighbours:
    """The neighbours among what `nearest_to` found for rows among themselves."""
    n, k = indices.shape
    own = indices == np.arange(n)[:, None]
    if k:
        own[~own.any(axis=1), -1] = True  # copies of the row have taken its own place
    shape = (n, max(k - 1, 0))
    return Neighbours(indices[~own].reshape(shape), similarities[~own].reshape(shape))


def nearest_to(queries: np.ndarray, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The `k` rows of `vectors` nearest to each query, itself included if it is one of them.

    Returns
    -------
    indices, similarities
        ``(len(queries), k)`` each, nearest first, lower row first where two are as near.
    """
    k = min(k, len(vectors))
    indices = np.empty((len(queries), k), np.int32)
    similarities = np.empty((len(queries), k), np.float32)

    def fill(first: int) -> None:
        part = slice(first, first + _BLOCK)
        # A copy, since NumPy multiplies an array by itself in another way.
        distances = np.negative(queries[part]) @ vectors.T
        np.round(distances, 6, out=distances)  # so that equal rows are equally near
        indices[part], similarities[part] = _nearest(distances, k)

    # BLAS rounds otherwise on other numbers of threads; these are threads enough.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads()) as pool:
        list(pool.map(fill, range(0, len(queries), _BLOCK)))
    return indices, similarities


def _nearest(distances: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and negated values of the `k` least of each row, the least and the lower first."""
    last = np.partition(distances, k - 1, axis=1)[:, k - 1, None]  # far faster than argpartition
    rows, columns = np.nonzero(distances <= last)  # more than k where some are as near as the last
    values = distances[rows, columns]
    order = np.lexsort((columns, values, rows))
    first = np.searchsorted(rows, np.arange(len(distances)))
    kept = order[first[:, None] + np.arange(k)]
    return columns[kept], -values[kept]
