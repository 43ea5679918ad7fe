"""Themes without a number given: Leiden communities of the neighbour graph, at the level that holds.

A ladder of resolutions is tried. A level is good where its communities come back when passages
are left out (stability, as in Lange et al., "Stability-based validation of clustering
solutions", 2004) and where more edge weight falls inside them than by chance (modularity,
Newman 2004). The coarsest level that is as good as the best, within one standard error, is
taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import graspologic_native
import numpy as np
import scipy.sparse as sp
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from topics.graph import NEIGHBOURS, nearest_neighbours

RESOLUTIONS = np.geomspace(0.1, 6.0, 16)
_RESAMPLES = 6
_KEPT = 0.8  # share of passages in a resample
_RESAMPLE_LIMIT = 8_000  # passages in a resample; agreement is cheap to estimate on fewer
_LEAST_ROWS = 8


@dataclass(frozen=True)
class Level:
    """One resolution of the ladder.

    Attributes
    ----------
    resolution
        Of modularity; higher gives more clusters.
    labels
        ``(n,)`` cluster of each row, 0 the largest.
    stability, stability_error
        Mean adjusted Rand index with clusterings of resamples, and its standard error.
    separation
        Edge weight inside clusters minus its chance level, 0 to 1.
    chance
        The separation that a random graph of as many edges has at its best cut.
    """

    resolution: float
    labels: np.ndarray
    stability: float
    stability_error: float
    separation: float
    chance: float = 0.0

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels.max()) + 1

    @property
    def score(self) -> float:
        """Stability times separation: what the level is chosen by."""
        return self.stability * self.separation


def cluster(vectors: np.ndarray, *, random_state: int = 0) -> np.ndarray:
    """Cluster vectors at the level chosen automatically; every row gets a cluster.

    Parameters
    ----------
    vectors
        ``(n, dim)``, unit rows as `embed` makes them.
    random_state
        Seed; the same seed gives the same labels.

    Returns
    -------
    np.ndarray
        ``(n,)`` integers from 0, the largest cluster first.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    if not len(vectors):
        return np.zeros(0, dtype=int)
    graph = nearest_neighbours(vectors, neighbours_for(len(vectors))).weights()
    levels = find_levels(graph, random_state=random_state)
    return levels[choose_level(levels)].labels


def neighbours_for(n: int) -> int:
    """How many neighbours to link: a tenth of the rows, 5 to 30."""
    return int(np.clip(n // 10, 5, NEIGHBOURS))


def find_levels(graph: sp.csr_matrix, *, random_state: int = 0) -> list[Level]:
    """Cluster a symmetric weighted graph at every resolution; coarse levels first."""
    n = graph.shape[0]
    if n < _LEAST_ROWS:
        return [Level(0.0, np.zeros(n, dtype=int), 1.0, 0.0, 0.0)]
    rng = np.random.default_rng(random_state)
    size = min(int(_KEPT * n), _RESAMPLE_LIMIT)
    samples = [np.sort(rng.choice(n, size, replace=False)) for _ in range(_RESAMPLES)]
    chance = float(np.sqrt(n / max(graph.nnz, 1)))  # Reichardt and Bornholdt 2006
    parts = [graph[sample][:, sample].tocsr() for sample in samples]

    def level(resolution: float) -> Level:
        labels = _leiden(graph, resolution, random_state, trials=3, iterations=3)
        agreement = [
            adjusted_rand_score(labels[sample], _leiden(part, resolution, random_state + i))
            for i, (sample, part) in enumerate(zip(samples, parts, strict=True), 1)
        ]
        return Level(
            float(resolution),
            labels,
            float(np.mean(agreement)),
            float(np.std(agreement, ddof=1) / np.sqrt(_RESAMPLES)),
            _separation(graph, labels),
            chance,
        )

    with ThreadPoolExecutor(cpu_count() or 1) as pool:  # Leiden lets other threads run
        return list(pool.map(level, RESOLUTIONS))


def choose_level(levels: list[Level]) -> int:
    """Position of the coarsest level within one standard error of the best score.

    Where no level's score beats the separation that chance gives a graph of such density, a
    level of one cluster is returned; it is put in front of `levels` if there is none.
    """
    best = max(levels, key=lambda level: level.score)
    if best.score <= best.chance:
        if levels[0].n_clusters > 1:
            n = len(levels[0].labels)
            levels.insert(0, Level(0.0, np.zeros(n, dtype=int), 1.0, 0.0, 0.0))
        return 0
    bar = best.score - best.stability_error * best.separation
    return next(i for i, level in enumerate(levels) if level.score >= bar)


def cluster_stability(
    graph: sp.csr_matrix, level: Level, *, refits: int = 20, random_state: int = 0
) -> np.ndarray:
    """How well each cluster of a level comes back when the graph is refitted.

    Parameters
    ----------
    graph, level
        What `find_levels` was given, and one of the levels that it returned.
    refits
        Each on another seed and on four fifths of the passages.
    random_state
        Seed.

    Returns
    -------
    np.ndarray
        ``(n_clusters,)`` mean Jaccard index with the cluster that it is matched to one to one
        (Hungarian method), over the passages of the resample; 1 means always the same.
    """
    n = graph.shape[0]
    if n < _LEAST_ROWS or level.n_clusters == 1:
        return np.ones(level.n_clusters)
    rng = np.random.default_rng(random_state + 1)
    samples = [np.sort(rng.choice(n, int(_KEPT * n), replace=False)) for _ in range(refits)]

    def matched(number: int) -> np.ndarray:
        sample = samples[number]
        again = _leiden(graph[sample][:, sample].tocsr(), level.resolution, random_state + number)
        return _matched_jaccard(level.labels[sample], again, level.n_clusters)

    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        return np.mean(list(pool.map(matched, range(refits))), axis=0)


def _matched_jaccard(labels: np.ndarray, again: np.ndarray, n_clusters: int) -> np.ndarray:
    both = np.zeros((n_clusters, again.max() + 1))
    np.add.at(both, (labels, again), 1)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    jaccard = both / np.maximum(union, 1)
    rows, columns = linear_sum_assignment(-jaccard)
    best = np.zeros(n_clusters)
    best[rows] = jaccard[rows, columns]
    return best


def _leiden(
    graph: sp.csr_matrix, resolution: float, seed: int, *, trials: int = 1, iterations: int = 2
) -> np.ndarray:
    """Communities of one run, largest first."""
    _, found = graspologic_native.leiden_csr(
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int32),
        graph.data.astype(np.float64),
        graph.shape[0],
        resolution=float(resolution),
        seed=seed,
        trials=trials,
        iterations=iterations,
    )
    return largest_first([found[node] for node in range(graph.shape[0])])


def largest_first(labels: Sequence[int]) -> np.ndarray:
    """Renumber labels by falling size; of equal ones the first to appear comes first."""
    _, first, inverse, sizes = np.unique(
        np.asarray(labels), return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(sizes), dtype=int)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[inverse]


def _separation(graph: sp.csr_matrix, labels: np.ndarray) -> float:
    """Modularity at resolution 1."""
    n = len(labels)
    member = sp.csr_matrix((np.ones(n), (np.arange(n), labels)), shape=(n, labels.max() + 1))
    between = (member.T @ graph @ member).toarray()
    total = between.sum()
    return float(np.trace(between) / total - ((between.sum(axis=1) / total) ** 2).sum())
