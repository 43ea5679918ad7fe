"""Scores of named themes on passages, and the bar at which a passage carries a theme.

Evidence is how close a passage's vector is to the theme's own texts, less what it is closer to
under `not`, and its share of the theme's rare words. It is shared twice with like passages and
the document; the bar is set from the passages that are as close as the theme's own texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import fsum

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.model.named_themes import NamedTheme
from topics.text.words import content_words

Embed = Callable[[Sequence[str]], np.ndarray]

_WORDS = 3.0  # deviations of closeness that a passage gains that uses the theme's own words
_NEIGHBOURS = 10  # fitted passages that a score is shared with, and at most one in twenty
_SHARED = 0.4  # of a score from the neighbours, and as much from the document
_MIN_TEXTS = 3  # of a theme, to tell from them how close is close
_MIN_SEEDS = 3  # passages as close to a theme as its own texts, to learn a bar from
_PREVAILS = 0.75  # of all passages at least halfway to a theme: too few are left to compare with
_SAME = 1 - 1e-5  # cosine at which a vector is that of a fitted passage


@dataclass
class ThemeScorer:
    """Scores of named themes in units of the theme, calibrated on a corpus.

    1 is the closeness that a theme's own texts have to each other, 0 that of other passages.
    All fields are arrays but `word_weights`, so that a model is saved without pickle.

    Attributes
    ----------
    means
        ``(n_themes, dim)``; what is taken off every vector before it is compared with a theme.
    poles
        ``(n_themes, m, dim)``; first the mean of a theme's texts, then what it is not.
    zero, one, gain
        ``(n_themes,)``; closeness that counts as 0, what is between it and 1, and what closeness
        the use of the theme's own words is worth.
    word_weights
        For each theme, the weight of each of its words (rarer in the corpus, heavier).
    documents
        ``(n,)``; the document of each fitted passage.
    fitted
        ``(2, n, n_themes)``; evidence of the fitted passages, then that after it is shared once.
    shared
        ``(n_themes,)``; whether neighbours and the document count for the theme.
    thresholds
        ``(n_themes,)``; a passage carries the theme at or above it.
    """

    means: np.ndarray
    poles: np.ndarray
    zero: np.ndarray
    one: np.ndarray
    gain: np.ndarray
    word_weights: list[dict[str, float]]
    documents: np.ndarray
    fitted: np.ndarray
    shared: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def fit(
        cls,
        themes: Sequence[NamedTheme],
        texts: Sequence[str],
        documents: Sequence[str],
        vectors: np.ndarray,
        nearest: np.ndarray,
        near: np.ndarray,
        embed: Embed,
    ) -> ThemeScorer:
        """Calibrate on passages whose nearest passages, themselves among them, are known."""
        own = [_embedded(embed, theme.texts, vectors.shape[1]) for theme in themes]
        against = [_embedded(embed, theme.not_, vectors.shape[1]) for theme in themes]
        mean, prevails = _background(vectors, own)
        means = np.where(prevails[:, None], 0, mean)
        own = [_unit(rows - off) for rows, off in zip(own, means, strict=True)]
        against = [_unit(rows - off) for rows, off in zip(against, means, strict=True)]
        poles = _poles(own, against, vectors.shape[1])
        zeros, weights = np.zeros(len(themes)), _word_weights(themes, texts)
        owners = np.asarray(documents, dtype=str)
        scorer = cls(means, poles, zeros, zeros, zeros, weights, owners, zeros[None], zeros, zeros)
        few = _to_nearest(vectors - mean, nearest)
        level = [few if len(rows) < _MIN_TEXTS else _closeness_to_rest(rows) for rows in own]
        worth = [_in_common(*pair) for pair in zip(themes, weights, strict=True)]
        scorer._fit_units(scorer._closeness(vectors), np.array(level), np.array(worth), prevails)
        scorer._fit_bars(scorer.evidence(vectors, texts), nearest, near, prevails)
        return scorer

    def _fit_units(
        self, close: np.ndarray, level: np.ndarray, worth: np.ndarray, prevails: np.ndarray
    ) -> None:
        """Set what counts as 0 and as 1, and what words are worth beside closeness."""
        others = np.ma.masked_where(close >= level, close)
        self.zero = np.where(prevails, 0, np.ma.filled(np.ma.median(others, axis=0), 0))
        # the deviation of cosines between random directions, where passages do not differ
        deviation = np.maximum(close.std(axis=0), self.poles.shape[2] ** -0.5)
        self.gain = _WORDS * deviation
        self.one = np.maximum(level - self.zero + self.gain * worth / 2, deviation)

    def _fit_bars(
        self, evidence: np.ndarray, nearest: np.ndarray, near: np.ndarray, prevails: np.ndarray
    ) -> None:
        """Set the bars: halfway where a theme prevails, that of its seeds, or 1 with few seeds."""
        rows = pd.DataFrame(evidence, self.documents)
        self.fitted = np.array([evidence, _share(rows, rows, rows, nearest, near)])
        scores = self._share_twice(evidence, self.documents, nearest, near).T
        bars = np.array([_bar(*pair) for pair in zip(scores, evidence.T >= 1, strict=True)])
        bars[prevails] = 0.5
        self.shared = ~np.isnan(bars)
        self.thresholds = np.where(self.shared, bars, 1.0)

    def scores(
        self,
        vectors: np.ndarray,
        texts: Iterable[str] | None,
        documents: Sequence[str] | None,
        nearest: np.ndarray,
        near: np.ndarray,
    ) -> np.ndarray:
        """Scores of passages, fitted ones or new ``(n, n_themes)``.

        Without texts and documents, those of the fitted passage with the same vector are taken;
        where there is none, words say nothing and the passage is a document of its own.
        """
        if texts is None or documents is None:
            known, same = near[:, 0] >= _SAME, nearest[:, 0]
            alone = [f"\0{row}" for row in range(len(vectors))]
            owners = np.where(known, self.documents[same], alone)
            bare = self.evidence(vectors, [""] * len(vectors))
            evidence = np.where(known[:, None], self.fitted[0][same], bare)
        else:
            owners = np.asarray(documents, dtype=str)
            evidence = self.evidence(vectors, texts)
        return np.where(self.shared, self._share_twice(evidence, owners, nearest, near), evidence)

    def rescored(
        self,
        own: Sequence[np.ndarray],
        rows: np.ndarray,
        vectors: np.ndarray,
        nearest: np.ndarray,
        near: np.ndarray,
        random: np.random.Generator,
    ) -> np.ndarray:
        """Scores of fitted passages, had the themes been described in other words.

        Of each theme's own texts, whose vectors are `own`, as many are drawn with replacement
        (Efron 1979); words and bars stay.

        Parameters
        ----------
        own
            For each theme ``(n_texts, dim)``.
        rows, vectors, nearest, near
            Numbers of the passages, their vectors and their nearest fitted passages.
        random
            Where the draws come from.
        """
        poles = self.poles.copy()
        for pole, mean, texts in zip(poles, self.means, own, strict=True):
            drawn = random.integers(0, len(texts), len(texts))
            filled = (pole == pole[0]).all(axis=1)
            pole[filled] = _unit(_unit(texts[drawn] - mean).mean(axis=0))
        moved = replace(self, poles=poles)._closeness(vectors) - self._closeness(vectors)
        evidence = self.fitted[0][rows] + moved / self.one
        shared = self._share_twice(evidence, self.documents[rows], nearest, near)
        return np.where(self.shared, shared, evidence)

    def evidence(self, vectors: np.ndarray, texts: Iterable[str]) -> np.ndarray:
        """Closeness to each theme and share of its rare words, in units of the theme."""
        if not len(self.poles):
            return np.zeros((len(vectors), 0))
        rows = (set(content_words(text)) for text in texts)
        used = [[fsum(w.get(x, 0.0) for x in row) for w in self.word_weights] for row in rows]
        words = np.minimum(np.reshape(used, (len(vectors), len(self.poles))), 1)
        return (self._closeness(vectors) - self.zero + self.gain * words) / self.one

    def _closeness(self, vectors: np.ndarray) -> np.ndarray:
        """Cosine with each theme's centroid; where a `not` phrase is closer, less the difference."""
        close = np.zeros((len(vectors), len(self.poles)))
        for j, (mean, poles) in enumerate(zip(self.means, self.poles, strict=True)):
            cosines = _unit(vectors - mean) @ poles.T
            close[:, j] = 2 * cosines[:, 0] - cosines.max(axis=1)
        return close

    def _share_twice(
        self, evidence: np.ndarray, documents: np.ndarray, nearest: np.ndarray, near: np.ndarray
    ) -> np.ndarray:
        """Share twice, so that what neighbours learnt counts (Zhou et al. 2004)."""
        own = now = pd.DataFrame(evidence, documents)
        for fitted in self.fitted:
            now = _share(own, now, pd.DataFrame(fitted, self.documents), nearest, near)
        return now.to_numpy()


