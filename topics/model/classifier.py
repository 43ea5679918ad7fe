"""Classifiers of named themes: passages close to a theme's texts teach which others are on it.

How close a passage is to a theme counts in standard deviations of its closeness to a list of other
subjects (cohort normalisation, Auckenthaler, Carey and Lloyd-Thomas 2000), so that scores can be
compared across passages, themes, languages and corpora. Closeness and the use of the theme's words,
shared with the nearest passages and the document, are a first score; a logistic regression on vectors
learns from its top (self-training, Yarowsky 1995); a mixture of two normals turns the sum of both
into a probability. On seven labelled corpora closeness in itself ranks passages with an average
precision of .66, with the other subjects .73, the first score .77, the sum .80.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

from topics.model.graph import unit
from topics.model.languages import languages_of
from topics.model.named_themes import theme_anchors, theme_language, theme_words

if TYPE_CHECKING:
    from topics.model.graph import Batch, Embed
    from topics.model.named_themes import NamedTheme

_SHARE = 0.25  # of a score from the nearest passages, and as much from the document
_NEIGHBOURS = 10  # fitted passages that a score is shared with, and at most one in twenty
_UNREAD = 0.4  # stands for the share of words in a language that the themes are not written in
# A passage's evidence is its closeness times the share of the theme's words. Where few have _STRONG,
# they alone are on the theme. A theme is absent if those of most evidence, one in fifty, have less than
# _PRESENT on average: so have 95 of 100 invented themes on nineteen corpora, and of those that are
# there 5 of 100 with phrases and 28 with a name alone. One whose learning strays, see _MAX_GROWTH, needs
# twice as much: of seven such themes four were invented, and three there, two of them with few passages.
_STRONG, _MIN_STRONG = 1.1, 5
_PRESENT, _ONE_IN, _MAX_TOP = 1.4, 50, 10
_STEEP = 3.0  # log-odds by evidence above _STRONG
_MIN_PASSAGES = 200  # to learn from
_ROUNDS = 2  # of self-training; the second adds .03 to the F1 of themes with a name alone
_SURE = 0.8  # of the passages that seem to be on a theme are trained on, the surest
_MIN_POSITIVES, _MAX_NEGATIVES = 10, 2000  # to train on
_FOLDS = 5
_MIN_LABELS = 10  # of passages on a theme, and of others, to calibrate by
# Passages on a theme for one of strong evidence; beyond, what was learnt has left the theme. Of 79
# themes with phrases 75 have at most 5, of 42 with a name alone 39 at most 7.
_MAX_GROWTH = 10
_TERM = float(np.log(3))  # least log-odds of a passage that holds a term

_Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ThemeClassifier:
    """Probabilities of named themes; all fields are arrays.

    Attributes
    ----------
    ids, patterns
        ``(n_themes,)``; patterns are regular expressions of the terms, empty where there are none.
    anchors
        ``(n_themes, m, dim)``; first the mean of a theme's texts, then what it is not.
    subjects
        ``(n_subjects, dim)``; subjects to compare closeness with.
    words, weights
        ``(n_words,)`` and ``(n_words, n_themes)``; words of themes; rarer in the corpus, heavier.
    unread
        Languages of passages other than that of the themes' texts.
    middle, deviation
        ``(4, n_themes)``; of closeness, words, first score and regression in the corpus.
    coefficients
        ``(dim, n_themes)`` of the regression.
    slope, intercept
        ``(n_themes,)``; log-odds by the sum of first score and regression.
    few, absent
        ``(n_themes,)``; whether too few passages have strong evidence to learn from, and whether
        the corpus does not hold the theme.
    documents, fitted
        ``(n,)`` and ``(4, n, n_themes)``; document and scores of the fitted passages that others
        share.
    """

    ids: np.ndarray
    patterns: np.ndarray
    anchors: np.ndarray
    subjects: np.ndarray
    words: np.ndarray
    weights: np.ndarray
    unread: np.ndarray
    middle: np.ndarray
    deviation: np.ndarray
    coefficients: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray
    few: np.ndarray
    absent: np.ndarray
    documents: np.ndarray
    fitted: np.ndarray

    @classmethod
    def fit(cls, themes: Sequence[NamedTheme], batch: Batch, embed: Embed) -> ThemeClassifier:
        """Learn from passages and their nearest, themselves among them.

        Raises
        ------
        InputError
            If `embed` gives vectors of another dimension than the passages'.
        """
        (n, dim), t = batch.vectors.shape, len(themes)
        anchors = theme_anchors(themes, embed, dim)
        subjects = unit(np.asarray(embed(_subjects()), float)) if t else np.zeros((1, dim))
        language = theme_language(themes)
        patterns = [theme.pattern.pattern if theme.pattern else "" for theme in themes]
        self = cls(
            np.array([theme.id for theme in themes], str), np.array(patterns, str), anchors, subjects,
            *theme_words(themes, batch.words if t else [], language), _others(batch, language),
            np.zeros((4, t)), np.ones((4, t)), np.zeros((dim, t)), np.zeros(t), np.zeros(t),
            np.ones(t, bool), np.zeros(t, bool), batch.documents, np.zeros((4, n, t)),
        )  # fmt: skip
        cosines, read = self._cosines(batch), self._read(batch)
        close, evidence, words = self._views(batch, cosines, read)
        self.fitted[3] = evidence
        top = -np.sort(-evidence, axis=0)[: int(np.clip(n // _ONE_IN, 1, _MAX_TOP))]
        held = _held(read[2], cosines).any(axis=0)
        most = np.where(held, np.inf, top.mean(axis=0))
        few = ((evidence >= _STRONG).sum(axis=0) < _MIN_STRONG) | (n < _MIN_PASSAGES)
        self = replace(self, few=few, absent=most < _PRESENT)
        self = self._learnt(batch, np.full((n, t), np.nan), close, words)
        strayed = self.few & ~few
        return replace(self, absent=self.absent | (strayed & (most < 2 * _PRESENT)))

    def taught(self, batch: Batch, labels: np.ndarray) -> ThemeClassifier:
        """The classifier with what it learns from the fitted passages, given their labels.

        `labels` ``(n, n_themes)`` tell by hand which passages are on a theme: 1, not: 0, or nobody
        said: NaN.
        """
        close, _, words = self._views(batch, self._cosines(batch), self._read(batch))
        return self._learnt(batch, labels, close, words)

    def _learnt(
        self, batch: Batch, labels: np.ndarray, close: np.ndarray, words: np.ndarray
    ) -> ThemeClassifier:
        self = replace(self, absent=self.absent & ~(labels == 1).any(axis=0))
        told = np.minimum((labels == 1).sum(axis=0), (labels == 0).sum(axis=0))
        if self.few.all() and (told < _MIN_LABELS).all():
            return self
        with threadpool_limits(1, "blas"):  # which rounds otherwise on other numbers of threads
            return self._trained(batch, close, words, labels)

    def validated(self, batch: Batch, labels: np.ndarray) -> np.ndarray:
        """Probabilities of labelled passages, had nobody labelled their documents ``(n, n_themes)``.

        A fifth of the documents at a time is scored by a classifier that was taught by the labels of
        the rest; missing where there is no label.
        """
        scores, read = np.full(labels.shape, np.nan), self._read(batch)
        cosines = self._cosines(batch)
        close, _, words = self._views(batch, cosines, read)
        for held, shown in _folds(batch, labels):
            learnt = self._learnt(batch, shown, close, words)
            scores[held] = learnt._probabilities(batch, cosines, read)[held]
        return np.where(np.isnan(labels), np.nan, scores)

    @property
    def thresholds(self) -> np.ndarray:
        """Probability from which on a passage is on each theme; infinite for absent ones."""
        return np.where(self.absent, np.inf, 0.5)

    def scores(self, batch: Batch) -> np.ndarray:
        """Probabilities that passages, fitted ones or new, are on each theme ``(n, n_themes)``."""
        return self._probabilities(batch, self._cosines(batch), self._read(batch))

    def refits(
        self, batch: Batch, texts: Sequence[np.ndarray], n: int, random: np.random.Generator
    ) -> np.ndarray:
        """Which passages would have each theme, had it been described in other words.

        Of each theme's own texts, whose vectors are `texts`, as many are drawn with replacement
        (Efron 1979), `n` times; what was learnt from the corpus stays.

        Returns
        -------
        np.ndarray
            bool ``(n_themes, n, n_passages)``.
        """
        read, found = self._read(batch), []
        for _ in range(n):
            anchors = self.anchors.copy()
            for own, rows in zip(anchors, texts, strict=True):
                drawn = unit(rows)[random.integers(0, len(rows), len(rows))]
                own[(own == own[0]).all(axis=1)] = unit(drawn.mean(axis=0))
            cosines = replace(self, anchors=anchors)._cosines(batch)
            found.append(self._probabilities(batch, cosines, read) >= self.thresholds)
        return np.transpose(found, (2, 0, 1))

    def _read(self, batch: Batch) -> _Arrays:
        """What of passages does not depend on anchors.

        Mean and deviation of closeness to other subjects ``(2, n, 1)``, words used, terms held.
        """
        others = _product(batch.vectors, self.subjects.T)
        moments = np.array([others.mean(axis=1), np.maximum(others.std(axis=1), 1e-3)])
        return moments[:, :, None], self._words_used(batch), self._with_term(batch)

    def _probabilities(self, batch: Batch, cosines: np.ndarray, read: _Arrays) -> np.ndarray:
        close, evidence, words = self._views(batch, cosines, read)
        own = (evidence + self._shared(evidence, batch, 3)) / 2
        odds = _STEEP * (own - _STRONG)
        if not self.few.all():
            first = self._shared(self._shared(self._raw(batch, close, words), batch, 0), batch, 1)
            total = self._total(batch, first)
            learnt = self.slope * self._shared(total, batch, 2) + self.intercept
            odds = np.where(self.few, odds, learnt)
        return expit(np.where(_held(read[2], cosines), np.maximum(odds, _TERM), odds))

    def _cosines(self, batch: Batch) -> np.ndarray:
        """Cosine of each passage with each anchor of each theme ``(n, n_themes, m)``."""
        return np.einsum("nd,tmd->ntm", batch.vectors.astype(float), self.anchors)

    def _words_used(self, batch: Batch) -> np.ndarray:
        """Weight of each theme's words in each text and the same by √words ``(2, n, n_themes)``."""
        number = {word: row for row, word in enumerate(self.words.tolist())}
        used = np.zeros((2, len(batch.vectors), len(self.ids)))
        for row, own in enumerate(batch.words if number else []):  # else none need be read
            places = sorted(number[key] for key in own if key in number)
            used[0, row] = self.weights[places].sum(axis=0)
            used[1, row] = used[0, row] / np.sqrt(max(len(own), 1))
        return used

    def _views(self, batch: Batch, cosines: np.ndarray, read: _Arrays) -> _Arrays:
        """Closeness, evidence, and words by √words, of each passage for each theme."""
        (mean, deviation), used, _ = read
        own = cosines[:, :, 0]
        # Less by how much nearer to a `not` it is.
        nearest = np.minimum(own, 2 * own - cosines.max(axis=2))
        close = (nearest - mean) / deviation
        share = np.where(self._unknown(batch), _UNREAD, np.minimum(used[0], 1))
        return close, np.maximum(close, 0) * share, used[1]

    def _unknown(self, batch: Batch) -> np.ndarray:
        """Whether words tell nothing, for the language or the missing text ``(n, 1)``."""
        foreign = np.isin(languages_of(batch.passages, ""), self.unread)
        return (foreign | (batch.passages["text"] == "").to_numpy())[:, None]

    def _with_term(self, batch: Batch) -> np.ndarray:
        """Whether each passage holds a term of each theme ``(n, n_themes)``."""
        held = np.zeros((len(batch.passages), len(self.ids)), bool)
        for j in np.flatnonzero(self.patterns != ""):
            pattern = re.compile(self.patterns[j], re.IGNORECASE)
            held[:, j] = [pattern.search(text) is not None for text in batch.passages["text"]]
        return held

    def _raw(self, batch: Batch, close: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Closeness and words, each by its deviation; closeness stands for words not understood."""
        close, words = self._scaled(close, 0), self._scaled(words, 1)
        return close + np.where(self._unknown(batch), np.maximum(close, words), words)

    def _total(self, batch: Batch, first: np.ndarray) -> np.ndarray:
        """First score and regression, each by its deviation."""
        learnt = _product(batch.vectors, self.coefficients)
        return self._scaled(first, 2) + self._scaled(learnt, 3)

    def _scaled(self, scores: np.ndarray, step: int) -> np.ndarray:
        return (scores - self.middle[step]) / self.deviation[step]

    def _shared(self, raw: np.ndarray, batch: Batch, step: int) -> np.ndarray:
        """Scores mixed with those of the nearest fitted passages and of the document.

        A paragraph that goes on about its document's subject need not name it. A document that
        was not fitted is known by the passages at hand.
        """
        near = batch.neighbours.first(int(np.clip(len(self.documents) // 20, 1, _NEIGHBOURS)))
        around = np.einsum("ij,ijk->ik", near.weights(), self.fitted[step][near.indices])
        known = pd.DataFrame(self.fitted[step]).groupby(self.documents).mean()
        given = pd.DataFrame(raw).groupby(batch.documents).transform("mean").to_numpy()
        company = known.reindex(batch.documents).to_numpy()
        company = np.where(np.isnan(company), given, company)
        return (1 - 2 * _SHARE) * raw + _SHARE * (around + company)

    def _trained(
        self, batch: Batch, close: np.ndarray, words: np.ndarray, labels: np.ndarray
    ) -> ThemeClassifier:
        """The classifier with what it learns from its own surest passages and from labels."""
        middle, deviation, fitted = self.middle.copy(), self.deviation.copy(), self.fitted.copy()
        self = replace(self, middle=middle, deviation=deviation, fitted=fitted)
        middle[0], deviation[0] = _scale(close)
        middle[1], deviation[1] = _scale(words)
        fitted[0] = self._raw(batch, close, words)
        fitted[1] = self._shared(fitted[0], batch, 0)
        first = total = self._shared(fitted[1], batch, 1)
        middle[2], deviation[2] = _scale(first)
        slope, intercept = np.array([_mixture(scores) for scores in total.T]).T
        for _ in range(_ROUNDS):
            coefficients = _regressions(batch.vectors, total, slope * total + intercept, labels)
            self = replace(self, coefficients=coefficients)
            middle[3], deviation[3] = _scale(_product(batch.vectors, coefficients))
            fitted[2] = self._total(batch, first)
            total = self._shared(fitted[2], batch, 2)
            slope, intercept = np.array([_mixture(scores) for scores in total.T]).T
        strong = (fitted[3] >= _STRONG).sum(axis=0)
        strayed = (slope * total + intercept > 0).sum(axis=0) > _MAX_GROWTH * strong
        self = replace(self, slope=slope, intercept=intercept, few=self.few | strayed)
        return self if np.isnan(labels).all() else self._calibrated(batch, first, total, labels)

    def _calibrated(
        self, batch: Batch, first: np.ndarray, total: np.ndarray, labels: np.ndarray
    ) -> ThemeClassifier:
        """Log-odds by labels where enough are at hand (Platt 1999).

        Each fifth of the documents is scored by a regression that did not see its labels.
        """
        unseen, odds = np.full(labels.shape, np.nan), self.slope * total + self.intercept
        for held, shown in _folds(batch, labels):
            coefficients = _regressions(batch.vectors, total, odds, shown)
            blind = replace(self, coefficients=coefficients)
            unseen[held] = blind._shared(blind._total(batch, first), batch, 2)[held]
        slope, intercept, few = self.slope.copy(), self.intercept.copy(), self.few.copy()
        for j, (scores, own) in enumerate(zip(unseen.T, labels.T, strict=True)):
            if min((own == 0).sum(), (own == 1).sum()) >= _MIN_LABELS:
                slope[j], intercept[j], few[j] = *_platt(scores, own), False
        return replace(self, slope=slope, intercept=intercept, few=few)


def _held(with_term: np.ndarray, cosines: np.ndarray) -> np.ndarray:
    """Whether each passage holds a term of each theme and is not on what the theme is not."""
    return with_term & (cosines[:, :, 0] >= cosines.max(axis=2))


@cache
def _subjects() -> tuple[str, ...]:
    """Other subjects, of all kinds, one a line of the file; none is a theme that users look for."""
    text = files("topics.model").joinpath("subjects.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def _others(batch: Batch, own: str) -> np.ndarray:
    """Languages of passages other than `own`."""
    found = np.unique(languages_of(batch.passages, ""))
    return np.array([name for name in found if name[:2] not in ("", own)], str)


def _mixture(scores: np.ndarray) -> tuple[float, float]:
    """Line of the log-odds that a score is of the upper of two normals of one spread.

    The normals are fitted by expectation maximisation (Dempster and others 1977) that starts
    with the top twentieth.
    """
    upper = (scores >= np.quantile(scores, 0.95)).astype(float)
    slope, intercept, before = 0.0, -30.0, np.inf
    for _ in range(100):
        if abs(slope - before) <= 1e-9 * slope:
            break
        before = slope
        share = float(np.clip(upper.mean(), 1 / len(scores), 0.9))
        high, low = np.average(scores, weights=upper), np.average(scores, weights=1 - upper + 1e-9)
        squares = upper * (scores - high) ** 2 + (1 - upper) * (scores - low) ** 2
        variance = max(float(squares.mean()), 1e-9)
        slope = float((high - low) / variance)
        intercept = float(np.log(share / (1 - share)) - slope * (high + low) / 2)
        upper = expit(np.clip(slope * scores + intercept, -30, 30))
    return slope, intercept


def _regressions(
    vectors: np.ndarray, scores: np.ndarray, odds: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Coefficients ``(dim, n_themes)`` that tell passages on each theme from others.

    Labelled passages count as labelled; of the others the surest, by their scores and the log-odds
    that these mean, are on it, a random rest is not.
    """
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    coefficients = np.zeros((labels.shape[1], vectors.shape[1]))
    for j, known in enumerate(labels.T):
        order, n_on = np.argsort(-scores[:, j], kind="stable"), int((odds[:, j] > 0).sum())
        n_sure = int(np.clip(_SURE * n_on, _MIN_POSITIVES, len(order) // 4))
        rest = np.random.default_rng(0).permutation(order[max(n_on, n_sure) :])[:_MAX_NEGATIVES]
        on = known.copy()
        on[order[:n_sure]], on[rest] = 1, 0
        on = np.where(np.isnan(known), on, known)
        rows = np.flatnonzero(~np.isnan(on))
        if np.ptp(on[rows]) > 0:
            model = LogisticRegression(class_weight="balanced", max_iter=200)
            coefficients[j] = model.fit(vectors[rows], on[rows]).coef_[0]
    return coefficients.T


def _platt(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Line of the log-odds that a passage of a score is labelled as on the theme."""
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    known = ~np.isnan(labels)
    model = LogisticRegression(C=100).fit(scores[known, None], labels[known])
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _folds(batch: Batch, labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Which passages are held out, a fifth of the documents at a time, and the labels of the rest."""
    codes, names = pd.factorize(batch.documents)
    fold = np.random.default_rng(0).permutation(len(names))[codes] % _FOLDS
    for number in range(_FOLDS):
        held = fold == number
        yield held, np.where(held[:, None], np.nan, labels)


def _product(vectors: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Product whose rows do not depend on how many there are, as those of BLAS do."""
    return np.einsum("nd,dt->nt", vectors.astype(float), columns)


def _scale(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and standard deviation of each column; no deviation counts as one."""
    deviation = scores.std(axis=0)
    return np.median(scores, axis=0), np.where(deviation > 1e-9, deviation, 1.0)
