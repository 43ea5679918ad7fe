"""The clusters as a scikit-learn estimator, which BERTopic takes as its ``hdbscan_model``."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted

from topics.checks import unit_rows
from topics.model.clusters import cluster
from topics.model.graph import knn, neighbours_for


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
    vectors_
        ``(n, dim)``; the rows that were fitted.

    Examples
    --------
    >>> vectors = np.eye(32)[[0] * 30 + [1] * 20]  # two groups
    >>> vectors += np.random.default_rng(0).normal(0, 0.1, vectors.shape)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> np.bincount(Clusterer().fit_predict(vectors))
    array([30, 20])
    >>> Clusterer().fit(vectors).predict(vectors[[0, 49]])
    array([0, 1])
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
        self.vectors_ = unit_rows(X)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """The cluster of most weight among the fitted rows nearest to each unit row ``(n,)``."""
        check_is_fitted(self)
        vectors = unit_rows(X, dim=self.vectors_.shape[1])
        near = knn(vectors, self.vectors_, neighbours_for(len(self.vectors_)))
        votes = np.eye(self.labels_.max() + 1)[self.labels_[near.indices]]
        return np.einsum("nk,nkc->nc", near.weights(), votes).argmax(axis=1)
