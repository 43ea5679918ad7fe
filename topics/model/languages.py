"""What the passages of a language share, taken off their vectors, so that clusters follow subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from topics.model.graph import unit

_MIN_PASSAGES = 50  # of a language, to tell what they share from what they are about


@dataclass(frozen=True)
class LanguageMeans:
    """Mean vectors of the languages of a corpus; none where it has only one.

    Attributes
    ----------
    languages
        ``(n_languages,)`` codes of those with at least 50 passages, after an empty one for all others.
    means
        ``(n_languages, dim)``; the first is the mean of all passages.

    Examples
    --------
    >>> vectors = np.eye(4, dtype=np.float32)[[0, 1] * 50 + [2, 3] * 50]
    >>> languages = pd.Series(["en"] * 100 + ["fr"] * 100)
    >>> means = LanguageMeans.fit(vectors, languages)
    >>> means.languages.tolist()
    ['', 'en', 'fr']
    >>> means.taken_off(vectors[[0, 100]], languages[[0, 100]]).astype(float).round(1).tolist()
    [[0.7, -0.7, 0.0, 0.0], [0.0, 0.0, 0.7, -0.7]]
    """

    languages: np.ndarray
    means: np.ndarray

    @classmethod
    def fit(cls, vectors: np.ndarray, languages: pd.Series) -> LanguageMeans:
        """Means of the languages of some passages; `languages` are codes, missing ones unknown."""
        counts = languages.value_counts()
        own = sorted(counts.index[counts >= _MIN_PASSAGES])
        if len(own) < 2:
            return cls(np.array([""]), np.zeros((1, vectors.shape[1]), np.float32))
        means = [vectors[(languages == code).to_numpy(bool)].mean(axis=0) for code in own]
        return cls(np.array(["", *own], str), np.array([vectors.mean(axis=0), *means]))

    def taken_off(self, vectors: np.ndarray, languages: pd.Series | None = None) -> np.ndarray:
        """Unit vectors without the mean of their language; without that of all where it is unknown."""
        if not self.means.any() or vectors.shape[1] != self.means.shape[1]:  # of another model
            return vectors
        rows = np.zeros(len(vectors), int)
        if languages is not None:
            number = {code: row for row, code in enumerate(self.languages.tolist())}
            rows = languages.map(number).fillna(0).to_numpy(int)
        return unit(vectors - self.means[rows])


def languages_of(passages: pd.DataFrame, unknown: str) -> np.ndarray:
    """Language of each passage ``(n,)``, `unknown` where it is missing, or no column tells.

    Examples
    --------
    >>> languages_of(pd.DataFrame({"language": ["fr", None]}), "en").tolist()
    ['fr', 'en']
    """
    known = passages.get("language", pd.Series(None, passages.index, object))
    return np.array(known.astype(object).fillna(unknown).tolist(), str)
