"""Scores of named themes on passages, and the threshold at which a passage has a theme.

A passage's raw score is how close its vector is to the theme's own texts, less what it is closer
to under `not`, and its share of the theme's rare words. Raw scores are averaged twice with those
of the nearest passages and of the document; the threshold is set from the passages that are as
close as the theme's own texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.text.words import content_words

if TYPE_CHECKING:
    from topics.model.graph import Batch, Embed, Neighbours
    from topics.model.named_themes import NamedTheme

_WORDS = 3.0  # deviations of closeness that a passage gains that uses the theme's own words
_NEIGHBOURS = 10  # fitted passages that a score is shared with, and at most one in twenty
_SHARED = 0.4  # of a score from the neighbours, and as much from the document
_MIN_TEXTS = 3  # of a theme, to tell from them how close is close
_MIN_SEEDS = 3  # passages as close to a theme as its own texts, to learn a threshold from
_DOMINANT = 0.75  # of all passages at least halfway to a theme: too few are left to compare with


@dataclass(frozen=True)
class ThemeClassifier:
    """Scores of named themes in units of the theme, calibrated on a corpus; all fields are arrays.

    1 is the closeness that a theme's own texts have to each other, 0 that of other passages.

    Attributes
    ----------
    ids
        ``(n_themes,)``.
    means
        ``(n_themes, dim)``; what is taken off every vector before it is compared with a theme.
    anchors
        ``(n_themes, m, dim)``; first the mean of a theme's texts, then what it is not.
    offset, scale, weight
        ``(n_themes,)``; closeness that counts as 0, what is between it and 1, and what closeness
        the use of the theme's own words is worth.
    words, word_weights
        ``(n_words,)`` and ``(n_words, n_themes)``; rarer in the corpus, heavier.
    documents
        ``(n,)``; the document of each fitted passage.
    fitted
        ``(2, n, n_themes)``; raw scores of the fitted passages, then those shared once.
    shared
        ``(n_themes,)``; whether neighbours and the document count for the theme.
    thresholds
        ``(n_themes,)``; a passage has the theme at or above it.
    """

    ids: np.ndarray
    means: np.ndarray
    anchors: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    words: np.ndarray
    word_weights: np.ndarray
    documents: np.ndarray
    fitted: np.ndarray
    shared: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def fit(cls, themes: Sequence[NamedTheme], batch: Batch, embed: Embed) -> ThemeClassifier:
        """Calibrate on passages and their nearest, themselves among them.

        Raises
        ------
        InputError
            If `embed` gives vectors of another dimension than the passages'.
        """
        vectors, texts, dim = batch.vectors, batch.passages["text"], batch.vectors.shape[1]
        own = [_embedded(embed, theme.texts, dim) for theme in themes]
        against = [_embedded(embed, theme.not_, dim) for theme in themes]
        background, dominant = _background(vectors, own)
        means = np.where(dominant[:, None], 0, background)
        own = [_unit(rows - mean) for rows, mean in zip(own, means, strict=True)]
        against = [_unit(rows - mean) for rows, mean in zip(against, means, strict=True)]
        anchors = _anchors(own, against, dim)
        closeness = _closeness(vectors, means, anchors)
        few = _to_nearest(vectors - background, batch.neighbours)
        level = [few if len(rows) < _MIN_TEXTS else _closeness_to_rest(rows) for rows in own]
        weights = _word_weights(themes, texts)
        worth = [_in_common(*pair) for pair in zip(themes, weights, strict=True)]
        offset, scale, weight = _units(closeness, np.array(level), np.array(worth), dominant, dim)
        table = pd.DataFrame(weights, dtype=float).fillna(0.0).T.sort_index()
        words, word_weights = table.index.to_numpy(str), table.to_numpy()
        raw = (closeness - offset + weight * _words_used(texts, words, word_weights)) / scale
        rows = pd.DataFrame(raw, batch.documents)
        fitted = np.array([raw, _share(rows, rows, rows, batch.neighbours)])
        scores = _share_twice(raw, batch, batch.documents, fitted)
        thresholds = np.array([_threshold(*own) for own in zip(scores.T, raw.T >= 1, strict=True)])
        thresholds[dominant] = 0.5
        shared = ~np.isnan(thresholds)
        return cls(
            np.array([theme.id for theme in themes], str), means, anchors, offset, scale, weight,
            words, word_weights, batch.documents, fitted, shared, np.where(shared, thresholds, 1.0),
        )  # fmt: skip

    def scores(self, batch: Batch) -> np.ndarray:
        """Scores of passages, fitted ones or new ``(n, n_themes)``."""
        return self._shared(self._raw(batch), batch)

    def refits(
        self, batch: Batch, texts: Sequence[np.ndarray], n: int, random: np.random.Generator
    ) -> np.ndarray:
        """Which passages would have each theme, had it been described in other words.

        Of each theme's own texts, whose vectors are `texts`, as many are drawn with replacement
        (Efron 1979), `n` times; words and thresholds stay.

        Returns
        -------
        np.ndarray
            bool ``(n_themes, n, n_passages)``.
        """
        raw, before = self._raw(batch), _closeness(batch.vectors, self.means, self.anchors)
        found = []
        for _ in range(n):
            anchors = self.anchors.copy()
            for own, mean, rows in zip(anchors, self.means, texts, strict=True):
                drawn = random.integers(0, len(rows), len(rows))
                filled = (own == own[0]).all(axis=1)
                own[filled] = _unit(_unit(rows[drawn] - mean).mean(axis=0))
            moved = _closeness(batch.vectors, self.means, anchors) - before
            found.append(self._shared(raw + moved / self.scale, batch) >= self.thresholds)
        return np.transpose(found, (2, 0, 1))

    def _raw(self, batch: Batch) -> np.ndarray:
        """Closeness to each theme and share of its rare words, in units of the theme."""
        used = _words_used(batch.passages["text"], self.words, self.word_weights)
        closeness = _closeness(batch.vectors, self.means, self.anchors)
        return (closeness - self.offset + self.weight * used) / self.scale

    def _shared(self, raw: np.ndarray, batch: Batch) -> np.ndarray:
        return np.where(self.shared, _share_twice(raw, batch, self.documents, self.fitted), raw)


def _closeness(vectors: np.ndarray, means: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Cosine with each theme's centroid; where a `not` phrase is closer, less the difference."""
    close = np.zeros((len(vectors), len(anchors)))
    for j, (mean, own) in enumerate(zip(means, anchors, strict=True)):
        cosines = _unit(vectors - mean) @ own.T
        close[:, j] = 2 * cosines[:, 0] - cosines.max(axis=1)
    return close