def _share(
    own: pd.DataFrame,
    now: pd.DataFrame,
    fitted: pd.DataFrame,
    nearest: np.ndarray,
    near: np.ndarray,
) -> pd.DataFrame:
    """Own evidence mixed with that of the nearest fitted passages and of the document.

    A paragraph that goes on about its document's subject need not name it. Rows are labelled by
    document; one that was not fitted is known by the passages at hand, `now`.
    """
    k = int(np.clip(len(fitted) // 20, 1, _NEIGHBOURS))
    weights = np.clip(near[:, :k], 1e-3, 1) ** 3
    weights /= weights.sum(axis=1, keepdims=True)
    around = np.einsum("ij,ijk->ik", weights, fitted.to_numpy()[nearest[:, :k]])
    company = fitted.groupby(level=0).mean().reindex(own.index).to_numpy()
    given = now.groupby(level=0).transform("mean").to_numpy()
    company = np.where(np.isnan(company), given, company)
    return (1 - 2 * _SHARED) * own + _SHARED * (around + company)


def _bar(scores: np.ndarray, seeds: np.ndarray) -> float:
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
    """What passages off the themes share ``(dim,)``, and which themes prevail ``(n_themes,)``.

    Common directions hide what tells texts apart (Mu and Viswanath 2018). Where most passages
    are on one theme, what they share is the theme.
    """
    centroids = np.array([rows.mean(axis=0) for rows in own]).reshape(-1, vectors.shape[1])
    level = [_closeness_to_rest(r) if len(r) >= _MIN_TEXTS else np.inf for r in own]
    close = vectors @ _unit(centroids).T
    off = (close < level).all(axis=1)
    prevails = (close >= np.divide(level, 2)).mean(axis=0) >= _PREVAILS
    return vectors[off].sum(axis=0) / len(vectors), prevails


def _embedded(embed: Embed, texts: Sequence[str], dim: int) -> np.ndarray:
    """Vectors of a theme's texts; raise InputError if they are of another kind than passages'."""
    rows = embed(texts) if len(texts) else np.zeros((0, dim), np.float32)
    if rows.shape[1] != dim:
        raise InputError(
            f"named themes cannot be scored: passages have {dim} dimensions, the embedder "
            f"gives {rows.shape[1]}; pass the embedder that made the vectors"
        )
    return rows


def _poles(own: list[np.ndarray], against: list[np.ndarray], dim: int) -> np.ndarray:
    """Mean of each theme's texts and, below it, what it is not; the mean again fills short ones."""
    poles = np.zeros((len(own), 1 + max(map(len, against), default=0), dim))
    for block, rows, other in zip(poles, own, against, strict=True):
        block[:] = _unit(rows.mean(axis=0))
        block[1 : 1 + len(other)] = other
    return poles


def _word_weights(themes: Sequence[NamedTheme], texts: Sequence[str]) -> list[dict[str, float]]:
    """Weight of each theme's words, by rarity in the corpus; the three heaviest make 1."""
    if not themes:
        return []
    holders = Counter(word for text in texts for word in set(content_words(text)))
    result = []
    for theme in themes:
        rows = [set(content_words(text)) for text in (theme.name, *theme.texts)]
        uses = Counter(word for row in rows for word in row)
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


def _to_nearest(vectors: np.ndarray, nearest: np.ndarray) -> float:
    """Median cosine of a passage with the one nearest to it, what few texts are measured by."""
    rows = _unit(vectors)
    other = rows[nearest[:, min(1, nearest.shape[1] - 1)]]
    return float(np.median(np.einsum("ij,ij->i", rows, other)))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Rows, or one vector, at length 1; zeros stay zeros."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
