"""The clusters as a scikit-learn estimator, which BERTopic takes as its ``hdbscan_model``."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin

from topics.model.clusters import cluster


class Clusterer(ClusterMixin, BaseEstimator):
    """Clusters at the level chosen automatically, see `cluster`.

    Parameters
    ----------
    random_state
        Seed; the same seed gives the same labels.

    Attributes
    ----------
    labels_
        ``(n,)`` integers from 0, the largest cluster first.

    Examples
    --------
    >>> vectors = np.eye(32)[[0] * 30 + [1] * 20]  # two groups
    >>> vectors += np.random.default_rng(0).normal(0, 0.1, vectors.shape)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> np.bincount(Clusterer().fit_predict(vectors))
    array([30, 20])
    """

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: Any = None) -> Clusterer:  # noqa: N803
        """Cluster the unit rows of ``X`` ``(n, dim)``.

        Raises
        ------
        InputError
            If they are no finite ``(n, dim)``.
        """
        self.labels_ = cluster(X, random_state=self.random_state)
        return self
