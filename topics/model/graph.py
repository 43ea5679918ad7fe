"""Exact nearest neighbours by cosine, and the graph that they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from topics.parallel import threads
from topics.text.tfidf import word_keys

Embed = Callable[[Sequence[str]], np.ndarray]  # texts to unit vectors

NEIGHBOURS = 30
# Weight of the words' edges for one of the vectors' edges. From 0.5 to 1 the mean AMI of ten labelled
# samples stays at .66; more finds finer levels, and the best of them is better by .006.
_WORD_SHARE = 0.8
_BLOCK = 256  # queries whose similarities a thread holds at once
_WORD_BLOCK = 64  # texts; of 60,000 more do not fit the processor's cache
_GROUPS = 1024  # of columns: the k-th least of their minima is at least the k-th least value
_ROUNDED = 2e-6  # more than two values differ by that are equal when rounded to six digits
# Share of texts from which on a word is in a dense table: of 60,000 the hundred words that are in more
# make four fifths of the products, which dense take a fifth of the time.
_FREQUENT = 0.05


@dataclass(frozen=True)
class Neighbours:
    """The `k` nearest rows of each query, the nearest first.

    Attributes
    ----------
    indices
        int32 ``(n, k)``.
    similarities
        float32 ``(n, k)``, cosine, -1 to 1.
    """

    indices: np.ndarray
    similarities: np.ndarray

    def first(self, k: int) -> Neighbours:
        """The `k` nearest of each query."""
        return Neighbours(self.indices[:, :k], self.similarities[:, :k])

    def drop_self(self) -> Neighbours:
        """The neighbours without the row itself, where queries and rows are the same vectors."""
        n, k = self.indices.shape
        own = self.indices == np.arange(n)[:, None]
        if k:
            own[~own.any(axis=1), -1] = True  # identical rows have taken its place
        shape = (n, max(k - 1, 0))
        return Neighbours(self.indices[~own].reshape(shape), self.similarities[~own].reshape(shape))

    def weights(self) -> np.ndarray:
        """Weight of each neighbour ``(n, k)``, by the cube of its cosine; rows sum to 1."""
        cubes = np.clip(self.similarities, 1e-3, 1) ** 3
        return cubes / cubes.sum(axis=1, keepdims=True)

    def graph(self) -> sp.csr_matrix:
        """Symmetric graph ``(n, n)`` of rows and their neighbours.

        An edge weighs the cube of its cosine, so that near neighbours count for more; an edge
        that both ends chose counts twice.
        """
        n, k = self.indices.shape
        rows = np.repeat(np.arange(n), k)
        cubes = np.clip(self.similarities, 1e-3, 1).astype(np.float64).ravel() ** 3
        directed = sp.csr_matrix((cubes, (rows, self.indices.ravel())), shape=(n, n))
        return (directed + directed.T).tocsr()


@dataclass(frozen=True)
class Batch:
    """Passages (passage_id, document_id, text), their vectors, and the fitted passages near them."""

    passages: pd.DataFrame
    vectors: np.ndarray
    neighbours: Neighbours

    @cached_property
    def documents(self) -> np.ndarray:
        """The document of each passage ``(n,)``."""
        return np.asarray(self.passages["document_id"].tolist(), dtype=str)

    @cached_property
    def words(self) -> list[set[str]]:
        """The words of each passage, see `word_keys`."""
        return [set(word_keys(text)) for text in self.passages["text"]]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows, or one vector, at length 1; zeros stay zeros.

    Examples
    --------
    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def nearest_neighbours(vectors: np.ndarray, k: int = NEIGHBOURS) -> Neighbours:
    """The `k` nearest other rows of each of the unit rows; fewer where there are not so many.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    >>> nearest_neighbours(vectors, 1).indices.tolist()
    [[1], [0], [1]]
    """
    return knn(vectors, vectors, k + 1).drop_self()


def neighbours_for(n: int) -> int:
    """How many neighbours to link: a tenth of the rows, 5 to 30."""
    return int(np.clip(n // 10, 5, NEIGHBOURS))


def with_words(graph: sp.csr_matrix, words: sp.csr_matrix) -> sp.csr_matrix:
    """A graph of vectors with the edges between texts that share words added.

    The words' edges weigh `_WORD_SHARE` as much as the graph's own in all. Texts without words
    get none.

    Parameters
    ----------
    graph
        ``(n, n)``, as `Neighbours.graph` makes it.
    words
        ``(n, n_words)`` unit rows, as `word_table` makes them.
    """
    shared = _word_graph(words, neighbours_for(words.shape[0]))
    if not shared.nnz:
        return graph
    return (graph + shared * (_WORD_SHARE * graph.sum() / shared.sum())).tocsr()


def _word_graph(words: sp.csr_matrix, k: int) -> sp.csr_matrix:
    """Symmetric graph of rows and the at most `k` nearest ones that share a word with them.

    An edge weighs the cosine to the power 1.5: cosines of words are about the squares of those of
    vectors, whose edges weigh the cube.
    """
    n = words.shape[0]
    frequent = np.bincount(words.indices, minlength=words.shape[1]) > _FREQUENT * n
    dense, words = words[:, frequent].toarray(), words[:, ~frequent]
    columns, dense_columns = -words.T.tocsr(), -dense.T

    def nearest(start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        part = slice(start, start + _WORD_BLOCK)
        distances = (words[part] @ columns).toarray()
        distances += dense[part] @ dense_columns
        own = np.arange(len(distances))
        distances[own, start + own] = 0
        rows, others, similarities = _smallest(distances, min(k, n), below=0)
        return start + rows, others, similarities

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads()) as pool:
        found = list(pool.map(nearest, range(0, n, _WORD_BLOCK)))
    rows, others, similarities = (np.concatenate(parts) for parts in zip(*found, strict=True))
    weights = similarities.astype(np.float64) ** 1.5
    directed = sp.csr_matrix((weights, (rows, others)), shape=(n, n))
    return (directed + directed.T).tocsr()


def knn(queries: np.ndarray, vectors: np.ndarray, k: int) -> Neighbours:
    """The `k` rows of `vectors` nearest to each query, itself included if it is one of them.

    Of rows that are equally near the lower number comes first.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    >>> knn(vectors[2:], vectors, 2).indices.tolist()
    [[2, 1]]
    """
    k = min(k, len(vectors))
    indices = np.empty((len(queries), k), np.int32)
    similarities = np.empty((len(queries), k), np.float32)

    def fill(start: int) -> None:
        part = slice(start, start + _BLOCK)
        # A copy, since NumPy multiplies an array by itself in another way.
        distances = np.negative(queries[part]) @ vectors.T
        _, columns, values = _smallest(distances, k)
        indices[part], similarities[part] = columns.reshape(-1, k), values.reshape(-1, k)

    # BLAS rounds otherwise on other numbers of threads; these are threads enough.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads()) as pool:
        list(pool.map(fill, range(0, len(queries), _BLOCK)))
    return Neighbours(indices, similarities)


def _smallest(
    distances: np.ndarray, k: int, below: float = np.inf
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and negated values of the `k` least of each row that are less than `below`.

    Row by row, the least first, and of equal ones the lower column. Values are from -1 to 1; they are
    rounded to six digits, so that equal texts are equally near.
    """
    n, m = distances.shape
    groups = min(max(_GROUPS, k), m)
    least = distances[:, : m // groups * groups].reshape(n, -1, groups).min(axis=1)
    bound = np.partition(least, k - 1, axis=1)[:, k - 1, None] + _ROUNDED
    rows, columns = np.nonzero(distances < np.minimum(bound, below))
    values = np.round(distances[rows, columns], 6)
    order = np.lexsort((columns, values, rows))
    order = order[values[order] < below]
    start = np.searchsorted(rows[order], np.arange(n))
    kept = order[np.arange(len(order)) - start[rows[order]] < k]
    return rows[kept], columns[kept], -values[kept]