def _words_used(texts: pd.Series, words: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of each theme's rare words that each text uses, 0 to 1."""
    number = {word: row for row, word in enumerate(words.tolist())}
    if not number:
        return np.zeros((len(texts), weights.shape[1]))
    found = ([number[w] for w in set(content_words(text)) if w in number] for text in texts)
    return np.minimum([[fsum(column) for column in weights[own].T] for own in found], 1)


def _units(
    closeness: np.ndarray, level: np.ndarray, worth: np.ndarray, dominant: np.ndarray, dim: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offset, scale and weight of words of each theme."""
    others = np.ma.masked_where(closeness >= level, closeness)
    offset = np.where(dominant, 0, np.ma.filled(np.ma.median(others, axis=0), 0))
    # the deviation of cosines between random directions, where passages do not differ
    deviation = np.maximum(closeness.std(axis=0), dim**-0.5)
    weight = _WORDS * deviation
    return offset, np.maximum(level - offset + weight * worth / 2, deviation), weight


def _share_twice(
    raw: np.ndarray, batch: Batch, documents: np.ndarray, fitted: np.ndarray
) -> np.ndarray:
    """Share twice, so that what neighbours learnt counts (Zhou et al. 2004)."""
    own = now = pd.DataFrame(raw, batch.documents)
    for scores in fitted:
        now = _share(own, now, pd.DataFrame(scores, documents), batch.neighbours)
    return now.to_numpy()


def _share(
    raw: pd.DataFrame, now: pd.DataFrame, fitted: pd.DataFrame, neighbours: Neighbours
) -> pd.DataFrame:
    """Raw scores mixed with those of the nearest fitted passages and of the document.

    A paragraph that goes on about its document's subject need not name it. Rows are labelled by
    document; one that was not fitted is known by the passages at hand, `now`.
    """
    near = neighbours.first(int(np.clip(len(fitted) // 20, 1, _NEIGHBOURS)))
    around = np.einsum("ij,ijk->ik", near.weights(), fitted.to_numpy()[near.indices])
    company = fitted.groupby(level=0).mean().reindex(raw.index).to_numpy()
    given = now.groupby(level=0).transform("mean").to_numpy()
    company = np.where(np.isnan(company), given, company)
    return (1 - 2 * _SHARED) * raw + _SHARED * (around + company)


def _threshold(scores: np.ndarray, seeds: np.ndarray) -> float:
    """Score at which a passage is as likely on the theme as not; NaN if the seeds do not tell.

    Scores on the theme and off it are taken as normal with one spread (Fisher 1936; Welch 1939),
    that of the others' lower half, where passages on the theme are not. Seeds are the nearer
    half of a theme, so twice as many passages are on it.
    """
    if seeds.sum() < _MIN_SEEDS or seeds.all():
        return np.nan
    middle = float(np.median(scores[~seeds]))
    variance = 2 * float((np.minimum(scores[~seeds] - middle, 0) ** 2).mean())
    above = float(scores[seeds].mean()) - middle
    share = min(2 * float(seeds.mean()), 0.5)
    if above <= 0:
        return np.nan
    return middle + min(above / 2 + variance / above * float(np.log(1 / share - 1)), above)


def _background(vectors: np.ndarray, own: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """What passages off the themes share ``(dim,)``, and which themes dominate ``(n_themes,)``.

    Common directions hide what tells texts apart (Mu and Viswanath 2018). Where most passages
    are on one theme, what they share is the theme.
    """
    centroids = np.array([rows.mean(axis=0) for rows in own]).reshape(-1, vectors.shape[1])
    level = [_closeness_to_rest(r) if len(r) >= _MIN_TEXTS else np.inf for r in own]
    close = vectors @ _unit(centroids).T
    off = (close < level).all(axis=1)
    dominant = (close >= np.divide(level, 2)).mean(axis=0) >= _DOMINANT
    return vectors[off].sum(axis=0) / len(vectors), dominant


def _embedded(embed: Embed, texts: Sequence[str], dim: int) -> np.ndarray:
    """Vectors of a theme's texts; raise InputError if they are of another kind than passages'."""
    rows = embed(texts) if len(texts) else np.zeros((0, dim), np.float32)
    if rows.shape[1] != dim:
        raise InputError(
            f"named themes: expected an embedder of {dim} dimensions, as the passages' vectors "
            f"have, found {rows.shape[1]} dimensions; pass the embedder that made the vectors"
        )
    return rows


def _anchors(own: list[np.ndarray], against: list[np.ndarray], dim: int) -> np.ndarray:
    """Mean of each theme's texts and, below it, what it is not; the mean again fills short ones."""
    anchors = np.zeros((len(own), 1 + max(map(len, against), default=0), dim))
    for block, rows, other in zip(anchors, own, against, strict=True):
        block[:] = _unit(rows.mean(axis=0))
        block[1 : 1 + len(other)] = other
    return anchors


def _word_weights(themes: Sequence[NamedTheme], texts: pd.Series) -> list[dict[str, float]]:
    """Weight of each theme's words, by rarity in the corpus; the three heaviest make 1."""
    if not themes:
        return []
    holders = Counter(word for text in texts for word in set(content_words(text)))
    result = []
    for theme in themes:
        uses = Counter(w for text in (theme.name, *theme.texts) for w in set(content_words(text)))
        rarity = {word: np.log((len(texts) + 1) / (holders[word] + 0.5)) for word in uses}
        weights = {w: max(float(rarity[w] * np.sqrt(n)), 0.0) for w, n in uses.items()}
        full = sum(sorted(weights.values())[-3:])
        result.append({w: weight / full for w, weight in weights.items()} if full > 0 else {})
    return result


def _in_common(theme: NamedTheme, weights: dict[str, float]) -> float:
    """How much of its rare words each of a theme's texts has in common with the others, 0 to 1."""
    rows = [set(content_words(text)) for text in theme.texts]
    holders = Counter(word for row in rows for word in row)
    shared = [fsum(weights.get(w, 0.0) for w in row if holders[w] > 1) for row in rows]
    return float(np.mean(np.minimum(shared, 1)))


def _closeness_to_rest(vectors: np.ndarray) -> float:
    """Mean cosine of each row with the mean of the others."""
    rest = _unit(vectors.sum(axis=0) - vectors)
    return float(np.einsum("ij,ij->i", _unit(vectors), rest).mean())


def _to_nearest(vectors: np.ndarray, neighbours: Neighbours) -> float:
    """Median cosine of a passage with the one nearest to it, what few texts are measured by."""
    rows = _unit(vectors)
    other = rows[neighbours.indices[:, min(1, neighbours.indices.shape[1] - 1)]]
    return float(np.median(np.einsum("ij,ij->i", rows, other)))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Rows, or one vector, at length 1; zeros stay zeros."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
