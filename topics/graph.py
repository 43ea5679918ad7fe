"""One graph of nearest neighbours, computed once: themes, map, search and borderline cases use it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

NEIGHBOURS = 30
_EXACT_LIMIT = 50_000  # passages; above, an approximate index is faster than all products
_BLOCK = 2048  # rows of similarities held at once


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
    """Cosine nearest neighbours of unit rows, exact up to 50,000 rows.

    Parameters
    ----------
    vectors
        ``(n, dim)``, unit rows.
    k
        Neighbours a row; fewer where there are not so many other rows.
    """
    n = len(vectors)
    k = min(k, n - 1)
    if k < 1:
        return Neighbours(np.zeros((n, 0), np.int32), np.zeros((n, 0), np.float32))
    if n > _EXACT_LIMIT:
        return _approximate(vectors, k)
    indices = np.empty((n, k), np.int32)
    similarities = np.empty((n, k), np.float32)
    for first in range(0, n, _BLOCK):
        block = _cosines(vectors[first : first + _BLOCK], vectors)
        rows = np.arange(len(block))
        block[rows, first + rows] = -np.inf  # a row is not its own neighbour
        part = slice(first, first + _BLOCK)
        indices[part], similarities[part] = _top(block, k)
    return Neighbours(indices, similarities)


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
    for first in range(0, len(queries), _BLOCK):
        block = _cosines(queries[first : first + _BLOCK], vectors)
        part = slice(first, first + _BLOCK)
        indices[part], similarities[part] = _top(block, k)
    return indices, similarities


def _cosines(block: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Products of unit rows, rounded so that equal rows are equally near.

    The block is copied since NumPy multiplies an array by itself in another way.
    """
    return (block.copy() @ vectors.T).round(6)


def _top(block: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and values of the `k` largest of each row, largest first, the lower column first."""
    found = np.argpartition(-block, k - 1, axis=1)[:, :k]
    least = np.take_along_axis(block, found, axis=1).min(axis=1, keepdims=True)
    for row in np.flatnonzero((block >= least).sum(axis=1) > k):  # more are as near as the last
        found[row] = np.argsort(-block[row], kind="stable")[:k]
    values = np.take_along_axis(block, found, axis=1)
    order = np.lexsort((found, -values), axis=1)
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(values, order, axis=1)


def _approximate(vectors: np.ndarray, k: int) -> Neighbours:
    from pynndescent import NNDescent

    index = NNDescent(vectors, metric="cosine", n_neighbors=k + 1, random_state=0)
    found, distances = index.neighbor_graph
    own = found == np.arange(len(vectors))[:, None]
    own[~own.any(axis=1), -1] = True  # where a row's own place was taken by a copy of it
    keep = ~own & (np.cumsum(own, axis=1) <= 1) | (own & (np.cumsum(own, axis=1) > 1))
    return Neighbours(
        found[keep].reshape(-1, k).astype(np.int32),
        (1 - distances[keep]).reshape(-1, k).astype(np.float32),
    )
