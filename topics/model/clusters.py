"""Themes without a number given: Leiden communities of the neighbour graph, at the level that holds.

A ladder of resolutions is tried. A level is good where its communities come back when passages
are left out (stability, as in Lange et al., "Stability-based validation of clustering
solutions", 2004) and at the next resolutions (persistence, as in Arenas et al., "Analysis of
the structure of complex networks at different resolution levels", 2008), and where more edge
weight falls inside them than by chance (modularity, Newman 2004). The level with the highest
product is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from os import cpu_count

import graspologic_native
import numpy as np
import pandas as pd
import scipy
import scipy.sparse as sp

from topics.model.graph import NEIGHBOURS, nearest_neighbours

RESOLUTIONS = np.geomspace(0.1, 10.0, 16)
_KEPT = 0.9  # share of passages in a resample that tells how a level holds
_REFITTED = 0.8  # share in one that tells how each cluster holds
_RESAMPLE_LIMIT = 8_000  # passages in a resample; agreement is cheap to estimate on fewer
_CLEARLY = 0.01  # share by which another seed's clusters must be better to be taken
_MIN_ROWS = 8


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
    persistence
        Mean adjusted Rand index with the levels on either side.
    separation
        Edge weight inside clusters minus its chance level, 0 to 1.
    score
        What the level is chosen by: separation times the mean of stability and persistence,
        smoothed over the levels on either side.
    """

    resolution: float
    labels: np.ndarray
    stability: float = 1.0
    stability_error: float = 0.0
    persistence: float = 1.0
    separation: float = 0.0
    score: float = 0.0

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels.max()) + 1


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
    """Cluster a symmetric weighted graph at every resolution; one cluster first, then finer.

    Which level has the highest score does not hang on the seed; its clusters do where a search
    from there finds clearly better ones. Where none separates better than the best cut of a random
    graph as dense (Reichardt and Bornholdt 2006), all scores are zero.
    """
    n = graph.shape[0]
    whole = Level(0.0, np.zeros(n, dtype=int))
    if n < _MIN_ROWS:
        return [whole]
    samples = _resamples(n)
    parts = [graph[sample][:, sample].tocsr() for sample in samples]
    trials = int(np.clip(10_000 // n, 1, 2))

    def tried(resolution: float) -> tuple[float, np.ndarray, list[float]]:
        quality, labels = _search(graph, resolution, trials)
        again = [_leiden(part, resolution, seed=i)[1] for i, part in enumerate(parts)]
        pairs = zip(samples, again, strict=True)
        return (quality, labels, [_agreement(labels[sample], other) for sample, other in pairs])

    with ThreadPoolExecutor(cpu_count() or 1) as pool:  # Leiden lets other threads run
        found = list(pool.map(tried, RESOLUTIONS))
    quality, labels, agreed = map(list, zip(*found, strict=True))
    stability = np.mean(agreed, axis=1)
    errors = np.std(agreed, axis=1, ddof=1) / np.sqrt(len(samples))
    persistence = _persistence(labels)
    separation = np.array([_separation(graph, of) for of in labels])
    steady = scipy.ndimage.convolve1d(
        (stability + persistence) / 2, [0.25, 0.5, 0.25], mode="nearest"
    )
    score = steady * separation
    best = int(score.argmax())
    if stability[best] * separation[best] <= np.sqrt(n / max(graph.nnz, 1)):
        score[:] = 0.0
    better, others = _search(graph, RESOLUTIONS[best], trials=4, seed=random_state + 1)
    if better > (1 + _CLEARLY) * quality[best]:
        labels[best] = others
    columns = (RESOLUTIONS, labels, stability, errors, persistence, separation, score)
    return [whole] + [
        Level(float(r), of, *map(float, x)) for r, of, *x in zip(*columns, strict=True)
    ]


def _persistence(labels: list[np.ndarray]) -> np.ndarray:
    """Mean adjusted Rand index of each level with those next to it."""
    steps = [_agreement(one, other) for one, other in pairwise(labels)]
    return (np.array([steps[0], *steps]) + np.array([*steps, steps[-1]])) / 2


def _resamples(n: int) -> list[np.ndarray]:
    """Rows without a tenth of them, another tenth each time; fewer and smaller where n is large.

    They do not hang on the seed, so that seeds agree on the level.
    """
    order = np.random.default_rng(0).permutation(n)
    size, times = min(int(_KEPT * n), _RESAMPLE_LIMIT), int(np.clip(30_000 // n, 4, 8))
    return [np.sort(np.roll(order, i * n // times)[:size]) for i in range(times)]


def choose_level(levels: list[Level]) -> int:
    """Position of the level with the highest score, the coarsest of equal ones."""
    return max(range(len(levels)), key=lambda i: levels[i].score)


def hierarchy(ladder: np.ndarray) -> pd.DataFrame:
    """Clusters of all levels ``(n_levels, n)`` and their parents; see `ThemeModel.hierarchy_`."""
    rows = []
    for level, labels in enumerate(ladder):
        both = _crossed(ladder[max(level - 1, 0)], labels)
        sizes, most = both.sum(axis=0), both.argmax(axis=0)
        parents = most if level else np.full(len(sizes), -1)
        for cluster, (parent, n) in enumerate(zip(parents, sizes, strict=True)):
            rows.append((level, cluster, parent, n, both[most[cluster], cluster] / n))
    columns = ["level", "cluster", "parent", "n_passages", "inside"]
    return pd.DataFrame(rows, columns=columns)


def cluster_stability(
    graph: sp.csr_matrix, level: Level, *, refits: int = 20, random_state: int = 0
) -> tuple[np.ndarray, np.ndarray]:
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
    stability
        ``(n_clusters,)`` mean Jaccard index with the cluster that it is matched to one to one
        (Hungarian method), over the passages of the resample; 1 means always the same.
    refitted
        ``(refits, n)`` number of the cluster that each passage comes back in, -1 for none, -2
        where it was left out.
    """
    n = graph.shape[0]
    if n < _MIN_ROWS or level.n_clusters == 1:
        return np.ones(level.n_clusters), np.tile(level.labels, (refits, 1))
    rng = np.random.default_rng(random_state + 1)
    samples = [np.sort(rng.choice(n, int(_REFITTED * n), replace=False)) for _ in range(refits)]

    def matched(number: int) -> tuple[np.ndarray, np.ndarray]:
        sample = samples[number]
        part = graph[sample][:, sample].tocsr()
        _, again = _leiden(part, level.resolution, random_state + number)
        jaccard, twin = _matched(level.labels[sample], again, level.n_clusters)
        labels = np.full(n, -2)
        labels[sample] = twin[again]
        return jaccard, labels

    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        jaccard, labels = zip(*pool.map(matched, range(refits)), strict=True)
    return np.mean(jaccard, axis=0), np.array(labels)


def _matched(
    labels: np.ndarray, again: np.ndarray, n_clusters: int
) -> tuple[np.ndarray, np.ndarray]:
    """Jaccard index of each cluster with its match, and the cluster that each new one matches."""
    present, rows = np.unique(labels, return_inverse=True)
    both = _crossed(rows, again)
    jaccard = both / (both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both)
    old, new = scipy.optimize.linear_sum_assignment(-jaccard)
    best, twin = np.zeros(n_clusters), np.full(both.shape[1], -1)
    best[present[old]], twin[new] = jaccard[old, new], present[old]
    return best, twin


def _search(
    graph: sp.csr_matrix, resolution: float, trials: int, seed: int = 0
) -> tuple[float, np.ndarray]:
    """Quality and communities of the best of several runs."""
    runs = (_leiden(graph, resolution, seed * trials + i) for i in range(trials))
    return max(runs, key=lambda run: run[0])


def _leiden(
    graph: sp.csr_matrix, resolution: float, seed: int, *, iterations: int = 2
) -> tuple[float, np.ndarray]:
    """Quality and communities of one run, the largest community first."""
    quality, found = graspologic_native.leiden_csr(
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int32),
        graph.data.astype(np.float64),
        graph.shape[0],
        resolution=float(resolution),
        seed=seed,
        iterations=iterations,
    )
    return quality, largest_first([found[node] for node in range(graph.shape[0])])


def _agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985)."""
    from sklearn.metrics import adjusted_rand_score  # takes a second to import

    return float(adjusted_rand_score(one, other))


def _crossed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How many rows have each label of both, both counted from 0."""
    shape = (int(one.max()) + 1, int(other.max()) + 1)
    return sp.coo_matrix((np.ones(len(one), int), (one, other)), shape=shape).toarray()


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
